"""A checkpoint written for a model: every tensor under the model's key and as the model wants it, and what has no place in it."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Dict, List, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import UsageError
from .conversion import conversions
from .diff_rows import MISSING, TIED, UNEXPECTED, DiffRow, StateDictDiff
from .loading import SURE
from .wording import bytes_text, count_text, counted

_NAMED = 5


@dataclass(frozen=True)
class ConvertedExport:
    """The tensors of the new file by the model's keys, ``how`` those were made that are not stored so (by the model's key), and the old
    names of those that are called otherwise.

    ``dropped`` are keys of the checkpoint that are not in the new file, with the reason; ``missing`` are keys of the model that are
    not, and would keep what its constructor gives them.
    """

    container: str
    named: Tuple[Tuple[str, StoredTensor], ...]
    how: Dict[str, str]
    renamed: Dict[str, str]
    dropped: Dict[str, str]
    missing: Tuple[str, ...]


def converted_export(diff: StateDictDiff, contents: CheckpointContents, container: str) -> ConvertedExport:
    """What to write so that the model of the diff can load it. Raises UsageError when nothing of the checkpoint fits."""
    stored = {tensor.key: tensor for tensor in contents.tensors if tensor.container == container}
    made = conversions(diff.rows, stored, SURE)
    used = {key for each in made.values() for key in each.found}
    if not made:
        raise UsageError("No tensor of the checkpoint fits the model.", "Choose another container, or another checkpoint.")
    for row in diff.rows:  # load_state_dict(strict=True) asks for tied keys, too
        home = next((key for key in row.expected.tied_to if key in made), "") if row.status == TIED and row.expected else ""
        if home and row.expected:
            made[row.expected.key] = made[home]
    missing = dict.fromkeys(row.expected.key for row in diff.rows if row.expected and row.expected.key not in made)
    renamed = {each.found[0]: key for key, each in made.items() if not each.how and each.found[0] != key}
    dropped = {row.found.key: _reason(row) for row in diff.rows if row.found and row.found.key not in used}
    how = {key: each.how for key, each in made.items() if each.how}
    return ConvertedExport(
        container, tuple((key, each.tensor) for key, each in made.items()), how, renamed, dropped, tuple(missing)
    )


def _reason(row: DiffRow) -> str:
    if row.expected is None:
        return "no place in the model"
    return "more than one place fits" if row.confidence < SURE else "another size in the model"


def conversion_lines(plan: ConvertedExport, path: str, total_bytes: int) -> List[str]:
    """What was written, what was done to it, what was not written: the first line says it in short."""
    of = f" of {plan.container}" if plan.container else ""
    ways = Counter(plan.how.values())
    done = "; " + ", ".join(f"{count_text(count)} {way}" for way, count in ways.items()) if ways else ", bit for bit as they were"
    lines = [
        f"Wrote {counted(len(plan.named), 'tensor')}{of} under the model's keys, {bytes_text(total_bytes)}{done}, to {path}."
    ]
    if plan.renamed:
        old, new = next(iter(plan.renamed.items()))
        lines.append(f"{counted(len(plan.renamed), 'key')} renamed, such as {old} to {new}.")
    for reason in dict.fromkeys(plan.dropped.values()):
        keys = [key for key, why in plan.dropped.items() if why == reason]
        lines.append(f"Not written, {reason}: {_some(keys)}.")
    if plan.missing:
        lines.append(f"Not in the new file, and as constructed when it is loaded: {_some(plan.missing)}.")
    return lines


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_NAMED])
    return shown + (f" and {counted(len(keys) - _NAMED, 'more tensor')}" if len(keys) > _NAMED else "")


def sure_part(diff: StateDictDiff) -> StateDictDiff:
    """The diff without the pairs of which more than one would fit: both sides stand alone."""
    rows: List[DiffRow] = []
    for row in diff.rows:
        if row.expected and row.found and row.confidence < SURE:
            rows += [DiffRow(MISSING, row.expected, None), DiffRow(UNEXPECTED, None, row.found)]
        else:
            rows.append(row)
    kept = {row.found.key for row in rows if row.expected and row.found}
    mapping = {found: expected for found, expected in diff.mapping.items() if found in kept}
    return replace(diff, rows=tuple(rows), mapping=mapping)
