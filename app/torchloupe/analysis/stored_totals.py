"""How much lies in a checkpoint: tensors, numbers and bytes, in all, by dtype and by prefix; what shares memory counts once."""

from dataclasses import dataclass
from math import prod
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

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


def sharing(tensors: Iterable[StoredTensor]) -> Dict[Record, List[StoredTensor]]:
    """The tensors that lie in the same storage as another one, by storage."""
    first: Dict[Record, StoredTensor] = {}
    shared: Dict[Record, List[StoredTensor]] = {}
    for tensor in tensors:
        if tensor.stored_at and tensor.bytes:
            record = record_of(tensor)
            before = first.setdefault(record, tensor)
            if before is not tensor:
                shared.setdefault(record, [before]).append(tensor)
    return shared


def totals_of(tensors: Iterable[StoredTensor]) -> Totals:
    """All of them together; what several take of one storage counts once, also where they only overlap."""
    some = list(tensors)
    shared = sharing(some)
    alone = [tensor for tensor in some if record_of(tensor) not in shared] if shared else some
    numbers, size, again = sum([prod(tensor.shape) for tensor in alone]), sum([tensor.bytes for tensor in alone]), 0
    for together in shared.values():
        more_numbers, more_bytes, covered = _union(together)
        numbers, size, again = numbers + more_numbers, size + more_bytes, again + covered
    return Totals(len(some), numbers, size, again)


def _union(tensors: Sequence[StoredTensor]) -> Tuple[int, int, int]:
    """Numbers and bytes that tensors of one storage take together, and how many of them lie where others have been counted."""
    numbers = size = covered = reached = 0
    for tensor in sorted(tensors, key=lambda each: (each.offset, -_span(each))):
        count, end = prod(tensor.shape), tensor.offset + _span(tensor)
        new = min(count, end - max(reached, tensor.offset))
        if new <= 0 or not count:
            covered += bool(count)
            continue
        numbers, size, reached = numbers + new, size + tensor.bytes * new // count, max(reached, end)
    return numbers, size, covered


def _span(tensor: StoredTensor) -> int:
    """So many elements of the storage lie between its first element and its last, both counted."""
    if not tensor.strides or not all(tensor.shape):
        return prod(tensor.shape)
    return 1 + sum((length - 1) * abs(stride) for length, stride in zip(tensor.shape, tensor.strides))


def totals_by_dtype(tensors: Iterable[StoredTensor]) -> Dict[str, Totals]:
    """By dtype, the one with the most tensors first."""
    held: Dict[str, List[StoredTensor]] = {}
    for tensor in tensors:
        held.setdefault(tensor.dtype, []).append(tensor)
    return {dtype: totals_of(some) for dtype, some in sorted(held.items(), key=lambda each: -len(each[1]))}


def totals_by_prefix(tensors: Sequence[StoredTensor]) -> Dict[str, Totals]:
    """By the first part of the keys in which they differ (``transformer.h``, ``transformer.wte``), in file order."""
    return {prefix: totals_of(some) for prefix, some in below_prefixes(tensors).items()}


def below_prefixes(tensors: Sequence[StoredTensor]) -> Dict[str, List[StoredTensor]]:
    """The tensors below each of these parts."""
    start = _common_start([tensor.key for tensor in tensors])
    held: Dict[str, List[StoredTensor]] = {}
    for tensor in tensors:
        part = tensor.key[len(start) :].partition(".")[0]
        held.setdefault(start + part, []).append(tensor)
    return held


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
