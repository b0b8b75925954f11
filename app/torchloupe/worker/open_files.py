"""The files that this process has open: which of them were written, told by their sizes and times; and how to keep some from it."""

import io
import logging
import os
import stat
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Tuple

_MOST = 256
Condition = Tuple[int, int, int, int]
"""Device, number, size, and when it was written last."""


def open_files() -> Dict[int, Condition]:
    """The regular files by their descriptors. The standard streams, files without a name and what was open before any code of the
    user's ran are left out: others write there, too."""
    streams = {_identity(each) for each in map(_status, range(3)) if each is not None} | _INHERITED
    found = {}
    for number in _descriptors():
        status = _status(number)
        if status is not None and stat.S_ISREG(status.st_mode) and status.st_nlink and _identity(status) not in streams:
            found[number] = (*_identity(status), status.st_size, status.st_mtime_ns)
    return found


def changed_files(before: Dict[int, Condition]) -> Iterator[str]:
    """The paths of those that are open since ``before`` and were written."""
    now = open_files()
    for number, condition in before.items():
        if number in now and now[number] != condition and now[number][:2] == condition[:2]:
            yield _name(number)


class KnownFiles:
    """Open files as Python objects, those of ``logging`` among them: their buffers can be emptied, and what goes into them diverted."""

    def __init__(self, files: Iterable[Any]) -> None:
        handlers = [reference() for reference in list(vars(logging)["_handlerList"])]
        streams = [each.stream for each in handlers if isinstance(each, logging.FileHandler) and each.stream is not None]
        self._files = [each for each in (*files, *streams) if isinstance(each, io.IOBase) and _is_written(each)]
        self._aside: List[Tuple[int, int, str]] = []

    def flush(self) -> None:
        """Let what was written be in the file, or where the file is diverted to."""
        for file in self._files:
            if not file.closed:
                file.flush()

    def divert(self) -> None:
        """From here on what is written goes into a file that vanishes. They have to be flushed."""
        streams = {_identity(each) for each in map(_status, range(3)) if each is not None}
        for number in {file.fileno() for file in self._files}:
            status = _status(number)
            if stat.S_ISREG(status.st_mode) and _identity(status) not in streams:
                self._aside.append((number, os.dup(number), _name(number)))
                with tempfile.TemporaryFile() as nowhere:
                    os.dup2(nowhere.fileno(), number)

    def put_back(self) -> Tuple[str, ...]:
        """End that; the paths of those that were written. They have to be flushed."""
        written = []
        for number, kept, name in self._aside:
            status = _status(number)
            if status is not None:  # else it was closed
                written += [name] if status.st_size else []
                os.dup2(kept, number)
            os.close(kept)
        self._aside.clear()
        return tuple(written)


def _is_written(file: io.IOBase) -> bool:
    try:
        return file.writable() and not file.readable() and file.fileno() > 2
    except Exception:  # closed, in memory, or of a class of the user's
        return False


def _descriptors() -> List[int]:
    try:
        return sorted(int(name) for name in os.listdir("/dev/fd"))[:_MOST]
    except (OSError, ValueError):  # no such folder: it costs a microsecond each to ask
        return list(range(_MOST))


def _status(number: int) -> Any:
    try:
        return os.fstat(number)
    except OSError:
        return None


def _identity(status: os.stat_result) -> Tuple[int, int]:
    return status.st_dev, status.st_ino


def _name(number: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return "a file that is open"


_INHERITED = {_identity(each) for each in map(_status, _descriptors()) if each is not None}
