"""Which stored tensors make the model's, and what is done to them: nothing, turned around, arranged otherwise, cut out, joined."""

from dataclasses import dataclass, replace
from math import prod
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..wire.contents import StoredTensor
from .arrangement import arrangement, can_be_arranged
from .diff_rows import CONVERTED, DTYPE, FUSED, MATCHED, RENAMED, RESHAPED, SPLIT, TRANSPOSED, UNINITIALIZED, DiffRow

AS_IT_IS = (MATCHED, DTYPE, RENAMED)
_WORDS = {TRANSPOSED: "transposed", RESHAPED: "reshaped", SPLIT: "cut out", FUSED: "joined"}


@dataclass(frozen=True)
class Conversion:
    """The tensor that a key of the model gets, ``how`` it is made of what is stored (empty: it is that), and of which keys."""

    tensor: StoredTensor
    how: str
    found: Tuple[str, ...]


def conversions(rows: Sequence[DiffRow], stored: Mapping[str, StoredTensor], least: float = 0.0) -> Dict[str, Conversion]:
    """By the model's key, in the order of the rows; a key that cannot be had from what is stored, or not surely enough, is left out."""
    found: Dict[str, Conversion] = {}
    joined: Dict[str, List[DiffRow]] = {}
    for row in rows:
        if row.expected is None or row.found is None or row.found.key not in stored or row.confidence < least:
            continue
        if row.status == FUSED:
            joined.setdefault(row.expected.key, []).append(row)
            found.setdefault(row.expected.key, Conversion(stored[row.found.key], "", ()))  # its place among the keys
            continue
        made = _converted(row, stored[row.found.key])
        if made is not None:
            found[row.expected.key] = made
    for key, parts in joined.items():
        whole = _whole(parts, stored)
        if whole is None:
            del found[key]
        else:
            found[key] = whole
    return found


def _converted(row: DiffRow, tensor: StoredTensor) -> Optional[Conversion]:
    expected = row.expected
    assert expected is not None
    lazy = expected.dtype == UNINITIALIZED
    if row.status in AS_IT_IS:
        return Conversion(tensor, "", (tensor.key,)) if tensor.shape == expected.shape or lazy else None
    if row.status not in CONVERTED:
        return None
    view, how = tensor, _WORDS[row.status]
    if row.status == TRANSPOSED:
        view = _turned(tensor)
    elif row.status == RESHAPED:
        if not can_be_arranged(tensor.shape, expected.shape):
            return None
        order = arrangement(tensor.shape, expected.shape)
        view = _in_order(tensor, order) if order else tensor
    elif row.cut is not None:
        view = _narrowed(tensor, row.cut)
        view, how = (_turned(view), f"{how} and transposed") if row.turned else (view, how)
    made = _made(tensor.key, expected.shape, (view,), 0)
    return Conversion(made, how, (tensor.key,)) if prod(view.shape) == prod(expected.shape) else None


def _whole(rows: Sequence[DiffRow], stored: Mapping[str, StoredTensor]) -> Optional[Conversion]:
    """A tensor of the model that is several of the checkpoint, when all of it is there."""
    expected, cut, is_stacked = rows[0].expected, rows[0].cut, rows[0].expert is not None
    assert expected is not None
    parts = [stored[row.found.key] for row in rows if row.found]
    if cut is None or len({part.dtype for part in parts}) > 1:
        return None
    keys = tuple(part.key for part in parts)
    if is_stacked:  # one behind the other they lie in memory as the whole does
        complete = sum(prod(part.shape) for part in parts) == prod(expected.shape)
        name = f"{keys[0]} + {len(keys) - 1:,} more"
        return Conversion(_made(name, expected.shape, tuple(parts), 0), "stacked", keys) if complete else None
    axis = cut[0]
    if sum(part.shape[axis] for part in parts) != expected.shape[axis]:
        return None
    return Conversion(_made(" + ".join(keys), expected.shape, tuple(parts), axis), _WORDS[FUSED], keys)


def _made(key: str, shape: Tuple[int, ...], parts: Tuple[StoredTensor, ...], axis: int) -> StoredTensor:
    first = parts[0]
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * max(1, size))
    return StoredTensor(
        key,
        shape,
        first.dtype,
        sum(part.bytes for part in parts),
        first.container,
        strides=tuple(strides[: len(shape)]),
        broken=next((part.broken for part in parts if part.broken), ""),
        parts=parts,
        axis=axis,
    )


def _turned(tensor: StoredTensor) -> StoredTensor:
    return replace(tensor, shape=tensor.shape[::-1], strides=tensor.strides[::-1])


def _in_order(tensor: StoredTensor, order: Sequence[int]) -> StoredTensor:
    strides = tuple(tensor.strides[at] for at in order) if tensor.strides else ()  # a key list has none
    return replace(tensor, shape=tuple(tensor.shape[at] for at in order), strides=strides)


def _narrowed(tensor: StoredTensor, cut: Tuple[int, int, int]) -> StoredTensor:
    axis, begin, end = cut
    shape = (*tensor.shape[:axis], end - begin, *tensor.shape[axis + 1 :])
    each = tensor.bytes // max(1, prod(tensor.shape))
    step = tensor.strides[axis] if tensor.strides else 0
    return replace(tensor, shape=shape, offset=tensor.offset + begin * step, bytes=each * prod(shape))
