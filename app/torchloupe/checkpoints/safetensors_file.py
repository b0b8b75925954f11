"""safetensors files: eight bytes of length, a JSON header, the values. Every rule of the reference implementation is checked."""

import json
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile
from ..wire.problems import Problem
from .dtypes import BITS, SAFETENSORS
from .json_text import DEEPEST, RepeatedKey, is_deep
from .pickle_reading import Progress, odd_file
from .plain_values import plain_value
from .safetensors_header import METADATA, Declared, NoObject, entries_of, text_of
from .source import SourceFile
from .tensor_rows import broken_tensors, checked_shape, elements_of, new_row, strides_of

_LENGTH = 8
_MAX_HEADER = 100_000_000
"""The limit of the reference implementation."""
_IMPOSSIBLE = 1 << 40
"""As a length no file has it; eight letters of a text make a larger one."""
_FORMS_KEPT = 10_000
_AGAIN = "Get the file again; if it is always like this, save it again with safetensors.torch.save_file."

_Placed = Tuple[StoredTensor, int, int]
"""A row, and the bytes that it claims, counted from where the values begin."""


class _Form(NamedTuple):
    """What tensors of one shape and type have in common."""

    dtype: str
    shape: Tuple[int, ...]
    strides: Tuple[int, ...]
    size: int


