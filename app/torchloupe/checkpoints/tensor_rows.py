"""From what a pickle declares about a tensor to a row, with every claim held against the records that are in the file."""

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..wire.contents import StoredTensor
from ..wire.problems import WARNING, Problem
from .dtypes import BITS, bytes_of
from .inert import PickledTensor, Storage
from .unfold import Placed

MOST_DIMENSIONS = 64
"""torch allows no more."""
_MOST_ELEMENTS = (1 << 63) - 1
_KEYS_NAMED = 20


class StoredRecord(NamedTuple):
    """What the file has under a storage's key: the record's name, its size in bytes, and a sentence when it cannot be used."""

    name: str
    size: int
    broken: str = ""


FindRecord = Callable[[Storage], StoredRecord]


def elements_of(shape: Iterable[int]) -> int:
    """The number of elements of a shape."""
    count = 1
    for length in shape:
        count *= length
    return count


def row_of(placed: Placed, find: FindRecord) -> StoredTensor:
    """The row of one tensor; ``broken`` says why its values cannot be read as declared."""
    container, key, tensor = placed
    shape, broken = checked_shape(tensor.shape)
    dtype = tensor.dtype or "?"
    offset, strides = tensor.offset, tensor.stride
    storage = tensor.storage
    record = find(storage) if type(storage) is Storage else None
    if not broken:
        broken = _placement_fault(tensor, shape, record)
    whole = type(strides) is tuple and len(strides) == len(shape) and all(type(step) is int for step in strides)
    return StoredTensor(
        key,
        shape,
        dtype,
        bytes_of(elements_of(shape), dtype),
        container,
        None,
        record.name if record is not None else "",
        offset if type(offset) is int else 0,
        strides if whole else (),
        tensor.requires_grad is True,
        tensor.is_parameter,
        broken,
    )


def checked_shape(shape: Any) -> Tuple[Tuple[int, ...], str]:
    """The shape as a tuple of ints, and a sentence when it is not one that a tensor can have."""
    if type(shape) not in (tuple, list):
        return (), "Its shape is not stored as a list of numbers."
    if len(shape) > MOST_DIMENSIONS:
        kept = tuple(length for length in shape[:MOST_DIMENSIONS] if type(length) is int)
        return kept, f"It claims {len(shape):,} dimensions; a tensor has {MOST_DIMENSIONS} at most."
    for length in shape:
        if type(length) is not int:
            return (), "Its shape is not stored as a list of numbers."
    shape = tuple(shape)
    if shape and min(shape) < 0:
        return shape, "Its shape has a negative dimension."
    if elements_of(shape) > _MOST_ELEMENTS or (shape and max(shape) > _MOST_ELEMENTS):
        return shape, "Its shape has more elements than can be counted in 64 bits."
    return shape, ""


def _placement_fault(tensor: PickledTensor, shape: Tuple[int, ...], record: Optional[StoredRecord]) -> str:
    """Why the declared part of the storage cannot be read, ``""`` when it can."""
    storage = tensor.storage
    if record is None:
        return "" if tensor.note else "Its values are not in this file as a storage."
    if tensor.dtype is None:
        return f"Its element type is not known here ({storage.class_name})."
    if record.broken:
        return record.broken
    offset, strides, numel = tensor.offset, tensor.stride, storage.numel
    if type(strides) is not tuple or len(strides) != len(shape) or set(map(type, (*strides, offset, numel))) != {int}:
        return "Its offset, strides or storage size are not stored as numbers."
    if numel < 0:
        return "Its storage claims a negative size."
    if offset < 0 or (strides and min(strides) < 0):
        return "Its offset or a stride is negative."
    bits = BITS[tensor.dtype]
    claimed = numel * 8 if storage.dtype == "" else numel * BITS[storage.dtype]
    if claimed > record.size * 8:
        return f"Its storage claims {claimed // 8:,} bytes; the file has {record.size:,}."
    last = offset
    for length, step in zip(shape, strides):
        if length == 0:
            return ""
        last += (length - 1) * step
    if (last + 1) * bits > claimed:
        return f"It reaches to byte {(last + 1) * bits // 8:,} of a storage of {claimed // 8:,} bytes."
    return ""


def rows_of(tensors: Iterable[Placed], find: FindRecord) -> List[StoredTensor]:
    """All rows. ``find`` is asked once for each storage key."""
    found: Dict[Any, StoredRecord] = {}

    def find_once(storage: Storage) -> StoredRecord:
        key = storage.key if type(storage.key) is str else None
        record = found.get(key)
        if record is None:
            record = found[key] = find(storage)
        return record

    return [row_of(placed, find_once) for placed in tensors]


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
