"""Short texts and plain scalars for what lies in a pickle beside its tensors. Nothing here looks deeper than a few items."""

import struct
from typing import Any, Optional, Tuple

from ..wire.contents import StoredValue
from .inert import SCALARS, Global, Group, Mapping, PickledTensor, Record, Storage
from .rebuilders import dtype_name

LONGEST_TEXT = 1000
_ITEMS_SHOWN = 16
_ITEMS_LOOKED_AT = 64
_DEEPEST_TEXT = 3
_PLAIN = (str, int, float, bool, type(None))
_NUMPY_CODES = {
    "f8": "<d",
    "f4": "<f",
    "i8": "<q",
    "i4": "<i",
    "i2": "<h",
    "u8": "<Q",
    "u4": "<I",
    "u1": "<B",
    "i1": "<b",
    "b1": "<?",
}
_NUMPY_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}


def plain_value(path: str, node: Any) -> StoredValue:
    """The row for one thing that is no tensor and is not unfolded any further."""
    if type(node) in _PLAIN:
        return StoredValue(path, type(node).__name__, _scalar(node))
    if type(node) is Record:
        number = numpy_scalar(node)
        if number is not None:
            return StoredValue(path, "numpy.number", number)
    return StoredValue(path, type_text(node), short_text(node))


def type_text(node: Any) -> str:
    """The name of the type as a person would write it."""
    if type(node) is Record:
        return node.type_name if numpy_array_text(node) is None else "numpy.ndarray"
    if type(node) in (Mapping, Group):
        return str(node.kind)
    if type(node) is Global:
        return "torch.dtype" if dtype_name(node) else "name"
    if type(node) is PickledTensor:
        return "Tensor"
    if type(node) is Storage:
        return f"torch.{node.class_name}"
    return type(node).__name__


def short_text(node: Any, depth: int = 0) -> str:
    """One line about ``node``: its items when they are few and plain, else how many there are."""
    kind = type(node)
    if kind in _PLAIN:
        return repr(_scalar(node)) if kind is str and depth else str(_scalar(node))
    if kind is bytes:
        return f"{len(node):,} bytes"
    if kind is Global:
        return dtype_name(node) or str(node.text)[:LONGEST_TEXT]
    if kind is PickledTensor:
        return _tensor_text(node)
    if kind is Mapping:
        return _count_text(len(node.pairs) // 2 or (len(node.source) if type(node.source) is list else 0), "item")
    if kind in (list, tuple):
        return _items_text(node, depth, "[]" if kind is list else "()")
    if kind is Group:
        return _items_text(node.items, depth, "{}") if type(node.items) in (list, tuple) else node.kind
    if kind is Record:
        return _record_text(node, depth)
    if kind is Storage:
        return f"{node.numel} {'bytes' if node.dtype == '' else 'elements'}"
    return str(node)[:LONGEST_TEXT]


def is_plain_object(record: Record) -> bool:
    """True for an object that one line can show: a number, an array, a path, a date - nothing was set on it."""
    if record.type_name.startswith(("numpy.", "_codecs.")):
        return True
    args = record.args
    bare = record.state is None and not record.items and not record.pairs
    return bare and type(args) is tuple and len(args) <= _ITEMS_LOOKED_AT and set(map(type, args)) <= SCALARS


def numpy_scalar(record: Record) -> Optional[Any]:
    """The number in a pickled numpy scalar, None when ``record`` is none (or of a type that plain Python has no word for)."""
    if not record.type_name.endswith("multiarray.scalar") or type(record.args) is not tuple or len(record.args) < 2:
        return None
    kind, data = record.args[0], record.args[1]
    code = _numpy_dtype(kind)
    if type(data) is not bytes or code not in _NUMPY_CODES:
        return None
    form = _NUMPY_CODES[code]
    if type(kind.state) is tuple and len(kind.state) > 1 and kind.state[1] == ">":
        form = ">" + form[1:]
    return struct.unpack(form, data)[0] if struct.calcsize(form) == len(data) else None


def numpy_array_text(record: Record) -> Optional[str]:
    """``float64 [3, 4]`` for a pickled numpy array, None for anything else."""
    name, state, args = record.type_name, record.state, record.args
    if name.endswith("multiarray._reconstruct") and type(state) is tuple and len(state) >= 3:
        shape, kind = state[1], state[2]
    elif name.endswith("numeric._frombuffer") and type(args) is tuple and len(args) >= 3:
        kind, shape = args[1], args[2]
    else:
        return None
    return f"{_numpy_dtype_text(_numpy_dtype(kind))} {_items_text(shape, 1, '[]') if type(shape) is tuple else '?'}"


def _numpy_dtype(node: Any) -> str:
    if type(node) is Record and node.type_name == "numpy.dtype" and type(node.args) is tuple and node.args:
        return str(node.args[0]) if type(node.args[0]) in (str, bytes) else ""
    return ""


def _numpy_dtype_text(code: str) -> str:
    kind = _NUMPY_KINDS.get(code[:1])
    return (
        f"{kind}{8 * int(code[1:])}" if kind and code[1:].isdigit() and len(code) < 4 else {"b1": "bool"}.get(code, code or "?")
    )


def _scalar(node: Any) -> Any:
    if type(node) is str and len(node) > LONGEST_TEXT:
        return node[:LONGEST_TEXT] + "…"
    # JSON readers elsewhere hold integers in 64 bits.
    if type(node) is int and not -(1 << 63) <= node < 1 << 64:
        return f"{node.bit_length()} bit integer"
    return node


def _count_text(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _items_text(items: Any, depth: int, brackets: str) -> str:
    if depth >= _DEEPEST_TEXT or len(items) > _ITEMS_LOOKED_AT:
        shown = [short_text(item, _DEEPEST_TEXT) for item in items[:3]] if depth == 0 else []
        first = f": {', '.join(shown)}, …" if shown else ""
        return _count_text(len(items), "item") + first[:LONGEST_TEXT]
    shown = [short_text(item, depth + 1) for item in items[:_ITEMS_SHOWN]]
    more = ", …" if len(items) > _ITEMS_SHOWN else ""
    return (brackets[0] + ", ".join(shown) + more + brackets[1])[:LONGEST_TEXT]


def _record_text(record: Record, depth: int) -> str:
    array = numpy_array_text(record)
    if array is not None:
        return array
    number = numpy_scalar(record)
    if number is not None:
        return str(number)
    name = record.type_name
    args: Tuple[Any, ...] = record.args if type(record.args) is tuple else (record.args,)
    if name == "torch.device" and all(type(part) in (str, int) for part in args):
        return ":".join(str(part) for part in args)
    if type(record.state) is Mapping:
        return _count_text(len(record.state.pairs) // 2, "attribute")
    return f"{name.rsplit('.', 1)[-1]}{_items_text(args, depth + 1, '()')}"


def _tensor_text(tensor: PickledTensor) -> str:
    shape = _items_text(tensor.shape, 1, "[]") if type(tensor.shape) in (tuple, list) else "?"
    return f"{tensor.dtype or '?'} {shape}"
