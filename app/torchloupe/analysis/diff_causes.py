"""Why keys differ: a wall of rows folded into a few causes."""

import re
from typing import Dict, List, Sequence, Set, Tuple

from .diff_rows import BUFFER, MISSING, RESIZED, SHAPE, TIED, TRANSPOSED, UNEXPECTED, UNINITIALIZED, Cause, DiffRow, KeyEntry
from .key_groups import KeyGroup, fold_keys
from .key_matchers import Explained
from .rename_causes import rename_cause
from .size_changes import ChangedSizes, changed_sizes, root_sizes
from .stacked_experts import stacked_cause, stacked_experts
from .wording import count_text, counted, shape_text

COUNTER = "num_batches_tracked"
OPTIMIZER_KEY = re.compile(
    r"(^|\.)state\.\d+\.|(^|[./])(optimizer|optim|param_groups|exp_avg|exp_avg_sq|momentum_buffer)([./]|$)"
)
# Buffers that some versions of a library save and others do not.
KNOWN_LEAVES = {
    "total_ops": "It was left by a FLOPs counter (thop).",
    "total_params": "It was left by a FLOPs counter (thop).",
    "position_ids": "A buffer that is made anew; transformers stopped saving it.",
    "inv_freq": "A rotary table that is made anew; newer code does not save it.",
    "relative_position_index": "An index table that is made anew; newer code does not save it.",
    "attn_mask": "A mask that is made anew; newer code does not save it.",
}


def diff_causes(rows: Sequence[DiffRow], explained: Sequence[Explained], solved: Sequence[Cause] = ()) -> Tuple[Cause, ...]:
    """The causes of all rows that are not plainly matched, renames first. ``solved`` are those of keys that no prefix explains."""
    found = [row.found.key for row in rows if row.found]
    expected = [row.expected.key for row in rows if row.expected]
    kept = [row.found.key for row in rows if row.found and row.expected and row.found.key == row.expected.key]
    causes = [rename_cause(each, found, kept) for each in explained]
    if found and expected and len(found) + len(expected) == len(rows):
        return (_nothing(found, expected),)
    causes += solved
    causes += [_shape_cause(each) for each in changed_sizes([row for row in rows if row.status in (SHAPE, RESIZED)])]
    causes += _transposed([row for row in rows if row.status == TRANSPOSED])
    homeless = [row for row in rows if row.status in (MISSING, TIED, UNEXPECTED)]
    stacked = stacked_experts([row.expected for row in homeless if row.expected], [row.found for row in homeless if row.found])
    aside = {entry.key for each in stacked for entry in (*each.wholes, *each.parts)}
    causes += [stacked_cause(stacked)] if stacked else []
    causes += _missing([row for row in homeless if row.expected and row.expected.key not in aside], expected, _paired(rows))
    causes += _buffers([row.found.key for row in rows if row.status == BUFFER and row.found])
    causes += _unexpected([row.found.key for row in homeless if row.found and row.found.key not in aside], found)
    causes += _dtypes(rows)
    return tuple(causes)


def _paired(rows: Sequence[DiffRow]) -> Set[str]:
    return {row.expected.key for row in rows if row.expected and row.found and row.status not in (SHAPE, RESIZED)}


def _nothing(found: Sequence[str], expected: Sequence[str]) -> Cause:
    text = (
        f"None of the {counted(len(found), 'key')} of the checkpoint fits one of the {counted(len(expected), 'key')} of the model: "
        f'the checkpoint has "{found[0]}", the model "{expected[0]}".'
    )
    hint = "The checkpoint belongs to another model, or its modules were renamed."
    return Cause("nothing", text, hint, len(expected), {"keys": list(expected), "unexpected_keys": list(found)})


