"""The entries of a distributed checkpoint that are no tensors, such as a step or a learning rate: each is a torch file of its own
inside one of the files with parts, and is read by the inert machine as any other."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ..wire.contents import CheckpointContents, StoredValue
from ..wire.errors import CheckpointError
from ..wire.problems import Problem
from . import zip_file
from .inside import path_inside
from .pieces import Window
from .records import ValueFile

_LONGEST = 1 << 20
_LONGEST_TOGETHER = 64 << 20
_MOST = 5_000
_MOST_OPEN = 32
_KEPT = ("checkpoint-runs-code", "checkpoint-odd-file")

Place = Tuple[str, int, int]
"""File, offset and length."""


class SmallValues(NamedTuple):
    """What the entries hold, the names that they mention, what is odd about them, and how much was read."""

    values: Dict[str, List[StoredValue]]
    globals: Set[str]
    problems: List[Problem]
    bytes_read: int


def read_small_values(folder: Path, places: Dict[str, Place]) -> SmallValues:
    """Read the entries at ``places``. One that is large, damaged or beyond its file is left out."""
    found = SmallValues({}, set(), [], 0)
    files: Dict[str, Optional[ValueFile]] = {}
    left = _LONGEST_TOGETHER
    told: Set[str] = set()
    try:
        for name, (file, begin, length) in list(places.items())[:_MOST]:
            source = _opened(folder, file, files)
            if source is None or not 0 < length <= min(_LONGEST, left) or begin < 0 or begin + length > source.size:
                continue
            left -= length
            contents = _contents(source, begin, length)
            if contents is None:
                continue
            found.values[name] = _values(name, contents)
            found.globals.update(contents.globals)
            for problem in contents.problems:
                if problem.code in _KEPT and problem.message not in told and len(told) < 5:
                    told.add(problem.message)
                    found.problems.append(replace(problem, message=f"{name[:200]}: {problem.message}"))
    finally:
        opened = [source for source in files.values() if source is not None]
        for source in opened:
            source.close()
    return found._replace(bytes_read=sum(source.bytes_read for source in opened))


def _opened(folder: Path, file: str, files: Dict[str, Optional[ValueFile]]) -> Optional[ValueFile]:
    if file not in files:
        files[file] = None
        if sum(source is not None for source in files.values()) < _MOST_OPEN:
            with suppress(CheckpointError):
                files[file] = ValueFile(path_inside(folder, file))
    return files[file]


def _contents(source: ValueFile, begin: int, length: int) -> Optional[CheckpointContents]:
    try:
        window = Window(source, begin, begin + length)
        return zip_file.read(window, _silent) if zip_file.recognises(window) else None
    except CheckpointError:
        return None


def _values(name: str, contents: CheckpointContents) -> List[StoredValue]:
    """What one entry holds, below its name; tensors in it by their shape."""
    tensors = [
        StoredValue(".".join(filter(None, (row.container, row.key))), "Tensor", f"{row.dtype} {list(row.shape)}")
        for row in contents.tensors
    ]
    return [replace(value, path=f"{name}.{value.path}" if value.path else name) for value in (*contents.values, *tensors)]


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
