"""Rows of the numbers over depth, axes and lines of their plot."""

from dataclasses import replace
from math import log10

import pytest

from gui import panel_data
from torchloupe.analysis.depth_numbers import SERIES_BY_NAME, DepthPoint, depth_points
from torchloupe.analysis.depth_outliers import HIGH, NOT_FINITE, PART, Outlier
from torchloupe.gui.depth import model as rows
from torchloupe.gui.depth.model import COLUMNS, Line, Scale, line_of, scale_of, thinned

TITLES = [column.title for column in COLUMNS]
POINTS = depth_points(panel_data.good_calls(), panel_data.tree(), kept=tuple(100 * at for at in range(10)))
TOLD = {
    6: (Outlier(6, "max", HIGH, "40×", "max |x| 130, 40 times the median"), Outlier(6, "time", PART, "18 %", "time 3 ms, 18 %"))
}
MAX, TIME, MEAN, ZEROS = (SERIES_BY_NAME[name] for name in ("max", "time", "mean", "zeros"))


def cells(point: DepthPoint) -> dict[str, str]:
    """By title."""
    return dict(zip(TITLES, rows.depth_row(point, TOLD).cells, strict=True))


def test_that_a_row_says_all_numbers() -> None:
    assert cells(POINTS[6]) == {
        "#": "6",
        "Module": "head.fc1",
        "Stands out": "max 40×, +1",
        "Mean": "0.0125",
        "Std": "0.98",
        "Max |x|": "3.5",
        "Zeros": "0 %",
        "Time": "2.94 ms",
        "Share": "15 %",
        "FLOPs": "1.61 MFLOPs",
        "Output": "1.02 kB",
        "Kept": "600 B",
        "NaN/Inf": "",
        "RMS": "0.9801",
        "Class": "Linear",
    }


def test_that_nothing_is_left_empty_where_nothing_is_usual_and_where_nobody_knows() -> None:
    assert cells(POINTS[7])["FLOPs"] == ""
    assert cells(POINTS[8])["NaN/Inf"] == "4"
    bare = depth_points([replace(panel_data.good_calls()[0], stats=(), seconds=None)])[0]
    said = cells(bare)
    assert [said[title] for title in ("Mean", "Std", "Max |x|", "Zeros", "Time", "Share", "Kept", "FLOPs", "NaN/Inf")] == [""] * 9


def test_that_what_stands_out_is_coloured_and_says_why() -> None:
    row = rows.depth_row(POINTS[6], TOLD)
    assert row.key == 6
    assert row.tips[rows.STANDS_OUT] == "max |x| 130, 40 times the median\ntime 3 ms, 18 %"
    assert row.roles[TITLES.index("Max |x|")] == row.roles[TITLES.index("Time")] == "shape"
    assert row.roles[TITLES.index("Std")] is None
    assert "without what it called" in row.tips[TITLES.index("Time")]
    assert len(row.roles) == len(row.tips) == len(row.cells) == len(COLUMNS)


def test_that_later_calls_say_so_and_the_root_has_a_name() -> None:
    assert cells(POINTS[8])["Module"] == "head.act (call 2)"
    assert cells(POINTS[0])["Module"] == "(model)"


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_that_every_column_sorts_and_nothing_comes_last(column: int) -> None:
    bare = depth_points([replace(panel_data.good_calls()[0], index=99, stats=(), seconds=None)])[0]
    ordered = sorted([bare, *POINTS], key=lambda point: rows.depth_order(point, TOLD, column))
    assert len(ordered) == len(POINTS) + 1
    if COLUMNS[column].title in ("Mean", "Time", "Share", "Kept", "RMS"):
        assert ordered[-1] is bare or COLUMNS[column].title == "Share"


def test_that_sorting_by_what_stands_out_puts_that_first() -> None:
    ordered = sorted(POINTS, key=lambda point: rows.depth_order(point, TOLD, rows.STANDS_OUT))
    assert ordered[0] is POINTS[6]


def test_that_a_filter_finds_module_class_and_what_stands_out() -> None:
    found = rows.depth_haystack(POINTS[6], TOLD)
    for word in ("head.fc1", "linear", "max 40×", "time 18 %"):
        assert word in found.lower()


def test_that_a_point_in_words_says_what_is_drawn_and_why_it_stands_out() -> None:
    text = rows.point_text(POINTS[6], [MAX, TIME], TOLD[6])
    assert text.splitlines() == [
        "6  head.fc1  Linear",
        "Max |x| 3.5",
        "Time 2.94 ms",
        "max |x| 130, 40 times the median",
        "time 3 ms, 18 %",
    ]


# axes


def test_that_values_of_many_sizes_stand_on_an_axis_of_powers_of_ten() -> None:
    scale = scale_of(MAX, [0.5, 30.0, 40_000.0])
    assert (scale.low, scale.high, scale.logarithmic, scale.zero) == (-1, 5, True, None)
    assert scale.height(1000.0) == pytest.approx(3.0)
    assert scale.height(0.0) is None
    assert [text for _, text in scale.ticks(MAX)] == ["0.1", "10", "1000", "1e+05"]
    assert [text for _, text in scale.ticks(MAX, most=1)] == ["0.1", "1e+05"]  # where the plot is low