def recognises(source: SourceFile) -> bool:
    """True when the file's first bytes are a possible length and the beginning of a JSON object."""
    head = source.head
    return head[_LENGTH : _LENGTH + 64].lstrip(b" ")[:1] == b"{" and int.from_bytes(head[:_LENGTH], "little") < _IMPOSSIBLE


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a safetensors file; raises CorruptFile when the header is none."""
    text, data_at = _header(source)
    progress(data_at, data_at, "reading keys")
    problems: List[Problem] = []
    make_row = _Rows(data_at).row
    metadata: Any = {}
    placed = []
    try:
        for name, entry in entries_of(text):
            if name == METADATA:
                metadata = entry
            else:
                placed.append(make_row(name, entry))
    except RepeatedKey as error:
        raise CorruptFile(f"The header of {source.name} has the key {str(error)[:200]!r} twice.", _AGAIN) from None
    except (ValueError, RecursionError) as error:
        what = f"{'' if isinstance(error, NoObject) else 'not JSON: '}{str(error)[:200]}"
        if not placed:
            raise CorruptFile(f"The header of {source.name} is {what}.", _AGAIN) from None
        problems.append(odd_file(f"Its header, after {len(placed):,} tensors, is {what}."))
    rows, remarks = _checked_layout(placed, data_at, source.size)
    problems.extend(odd_file(remark) for remark in remarks)
    values, remarks = _metadata_values(metadata)
    problems.extend(odd_file(remark) for remark in remarks)
    problems.extend(broken_tensors(rows))
    return CheckpointContents(
        path=str(source.path),
        format="safetensors",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=tuple(values),
        problems=tuple(problems),
    )


def metadata_of(source: SourceFile) -> Dict[str, str]:
    """What the file says about itself, every text in full; raises CorruptFile when the header is none."""
    try:
        metadata = next((entry for name, entry in entries_of(_header(source)[0]) if name == METADATA), None)
    except (ValueError, RecursionError):
        raise CorruptFile(f"The header of {source.name} is damaged.", _AGAIN) from None
    found = metadata.items() if isinstance(metadata, dict) else ()
    return {key: value for key, value in found if isinstance(value, str)}


def _header(source: SourceFile) -> Tuple[str, int]:
    """The text of the header and where the values begin."""
    if source.size < _LENGTH:
        raise CorruptFile(f"{source.name} has {source.size} bytes; a safetensors file begins with 8 bytes of length.", _AGAIN)
    length = int.from_bytes(source.head[:_LENGTH], "little")
    if length > _MAX_HEADER or length == 0:
        raise CorruptFile(f"{source.name} claims a header of {length:,} bytes; 1 to {_MAX_HEADER:,} are possible.", _AGAIN)
    if _LENGTH + length > source.size:
        raise CorruptFile(
            f"{source.name} claims a header of {length:,} bytes and has {source.size:,} bytes in all: it was cut off.", _AGAIN
        )
    raw = source.head[_LENGTH : _LENGTH + length]
    if len(raw) < length:
        raw += source.exactly(_LENGTH + len(raw), length - len(raw), "its header")
    if is_deep(raw):
        raise CorruptFile(f"The header of {source.name} is nested more than {DEEPEST} levels deep.", _AGAIN)
    try:
        return text_of(raw), _LENGTH + length
    except UnicodeDecodeError:
        raise CorruptFile(f"The header of {source.name} is not UTF-8 text.", _AGAIN) from None


class _Rows:
    """Makes the rows; many tensors have the very same shape and type, which are worked out once."""

    def __init__(self, data_at: int) -> None:
        self._data_at = data_at
        self._forms: Dict[Tuple[str, str], _Form] = {}

    def row(self, name: str, entry: Any) -> _Placed:
        """The row of one tensor with its byte range as declared; (0, 0) when there is none."""
        if type(entry) is not Declared:
            return _row(name, entry, self._data_at)
        code, lengths, begin, end = entry
        form = self._forms.get((code, lengths))
        if form is None:
            placed = _row(name, entry.plain(), self._data_at)
            row = placed[0]
            sound = not row.broken and not row.dtype.startswith("float4")
            if sound and len(self._forms) < _FORMS_KEPT:
                self._forms[code, lengths] = _Form(row.dtype, row.shape, row.strides, row.bytes)
            return placed
        dtype, shape, strides, size = form
        if end - begin != size:
            return _row(name, entry.plain(), self._data_at)
        place = f"{self._data_at + begin}:{self._data_at + end}"
        return new_row(name, shape, dtype, size, "", place, 0, strides, False, False, ""), begin, end


def _row(name: str, entry: Any, data_at: int) -> _Placed:
    """The row of one tensor with its byte range as declared; (0, 0) when there is none."""
    if not isinstance(entry, dict):
        return StoredTensor(name, (), "?", 0, broken="Its entry in the header is no JSON object."), 0, 0
    code = entry.get("dtype")
    dtype = SAFETENSORS.get(code, "?") if isinstance(code, str) else "?"
    shape, broken = checked_shape(entry.get("shape"))
    begin, end, range_fault = _range(entry.get("data_offsets"))
    size = elements_of(shape) * BITS.get(dtype, 0)
    if not broken and dtype == "?":
        broken = f"Its element type {str(code)[:50]!r} is not known here."
    if not broken and size % 8:
        broken = "Its elements do not fill whole bytes."
    broken = broken or range_fault
    if not broken and size // 8 != end - begin:
        broken = f"Its shape takes {size // 8:,} bytes and its place in the file has {end - begin:,}."
    if dtype == "float4_e2m1" and shape and shape[-1] % 2 == 0:
        # torch keeps two of these in one element and has a shape half as long.
        dtype, shape = "float4_e2m1fn_x2", (*shape[:-1], shape[-1] // 2)
    place = f"{data_at + begin}:{data_at + end}"
    return new_row(name, shape, dtype, size // 8, "", place, 0, strides_of(shape), False, False, broken), begin, end


def _range(offsets: Any) -> Tuple[int, int, str]:
    if type(offsets) is not list or len(offsets) != 2:
        return 0, 0, "Its place in the file is not stored as two numbers."
    begin, end = offsets
    if type(begin) is not int or type(end) is not int:
        return 0, 0, "Its place in the file is not stored as two numbers."
    if begin < 0 or end < begin:
        return 0, 0, f"Its place in the file is from {begin:,} to {end:,}, which is no range."
    return begin, end, ""


def _checked_layout(rows: List[_Placed], data_at: int, file_bytes: int) -> Tuple[List[StoredTensor], List[str]]:
    """Mark tensors that overlap or lie outside; remark on bytes that belong to no tensor. Empty tensors may lie anywhere."""
    available = file_bytes - data_at
    faults: Dict[str, str] = {}
    remarks = []
    reached, last = 0, ""
    holes = 0
    in_order = all(earlier[1] <= later[1] for earlier, later in zip(rows, rows[1:]))
    for row, begin, end in rows if in_order else sorted(rows, key=lambda placed: placed[1:]):
        if end > available:
            faults[row.key] = f"It ends at byte {data_at + end:,}; the file has {file_bytes:,}."
        if begin == end:
            continue
        if begin < reached:
            faults[row.key] = f"It overlaps with {last[:200]!r}."
            faults.setdefault(last, f"It overlaps with {row.key[:200]!r}.")
        holes += max(0, begin - reached)
        if end > reached:
            reached, last = end, row.key
    if holes:
        remarks.append(f"{holes:,} bytes between the tensors belong to none of them; safetensors refuses such a file.")
    if available > reached:
        remarks.append(f"{available - reached:,} bytes follow the last tensor; safetensors refuses such a file.")
    if not faults:
        return [row for row, _, _ in rows], remarks
    return [replace(row, broken=row.broken or faults.get(row.key, "")) for row, _, _ in rows], remarks


def _metadata_values(metadata: Any) -> Tuple[List[StoredValue], List[str]]:
    if not isinstance(metadata, dict):
        return [], [f"Its {METADATA} is no JSON object and is left out."]
    values, others = [], 0
    for key, value in metadata.items():
        if isinstance(value, str):
            values.append(plain_value(f"{METADATA}.{key}", value))
        else:
            others += 1
            values.append(plain_value(f"{METADATA}.{key}", json.dumps(value)))
    return values, [f"{others:,} entries of its {METADATA} are not text; safetensors refuses such a file."] if others else []
