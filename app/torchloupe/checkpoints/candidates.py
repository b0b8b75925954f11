"""The files of a folder that are likely checkpoints, by their names alone."""

import re
from pathlib import Path
from typing import List

from ..wire.errors import CheckpointError

SUFFIXES = frozenset((".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar", ".gguf", ".npz"))
INDEX = (".safetensors.index.json", ".bin.index.json")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.")
_NO_WEIGHTS = re.compile(r"^(training_args|optimizer|scheduler|rng_state|scaler)[\w-]*\.")
MOST = 2_000


def checkpoint_files(folder: Path, deep: int = 2) -> List[Path]:
    """In the order of their names, those in folders below too, so many ``deep``; the parts of a sharded checkpoint stand for none.

    Raises CheckpointError when the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror or error}.", "Check its name.") from None
    found: List[Path] = []
    for entry in entries:
        if len(found) >= MOST or entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            found += checkpoint_files(entry, deep - 1) if deep > 0 else []
        elif entry.is_file() and _is_candidate(entry.name):
            found.append(entry)
    return found[:MOST]


def _is_candidate(name: str) -> bool:
    low = name.lower()
    if low.endswith(INDEX):
        return True
    return Path(low).suffix in SUFFIXES and not _SHARD.search(low) and not _NO_WEIGHTS.match(low)
