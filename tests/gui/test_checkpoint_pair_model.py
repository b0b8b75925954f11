"""Rows of two checkpoints side by side."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui.checkpoint_files import pair_of, read_epochs
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.gui.checkpoint_pair import model as rows
from torchloupe.gui.checkpoint_pair.building import BuildPair
from torchloupe.gui.checkpoint_pair.compare_values import AT_ONCE_BYTES, BytesRead, CompareValues, bytes_of, left_of
from torchloupe.gui.jobs import Reporter
from torchloupe.gui.slices import all_at_once
from torchloupe.wire.values import ComparedValues, TensorDifference

NAMES = ("epoch3.pt", "epoch4.pt")
HOW = TensorDifference(100, 50, 0, 0, 0.25, 1.0, 10.0, 10.0)


def compared(key: str, **facts: Any) -> ComparedValues:
    """A tensor that moved by a tenth, unless told otherwise."""
    return ComparedValues(key, key, replace(HOW, **facts))


def plain_rows(*keys: str) -> list[rows.PairRow]:
    """Matched rows without values."""
    entries = [KeyEntry(key, (2, 3), "float32") for key in keys]
    return rows.pair_rows(state_dict_diff(entries, entries))


def one_row(values: ComparedValues | None = None) -> rows.PairRow:
    """A matched row, with its values."""
    (row,) = plain_rows("fc.weight")
    if values is not None:
        row.take(values)
    return row


def show(model: rows.PairModel, made: list[rows.PairRow]) -> None:
    model.show_rows(NAMES, rows.ranked(made), rows.by_key(made))


def take(model: rows.PairModel, values: list[ComparedValues]) -> list[rows.PairRow]:
    changed = model.take(values)
    model.put(all_at_once(model.find()))
    return changed


@pytest.fixture
def model(qapp: object, tmp_path: Path) -> rows.PairModel:
    """Two epochs with their values compared."""
    pair = pair_of(*read_epochs(tmp_path))
    made = rows.PairModel()
    show(made, rows.pair_rows(pair.diff))
    told: list[Any] = []
    left_of(pair, ())(Reporter(lambda *_: None, told.append))
    take(made, [each for each in told if isinstance(each, ComparedValues)])
    return made


def shown(model: rows.PairModel, column: int) -> list[str]:
    return [row.cells[column] for row in model.rows]


# cells


def test_that_rows_stand_in_ranked_order_with_status_words(model: rows.PairModel) -> None:
    assert list(zip(shown(model, rows.KEY), shown(model, rows.MOTION), strict=True)) == [
        ("bad.weight", "▲ NaN"),
        ("bias", "Δ from zero"),
        ("far.weight", "Δ 2"),
        ("near.weight", "Δ 8.904e-05"),
        ("gone", "− missing"),
        ("head.weight", "↕ resized"),
        ("extra", "+ unexpected"),
        ("same.weight", "= equal"),
    ]


def test_that_numbers_are_those_of_the_comparison(model: rows.PairModel) -> None:
    cells = {row.cells[rows.KEY]: row.cells for row in model.rows}
    assert cells["far.weight"][rows.CHANGED] == "100 %"
    assert cells["far.weight"][rows.COSINE] == "1.000000"
    assert cells["bias"][rows.WEIGHT] == "0"
    assert cells["far.weight"][rows.DTYPE] == "float32"
    assert cells["bias"][rows.COSINE] == "–"
    assert cells["same.weight"][rows.MAX_ABS] == "0"
    assert cells["gone"][rows.UPDATE] == "–"
    assert cells["head.weight"][rows.SHAPES] == "[2, 5] → [7, 5]"


def test_that_a_note_says_what_the_columns_do_not(model: rows.PairModel) -> None:
    notes = {row.cells[rows.KEY]: row.cells[-1] for row in model.rows}
    assert notes["gone"] == "only in epoch3.pt"
    assert notes["extra"] == "only in epoch4.pt"
    assert notes["bad.weight"] == "1 NaN, left out of the numbers"
    assert notes["head.weight"].startswith("other shape")
    assert notes["far.weight"] == ""


def test_that_a_row_without_values_says_that_its_keys_match() -> None:
    cells = rows.pair_row(NAMES, one_row()).cells
    assert cells[:6] == ("fc.weight", "= matched", "–", "–", "", "float32")


def test_that_values_that_cannot_be_compared_say_why() -> None:
    row = rows.pair_row(NAMES, one_row(ComparedValues("fc.weight", "fc.weight", reason="Its record is cut off.")))
    assert row.cells[rows.MOTION] == "✖ not compared"
    assert row.cells[-1] == "Its record is cut off."
    assert row.roles[rows.MOTION] == "error"
    assert row.tips[rows.MOTION] == "✖ not compared. Its record is cut off."


def test_that_a_pair_whose_keys_differ_says_both() -> None:
    entries = [KeyEntry(f"l{n}.w", (n + 2, 3), "float32") for n in range(6)]
    made = rows.pair_rows(state_dict_diff(entries, [entry._replace(key=f"module.{entry.key}") for entry in entries]))
    made[0].take(compared("l0.w"))
    assert rows.status_text(made[0]) == "→ renamed, 0.1"
    assert made[0].moved.key == "l0.w → module.l0.w"


def test_that_infinite_values_are_noted() -> None:
    assert rows.note_text(NAMES, one_row(compared("fc.weight", inf=3))) == "3 infinite, left out of the numbers"


# the table


def test_that_a_column_sorts_by_its_number_and_what_has_none_comes_last(model: rows.PairModel) -> None:
    model.sort(rows.MAX_ABS, Qt.SortOrder.DescendingOrder)
    keys = shown(model, rows.KEY)
    assert keys[:2] == ["far.weight", "bias"]
    assert set(keys[-3:]) == {"gone", "head.weight", "extra"}
    model.sort(rows.UPDATE, Qt.SortOrder.DescendingOrder)
    assert shown(model, rows.KEY)[0] == "far.weight"
    model.sort(rows.MOTION)
    assert shown(model, rows.KEY)[0] == "bad.weight"
    model.sort(rows.KEY)
    assert shown(model, rows.KEY)[0] == "bad.weight"


@pytest.mark.parametrize("column", range(len(rows.COLUMNS)))
def test_that_every_column_can_be_sorted_by(model: rows.PairModel, column: int) -> None:
    model.sort(column, Qt.SortOrder.DescendingOrder)
    assert len(model.rows) == 8


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("moved:nan", ["bad.weight"]),
        ("dtype:float32 moved:equal", ["same.weight"]),
        ("weight -same", ["bad.weight", "far.weight", "near.weight", "head.weight"]),
        ("only in epoch4", ["extra"]),
        ("[7,5]", ["head.weight"]),
        ("note:epoch4", ["extra"]),
        ("equal", ["same.weight"]),
    ],
)
def test_that_rows_are_found_by_key_status_shape_and_note(model: rows.PairModel, text: str, keys: list[str]) -> None:
    model.set_filter(text)
    assert shown(model, rows.KEY) == keys


def test_that_a_filter_sees_the_values_that_arrived_after_it_was_typed(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b"))
    model.set_filter("moved")
    assert len(model.rows) == 0
    take(model, [compared("b")])
    assert shown(model, rows.KEY) == ["b"]


def test_that_a_search_that_is_dropped_leaves_ranking_to_the_next_one(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b", "c"))
    model.take([compared("c", norm=5.0)])
    next(model.find())
    model.put(all_at_once(model.find()))
    assert shown(model, rows.KEY) == ["c", "a", "b"]


def test_that_values_that_come_while_rows_are_ranked_are_ranked_the_next_time(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b", "c"))
    model.take([compared("b", norm=5.0)])
    steps = model.find()
    next(steps)
    model.take([compared("c", norm=9.0)])
    model.put(all_at_once(steps))
    model.put(all_at_once(model.find()))
    assert shown(model, rows.KEY) == ["c", "b", "a"]


def test_that_rows_of_others_that_come_while_rows_are_ranked_are_shown(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b"))
    model.take([compared("b", norm=5.0)])
    steps = model.find()
    next(steps)
    show(model, plain_rows("x", "y"))
    model.put(all_at_once(steps))
    assert shown(model, rows.KEY) == ["x", "y"]


def test_that_a_row_is_found_by_its_number_wherever_it_stands(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b", "c"))
    take(model, [compared("c", norm=5.0)])
    assert [model.position_of(number) for number in (0, 1, 2, 9)] == [1, 2, 0, -1]
    model.set_filter("moved")
    assert [model.position_of(number) for number in (0, 2)] == [-1, 0]


def test_that_what_the_panel_shows_is_made_in_a_job(tmp_path: Path) -> None:
    pair = pair_of(*read_epochs(tmp_path))
    built = BuildPair(pair)()
    assert built.pair is pair
    assert built.names == NAMES
    assert built.headline.startswith("epoch3.pt has 7 keys")
    assert [row.number for row in built.in_order] == list(range(len(pair.diff.rows)))
    assert built.rows == rows.ranked(built.in_order)
    assert built.rows_by_key.keys() == {row.expected.key for row in pair.diff.rows if row.expected}
    assert built.bytes == bytes_of(pair)
    assert built.longest_key == max((row.moved.key for row in built.in_order), key=len)
    assert not BuildPair(pair).is_large
    assert BuildPair(replace(pair, diff=replace(pair.diff, rows=pair.diff.rows * 2000))).is_large


def test_that_rows_take_their_places_as_values_arrive(qapp: object) -> None:
    model = rows.PairModel()
    show(model, plain_rows("a", "b", "c"))
    assert shown(model, rows.KEY) == ["a", "b", "c"]
    changed = take(model, [compared("b", norm=0.1), compared("c", norm=5.0)])
    assert [row.number for row in changed] == [1, 2]
    assert shown(model, rows.KEY) == ["c", "b", "a"]
    take(model, [compared("a", changed=0, norm=0.0, max_abs=0.0)])
    assert shown(model, rows.KEY) == ["c", "b", "a"]
    assert model.row_of("a") is model.items[2]
    assert model.row_of("nothing") is None


# the plot


def test_that_hovering_says_key_and_numbers() -> None:
    lines = rows.hover_text(NAMES, one_row(compared("fc.weight", nan=2))).splitlines()
    assert lines[0] == "fc.weight"
    assert lines[1] == "▲ NaN"
    assert lines[2:4] == ["weight 10, update 1, changed 50 %", "max |Δ| 0.25, cosine 0.995000"]
    assert lines[4].startswith("2 NaN")
    assert rows.hover_text(NAMES, one_row()) == "fc.weight\n= matched"


def test_that_counts_are_said_with_their_marks(tmp_path: Path) -> None:
    pair = pair_of(*read_epochs(tmp_path))
    assert rows.counts_text(pair.diff) == "= matched 5    ↕ resized 1    − missing 1    + unexpected 1"


# the job


def test_that_the_job_tells_each_pair_and_answers_with_the_summary(tmp_path: Path) -> None:
    pair = pair_of(*read_epochs(tmp_path))
    told: list[Any] = []
    steps: list[tuple[int, int]] = []
    summary = left_of(pair, ())(Reporter(lambda done, total, _what: steps.append((done, total)), told.append))
    assert [each.expected for each in told if isinstance(each, ComparedValues)] == [one.key for one, _ in pair.pairs]
    assert summary.startswith("4 of 5 tensors moved; the most: far.weight (relative 2)")
    assert steps[-1] == (bytes_of(pair), bytes_of(pair))
    assert [event for event in told if isinstance(event, BytesRead)][-1] == BytesRead(*steps[-1])


def test_that_what_was_compared_before_a_cancel_is_not_read_again(tmp_path: Path) -> None:
    pair = pair_of(*read_epochs(tmp_path))
    first = compared(pair.pairs[0][0].key)
    work = left_of(pair, (first,))
    assert isinstance(work, CompareValues)
    assert len(work.pairs) == len(pair.pairs) - 1
    assert work(Reporter(lambda *_: None, lambda _event: None)).startswith("4 of 5 tensors moved")


def test_that_small_files_are_read_without_being_asked_for(tmp_path: Path) -> None:
    assert bytes_of(pair_of(*read_epochs(tmp_path))) < 5_000 < AT_ONCE_BYTES
