"""A file read from front to back in blocks, where large parts are passed over without being read."""

import struct
from typing import Any, Tuple

from ..wire.errors import CorruptFile
from .source import SourceFile


class Window:
    """Reads ``source`` from ``pos`` on, ``block`` bytes at a time. ``pos`` may be set: what is passed over is not read."""

    def __init__(self, source: SourceFile, block: int, pos: int = 0) -> None:
        self.pos = pos
        self.size = source.size
        self._source = source
        self._block = block
        self._data = source.head
        self._begin = 0

    def take(self, length: int, what: str) -> bytes:
        """The next ``length`` bytes; raises CorruptFile, naming ``what``, when the file ends before."""
        begin = self.pos - self._begin
        if begin < 0 or begin + length > len(self._data):
            self._fill(length, what)
            begin = self.pos - self._begin
        self.pos += length
        return self._data[begin : begin + length]

    def unpack(self, form: struct.Struct, what: str) -> Tuple[Any, ...]:
        """The next numbers."""
        return form.unpack(self.take(form.size, what))

    def left(self) -> int:
        """How many bytes follow ``pos``."""
        return self.size - self.pos

    def _fill(self, length: int, what: str) -> None:
        if length > self.left() or self.pos < 0:
            raise CorruptFile(
                f"{self._source.name} ends in the middle of {what}: it has {self.size:,} bytes.",
                "The file was probably cut off while it was copied or downloaded; get it again.",
            )
        self._data = self._source.exactly(self.pos, min(max(length, self._block), self.left()), what)
        self._begin = self.pos
