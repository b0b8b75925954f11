"""From what a pickle declares about a tensor to a row, with every claim held against the records that are in the file."""

from dataclasses import replace
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..wire.contents import StoredTensor
from ..wire.problems import WARNING, Problem
from .dtypes import BITS
from .inert import PickledTensor, Storage
from .unfold import Placed

MOST_DIMENSIONS = 64
"""torch allows no more."""
_MOST_ELEMENTS = (1 << 63) - 1
_KEYS_NAMED = 20
_LAYOUTS_KEPT = 10_000
_STORED_BITS: Dict[Optional[str], int] = {None: 8, "": 8, **{dtype: max(8, bits) for dtype, bits in BITS.items()}}
"""What an element takes in a storage; untyped ones (``""``) count bytes."""
_NO_NUMBERS = "Its offset, strides or storage size are not stored as numbers."


StoredRecord = Tuple[str, int, str]
"""What the file has under a storage's key: the record's name, its size in bytes, and a sentence when it cannot be used."""

_new = object.__new__
_set = object.__setattr__

FindRecord = Callable[[Storage], StoredRecord]


def elements_of(shape: Iterable[int]) -> int:
    """The number of elements of a shape."""
    count = 1
    for length in shape:
        count *= length
    return count


def strides_of(shape: Tuple[int, ...], columns_first: bool = False) -> Tuple[int, ...]:
    """The strides, in elements, of an array without gaps."""
    if len(shape) < 2:
        return (1,) * len(shape)
    if len(shape) == 2 and not columns_first:
        return (shape[1] or 1, 1)
    strides: List[int] = []
    step = 1
    for length in shape if columns_first else reversed(shape):
        strides.append(step)
        step *= max(1, length)
    return tuple(strides if columns_first else reversed(strides))


def row_of(placed: Placed, find: FindRecord) -> StoredTensor:
    """The row of one tensor; ``broken`` says why its values cannot be read as declared."""
    container, key, tensor = placed
    shape, broken = checked_shape(tensor.shape)
    dtype = tensor.dtype or "?"
    offset, strides, storage = tensor.offset, tensor.stride, tensor.storage
    record = find(storage) if type(storage) is Storage else None
    if not broken:
        broken = _placement_fault(tensor, shape, record)
    if broken or record is None:
        strides = strides if _are_strides(strides, len(shape)) else ()
        offset = offset if type(offset) is int else 0
    row = new_row(
        key,
        shape,
        dtype,
        (elements_of(shape) * BITS.get(dtype, 0) + 7) // 8,
        container,
        record[0] if record is not None else "",
        offset,
        strides,
        tensor.requires_grad is True,
        tensor.is_parameter,
        broken,
    )
    if tensor.flips:
        row = replace(row, conjugated="conj" in tensor.flips, negated="neg" in tensor.flips)
    return row


def new_row(
    key: str,
    shape: Tuple[int, ...],
    dtype: str,
    size: int,
    container: str,
    stored_at: str,
    offset: int,
    strides: Tuple[int, ...],
    requires_grad: bool,
    is_parameter: bool,
    broken: str,
) -> StoredTensor:
    """A row, made quickly: only what differs from the default is set, which takes half the time and memory in a large file."""
    row: StoredTensor = _new(StoredTensor)
    _set(row, "key", key)
    _set(row, "shape", shape)
    _set(row, "dtype", dtype)
    _set(row, "bytes", size)
    _set(row, "stored_at", stored_at)
    _set(row, "strides", strides)
    if container:
        _set(row, "container", container)
    if offset:
        _set(row, "offset", offset)
    if requires_grad:
        _set(row, "requires_grad", requires_grad)
    if is_parameter:
        _set(row, "is_parameter", is_parameter)
    if broken:
        _set(row, "broken", broken)
    return row


def _are_strides(strides: Any, dimensions: int) -> bool:
    return type(strides) is tuple and len(strides) == dimensions and all(type(step) is int for step in strides)


def checked_shape(shape: Any) -> Tuple[Tuple[int, ...], str]:
    """The shape as a tuple of ints, and a sentence when it is not one that a tensor can have."""
    if type(shape) not in (tuple, list):
        return (), "Its shape is not stored as a list of numbers."
    if len(shape) > MOST_DIMENSIONS:
        kept = tuple(length for length in shape[:MOST_DIMENSIONS] if type(length) is int)
        return kept, f"It claims {len(shape):,} dimensions; a tensor has {MOST_DIMENSIONS} at most."
    count = 1
    for length in shape:
        if type(length) is not int:
            return (), "Its shape is not stored as a list of numbers."
        if length < 0:
            return tuple(shape), "Its shape has a negative dimension."
        count *= length or 1
    if count > _MOST_ELEMENTS:
        return tuple(shape), "Its shape has more elements than can be counted in 64 bits."
    return tuple(shape), ""


