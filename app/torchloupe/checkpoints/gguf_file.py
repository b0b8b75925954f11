"""GGUF files (llama.cpp): settings, then the table of tensors, then the values. Only what stands before the values is read."""

import struct
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from .gguf_types import TYPES
from .pickle_reading import BIG_ENDIAN, Progress, odd_file
from .plain_values import plain_value
from .source import SourceFile
from .tensor_rows import broken_tensors, checked_shape, elements_of, strides_of
from .window import Window

MAGIC = b"GGUF"
_BLOCK = 1 << 18
_VERSIONS = (1, 2, 3)
_MOST_DIMENSIONS = 16
_LONGEST_TEXT = 1 << 24
_LONGEST_NAME = 1 << 16
_DEEPEST_ARRAY = 4
_ITEMS_SHOWN = 8
_MOST_TEXTS = 5_000_000
_SMALLEST_PAIR = 13
_SMALLEST_TENSOR = 20
_TEXT, _ARRAY = 8, 9
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_ALIGNMENT = "general.alignment"
_AGAIN = "Get the file again, or make it again with the converter of llama.cpp."


class _Array(NamedTuple):
    """The first items of an array, and how many it has."""

    length: int
    first: List[Any]


class _Reader:
    """Reads the numbers and texts of one file in its version and byte order."""

    def __init__(self, source: SourceFile) -> None:
        self.name = source.name
        self.window = Window(source, _BLOCK, len(MAGIC))
        raw = self.window.take(4, "its version")
        # A big endian file has its version in the other half.
        self.big = raw[:2] == b"\0\0" and raw != bytes(4)
        self._order = ">" if self.big else "<"
        self._forms = {kind: struct.Struct(self._order + form) for kind, form in _NUMBERS.items()}
        self.version = int.from_bytes(raw, "big" if self.big else "little")
        self._count = self._forms[4 if self.version == 1 else 10]
        self._texts = 0

    def number(self, kind: int, what: str) -> Any:
        """The next number of a type that is neither a text nor an array."""
        return self.window.unpack(self._forms[kind], what)[0]

    def count(self, what: str, smallest: int, most: int = 1 << 62) -> int:
        """The next count; raises CorruptFile when so many things of ``smallest`` bytes cannot follow."""
        count = int(self.window.unpack(self._count, what)[0])
        if count * smallest > self.window.left() or count > most:
            raise CorruptFile(f"{self.name} claims {what} of {count:,}, more than the rest of it can hold.", _AGAIN)
        return count

    def text(self, what: str, longest: int = _LONGEST_TEXT) -> str:
        """The next text."""
        return str(self.window.take(self.count(what, 1, longest), what), "utf-8", "backslashreplace")

    def value(self, kind: int, depth: int = 0) -> Any:
        """The next value of a setting. Of an array the first items are kept and the rest is passed over."""
        if kind in self._forms:
            return self.number(kind, "a setting")
        if kind == _TEXT:
            return self.text("a setting")
        if kind != _ARRAY or depth >= _DEEPEST_ARRAY:
            raise CorruptFile(f"{self.name} has a setting of type {kind}, which does not exist.", _AGAIN)
        inner = self.number(4, "a setting")
        form = self._forms.get(inner)
        count = self.count("an array", form.size if form else 4)
        shown = min(count, _ITEMS_SHOWN)
        if form:
            first = [self.number(inner, "an array") for _ in range(shown)]
            self.window.pos += (count - shown) * form.size
            return _Array(count, first)
        self._texts += count
        if self._texts > _MOST_TEXTS:
            raise CorruptFile(f"{self.name} claims {self._texts:,} texts in its settings, more than are read here.", _AGAIN)
        first = [self.value(inner, depth + 1) for _ in range(shown)]
        for _ in range(count - shown):
            if inner == _TEXT:
                length = self.count("a text", 1)
                self.window.pos += length
            else:
                self.value(inner, depth + 1)
        return _Array(count, first)


