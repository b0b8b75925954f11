"""What rows are beyond their shapes: matrices that are turned around though square, sizes that may differ, keys that may be absent."""

from collections import Counter
from typing import Dict, List, Mapping, Sequence, Set

from .diff_rows import (
    BUFFER,
    HOMELESS,
    MATCHED,
    MISSING,
    RENAMED,
    RESIZED,
    SHAPE,
    SPLIT,
    TIED,
    TRANSPOSED,
    UNEXPECTED,
    DiffRow,
    KeyEntry,
)
from .mapping.names import words_of
from .mapping.rules import template_of

_TABLES = frozenset(
    ["embed", "embedding", "embeddings", "wte", "wpe", "tok", "token", "tokens", "pos", "position", "vocab", "table"]
)
_POSITIONS = frozenset(["pos", "position", "positional", "positions", "wpe"])
_HEADS = frozenset(
    ["head", "heads", "classifier", "fc", "logits", "cls", "score", "output", "linear", "pred", "predictions", "out"]
)
_AS_SIBLINGS = 0.85
"""How sure it is that a square matrix is turned around where all others are."""


def with_turned_squares(rows: Sequence[DiffRow]) -> List[DiffRow]:
    """Of a square matrix the shape does not say whether it is turned around: where every other matrix of the list of layers is, it is."""
    if not any(row.status == TRANSPOSED for row in rows):
        return list(rows)
    turned, straight = _votes(rows)
    groups = {group for group, count in turned.items() if not straight[group]}
    if not groups:
        return list(rows)
    return [_turned(row) if _is_square(row) and _group(row) in groups else row for row in rows]


def _votes(rows: Sequence[DiffRow]) -> "tuple[Counter[str], Counter[str]]":
    """How many matrices of each group are turned around, and how many are not."""
    turned: "Counter[str]" = Counter()
    straight: "Counter[str]" = Counter()
    lookups = {row.expected.shape for row in rows if row.expected and _is_table(row)}
    for row in rows:
        if not _is_matrix(row) or row.expected is None or row.found is None or _is_table(row):
            continue
        if row.status == TRANSPOSED:
            turned[_group(row)] += 1
        elif row.expected.shape == row.found.shape and not _is_square(row) and row.expected.shape not in lookups:
            straight[_group(row)] += 1
    return turned, straight


def _is_matrix(row: DiffRow) -> bool:
    return row.expected is not None and row.found is not None and len(row.expected.shape) == 2 == len(row.found.shape)


def _is_square(row: DiffRow) -> bool:
    if not _is_matrix(row) or row.expected is None or row.found is None or _is_table(row):
        return False
    rows, columns = row.expected.shape
    return rows == columns > 1 and (row.found.shape == row.expected.shape or (row.cut is not None and row.cut[0] == 1))


def _is_table(row: DiffRow) -> bool:
    entry = row.expected or row.found
    assert entry is not None
    return not _TABLES.isdisjoint(words_of(tuple(entry.key.split("."))).all)


def _group(row: DiffRow) -> str:
    """The list of layers that a row belongs to; what is in none belongs together."""
    assert row.expected is not None
    before, number, _ = template_of(row.expected.key).partition("#")
    return before if number else ""


def _turned(row: DiffRow) -> DiffRow:
    how = f"{row.how}, transposed as its siblings are" if row.how else "transposed as its siblings are"
    sure = min(row.confidence, _AS_SIBLINGS)
    if row.status == SPLIT:
        return row._replace(turned=True, how=how, confidence=sure)
    return row._replace(status=TRANSPOSED, how=how, confidence=sure)


def told_apart(rows: Sequence[DiffRow], unsaved: Sequence[KeyEntry] = ()) -> List[DiffRow]:
    """The rows, those that are more than another shape, or than absent, under their own statuses. ``unsaved`` are buffers that the
    model has and does not save.
    """
    paired = {row.expected.key for row in rows if row.expected and row.found and row.status not in HOMELESS}
    buffers = {entry.key for entry in unsaved}
    prefixes = _prefixes(rows) if buffers else {}
    plain = (MATCHED, RENAMED)
    told = [row if row.status in plain else _told(row, paired, buffers, prefixes) for row in rows]
    # Where the model is wider as a whole, the sizes of its head and its tables are no changes of their own.
    wider = {sizes for row in told if row.status == SHAPE for sizes in _changed(row)}
    return [
        row._replace(status=SHAPE, how="") if row.status == RESIZED and not wider.isdisjoint(_changed(row)) else row
        for row in told
    ]


def _changed(row: DiffRow) -> "set[tuple[int, int]]":
    """The sizes that differ, those of the checkpoint first."""
    if row.expected is None or row.found is None:
        return set()
    return {(mine, theirs) for mine, theirs in zip(row.found.shape, row.expected.shape) if mine != theirs}


def _told(row: DiffRow, paired: Set[str], buffers: Set[str], prefixes: Mapping[str, int]) -> DiffRow:
    if row.status == SHAPE:
        kind = _resized(row)
        return row._replace(status=RESIZED, how=kind) if kind else row
    if row.status == MISSING and row.expected:
        home = next((key for key in row.expected.tied_to if key in paired), "")
        return row._replace(status=TIED, how=f"the same tensor as {home}, which is there") if home else row
    if row.status == UNEXPECTED and row.found and buffers and _is_buffer(row.found.key, buffers, prefixes):
        return row._replace(status=BUFFER, how="the model makes this buffer anew and does not save it")
    return row


def _is_buffer(key: str, buffers: Set[str], prefixes: Mapping[str, int]) -> bool:
    return key in buffers or any(key[len(each) :] in buffers for each in prefixes if key.startswith(each))


def _prefixes(rows: Sequence[DiffRow]) -> Dict[str, int]:
    """What stands before the model's keys in the checkpoint."""
    both = ((row.found.key, row.expected.key) for row in rows if row.status == RENAMED and row.found and row.expected)
    return Counter(found[: -len(expected)] for found, expected in both if found.endswith(expected))


def _resized(row: DiffRow) -> str:
    """What kind of size it is that differs, where it is one that people change: empty for any other."""
    expected, found = row.expected, row.found
    if expected is None or found is None or len(expected.shape) != len(found.shape):
        return ""
    differing = [axis for axis, sizes in enumerate(zip(expected.shape, found.shape)) if sizes[0] != sizes[1]]
    words = words_of(tuple(expected.key.split("."))).all
    if not _POSITIONS.isdisjoint(words) and len(expected.shape) > 1:
        return "another number of positions"
    if differing != [0]:
        return ""
    if not _TABLES.isdisjoint(words):
        return "another vocabulary"
    return "another number of outputs" if _is_head(expected.key, words) else ""


def _is_head(key: str, words: Sequence[str]) -> bool:
    """A layer at the end of the model: it is in no list of layers."""
    return not _HEADS.isdisjoint(words) and "#" not in template_of(key.rpartition(".")[0].rpartition(".")[0])
