"""Whose code may run. A folder is asked about once, a model file once as it is; what is named on the command line is trusted."""

import os
from collections.abc import Callable
from pathlib import Path

from torchloupe.gui.settings import Settings
from torchloupe.wire.problems import Problem

Answer = Callable[[bool], None]
Ask = Callable[[Path, Answer], None]
AskFile = Callable[[Path, Problem, Answer], None]

_FILES_KEPT = 200
FOLDERS = "trusted_folders"


class Trust:
    """Remembers the folders whose model files may be run, and the files that may be loaded with the code in them."""

    def __init__(self, settings: Settings, everything: bool = False) -> None:
        self._settings = settings
        self._everything = everything or os.environ.get("TORCHLOUPE_TRUST") == "1"
        self.ask: Ask = _refuse
        self.ask_file: AskFile = _refuse_file

    def find_out(self, file: Path, then: Answer) -> None:
        """May the code of this file run? Asks when its folder (and no folder above it) was never allowed; ``then`` gets the answer."""
        folder = file.resolve().parent

        def answered(is_allowed: bool) -> None:
            if is_allowed:
                self.allow(folder)
            then(is_allowed)

        if self._everything or self._is_known(folder):
            then(True)
        else:
            self.ask(folder, answered)

    def knows(self, file: Path) -> bool:
        """Was its folder, or one above it, allowed before? Nobody is asked."""
        return self._everything or self._is_known(file.resolve().parent)

    def allow(self, folder: Path) -> None:
        """Remember that code in this folder, and below it, may run."""
        known = self._settings.texts(FOLDERS)
        if str(folder) not in known:
            self._settings.set_texts(FOLDERS, [*known, str(folder)])

    def knows_file(self, file: Path) -> bool:
        """Was this very file allowed, and not written since?"""
        return self._everything or _stamp(file) in (each for each in self._settings.texts("trusted_files") if each)

    def find_out_file(self, file: Path, what: Problem, then: Answer) -> None:
        """May this file be loaded, which runs ``what``? Asks when it was never allowed as it is now; ``then`` gets the answer."""
        stamp = _stamp(file)

        def answered(is_allowed: bool) -> None:
            if is_allowed:
                self._allow_file(file, stamp)
            then(is_allowed)

        if self.knows_file(file):
            then(True)
        else:
            self.ask_file(file, what, answered)

    def _allow_file(self, file: Path, stamp: str) -> None:
        known = [each for each in self._settings.texts("trusted_files") if each.split(":", 2)[2:] != [str(file.resolve())]]
        self._settings.set_texts("trusted_files", [*known[1 - _FILES_KEPT :], stamp])

    def _is_known(self, folder: Path) -> bool:
        known = set(self._settings.texts(FOLDERS))
        return any(str(place) in known for place in (folder, *folder.parents))


def _stamp(file: Path) -> str:
    """The file as it is now: its path, and what changes when it is written."""
    try:
        found = file.resolve().stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}:{found.st_size}:{file.resolve()}"


def _refuse(_folder: Path, answer: Answer) -> None:
    """Before somebody can ask, nothing is trusted."""
    answer(False)


def _refuse_file(_file: Path, _what: Problem, answer: Answer) -> None:
    answer(False)
