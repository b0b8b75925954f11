"""Which stored tensors are loaded into a model, and where each goes."""

from dataclasses import replace
from typing import Tuple

from ..wire.contents import CheckpointContents
from ..wire.loading import LOADED, TIED, UNSURE, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from .conversion import AS_IT_IS, conversions
from .diff_rows import (
    FUSED,
    MISSING,
    RESHAPED,
    RESIZED,
    SHAPE,
    SPLIT,
    TRANSPOSED,
    UNEXPECTED,
    DiffRow,
    StateDictDiff,
)
from .wording import shape_text

SURE = 0.6
"""A pair of keys that is less sure than this is not loaded."""
_REASONS = {
    MISSING: "missing in the checkpoint",
    UNEXPECTED: "not in the model",
    UNSURE: "more than one place fits",
    SHAPE: "shape differs",
    TRANSPOSED: "fits transposed only",
    RESHAPED: "fits reshaped only",
    SPLIT: "is a part of a larger one",
    FUSED: "is several there",
    RESIZED: "size differs",
}


def planned_load(
    diff: StateDictDiff, contents: CheckpointContents, container: str, convert: bool = False, elsewhere: bool = False
) -> LoadCheckpoint:
    """What to ask of the worker: the pairs of the diff that fit as they are, with ``convert`` also what fits turned around, in another
    arrangement, cut out of a larger tensor or joined of several.

    A worker ``elsewhere`` has files of its own.
    """
    stored = {tensor.key: tensor for tensor in contents.tensors if tensor.container == container}
    made = conversions(diff.rows, stored, SURE)
    made = {key: each for key, each in made.items() if convert or not each.how}
    left = (row for row in diff.rows if row.expected is None or row.expected.key not in made)
    left_out = tuple(dict.fromkeys(map(_left_out, left)))
    tensors = tuple(each.tensor for each in made.values())
    bare = replace(contents, tensors=tensors, values=(), globals=(), problems=(), about=())
    bare = replace(bare, stamps=()) if elsewhere else bare
    how = {key: each.how for key, each in made.items() if each.how}
    return LoadCheckpoint(bare, tuple(made), container, left_out, how)


def _left_out(row: DiffRow) -> LoadedKey:
    expected, found = row.expected, row.found
    if expected is None or found is None:
        status = MISSING if expected else UNEXPECTED
        return LoadedKey(expected.key if expected else found.key if found else "", status, "", _REASONS[status])
    if row.status == FUSED:
        return LoadedKey(expected.key, FUSED, "", f"{_REASONS[FUSED]}, to be joined")
    status = UNSURE if row.status in AS_IT_IS else row.status
    sizes = f"{shape_text(found.shape)} in the checkpoint, {shape_text(expected.shape)} in the model"
    reason = _REASONS.get(status, status)
    return LoadedKey(expected.key, status, found.key, reason if status == UNSURE else f"{reason}: {sizes}")


def loaded_keys(loaded: LoadedCheckpoint) -> Tuple[str, ...]:
    """The model's keys that have values of the checkpoint now."""
    return tuple(each.key for each in loaded.keys if each.status in (LOADED, TIED))


def is_strict(diff: StateDictDiff) -> bool:
    """Would ``load_state_dict(strict=True)`` take the file as it is? Counters of BatchNorm that are not there it makes anew."""
    return all(cause.kind in ("dtype", "counter") for cause in diff.causes)


def strict_text(diff: StateDictDiff) -> str:
    """What ``load_state_dict`` would say to the file as it is."""
    if is_strict(diff):
        return "load_state_dict(strict=True) would take the file as it is."
    return "load_state_dict(strict=True) would refuse the file as it is."
