"""Rows of two checkpoints side by side, and where each stands in the plot."""

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
    assert list(zip(shown(model, rows.KEY), shown(model, 0), strict=True)) == [
        ("bad.weight", "▲ NaN"),
        ("bias", "Δ moved"),
        ("far.weight", "Δ moved"),
        ("near.weight", "Δ moved"),
        ("gone", "− missing"),
        ("head.weight", "↕ resized"),
        ("extra", "+ unexpected"),
        ("same.weight", "= equal"),
    ]


def test_that_numbers_are_those_of_the_comparison(model: rows.PairModel) -> None:
    cells = {row.cells[rows.KEY]: row.cells for row in model.rows}
    assert cells["far.weight"][rows.RELATIVE] == "2"
    assert cells["far.weight"][rows.CHANGED] == "100 %"
    assert cells["far.weight"][rows.COSINE] == "1.000000"
    assert cells["bias"][rows.RELATIVE] == "from zero"
    assert cells["bias"][rows.COSINE] == "–"
    assert cells["same.weight"][rows.MAX_ABS] == "0"
    assert cells["gone"][rows.RELATIVE] == ""
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
    assert cells[:6] == ("= matched", "fc.weight", "", "", "", "")


def test_that_values_that_cannot_be_compared_say_why() -> None:
    row = rows.pair_row(NAMES, one_row(ComparedValues("fc.weight", "fc.weight", reason="Its record is cut off.")))
    assert row.cells[0] == "✖ not compared"
    assert row.cells[-1] == "Its record is cut off."
    assert row.roles[0] == "error"


def test_that_a_pair_whose_keys_differ_says_both() -> None:
    entries = [KeyEntry(f"l{n}.w", (n + 2, 3), "float32") for n in range(6)]
    made = rows.pair_rows(state_dict_diff(entries, [entry._replace(key=f"module.{entry.key}") for entry in entries]))
    made[0].take(compared("l0.w"))
    assert rows.status_text(made[0]) == "→ renamed, moved"
    assert rows.key_text(made[0].diff) == "l0.w → module.l0.w"


def test_that_infinite_values_are_noted() -> None:
    assert rows.note_text(NAMES, one_row(compared("fc.weight", inf=3))) == "3 infinite, left out of the numbers"


@pytest.mark.parametrize(
    ("changed", "count", "text"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (5, 10, "50 %"),
        (1, 10_000_000, "< 0.01 %"),
        (9_999_999, 10_000_000, "> 99.9 %"),
        (123, 1000, "12.3 %"),
        (0, 0, "0 %"),
    ],
)
def test_that_nothing_and_everything_are_said_only_when_they_are_so(changed: int, count: int, text: str) -> None:
    assert rows.changed_text(replace(HOW, changed=changed, count=count)) == text


# the table


def test_that_a_column_sorts_by_its_number_and_what_has_none_comes_last(model: rows.PairModel) -> None:
    model.sort(rows.MAX_ABS, Qt.SortOrder.DescendingOrder)
    keys = shown(model, rows.KEY)
    assert keys[:2] == ["far.weight", "bias"]
    assert set(keys[-3:]) == {"gone", "head.weight", "extra"}
    model.sort(rows.RELATIVE, Qt.SortOrder.DescendingOrder)
    assert shown(model, rows.KEY)[0] == "bias"
    model.sort(rows.KEY)
    assert shown(model, rows.KEY)[0] == "bad.weight"


@pytest.mark.parametrize("column", range(len(rows.COLUMNS)))
def test_that_every_column_can_be_sorted_by(model: rows.PairModel, column: int) -> None:
    model.sort(column, Qt.SortOrder.DescendingOrder)
    assert len(model.rows) == 8


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("status:nan", ["bad.weight"]),
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
    assert sorted(row.number for row in built.rows) == list(range(len(pair.diff.rows)))
    assert built.rows_by_key.keys() == {row.expected.key for row in pair.diff.rows if row.expected}
    assert built.bytes == bytes_of(pair)
    assert built.longest_key == max((rows.key_text(row) for row in pair.diff.rows), key=len)
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


def test_that_every_row_has_its_kind_and_every_kind_its_own_symbol_or_lane(model: rows.PairModel) -> None:
    kinds = {row.diff.expected.key if row.diff.expected else "extra": rows.kind_of(row) for row in model.items}
    assert kinds == {
        "bad.weight": "nan",
        "bias": "from zero",
        "far.weight": "moved",
        "near.weight": "moved",
        "gone": "missing",
        "head.weight": "shape",
        "extra": "unexpected",
        "same.weight": "equal",
    }
    assert set(kinds.values()) < set(rows.POINTS)
    looks = [(point.lane, point.symbol) for point in rows.POINTS.values()]
    assert len(set(looks)) == len(looks)  # told apart without colour


def test_that_only_what_moved_has_a_height_of_its_own() -> None:
    assert rows.log_relative(one_row(compared("fc.weight"))) == pytest.approx(-1.0)
    assert rows.log_relative(one_row(compared("fc.weight", nan=1))) is None
    assert rows.log_relative(one_row(compared("fc.weight", expected_norm=0.0))) is None
    assert rows.log_relative(one_row()) is None


def test_that_the_scale_takes_whole_decades() -> None:
    assert rows.scale_of([-4.2, -1.5]) == rows.Scale(-5, -1)
    assert rows.scale_of([-2.0]) == rows.Scale(-2, -1)
    assert rows.scale_of([]) == rows.Scale(-3, 0)


@pytest.mark.parametrize("scale", [rows.Scale(-3, 0), rows.Scale(-16, 4), rows.Scale(-2, -1)])
def test_that_lanes_stand_outside_the_decades_and_all_are_named(scale: rows.Scale) -> None:
    lanes = scale.lanes
    assert lanes["unpaired"] < lanes["equal"] < scale.low
    assert scale.high < lanes["from zero"] < lanes["nan"]
    words = [word for _, word in scale.ticks]
    assert {"no pair", "equal", "from zero", "NaN", f"1e{scale.high}"} <= set(words)
    assert len(words) <= 9


def test_that_few_points_are_drawn_as_they_are() -> None:
    assert rows.thinned([1, 2], [0.5, 0.25]) == ([1, 2], [0.5, 0.25])


def test_that_of_very_many_points_the_extremes_are_kept_in_order() -> None:
    count = 50_000
    heights = [(number * 7919 % 1000) / 1000 for number in range(count)]
    heights[31_415], heights[27_182] = 99.0, -99.0
    x, y = rows.thinned(range(count), heights)
    assert len(x) <= rows.MOST_POINTS + 2
    assert list(x) == sorted(set(x))
    assert (max(y), min(y)) == (99.0, -99.0)
    assert x[list(y).index(99.0)] == 31_415


def test_that_hovering_says_key_and_numbers() -> None:
    lines = rows.hover_text(NAMES, one_row(compared("fc.weight", nan=2))).splitlines()
    assert lines[0] == "fc.weight"
    assert lines[1] == "▲ NaN"
    assert lines[2] == "relative 0.1, max |Δ| 0.25, changed 50 %, cosine 0.995000"
    assert lines[3].startswith("2 NaN")
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