def _missing(rows: Sequence[DiffRow], expected: Sequence[str], paired: Set[str]) -> List[Cause]:
    entries = [row.expected for row in rows if row.expected]
    tied = [entry for entry in entries if not paired.isdisjoint(entry.tied_to)]
    tied_keys = {entry.key for entry in tied}
    counters = {entry.key for entry in entries if _is_spare_counter(entry.key, paired)}
    rest = [entry.key for entry in entries if entry.key not in tied_keys and entry.key not in counters]
    causes = [_missing_group(group) for group in fold_keys(rest, [key for key in expected if key not in counters])]
    if tied:
        causes.append(_tied(tied, paired))
    if counters:
        text = f"The checkpoint has no {COUNTER} for {counted(len(counters), 'BatchNorm layer')}, whose other values are there."
        hint = "Files saved before torch 0.4.1 or by other tools lack them. They only matter for BatchNorm with momentum=None."
        causes.append(Cause("counter", text, hint, len(counters), {"keys": sorted(counters)}))
    return causes


def _is_spare_counter(key: str, paired: Set[str]) -> bool:
    """A BatchNorm counter whose running mean is there: torch makes it anew."""
    owner, _, leaf = key.rpartition(".")
    return leaf == COUNTER and (f"{owner}.running_mean" if owner else "running_mean") in paired


def _missing_group(group: KeyGroup) -> Cause:
    text = f"{_group_text(group)} missing in the checkpoint."
    hint = _known(group) or "They would keep their initial values; load with strict=False only if that is meant."
    return Cause("missing", text, hint, len(group.keys), _group_data(group))


def _tied(entries: Sequence[KeyEntry], paired: Set[str]) -> Cause:
    first = entries[0]
    partner = next(key for key in first.tied_to if key in paired)
    more = f" (and {counted(len(entries) - 1, 'more such key')})" if len(entries) > 1 else ""
    text = f"{first.key} is missing in the checkpoint, but it is tied to {partner}, which is there{more}."
    hint = "The values get loaded through the tied key: load with strict=False, which loses nothing here."
    return Cause("tied", text, hint, len(entries), {"keys": [entry.key for entry in entries], "tied_to": partner})


def _unexpected(keys: Sequence[str], found: Sequence[str]) -> List[Cause]:
    optimizer = [key for key in keys if OPTIMIZER_KEY.search(key)]
    causes = [_optimizer(optimizer)] if optimizer else []
    for group in fold_keys([key for key in keys if not OPTIMIZER_KEY.search(key)], found):
        text = f"{_group_text(group)} in the checkpoint and not in the model."
        hint = _known(group) or "The model has no such module; strict=False leaves them out."
        causes.append(Cause("unexpected", text, hint, len(group.keys), _group_data(group)))
    return causes


def _buffers(keys: Sequence[str]) -> List[Cause]:
    if not keys:
        return []
    more = f" and {counted(len(keys) - 1, 'more key')}" if len(keys) > 1 else ""
    what = "are buffers" if more else "is a buffer"
    text = f"{keys[0]}{more} of the checkpoint {what} that the model has and does not save."
    hint = "It makes them anew (persistent=False), so leave them out; strict=False does."
    return [Cause("buffer", text, hint, len(keys), {"keys": list(keys)})]


def _optimizer(keys: Sequence[str]) -> Cause:
    whose = (
        f"{counted(len(keys), 'key')} of the checkpoint, such as {keys[0]}, are"
        if len(keys) > 1
        else f"{keys[0]} of the checkpoint is"
    )
    hint = "Take the model's own state_dict out of the file, or leave these keys out."
    return Cause("optimizer", f"{whose} optimizer state.", hint, len(keys), {"keys": list(keys)})


def _group_text(group: KeyGroup) -> str:
    """``14 keys below decoder. are``, ``fc.bias is``, ``24 keys like layers.0.lora.weight are``."""
    count = len(group.keys)
    if count == 1:
        return f"{group.keys[0]} is"
    if not group.place:
        return f"{count_text(count)} more keys, such as {group.keys[0]}, are"
    if "#" in group.place:
        return f"{count_text(count)} keys like {group.keys[0]} are"
    return f"{count_text(count)} keys below {group.place} are"


def _group_data(group: KeyGroup) -> Dict[str, object]:
    return {"place": group.place, "whole": group.whole, "keys": list(group.keys)}


def _known(group: KeyGroup) -> str:
    hints = {KNOWN_LEAVES.get(key.rpartition(".")[2], "") for key in group.keys}
    return hints.pop() if len(hints) == 1 else ""


