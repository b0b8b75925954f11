"""The header of a numpy array: magic, length, and a Python dict in text, read as a literal and never evaluated."""

import ast
import re
from typing import Any, NamedTuple, Optional, Tuple

from ..wire.errors import CorruptFile
from .tensor_rows import checked_shape, elements_of, strides_of

MAGIC = b"\x93NUMPY"
LONGEST = 16 << 10
"""Bytes of the longest header that is read; numpy itself stops at 10,000 letters."""
_DEEPEST = 16
_NESTING = re.compile(r"[^\[\](){}]+")
_LONGS = re.compile(r"(?<=\d)L\b")
_SIGNS = re.compile(r"[-+~]\s*[-+~(]")
_NAMES = {
    "b1": "bool", "?": "bool", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64", "u1": "uint8", "u2": "uint16", "u4": "uint32",
    "u8": "uint64", "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64", "c16": "complex128",
}  # fmt: skip


class Header(NamedTuple):
    """What a header says. ``begin`` is where the elements begin; ``broken`` is a sentence when they cannot be read as a tensor."""

    shape: Tuple[int, ...]
    dtype: str
    strides: Tuple[int, ...]
    itemsize: int
    big_endian: bool
    begin: int
    broken: str


def read_header(head: bytes, name: str) -> Header:
    """The header at the beginning of ``head``, which has LONGEST bytes or all there are; raises CorruptFile when it is none."""
    begin, text = _text(head, name)
    found = _literal(text, name)
    if not isinstance(found, dict) or not {"descr", "fortran_order", "shape"} <= set(found):
        raise _damaged(name, "it does not say descr, fortran_order and shape")
    given = found["shape"]
    if not isinstance(given, tuple):
        raise _damaged(name, "its shape is no tuple")
    shape, broken = checked_shape(given)
    code = found["descr"]
    dtype, itemsize, big, fault = _element_type(code)
    return Header(shape, dtype, strides_of(shape, found["fortran_order"] is True), itemsize, big, begin, broken or fault)


def bytes_after(header: Header) -> int:
    """What the elements take."""
    return elements_of(header.shape) * header.itemsize


def header_end(head: bytes) -> int:
    """Where the header that begins in ``head`` ends, as its length says; 0 when there is none."""
    if len(head) < 12 or not head.startswith(MAGIC):
        return 0
    width = 2 if head[6] == 1 else 4
    return 8 + width + int.from_bytes(head[8 : 8 + width], "little")


def _text(head: bytes, name: str) -> Tuple[int, str]:
    if len(head) < 10 or not head.startswith(MAGIC):
        raise _damaged(name, "it has no numpy header")
    width = 2 if head[6] == 1 else 4
    if head[6] not in (1, 2, 3):
        raise _damaged(name, f"its format version is {head[6]}")
    length = int.from_bytes(head[8 : 8 + width], "little")
    begin = 8 + width + length
    if begin > LONGEST:
        raise _damaged(name, f"it claims a header of {length:,} bytes")
    if begin > len(head):
        raise _damaged(name, "it ends inside its header")
    return begin, str(head[8 + width : begin], "utf-8" if head[6] == 3 else "latin1", "replace")


def _literal(text: str, name: str) -> Any:
    depth = deepest = 0
    for bracket in _NESTING.sub("", text):
        depth += 1 if bracket in "[({" else -1
        deepest = max(deepest, depth)
    # The parser of Python recurses with brackets and with signs before numbers.
    if deepest > _DEEPEST or _SIGNS.search(text) or "\0" in text:
        raise _damaged(name, "its header is no dict of names and numbers")
    try:
        # Python 2 wrote long integers with an L.
        return ast.literal_eval(_LONGS.sub("", text).strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _damaged(name, "its header is no dict of names and numbers") from None


def _element_type(code: Any) -> Tuple[str, int, bool, str]:
    """Our name of the type, its size, whether it is big endian, and a sentence when no tensor has it."""
    if not isinstance(code, str):
        return "?", 0, False, "Its elements are records of several fields, which are no tensor."
    order, kind = (code[:1], code[1:]) if code[:1] in "<>|=" else ("", code)
    known: Optional[str] = _NAMES.get(kind)
    if known is not None:
        return known, 1 if kind == "?" else int(kind[1:]), order == ">", ""
    if kind.startswith("O"):
        return "object", 0, False, "Its elements are pickled Python objects, which are never loaded here."
    return code[:20] or "?", 0, False, f"Its element type {code[:50]!r} is not one of a tensor."


def _damaged(name: str, why: str) -> CorruptFile:
    return CorruptFile(f"{name[:200]} is no whole numpy array: {why}.", "Save it again with numpy.save.")