def test_that_zeros_have_a_lane_of_their_own_below_but_no_cost_of_nothing() -> None:
    scale = scale_of(MAX, [0.0, 1.0, 1000.0])
    assert scale.zero == scale.low < 0
    assert scale.height(0.0) == scale.zero
    assert scale.ticks(MAX)[0] == (scale.zero, "0")
    assert scale_of(TIME, [0.0, 1e-6, 1.0]).zero is None


def test_that_values_of_one_size_stand_on_a_linear_axis_that_begins_at_nothing() -> None:
    scale = scale_of(MAX, [2.0, 4.0])
    assert (scale.low, scale.high, scale.logarithmic) == (0.0, 4.0, False)
    assert scale.height(3.0) == 3.0
    assert [text for _, text in scale.ticks(MAX)] == ["0", "1", "2", "3", "4"]


def test_that_ticks_are_in_the_words_of_the_number() -> None:
    assert [text for _, text in scale_of(TIME, [1e-5, 0.5]).ticks(TIME)] == ["10 µs", "1 ms", "100 ms"]
    assert [text for _, text in scale_of(ZEROS, [0.2]).ticks(ZEROS)] == ["0 %", "50 %", "100 %"]


def test_that_a_mean_may_lie_below_nothing_and_zeros_go_from_none_to_all() -> None:
    assert (scale_of(MEAN, [-2.0, 3.0]).low, scale_of(MEAN, [-2.0, 3.0]).high) == (-2.0, 3.0)
    assert (scale_of(ZEROS, [0.2]).low, scale_of(ZEROS, [0.2]).high) == (0.0, 1.0)


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [-3.0, -3.0], [1e300, 1e-300]])
def test_that_any_values_have_an_axis_with_a_few_ticks(values: list[float]) -> None:
    for series in (MAX, MEAN, TIME):
        scale = scale_of(series, values)
        assert scale.low < scale.high
        assert 1 <= len(scale.ticks(series)) <= 8


# lines


def test_that_a_line_stands_at_the_numbers_of_the_calls_and_leaves_out_what_is_not_known() -> None:
    line = line_of(MAX, Scale(0.0, 9.0), [*POINTS, depth_points([replace(panel_data.good_calls()[0], index=50, stats=())])[0]])
    assert list(line.numbers) == list(range(10))
    assert line.heights[6] == 3.5


def test_that_another_run_stands_at_the_places_of_this_one() -> None:
    earlier = [point._replace(largest=100.0) for point in POINTS[2:4]]
    line = line_of(MAX, Scale(0.0, 2.0, True), POINTS[5:7], earlier)
    assert list(line.numbers) == [5, 6]
    assert list(line.heights) == [pytest.approx(log10(100.0))] * 2


def test_that_few_points_stay_as_they_are() -> None:
    assert thinned([1, 5, 9], [1.0, 2.0, 3.0], 100) == Line([1, 5, 9], [1.0, 2.0, 3.0])
    assert thinned([], [], 10) == Line([], [])


def test_that_of_very_many_each_column_keeps_its_highest_and_its_lowest() -> None:
    heights = [float(at % 7) for at in range(12_000)]
    heights[6_001], heights[9_001] = 99.0, -99.0
    line = thinned(range(12_000), heights, 300)
    assert len(line.numbers) <= 600
    assert list(line.numbers) == sorted(line.numbers)
    assert (6_001, 99.0) in zip(line.numbers, line.heights, strict=True)
    assert (9_001, -99.0) in zip(line.numbers, line.heights, strict=True)


def test_that_what_is_in_sight_goes_on_to_the_next_point_on_each_side() -> None:
    line = Line(list(range(0, 100, 10)), [0.0] * 10)
    assert list(line.between(25, 55, 100).numbers) == [20, 30, 40, 50, 60]
    assert list(line.between(-50, 500, 100).numbers) == list(range(0, 100, 10))


def test_that_the_band_reaches_one_deviation_to_each_side_and_has_room_on_the_axis() -> None:
    points = [POINTS[2], POINTS[3]._replace(mean=5.0, std=2.0), POINTS[4]._replace(std=None)]
    low, high = rows.band_of(points)
    assert (list(low.numbers), low.heights[1], high.heights[1]) == ([2, 3], 3.0, 7.0)
    assert max(rows.drawn_values(MEAN, points)) == 7.0
    assert rows.drawn_values(MAX, points) == [3.5] * 3


def test_that_what_stands_out_in_one_thing_alone_is_said_in_full() -> None:
    told = {6: TOLD[6][1:], 8: (Outlier(8, "nan", NOT_FINITE, "NaN", "4 NaN or Inf, in no other call"),)}
    assert rows.depth_row(POINTS[6], told).cells[rows.STANDS_OUT] == "time 18 %"
    assert rows.depth_row(POINTS[8], told).cells[rows.STANDS_OUT] == "NaN"
    assert rows.depth_row(POINTS[8], told).roles[TITLES.index("NaN/Inf")] == "error"
