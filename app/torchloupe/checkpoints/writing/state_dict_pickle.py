"""The pickle of a state_dict as torch.save writes it: an OrderedDict of tensors, each a view of a storage that is a record of its own."""

import struct
from typing import Iterable, List, NamedTuple, Sequence

from ...wire.errors import UnsupportedFormat
from ..dtypes import BITS, STORAGE_CLASSES

_CLASSES = {dtype: name for name, dtype in STORAGE_CLASSES.items() if not name.startswith("Q")}
_UNTYPED = frozenset(
    {"uint16", "uint32", "uint64", "complex32", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2"}
    | {name for name in BITS if name.startswith("float8_")}
    | {"float4_e2m1fn_x2"}
)
"""Types without a storage class: torch names them beside an untyped storage."""
_ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
_PROTOCOL, _MARK, _TUPLE, _PERSISTENT, _CALL, _FALSE, _FILL, _STOP = b"\x80\x02", b"(", b"t", b"Q", b"R", b"\x89", b"u", b"."


class View(NamedTuple):
    """A tensor of the state_dict: a part of the storage ``record``, which has so many ``elements``."""

    key: str
    dtype: str
    shape: Sequence[int]
    strides: Sequence[int]
    offset: int
    record: str
    elements: int


def check_dtype(key: str, dtype: str) -> None:
    """Raises UnsupportedFormat for a type that torch.save has no plain way to write."""
    if dtype not in _CLASSES and dtype not in _UNTYPED:
        raise UnsupportedFormat(f"{key} is {dtype}, which cannot be written to a .pt file here.", "Leave it out.")


def state_dict_pickle(views: Iterable[View]) -> bytes:
    """The bytes of ``data.pkl``; ``torch.load(weights_only=True)`` reads them."""
    parts: List[bytes] = [_PROTOCOL, _ORDERED_DICT, _MARK]
    for view in views:
        parts += (_text(view.key), _tensor(view))
    return b"".join([*parts, _FILL, _STOP])


def _tensor(view: View) -> bytes:
    """A call of the function that makes a tensor of a storage; types without a storage class are named at its end."""
    untyped = view.dtype in _UNTYPED
    kind = _name("torch.storage", "UntypedStorage") if untyped else _name("torch", _CLASSES[view.dtype])
    length = view.elements * BITS[view.dtype] // 8 if untyped else view.elements
    storage = _tuple(_text("storage"), kind, _text(view.record), _text("cpu"), _number(length)) + _PERSISTENT
    arguments = [storage, _number(view.offset), _numbers(view.shape), _numbers(view.strides), _FALSE, _ORDERED_DICT]
    if untyped:
        arguments.append(_name("torch", view.dtype))
    return _name("torch._utils", "_rebuild_tensor_v3" if untyped else "_rebuild_tensor_v2") + _tuple(*arguments) + _CALL


def _name(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode("ascii")


def _text(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def _number(number: int) -> bytes:
    if number < 1 << 31:
        return b"J" + struct.pack("<i", number)
    raw = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes((len(raw),)) + raw


def _numbers(numbers: Iterable[int]) -> bytes:
    return _tuple(*map(_number, numbers))


def _tuple(*items: bytes) -> bytes:
    return b"".join((_MARK, *items, _TUPLE))
