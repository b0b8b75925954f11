"""The fields of a protobuf message, one after another, without reading the contents of the long ones."""

from typing import Iterator, NamedTuple

from ..wire.errors import CorruptFile
from .window import Window

VARINT, WIDE, BYTES, NARROW = 0, 1, 2, 5
_FIXED = {WIDE: 8, NARROW: 4}
_LONGEST_VARINT = 10


class Field(NamedTuple):
    """One field: its ``number``, its ``wire`` type, its ``value`` when it is a number, and where its bytes lie."""

    number: int
    wire: int
    value: int
    begin: int
    end: int


class Message:
    """The message between ``begin`` and ``end``. ``cut`` becomes true when a field reaches beyond its end."""

    def __init__(self, window: Window, begin: int, end: int, name: str) -> None:
        self.cut = False
        self._window = window
        self._begin = begin
        self._end = end
        self._name = name

    def fields(self) -> Iterator[Field]:
        """The fields in their order; raises CorruptFile where there is none. Between two of them the window may be moved."""
        pos = self._begin
        while pos < self._end:
            self._window.pos = pos
            key = self._varint()
            number, wire = key >> 3, key & 7
            if wire == VARINT:
                value = self._varint()
                begin = end = self._window.pos
            elif wire == BYTES:
                value = self._varint()
                begin = self._window.pos
                end = begin + value
            elif wire in _FIXED:
                begin = self._window.pos
                end = begin + _FIXED[wire]
                value = 0
            else:
                raise self._damaged(pos)
            if number == 0:
                raise self._damaged(pos)
            self.cut = self.cut or end > self._end
            yield Field(number, wire, value, begin, end)
            pos = end

    def inner(self, field: Field) -> "Message":
        """The message in a field."""
        return Message(self._window, field.begin, min(field.end, self._end), self._name)

    def bytes(self, field: Field, most: int) -> bytes:
        """At most ``most`` bytes of a field."""
        self._window.pos = field.begin
        return self._window.take(max(0, min(most, min(field.end, self._end) - field.begin)), "a field")

    def text(self, field: Field, most: int = 1000) -> str:
        """The text in a field, cut when it is long."""
        return str(self.bytes(field, most), "utf-8", "backslashreplace")

    def numbers(self, field: Field, most: int) -> Iterator[int]:
        """The numbers of a field that is one number or a packed row of them."""
        if field.wire == VARINT:
            yield field.value
            return
        self._window.pos = field.begin
        for _ in range(most):
            if self._window.pos >= min(field.end, self._end):
                return
            yield self._varint()

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _LONGEST_VARINT, 7):
            byte = self._window.take(1, "a number")[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise self._damaged(self._window.pos)

    def _damaged(self, pos: int) -> CorruptFile:
        return CorruptFile(
            f"{self._name} is no whole model: byte {pos:,} begins no field.", "Get the file again, or export it again."
        )
