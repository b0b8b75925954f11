"""A file opened for reading: only regular files, only positioned reads, and a count of the bytes that were read."""

import errno
import os
import stat
import threading
from pathlib import Path
from types import TracebackType
from typing import List, Optional, Type, Union

from ..wire.contents import FileStamp
from ..wire.errors import CheckpointError, CorruptFile, UnsupportedFormat

HEAD_BYTES = 1024
_TAIL_BYTES = 4096
_SMALL_FILE = 16384
"""A file up to this size is read whole, in one go."""
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class SourceFile:
    """One checkpoint file, open for reading until ``close``.

    Reads with ``pread`` and never maps: a file that shrinks meanwhile gives a short read and an error, not a signal.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self.name = self.path.name or str(path)
        self.bytes_read = 0
        self._lock = threading.Lock()
        self._descriptor = self._open()
        try:
            self._seen = os.fstat(self._descriptor)
            self._refuse_other_kinds(self._seen)
            self.size = self._seen.st_size
            self.head = b""
            self.head = self.at(0, self.size if self.size <= _SMALL_FILE else HEAD_BYTES)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._tail: Optional[bytes] = None

    def __enter__(self) -> "SourceFile":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    @property
    def tail(self) -> bytes:
        """The last bytes of the file, 4 kB at most; read once."""
        if self._tail is None:
            self._tail = self.at(max(0, self.size - _TAIL_BYTES), min(self.size, _TAIL_BYTES))
        return self._tail

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)

    def at(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``, fewer at the end of the file; raises CheckpointError when the disk fails."""
        if offset + length <= len(self.head) or len(self.head) == self.size:
            return self.head[offset : offset + length]
        parts: List[bytes] = []
        left = max(0, min(length, os.fstat(self._descriptor).st_size - offset))
        while left > 0:
            part = self._read_once(offset, left)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            left -= len(part)
            self.bytes_read += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def exactly(self, offset: int, length: int, what: str) -> bytes:
        """``length`` bytes from ``offset``; raises CorruptFile, naming ``what``, when the file ends before."""
        data = self.at(offset, length)
        if len(data) < length:
            raise CorruptFile(
                f"{self.name} ends in the middle of {what}: it has {self.size:,} bytes.",
                "The file was probably cut off while it was copied or downloaded; get it again.",
            )
        return data

    def stamp(self, file: str = "") -> FileStamp:
        """How the file was when it was opened; it is called ``file``."""
        return stamp_of(file, self._seen)

    def changed(self) -> bool:
        """True when the file has another size or time on disk than when it was opened."""
        now = os.fstat(self._descriptor)
        return (now.st_size, now.st_mtime_ns) != (self._seen.st_size, self._seen.st_mtime_ns)

    def _open(self) -> int:
        try:
            self._refuse_other_kinds(os.stat(self.path))
            # O_NONBLOCK: a pipe that took the file's place since the look above must not hold us.
            flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
            return os.open(self.path, flags)
        except (OSError, ValueError) as error:
            raise _cannot_open(self.name, error) from None

    def _read_once(self, offset: int, length: int) -> bytes:
        try:
            if hasattr(os, "pread"):
                return os.pread(self._descriptor, length, offset)
            with self._lock:
                os.lseek(self._descriptor, offset, os.SEEK_SET)
                return os.read(self._descriptor, length)
        except (OSError, OverflowError) as error:
            raise CheckpointError(
                f"{self.name} cannot be read at byte {offset:,}: {error}.", "Check the disk or the connection to it."
            ) from None

    def _refuse_other_kinds(self, found: os.stat_result) -> None:
        if stat.S_ISDIR(found.st_mode):
            raise UnsupportedFormat(f"{self.name} is a folder, not a file.", "Choose a checkpoint file.")
        for test, kind in _KINDS:
            if test(found.st_mode):
                raise UnsupportedFormat(f"{self.name} is {kind}, not a file.", "Choose a checkpoint file.")


def stamp_of(file: str, found: os.stat_result) -> FileStamp:
    """The stamp of a file that was looked at."""
    return FileStamp(file, found.st_size, found.st_mtime_ns, found.st_ino)


def _cannot_open(name: str, error: Exception) -> CheckpointError:
    name, number = name[:200], getattr(error, "errno", None)
    if number == errno.ENOENT:
        return CheckpointError(f"There is no file {name}.", "Check the path; it may have been moved or deleted.")
    if number in (errno.EACCES, errno.EPERM):
        return CheckpointError(f"{name} may not be read by you.", "Change its permissions, or copy it to a place you can read.")
    reason = getattr(error, "strerror", None) or str(error)
    return CheckpointError(f"{name} cannot be opened: {reason}.", "Check the path.")
