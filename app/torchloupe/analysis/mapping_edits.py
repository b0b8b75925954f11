"""What a person decides about a mapping: pairs by hand or by a pattern, and which keys could be meant."""

import re
from difflib import SequenceMatcher
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .diff_rows import RESIZED, SHAPE, DiffRow, KeyEntry, StateDictDiff

Locked = Dict[str, str]
"""By the checkpoint's key the model's; "" for a key that is to have no home."""
_COMPARED = 100
"""So many names are compared letter by letter."""
_STEP = 500
CHECKPOINT, MODEL = "checkpoint", "model"
"""The sides whose keys a pattern is applied to."""


def mapped(locked: Mapping[str, str], pairs: Iterable[Tuple[str, str]]) -> Locked:
    """With these pairs of a checkpoint's key and a model's; whatever had one of these homes before is free again."""
    new = dict(pairs)
    homes = {home for home in new.values() if home}
    kept = {key: home for key, home in locked.items() if key not in new and home not in homes}
    return {**kept, **new}


def still_there(locked: Mapping[str, str], expected: Iterable[KeyEntry], found: Iterable[KeyEntry]) -> Locked:
    """What can still be meant where the keys are others by now."""
    if not locked:
        return {}
    wanted, have = {entry.key for entry in expected}, {entry.key for entry in found}
    return {key: home for key, home in locked.items() if key in have and (not home or home in wanted)}


def can_be_locked(row: DiffRow) -> bool:
    """Is it a pair of one key and one other? Those that are joined or cut are not decided one by one."""
    return row.expected is not None and row.found is not None and row.cut is None


class Candidate(NamedTuple):
    """A key of the other side that could be meant; ``fits``: it has the shape. ``taken`` is the key that has it now, if any."""

    entry: KeyEntry
    fits: bool
    taken: str


def candidate_steps(diff: StateDictDiff, entry: KeyEntry, side: str) -> Iterator[Optional[List[Candidate]]]:
    """The keys of the other side, the likeliest first: those of the shape, of them the free ones, of them the most alike.

    ``side`` is where ``entry`` stands. In steps: None again and again, and the list at the end.
    """
    found: Dict[str, Candidate] = {}
    for number, row in enumerate(diff.rows):
        other, mine = (row.expected, row.found) if side == CHECKPOINT else (row.found, row.expected)
        if other is not None:
            taken = mine.key if mine is not None and row.status not in (SHAPE, RESIZED) else ""
            found[other.key] = Candidate(other, _fits(entry, other), taken)
        if number % _STEP == _STEP - 1:
            yield None
    matcher = SequenceMatcher(b=entry.key, autojunk=False)
    fitting = sorted((each for each in found.values() if each.fits), key=lambda each: bool(each.taken))
    alike: Dict[str, float] = {}
    for each in fitting[:_COMPARED]:
        matcher.set_seq1(each.entry.key)
        alike[each.entry.key] = matcher.ratio()
        yield None
    compared = sorted(fitting[:_COMPARED], key=lambda each: (bool(each.taken), -alike[each.entry.key]))
    yield [*compared, *fitting[_COMPARED:], *(each for each in found.values() if not each.fits)]


def _fits(one: KeyEntry, other: KeyEntry) -> bool:
    return one.shape == other.shape or (len(one.shape) == 2 and one.shape == other.shape[::-1])


class Renamed(NamedTuple):
    """One key under a pattern: what it becomes, and why that is no pair (empty when it is one)."""

    key: str
    new: str
    note: str


class RenamePreview(NamedTuple):
    """What a pattern does: every key that it matches. ``error`` says what is wrong with the pattern itself."""

    rows: Tuple[Renamed, ...] = ()
    error: str = ""

    @property
    def pairs(self) -> Tuple[Renamed, ...]:
        """Those that become a key of the other side."""
        return tuple(row for row in self.rows if not row.note)


def rename_steps(diff: StateDictDiff, side: str, pattern: str, replacement: str) -> Iterator[Optional[RenamePreview]]:
    """What it gives when ``pattern`` is replaced in every key of a side (as ``re.sub`` does), in steps: None again and again, and the
    preview at the end."""
    if not pattern:
        yield RenamePreview()
        return
    try:
        expression = re.compile(pattern)
        expression.sub(replacement, "")
        re.compile(f"{pattern}|").sub(replacement, "")  # also with a match, where a group may be missing
    except (re.error, IndexError) as error:
        yield RenamePreview(error=f"No pattern: {error}.")
        return
    mine, theirs = _keys(diff, side)
    rows: List[Renamed] = []
    seen: Dict[str, str] = {}
    for number, key in enumerate(mine):
        if number % _STEP == _STEP - 1:
            yield None
        if expression.search(key) is None:
            continue
        new = expression.sub(replacement, key)
        note = _note(new, theirs, seen, side)
        seen.setdefault(new, key)
        rows.append(Renamed(key, new, note))
    yield RenamePreview(tuple(rows))


def _note(new: str, theirs: Mapping[str, KeyEntry], seen: Mapping[str, str], side: str) -> str:
    if new not in theirs:
        return f"no key of the {MODEL if side == CHECKPOINT else CHECKPOINT}"
    return f"{seen[new]} becomes this, too" if new in seen else ""


def _keys(diff: StateDictDiff, side: str) -> Tuple[Dict[str, KeyEntry], Dict[str, KeyEntry]]:
    """The keys of a side, and those of the other."""
    expected = {row.expected.key: row.expected for row in diff.rows if row.expected}
    found = {row.found.key: row.found for row in diff.rows if row.found}
    return (found, expected) if side == CHECKPOINT else (expected, found)


def pairs_of(preview: RenamePreview, side: str) -> List[Tuple[str, str]]:
    """The pairs of a preview, the checkpoint's key first."""
    return [(row.key, row.new) if side == CHECKPOINT else (row.new, row.key) for row in preview.pairs]


def dropped_pair(dragged: DiffRow, side: str, onto: DiffRow) -> Optional[Tuple[str, str]]:
    """The pair that is meant when a key of a ``side`` is dragged onto another row: the checkpoint's key first. None when that says
    nothing: the row has no key of the other side, or it is the same row.
    """
    if dragged is onto:
        return None
    mine = dragged.found if side == CHECKPOINT else dragged.expected
    theirs = onto.expected if side == CHECKPOINT else onto.found
    if mine is None or theirs is None:
        return None
    return (mine.key, theirs.key) if side == CHECKPOINT else (theirs.key, mine.key)