def _placement_fault(tensor: PickledTensor, shape: Tuple[int, ...], record: Optional[StoredRecord]) -> str:
    """Why the declared part of the storage cannot be read, ``""`` when it can."""
    storage = tensor.storage
    if record is None:
        return "" if tensor.note else "Its values are not in this file as a storage."
    if tensor.dtype is None:
        return f"Its element type is not known here ({storage.class_name})."
    _, stored, fault = record
    if fault:
        return fault
    offset, strides, numel = tensor.offset, tensor.stride, storage.numel
    if type(strides) is not tuple or len(strides) != len(shape) or type(offset) is not int or type(numel) is not int:
        return _NO_NUMBERS
    if numel < 0:
        return "Its storage claims a negative size."
    if offset < 0:
        return "Its offset is negative."
    bits = BITS[tensor.dtype]
    # Storages of packed types (quint4x2) count bytes, as untyped ones do.
    claimed = numel * max(8, BITS[storage.dtype] if storage.dtype else 8)
    if claimed > stored * 8:
        return f"Its storage claims {claimed // 8:,} bytes; the file has {stored:,}."
    last = offset
    for length, step in zip(shape, strides):
        if type(step) is not int:
            return _NO_NUMBERS
        if step < 0:
            return "One of its strides is negative."
        last += (length - 1) * step
    if (last + 1) * bits > claimed and 0 not in shape:
        return f"It reaches to byte {(last + 1) * bits // 8:,} of a storage of {claimed // 8:,} bytes."
    return ""


def rows_of(tensors: Iterable[Placed], find: FindRecord) -> List[StoredTensor]:
    """The rows of all tensors, in their order."""
    sound = _SoundRows(find)
    return [sound.row(placed) or row_of(placed, find) for placed in tensors]


class _Layout(NamedTuple):
    """A shape with its strides: the elements, and how far behind its first one the last one lies. ``strides`` keeps them alive."""

    shape: Tuple[int, ...]
    strides: Any
    elements: int
    reach: int


class _SoundRows:
    """Rows of tensors without a fault, made quickly: many have the very same shape, which is checked once."""

    def __init__(self, find: FindRecord) -> None:
        self._find = find
        self._layouts: Dict[Tuple[int, int], _Layout] = {}

    def row(self, placed: Placed) -> Optional[StoredTensor]:
        """The row; None when anything is wrong with the tensor, or unusual."""
        container, key, tensor = placed
        strides, storage, offset, dtype = tensor.stride, tensor.storage, tensor.offset, tensor.dtype
        if dtype is None or tensor.flips or type(storage) is not Storage or type(storage.numel) is not int:
            return None
        if type(offset) is not int or offset < 0:
            return None
        same = id(tensor.shape), id(strides)
        layout = self._layouts.get(same) or self._layout(same, tensor.shape, strides)
        stored_at, stored, fault = self._find(storage)
        if layout is None or fault:
            return None
        bits = BITS[dtype]
        claimed = storage.numel * _STORED_BITS[storage.dtype]
        if not (offset + layout.reach + 1) * bits <= claimed <= stored * 8:
            return None
        size = (layout.elements * bits + 7) // 8
        trained = tensor.requires_grad is True
        return new_row(key, layout.shape, dtype, size, container, stored_at, offset, strides, trained, tensor.is_parameter, "")

    def _layout(self, same: Tuple[int, int], declared: Any, strides: Any) -> Optional[_Layout]:
        shape, broken = checked_shape(declared)
        found = None
        usual = not broken and type(declared) is tuple and 0 not in shape and _are_strides(strides, len(shape))
        if usual and min(strides, default=0) >= 0:
            reach = sum((length - 1) * step for length, step in zip(shape, strides))
            found = _Layout(declared, strides, elements_of(shape), reach)
        if found is not None and len(self._layouts) < _LAYOUTS_KEPT:
            self._layouts[same] = found
        return found


def broken_tensors(rows: Iterable[StoredTensor]) -> List[Problem]:
    """One warning for each kind of fault, with the keys that have it."""
    broken = [row for row in rows if row.broken]
    if not broken:
        return []
    names = [f"{row.container}.{row.key}" if row.container else row.key for row in broken[:_KEYS_NAMED]]
    first = f"{names[0][:200]!r}: {broken[0].broken}"
    count = (
        "1 tensor cannot be read as it is declared" if len(broken) == 1 else f"{len(broken):,} tensors cannot be read as declared"
    )
    return [
        Problem(
            "checkpoint-broken-tensor",
            f"{count}. {first}",
            WARNING,
            "Names and shapes are shown as the file declares them; get the file again if you need these values.",
            data={"keys": names, "count": len(broken)},
        )
    ]