def _shape_cause(changed: ChangedSizes) -> Cause:
    first = changed.rows[0]
    assert first.found is not None
    assert first.expected is not None
    roots = root_sizes(changed.sizes)
    sizes = " and ".join(f"{count_text(found)} where the model has {count_text(expected)}" for found, expected in roots[:3])
    sizes += ", and with multiples of that" if len(roots) < len(changed.sizes) else ""
    text = f"{first.expected.key} is {shape_text(first.found.shape)} in the checkpoint, {shape_text(first.expected.shape)} in the model"
    if len(changed.rows) > 1:
        text += (
            f"; {counted(len(changed.rows) - 1, 'more key')} {'differs' if len(changed.rows) == 2 else 'differ'} in the same way"
        )
    if len(changed.rows) > 2:
        text += f", such as {' and '.join(row.expected.key for row in changed.rows[1:3] if row.expected)}"
    hint = f"The checkpoint was made with {sizes}." if sizes else "The number of dimensions differs."
    hint += " Construct the model with the sizes of the checkpoint, or leave these keys out."
    data = {"sizes": [list(pair) for pair in changed.sizes], "keys": [row.expected.key for row in changed.rows if row.expected]}
    data["checkpoint_shape"], data["model_shape"] = list(first.found.shape), list(first.expected.shape)
    return Cause("shape", text + ".", hint, len(changed.rows), data)


def _transposed(rows: Sequence[DiffRow]) -> List[Cause]:
    if not rows:
        return []
    first = rows[0]
    assert first.found is not None
    assert first.expected is not None
    more = f" and {counted(len(rows) - 1, 'more key')}" if len(rows) > 1 else ""
    text = (
        f"{first.expected.key}{more} would fit transposed: {shape_text(first.found.shape)} in the checkpoint, "
        f"{shape_text(first.expected.shape)} in the model."
    )
    hint = "Layers such as GPT-2's Conv1D and those of Keras store (in, out); nn.Linear stores (out, in)."
    return [Cause("transposed", text, hint, len(rows), {"keys": [row.found.key for row in rows if row.found]})]


def _dtypes(rows: Sequence[DiffRow]) -> List[Cause]:
    groups: Dict[Tuple[str, str], List[str]] = {}
    for row in rows:
        if row.found and row.expected and row.found.dtype != row.expected.dtype and row.expected.dtype != UNINITIALIZED:
            groups.setdefault((row.found.dtype, row.expected.dtype), []).append(row.expected.key)
    causes = []
    for (found, expected), keys in groups.items():
        whose = f"{counted(len(keys), 'key')} are" if len(keys) > 1 else f"{keys[0]} is"
        text = f"{whose} {found} in the checkpoint, {expected} in the model."
        hint = "load_state_dict converts them without a word" + ("; digits get lost." if is_lossy(found, expected) else ".")
        causes.append(Cause("dtype", text, hint, len(keys), {"checkpoint_dtype": found, "model_dtype": expected, "keys": keys}))
    return causes


# Bits of the mantissa, and whether the exponent is short.
_FLOATS = {
    "float64": (52, 11),
    "float32": (23, 8),
    "float16": (10, 5),
    "bfloat16": (7, 8),
    "float8_e4m3fn": (3, 4),
    "float8_e5m2": (2, 5),
}
_INTEGERS = {"bool": 1, "uint8": 8, "int8": 7, "int16": 15, "uint16": 16, "int32": 31, "uint32": 32, "int64": 63, "uint64": 64}


def is_lossy(found: str, expected: str) -> bool:
    """Can values change when they are converted from one dtype to the other?"""
    if found in _FLOATS and expected in _FLOATS:
        return any(kept < had for kept, had in zip(_FLOATS[expected], _FLOATS[found]))
    if found in _INTEGERS and expected in _INTEGERS:
        return _INTEGERS[expected] < _INTEGERS[found]
    if found in _INTEGERS and expected in _FLOATS:
        return _FLOATS[expected][0] + 1 < _INTEGERS[found]
    return True
