"""ONNX models: the initializers of the graph, inside the file or in files beside it. Their values are passed over."""

import os
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CheckpointError, CorruptFile
from .inside import path_inside
from .pickle_reading import Progress, odd_file
from .protobuf import BYTES, VARINT, Field, Message
from .source import SourceFile
from .tensor_rows import MOST_DIMENSIONS, broken_tensors, checked_shape, elements_of, strides_of
from .window import Window

_BLOCK = 4096
_LONGEST_NAME = 1 << 20
_MOST_TENSORS = 2_000_000
_MOST_VALUES = 200
_IR_VERSION, _GRAPH, _OPSET, _PROPERTIES = 1, 7, 8, 14
_TEXTS = {2: "producer_name", 3: "producer_version", 4: "domain"}
_NODE, _GRAPH_NAME, _INITIALIZER, _SPARSE = 1, 2, 5, 15
_DIMS, _TYPE, _NAME, _RAW, _EXTERNAL, _LOCATION = 1, 2, 8, 9, 13, 14
_FLOATS = {4: 1, 10: 11}
"""Fields with values of fixed width one after another, and the element type for which they are the plain bytes."""
_DTYPES: Dict[int, Tuple[str, int]] = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16), 6: ("int32", 32), 7: ("int64", 64),
    9: ("bool", 8), 10: ("float16", 16), 11: ("float64", 64), 12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64),
    15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8_e4m3fn", 8), 18: ("float8_e4m3fnuz", 8), 19: ("float8_e5m2", 8),
    20: ("float8_e5m2fnuz", 8), 21: ("uint4", 4), 22: ("int4", 4), 23: ("float4_e2m1", 4), 24: ("float8_e8m0fnu", 8), 25: ("uint2", 2),
    26: ("int2", 2), 27: ("float6_e2m3", 6), 28: ("float6_e3m2", 6),
}  # fmt: skip
"""Name and bits, by the numbers of the format."""
_FIRST_FIELDS = (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42)


@dataclass
class _Declared:
    """What one tensor says about itself."""

    name: str = ""
    dims: List[int] = field(default_factory=list)
    kind: int = 0
    begin: int = 0
    end: int = 0
    listed: bool = False
    elsewhere: bool = False
    external: Dict[str, str] = field(default_factory=dict)


class _Model:
    """What the walk finds: rows, values, remarks."""

    def __init__(self, source: SourceFile) -> None:
        self.rows: List[StoredTensor] = []
        self.values: List[StoredValue] = []
        self.remarks: List[str] = []
        self.graphs = 0
        self.sparse = 0
        self.nodes = 0
        self._source = source
        self.sizes: Dict[str, Tuple[int, str]] = {}

    def read(self, progress: Progress) -> None:
        """Walk through the whole file; raises CorruptFile at the first byte that makes no sense."""
        message = Message(Window(self._source, _BLOCK), 0, self._source.size, self._source.name)
        for part in message.fields():
            progress(part.begin, self._source.size, "reading keys")
            if part.number == _GRAPH and part.wire == BYTES:
                self.graphs += 1
                self._graph(message.inner(part))
            elif part.number == _IR_VERSION and part.wire == VARINT:
                self._value("ir_version", part.value)
            elif part.number in _TEXTS and part.wire == BYTES:
                self._value(_TEXTS[part.number], message.text(part))
            elif part.number in (_OPSET, _PROPERTIES) and part.wire == BYTES:
                self._pair(part.number, message.inner(part))
        if message.cut:
            self.remarks.append("A length in it reaches beyond the end of the file: it was cut off.")

    def _value(self, path: str, value: object) -> None:
        if len(self.values) < _MOST_VALUES:
            self.values.append(StoredValue(path, type(value).__name__, value))

    def _pair(self, number: int, message: Message) -> None:
        """An operator set (name and version), or a property (name and text)."""
        name, value = "", ""
        for part in message.fields():
            if part.number == 1 and part.wire == BYTES:
                name = message.text(part)
            elif part.number == 2:
                value = str(part.value) if part.wire == VARINT else message.text(part)
        self._value(f"opset.{name or 'ai.onnx'}" if number == _OPSET else f"metadata.{name}", value)

    def _graph(self, message: Message) -> None:
        for part in message.fields():
            if part.number == _NODE:
                self.nodes += 1
            elif part.number == _INITIALIZER and part.wire == BYTES and len(self.rows) < _MOST_TENSORS:
                self.rows.append(self._row(_declared(message.inner(part))))
            elif part.number == _SPARSE:
                self.sparse += 1
            elif part.number == _GRAPH_NAME and part.wire == BYTES:
                self._value("graph", message.text(part))

    def _row(self, declared: _Declared) -> StoredTensor:
        shape, broken = checked_shape(declared.dims)
        dtype, bits = _DTYPES.get(declared.kind, ("?", 0))
        size = (elements_of(shape) * bits + 7) // 8
        if not broken and not bits:
            kind = "texts" if declared.kind == 8 else f"of type {declared.kind}, which is not known here"
            broken = f"Its elements are {kind}."
        place, file = f"{declared.begin}:{declared.end}", None
        if declared.elsewhere:
            file = declared.external.get("location", "")[:1000]
            place, fault = self._external(file, declared.external, size)
            broken = broken or fault
        elif declared.listed or not declared.end:
            # Numbers of changing width: the values are there, but no bytes of a tensor.
            place = ""
        elif not broken and declared.end > self._source.size:
            broken = f"It ends at byte {declared.end:,}; the file has {self._source.size:,}."
        elif not broken and declared.end - declared.begin != size:
            broken = f"Its shape takes {size:,} bytes and its place in the file has {declared.end - declared.begin:,}."
        return StoredTensor(
            declared.name, shape, dtype, size, file=file, stored_at=place, strides=strides_of(shape), broken=broken
        )

    def _external(self, location: str, entries: Dict[str, str], size: int) -> Tuple[str, str]:
        """The place in a file beside the model, which is not opened, and a sentence when it cannot be there."""
        offset, length = _digits(entries.get("offset", "0")), _digits(entries.get("length", str(size)))
        if offset is None or length is None:
            return "", "Its place in the other file is not stored as numbers."
        place = f"{offset}:{offset + length}"
        if location not in self.sizes:
            self.sizes[location] = self._size(location)
        available, fault = self.sizes[location]
        if not fault and length != size:
            fault = f"Its shape takes {size:,} bytes and its place in {location[:200]} has {length:,}."
        if not fault and offset + length > available:
            fault = f"It ends at byte {offset + length:,} of {location[:200]}, which has {available:,}."
        return place, fault

    def _size(self, location: str) -> Tuple[int, str]:
        try:
            return os.stat(path_inside(self._source.path.parent, location)).st_size, ""
        except CheckpointError as error:
            return 0, str(error)
        except (OSError, ValueError):
            return 0, f"Its file {location[:200]!r} is missing."


