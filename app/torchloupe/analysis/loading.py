"""Which stored tensors are loaded into a model, and where each goes."""

from dataclasses import replace
from typing import Dict, List, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.loading import LOADED, TIED, UNSURE, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from .diff_rows import (
    DTYPE,
    MATCHED,
    MISSING,
    RENAMED,
    RESHAPED,
    SHAPE,
    TRANSPOSED,
    UNEXPECTED,
    UNINITIALIZED,
    DiffRow,
    StateDictDiff,
)
from .wording import shape_text

SURE = 0.6
"""A pair of keys that is less sure than this is not loaded."""
_FITTING = (MATCHED, DTYPE, RENAMED)
_REASONS = {
    MISSING: "missing in the checkpoint",
    UNEXPECTED: "not in the model",
    UNSURE: "more than one place fits",
    SHAPE: "shape differs",
    TRANSPOSED: "fits transposed only",
    RESHAPED: "fits reshaped only",
}


def planned_load(
    diff: StateDictDiff, contents: CheckpointContents, container: str, transpose: bool = False, elsewhere: bool = False
) -> LoadCheckpoint:
    """What to ask of the worker: the pairs of the diff that fit as they are, with ``transpose`` also those that fit transposed.

    A worker ``elsewhere`` has files of its own.
    """
    stored = {tensor.key: tensor for tensor in contents.tensors if tensor.container == container}
    tensors: Dict[str, StoredTensor] = {}
    left_out: List[LoadedKey] = []
    for row in diff.rows:
        tensor = _fitting(row, stored, transpose)
        if tensor is not None and row.expected is not None:
            tensors[row.expected.key] = tensor
        else:
            left_out.append(_left_out(row))
    bare = replace(contents, tensors=tuple(tensors.values()), values=(), globals=(), problems=(), about=())
    bare = replace(bare, stamps=()) if elsewhere else bare
    return LoadCheckpoint(bare, tuple(tensors), container, tuple(left_out))


def _fitting(row: DiffRow, stored: Dict[str, StoredTensor], transpose: bool) -> Optional[StoredTensor]:
    """The tensor to load for a row, turned around when that is wanted; None when the row is left out."""
    tensor = stored.get(row.found.key) if row.found else None
    if tensor is None or row.expected is None or row.confidence < SURE:
        return None
    if row.status == TRANSPOSED and transpose:
        tensor = replace(tensor, shape=tensor.shape[::-1], strides=tensor.strides[::-1])
    elif row.status not in _FITTING:
        return None
    return tensor if tensor.shape == row.expected.shape or row.expected.dtype == UNINITIALIZED else None


def _left_out(row: DiffRow) -> LoadedKey:
    expected, found = row.expected, row.found
    if expected is None or found is None:
        return LoadedKey(expected.key if expected else found.key if found else "", row.status, "", _REASONS.get(row.status, ""))
    status = UNSURE if row.status in _FITTING else row.status
    sizes = f"{shape_text(found.shape)} in the checkpoint, {shape_text(expected.shape)} in the model"
    reason = _REASONS.get(status, status)
    return LoadedKey(expected.key, status, found.key, reason if status == UNSURE else f"{reason}: {sizes}")


def loaded_keys(loaded: LoadedCheckpoint) -> Tuple[str, ...]:
    """The model's keys that have values of the checkpoint now."""
    return tuple(each.key for each in loaded.keys if each.status in (LOADED, TIED))


def is_strict(diff: StateDictDiff) -> bool:
    """Would ``load_state_dict(strict=True)`` take the file as it is? Counters of BatchNorm that are not there it makes anew."""
    return all(cause.kind in ("dtype", "counter") for cause in diff.causes)
