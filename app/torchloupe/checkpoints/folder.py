"""A folder that was opened as a checkpoint: its path, and the names in it."""

import os
from pathlib import Path
from typing import List, NamedTuple, Tuple

from ..wire.errors import CheckpointError

MOST_ENTRIES = 20_000


class Folder(NamedTuple):
    """One folder. ``names`` are those of its files and folders, sorted; ``name`` is its own."""

    path: Path
    name: str
    names: Tuple[str, ...]

    def files(self, *suffixes: str) -> List[str]:
        """The names that end in one of ``suffixes``."""
        return [name for name in self.names if name.endswith(suffixes)]


def open_folder(path: Path) -> Folder:
    """The folder at ``path``; raises CheckpointError when it cannot be listed or has too many files to be a checkpoint."""
    name = path.name or str(path)
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MOST_ENTRIES + 1))]
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(f"{name} cannot be listed: {reason}.", "Check the folder's permissions.") from None
    if len(names) > MOST_ENTRIES:
        raise CheckpointError(
            f"{name} is a folder of more than {MOST_ENTRIES:,} files.", "Choose the checkpoint file or folder inside it."
        )
    return Folder(path, name, tuple(sorted(names)))