def recognises(source: SourceFile) -> bool:
    """True for a small version number and then a field that a model has: no magic number says it better."""
    head = source.head
    return len(head) > 3 and head[0] == 0x08 and 1 <= head[1] <= 20 and head[2] in _FIRST_FIELDS


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The initializers of an ONNX model; raises CorruptFile when there is no graph."""
    model = _Model(source)
    try:
        model.read(progress)
    except CorruptFile as error:
        if not model.graphs:
            raise
        model.remarks.append(f"What came before is shown: {error}")
    if not model.graphs:
        raise CorruptFile(f"{source.name} begins as an ONNX model and has no graph.", "Get the file again, or export it again.")
    if model.sparse:
        model.remarks.append(f"It has {model.sparse:,} sparse initializers, which are not listed.")
    values = [*model.values, StoredValue("nodes", "int", model.nodes)]
    files = {row.file for row in model.rows if row.file and not row.broken}
    return CheckpointContents(
        path=str(source.path),
        format="ONNX",
        file_bytes=source.size + sum(model.sizes[name][0] for name in files),
        bytes_read=source.bytes_read,
        tensors=tuple(model.rows),
        values=tuple(values),
        problems=(*map(odd_file, model.remarks), *broken_tensors(model.rows)),
    )


def _declared(message: Message) -> _Declared:
    found = _Declared()
    for part in message.fields():
        number = part.number
        if number == _DIMS:
            left = MOST_DIMENSIONS + 1 - len(found.dims)
            found.dims.extend(_signed(value) for value in message.numbers(part, left))
        elif number == _TYPE and part.wire == VARINT:
            found.kind = part.value
        elif number == _NAME and part.wire == BYTES:
            found.name = message.text(part, _LONGEST_NAME)
        elif number == _RAW and part.wire == BYTES:
            found.begin, found.end = part.begin, part.end
        elif number == _EXTERNAL and part.wire == BYTES:
            _note_entry(message.inner(part), found.external)
        elif number == _LOCATION and part.wire == VARINT:
            found.elsewhere = part.value == 1
        elif part.wire == BYTES and number < _NAME + 4 and number not in (_NAME, _RAW):
            _note_values(part, found)
    return found


def _note_values(part: Field, found: _Declared) -> None:
    """Values that are no raw bytes: numbers of fixed width are the same as raw ones, others cannot be taken from the file."""
    if _FLOATS.get(part.number) == found.kind:
        found.begin, found.end = part.begin, part.end
    else:
        found.listed = True


def _note_entry(message: Message, entries: Dict[str, str]) -> None:
    name = value = ""
    for part in message.fields():
        if part.number == 1 and part.wire == BYTES:
            name = message.text(part)
        elif part.number == 2 and part.wire == BYTES:
            value = message.text(part, 2000)
    if len(entries) < 16:
        entries[name] = value


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _digits(text: str) -> Optional[int]:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
