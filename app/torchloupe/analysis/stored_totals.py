"""How much lies in a checkpoint: tensors, numbers and bytes, in all, by dtype and by prefix; what shares memory counts once."""

from dataclasses import dataclass
from math import prod
from typing import Dict, Hashable, Iterable, List, Optional, Sequence, Set, Tuple

from ..wire.contents import StoredTensor

Record = Tuple[Optional[str], str]
"""A storage: its file and its name there."""


@dataclass(frozen=True)
class Totals:
    """``tensors`` are all keys; ``numbers`` and ``bytes`` are of the first key of each memory. ``again`` are the other keys."""

    tensors: int = 0
    numbers: int = 0
    bytes: int = 0
    again: int = 0


def record_of(tensor: StoredTensor) -> Record:
    """Where in the checkpoint its numbers lie."""
    return tensor.file, tensor.stored_at


def memory_of(tensor: StoredTensor) -> Hashable:
    """The part of a storage that a tensor takes, the same for a tensor and its transpose; None without a storage of its own."""
    if not tensor.stored_at or not tensor.bytes:
        return None
    return tensor.file, tensor.stored_at, tensor.offset, tensor.bytes


def sharing(tensors: Iterable[StoredTensor]) -> Dict[Record, List[StoredTensor]]:
    """The tensors that lie in the same storage as another one, by storage."""
    first: Dict[Record, StoredTensor] = {}
    shared: Dict[Record, List[StoredTensor]] = {}
    for tensor in tensors:
        if tensor.stored_at and tensor.bytes:
            record = tensor.file, tensor.stored_at
            before = first.setdefault(record, tensor)
            if before is not tensor:
                shared.setdefault(record, [before]).append(tensor)
    return shared


def totals_of(tensors: Iterable[StoredTensor]) -> Totals:
    """All of them together."""
    seen: Set[Hashable] = set()
    count = numbers = size = again = 0
    for tensor in tensors:
        count += 1
        here = tensor.bytes
        if here and tensor.stored_at:
            # As memory_of says; written out, for there may be 100,000.
            memory = tensor.file, tensor.stored_at, tensor.offset, here
            if memory in seen:
                again += 1
                continue
            seen.add(memory)
        numbers += prod(tensor.shape)
        size += here
    return Totals(count, numbers, size, again)


def totals_by_dtype(tensors: Iterable[StoredTensor]) -> Dict[str, Totals]:
    """By dtype, the one with the most tensors first."""
    held: Dict[str, List[StoredTensor]] = {}
    for tensor in tensors:
        held.setdefault(tensor.dtype, []).append(tensor)
    return {dtype: totals_of(some) for dtype, some in sorted(held.items(), key=lambda each: -len(each[1]))}


def totals_by_prefix(tensors: Sequence[StoredTensor]) -> Dict[str, Totals]:
    """By the first part of the keys in which they differ (``transformer.h``, ``transformer.wte``), in file order."""
    start = _common_start([tensor.key for tensor in tensors])
    held: Dict[str, List[StoredTensor]] = {}
    for tensor in tensors:
        part = tensor.key[len(start) :].partition(".")[0]
        held.setdefault(start + part, []).append(tensor)
    return {prefix: totals_of(some) for prefix, some in held.items()}


def _common_start(keys: Sequence[str]) -> str:
    """What all keys begin with, up to and with a dot."""
    if len(keys) < 2:
        return ""
    low, high = min(keys), max(keys)
    length = next((place for place, (one, other) in enumerate(zip(low, high)) if one != other), min(len(low), len(high)))
    return low[: low.rfind(".", 0, length) + 1]


def has_usual_strides(tensor: StoredTensor) -> bool:
    """Its elements stand one behind the other, the last axis the fastest (or the format says nothing else)."""
    step = 1
    if not tensor.strides or 0 in tensor.shape:
        return True
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.strides)):
        if size != 1 and stride != step:
            return False
        step *= size
    return True
