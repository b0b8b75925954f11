"""Whose code may run. A folder is asked about once; what is named on the command line or typed by hand is trusted."""

import os
from collections.abc import Callable
from pathlib import Path

from torchloupe.gui.settings import Settings

Ask = Callable[[Path], bool]


class Trust:
    """Remembers the folders whose model files may be run."""

    def __init__(self, settings: Settings, everything: bool = False) -> None:
        self._settings = settings
        self._everything = everything or os.environ.get("TORCHLOUPE_TRUST") == "1"
        self.ask: Ask = _refuse

    def allows(self, file: Path) -> bool:
        """May the code of this file run? Asks when its folder (and no folder above it) was never allowed."""
        folder = file.resolve().parent
        if self._everything or self._is_known(folder):
            return True
        if not self.ask(folder):
            return False
        self.allow(folder)
        return True

    def allow(self, folder: Path) -> None:
        """Remember that code in this folder, and below it, may run."""
        known = self._settings.texts("trusted_folders")
        if str(folder) not in known:
            self._settings.set_texts("trusted_folders", [*known, str(folder)])

    def _is_known(self, folder: Path) -> bool:
        known = set(self._settings.texts("trusted_folders"))
        return any(str(place) in known for place in (folder, *folder.parents))


def _refuse(_folder: Path) -> bool:
    """Before somebody can ask, nothing is trusted."""
    return False