def recognises(source: SourceFile) -> bool:
    """True for the magic letters."""
    return source.head.startswith(MAGIC)


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a GGUF file; raises CorruptFile when its settings or its table cannot be read."""
    reader = _Reader(source)
    if reader.version not in _VERSIONS:
        raise UnsupportedFormat(f"{source.name} is a GGUF file of version {reader.version:,}, which is not known here.", _AGAIN)
    tensors = reader.count("a table of tensors", _SMALLEST_TENSOR)
    settings, remarks = _settings(reader, reader.count("settings", _SMALLEST_PAIR))
    rows: List[Tuple[StoredTensor, int]] = []
    for done in range(tensors):
        if done % 1000 == 0:
            progress(done, tensors, "reading keys")
        rows.append(_tensor(reader))
    alignment = settings.get(_ALIGNMENT, 32)
    if type(alignment) is not int or not 0 < alignment <= 1 << 20:
        remarks.append(f"Its alignment is {str(alignment)[:50]}; 32 is taken.")
        alignment = 32
    data_at = -(-reader.window.pos // alignment) * alignment
    placed = [_placed(row, data_at + offset, source.size, reader.big) for row, offset in rows]
    remarks.extend(_about_layout(placed))
    problems = [*map(odd_file, remarks), *broken_tensors(placed)]
    return CheckpointContents(
        path=str(source.path),
        format="GGUF",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(placed),
        values=tuple(_values(settings)),
        problems=tuple([*problems, BIG_ENDIAN] if reader.big else problems),
        about=(
            StoredValue("version", "int", reader.version),
            StoredValue("byte order", "str", "big" if reader.big else "little"),
            StoredValue("alignment", "int", alignment),
        ),
    )


def _settings(reader: _Reader, count: int) -> Tuple[Dict[str, Any], List[str]]:
    settings: Dict[str, Any] = {}
    twice = []
    for _ in range(count):
        key = reader.text("the name of a setting", _LONGEST_NAME)
        value = reader.value(reader.number(4, "a setting"))
        if key in settings:
            twice.append(key)
        settings[key] = value
    return settings, [f"{len(twice):,} settings stand in it twice, such as {twice[0][:100]!r}."] if twice else []


def _values(settings: Dict[str, Any]) -> List[StoredValue]:
    return [
        StoredValue(key, "array", _array_text(value)) if isinstance(value, _Array) else plain_value(key, value)
        for key, value in settings.items()
    ]


def _array_text(array: _Array) -> str:
    shown = [_array_text(item) if isinstance(item, _Array) else repr(item)[:40] for item in array.first]
    if array.length > len(shown):
        return f"{array.length:,} items: {', '.join(shown[:3])}, …"
    return f"[{', '.join(shown)}]"


def _tensor(reader: _Reader) -> Tuple[StoredTensor, int]:
    """The next entry of the table, with its offset from where the values begin."""
    name = reader.text("the name of a tensor", _LONGEST_NAME)
    dimensions = reader.number(4, "a tensor's dimensions")
    if dimensions > _MOST_DIMENSIONS:
        raise CorruptFile(f"{reader.name} has a tensor of {dimensions:,} dimensions, {name[:100]!r}.", _AGAIN)
    wide = 4 if reader.version == 1 else 10
    lengths = [reader.number(wide, "a tensor's shape") for _ in range(dimensions)]
    kind = reader.number(4, "a tensor's type")
    offset = int(reader.number(10, "a tensor's place"))
    # The format counts dimensions from the innermost one.
    shape, broken = checked_shape(tuple(reversed(lengths)))
    form = TYPES.get(kind)
    if form is None:
        return StoredTensor(name, shape, "?", 0, broken=broken or f"Its element type {kind} is not known here."), offset
    if not broken and (lengths[0] if lengths else 1) % form.elements:
        broken = f"Its rows of {lengths[0] if lengths else 1:,} are no whole blocks of {form.elements}."
    size = elements_of(shape) // form.elements * form.bytes
    strides = strides_of(shape) if form.elements == 1 else ()
    return StoredTensor(name, shape, form.name, size, strides=strides, broken=broken), offset


def _placed(row: StoredTensor, begin: int, file_bytes: int, big: bool) -> StoredTensor:
    end = begin + row.bytes
    broken = row.broken
    if not broken and end > file_bytes:
        broken = f"It ends at byte {end:,}; the file has {file_bytes:,}."
    return replace(row, stored_at=f"{begin}:{end}", broken=broken, big_endian=big)


def _about_layout(rows: List[StoredTensor]) -> List[str]:
    remarks = []
    names = {row.key for row in rows}
    if len(names) < len(rows):
        remarks.append(f"{len(rows) - len(names):,} of its tensors have the name of another one.")
    reached = overlaps = 0
    for begin, end in sorted((int(a), int(b)) for a, b in (row.stored_at.split(":") for row in rows)):
        overlaps += begin < reached and begin < end
        reached = max(reached, end)
    if overlaps:
        remarks.append(f"{overlaps:,} of its tensors overlap with another one.")
    return remarks
