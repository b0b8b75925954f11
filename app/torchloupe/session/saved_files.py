"""What the files of a project hold: two looks at them, and which were saved with other text in between."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """A file at one look. ``digest`` is that of its bytes: touching a file, or saving the same text again, is no change."""

    modified_ns: int
    size: int
    digest: bytes


Stamps = Mapping[str, Stamp]


def stamps_of(files: Iterable[str], before: Stamps) -> Stamps:
    """Look at the files. Those that look as ``before`` are not read again; one that is not there keeps its stamp: editors take
    a file away for a moment when they save it."""
    return {file: stamp for file in files if (stamp := _stamp(file, before.get(file))) is not None}


def changed_files(before: Stamps, now: Stamps) -> tuple[str, ...]:
    """The files that hold something else than before, in order. What was not looked at before has not changed."""
    return tuple(sorted(file for file, stamp in now.items() if file in before and stamp.digest != before[file].digest))


def _stamp(file: str, before: Stamp | None) -> Stamp | None:
    try:
        state = os.stat(file)
        if before is not None and (before.modified_ns, before.size) == (state.st_mtime_ns, state.st_size):
            return before
        with open(file, "rb") as stream:
            return Stamp(state.st_mtime_ns, state.st_size, hashlib.sha256(stream.read()).digest())
    except OSError:
        return before
