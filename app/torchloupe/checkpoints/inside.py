"""Names of files that a checkpoint mentions: each is held against the checkpoint's folder before it is opened."""

import os
from pathlib import Path
from typing import Any

from ..wire.errors import CheckpointError

_HINT = "Do not trust this checkpoint; its files must lie beside it."
_LONGEST = 1000


def path_inside(folder: Path, name: Any) -> Path:
    """The path of ``name`` in ``folder``; raises CheckpointError when it is no plain relative name or leads out of the folder."""
    if type(name) is not str or not 0 < len(name) <= _LONGEST:
        raise CheckpointError(f"{str(name)[:100]!r} is no name of a file.", _HINT)
    parts = name.split("/")
    if "\\" in name or ":" in name or "\0" in name or name.startswith("/") or ".." in parts:
        raise CheckpointError(f"{name[:200]!r} leads out of the checkpoint's folder and is not opened.", _HINT)
    path = folder / name
    try:
        real, home = os.path.realpath(path), os.path.realpath(folder)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{name[:200]!r} cannot be found: {error}.", "Check the path.") from None
    if not _is_below(real, home) and not _is_cached_blob(real, folder):
        raise CheckpointError(f"{name[:200]!r} is a link that leads out of the checkpoint's folder and is not opened.", _HINT)
    return path


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def _is_cached_blob(real: str, folder: Path) -> bool:
    """True in the cache of Hugging Face: ``MODEL/snapshots/REVISION`` has links to ``MODEL/blobs`` and nothing else."""
    snapshots = os.path.dirname(os.path.realpath(folder))
    blobs = os.path.join(os.path.dirname(snapshots), "blobs")
    return os.path.basename(snapshots) == "snapshots" and os.path.dirname(real) == os.path.realpath(blobs) == blobs
