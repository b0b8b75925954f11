"""The bytes of a storage in a file, read at any place into memory that the caller has: plain, compressed, or inflated before."""

import os
import struct
import zlib
from typing import Protocol

from ..wire.errors import CheckpointError, CorruptFile
from .source import SourceFile

_LOCAL = b"PK\x03\x04"
_local = struct.Struct("<4s5H3I2H")
_PACKED_CHUNK = 1 << 16
_SKIPPED_CHUNK = 1 << 18
_NPY = b"\x93NUMPY"
_NPY_FRONT = 12
_AGAIN = "Open the checkpoint again."


class ValueFile(SourceFile):
    """A file whose values are read, by several threads: into given memory, and not when it changed meanwhile."""

    _rests = False
    _readers = 0

    def close(self) -> None:
        """Give the descriptor back."""
        if not self._rests:
            super().close()

    def rest(self) -> None:
        """From now on hold the file open only while it is read."""
        with self._lock:
            self._rests = True
            if not self._readers:
                os.close(self._descriptor)

    def changed(self) -> bool:
        """True when the file has another size or time on disk than when it was opened."""
        self._hold()
        try:
            return super().changed()
        finally:
            self._let_go()

    def at(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``, fewer at the end of the file."""
        self._hold()
        try:
            return super().at(offset, length)
        finally:
            self._let_go()

    def into(self, offset: int, memory: memoryview) -> None:
        """Fill ``memory`` with the bytes from ``offset``; raises CheckpointError when the file changed or ends before."""
        self._hold()
        try:
            self.check()
            filled, wanted = 0, len(memory)
            while filled < wanted:
                count = self._some_into(offset + filled, memory[filled:] if filled else memory)
                if not count:
                    raise CheckpointError(f"{self.name} is shorter than when it was opened.", _AGAIN)
                filled += count
            self.bytes_read += wanted
        finally:
            self._let_go()

    def check(self) -> None:
        """Raises CheckpointError when the file was written to since it was opened."""
        if self.changed():
            raise CheckpointError(f"{self.name} was written to while its values were read.", _AGAIN)

    def data_start(self, header_at: int, name: str) -> int:
        """Where the data of a zip member begin; raises CorruptFile when there is no header at its place."""
        header = self.at(header_at, _local.size)
        if len(header) < _local.size or header[:4] != _LOCAL:
            raise CorruptFile(f"{name} in {self.name} is not where the table of members says.", "Get the file again.")
        *_, name_length, extra_length = _local.unpack(header)
        return header_at + _local.size + int(name_length) + int(extra_length)

    def _hold(self) -> None:
        with self._lock:
            if self._rests and not self._readers:
                self._descriptor = self._opened_again()
            self._readers += 1

    def _let_go(self) -> None:
        with self._lock:
            self._readers -= 1
            if self._rests and not self._readers:
                os.close(self._descriptor)

    def _opened_again(self) -> int:
        descriptor = self._open()
        now = os.fstat(descriptor)
        if (now.st_dev, now.st_ino) != (self._seen.st_dev, self._seen.st_ino):
            os.close(descriptor)
            raise CheckpointError(f"{self.name} is another file than when it was opened.", _AGAIN)
        return descriptor

    def _some_into(self, offset: int, memory: memoryview) -> int:
        if not hasattr(os, "preadv"):
            data = self.at(offset, len(memory))
            memory[: len(data)] = data
            return len(data)
        try:
            return os.preadv(self._descriptor, [memory], offset)
        except (OSError, OverflowError) as error:
            raise CheckpointError(
                f"{self.name} cannot be read at byte {offset:,}: {error}.", "Check the disk or the connection to it."
            ) from None


class Record(Protocol):
    """The bytes of one storage. ``is_packed``: to read at a place means to inflate what stands before it."""

    size: int
    is_packed: bool

    def into(self, offset: int, memory: memoryview) -> None:
        """Fill ``memory`` with its bytes from ``offset``. Raises CheckpointError."""


class PlainRecord:
    """Bytes that lie in the file as they are."""

    is_packed = False

    def __init__(self, source: ValueFile, start: int, size: int) -> None:
        self.size = size
        self._source, self._start = source, start

    def into(self, offset: int, memory: memoryview) -> None:
        """Read them."""
        self._source.into(self._start + offset, memory)


class DeflatedRecord:
    """Compressed bytes, inflated as far as they are needed. Going back means to begin anew."""

    is_packed = True

    def __init__(self, source: ValueFile, start: int, packed: int, size: int, name: str) -> None:
        self.size = size
        self._source, self._start, self._packed, self._name = source, start, packed, name
        self._rewind()

    def into(self, offset: int, memory: memoryview) -> None:
        """Inflate them."""
        if offset < self._at:
            self._rewind()
        while self._at < offset:
            self._next(min(offset - self._at, _SKIPPED_CHUNK))
        filled = 0
        while filled < len(memory):
            piece = self._next(len(memory) - filled)
            memory[filled : filled + len(piece)] = piece
            filled += len(piece)

    def _rewind(self) -> None:
        self._at = self._fed = 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)

    def _next(self, most: int) -> bytes:
        """At least one byte and at most ``most``."""
        while True:
            packed = self._inflater.unconsumed_tail or self._more_packed()
            try:
                piece = self._inflater.decompress(packed, most)
            except zlib.error as error:
                raise CorruptFile(f"{self._name} in {self._source.name} cannot be inflated: {error}.", _AGAIN) from None
            if piece:
                self._at += len(piece)
                return piece
            if not packed or self._inflater.eof:
                raise CorruptFile(
                    f"{self._name} in {self._source.name} ends before its {self.size:,} bytes.", "Get the file again."
                )

    def _more_packed(self) -> bytes:
        self._source.check()
        packed = self._source.at(self._start + self._fed, min(_PACKED_CHUNK, self._packed - self._fed))
        self._fed += len(packed)
        return packed


class MemoryRecord:
    """A small record that is held as a whole: it was inflated or put in order before."""

    is_packed = False

    def __init__(self, data: bytearray) -> None:
        self.size = len(data)
        self._data = data

    def into(self, offset: int, memory: memoryview) -> None:
        """Copy them."""
        memory[:] = self._data[offset : offset + len(memory)]


def inflated(record: Record) -> MemoryRecord:
    """All of a record, in memory."""
    data = bytearray(record.size)
    record.into(0, memoryview(data))
    return MemoryRecord(data)


class _Rest:
    """A record without its first bytes."""

    def __init__(self, record: Record, skipped: int) -> None:
        self.size, self.is_packed = record.size - skipped, record.is_packed
        self._record, self._skipped = record, skipped

    def into(self, offset: int, memory: memoryview) -> None:
        """Read from the record."""
        self._record.into(self._skipped + offset, memory)


def without_npy_header(record: Record, name: str) -> Record:
    """The elements of an ``.npy`` file; raises CorruptFile when it does not begin as one."""
    head = bytearray(min(_NPY_FRONT, record.size))
    record.into(0, memoryview(head))
    wide = head[6:7] > b"\x01"
    skipped = (12 if wide else 10) + int.from_bytes(head[8 : 12 if wide else 10], "little")
    if head[:6] != _NPY or skipped > record.size:
        raise CorruptFile(f"{name} does not begin as an npy file.", "Get the file again.")
    return _Rest(record, skipped)
