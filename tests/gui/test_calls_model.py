"""Rows of the calls."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.panel_data import call, stats
from torchloupe.analysis.depth_numbers import depth_points
from torchloupe.analysis.row_filter import matching
from torchloupe.gui.calls import model as rows
from torchloupe.gui.calls.model import CallsModel, call_row
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import LayerCall

TITLES = [column.title for column in rows.COLUMNS]


def cell(made: LayerCall, title: str) -> str:
    return call_row(made).cells[TITLES.index(title)]


def test_that_a_row_says_everything_about_a_call() -> None:
    made = call(6, "head.fc1", (2, 3136), (2, 128))
    assert call_row(made).cells == (
        "6", "    head.fc1", "✓ done", "[2, 3136]", "[2, 128]", "0.0125", "0.98", "-3.5", "3.25",
        "0 %", "", "Linear", "2.94 ms", "float32", *[""] * 5,
    )  # fmt: skip
    assert call_row(made).key == 6


def test_that_depth_indents_and_the_root_has_a_name() -> None:
    assert cell(call(0, "", (1,), (1,)), "Module") == "(model)"
    assert cell(call(1, "encoder", (1,), (1,)), "Module") == "  encoder"


def test_that_a_second_call_of_a_module_says_so() -> None:
    assert cell(call(8, "head.act", (1,), (1,), call_number=1), "Module").endswith("head.act (call 2)")


def test_that_a_failed_call_is_red_with_glyph_and_word() -> None:
    row = call_row(call(7, "head.fc1", (2, 12544), None, status="failed"))
    assert row.cells[2] == "✖ failed"
    assert set(row.roles) == {"error"}
    assert (row.cells[4], *row.cells[5:11], row.cells[12]) == ("",) * 8


def test_that_an_unfinished_parent_is_grey_with_glyph_and_word() -> None:
    row = call_row(call(6, "head", (2, 64), None, status="unfinished"))
    assert row.cells[2] == "◌ unfinished"
    assert set(row.roles) == {"muted"}


@pytest.mark.parametrize(
    ("zeros", "count", "text"),
    [
        (0, 100, "0 %"),
        (100, 100, "100 %"),
        (50, 100, "50 %"),
        (1, 1000, "<1 %"),
        (999, 1000, ">99 %"),
        (1, 100, "1 %"),
        (0, 0, ""),
    ],
)
def test_that_all_and_none_are_never_rounded_to(zeros: int, count: int, text: str) -> None:
    assert rows.zeros_text(stats(count, zeros=zeros)) == text


def test_that_without_statistics_nothing_is_claimed() -> None:
    made = call(1, "encoder", (1,), (1,), stats=(None,))
    assert [cell(made, title) for title in ("Mean", "Std", "Min", "Max", "Zeros", "NaN/Inf")] == [""] * 6


@pytest.mark.parametrize(
    ("counts", "text"),
    [([(0, 0)], ""), ([(3, 0)], "3 NaN"), ([(0, 2)], "2 Inf"), ([(1200, 5), (1, 0)], "1,201 NaN, 5 Inf")],
)
def test_that_nan_and_inf_are_counted_over_all_outputs_and_red(counts: list[tuple[int, int]], text: str) -> None:
    made = call(1, "encoder", (1,), (1,), stats=tuple(stats(9, nan=nan, inf=inf) for nan, inf in counts))
    row = call_row(made)
    assert row.cells[rows.NOT_FINITE] == text
    assert (row.roles[rows.NOT_FINITE] == "error") == bool(text)


def test_that_statistics_are_of_the_first_output_that_has_some() -> None:
    outputs = (TensorMeta((2,), "int64"), TensorMeta((3,), "float32"))
    made = call(1, "encoder", (1,), (2,), outputs=outputs, stats=(None, stats(3, mean=7.0)))
    assert cell(made, "Output") == "[2], [3]"
    assert cell(made, "Mean") == "7"
    assert cell(made, "Dtype") == "int64, float32"


def test_that_a_tensor_without_finite_values_shows_dashes() -> None:
    nothing = TensorStats(4, None, None, None, None, 0, 4, 0)
    assert cell(call(1, "encoder", (4,), (4,), stats=(nothing,)), "Mean") == "–"


def test_that_tips_name_tensors_dtypes_devices_and_the_calling_line() -> None:
    made = call(2, "encoder.conv1", (2, 3), (2, 4))
    tips = call_row(made).tips
    assert tips[1] == f"encoder.conv1\ncalled at {panel_data.FILE}:42"
    assert tips[3] == "x [2, 3] float32 cpu"


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("head", [5, 6, 7, 8, 9]),
        ("class:relu", [7, 8]),
        ("output:[*,128]", [6, 7, 8]),
        ("nan", [8]),
        ("state:done input:[2,3136]", [6]),
        ("dtype:f32 (model)", [0]),
        ("#:3", []),
    ],
)
def test_that_calls_are_found_by_module_class_shape_and_state(text: str, indexes: list[int]) -> None:
    calls = sorted(panel_data.good_calls(), key=rows.by_beginning)
    found = matching(text, TITLES, [rows.call_haystack(made) for made in calls])
    assert [calls[position].index for position in found] == indexes


@pytest.mark.parametrize("column", range(len(rows.COLUMNS)))
def test_that_every_column_sorts_calls_of_every_state(column: int) -> None:
    calls = [*panel_data.failing_calls(), replace(panel_data.good_calls()[0], index=99, stats=(None,), seconds=None)]
    assert len(sorted(calls, key=lambda made: rows.call_order(made, column))) == len(calls)


def test_that_calls_without_a_number_come_last() -> None:
    calls = [
        call(0, "a", (1,), None),
        call(1, "b", (1,), (1,), stats=(stats(mean=5.0),)),
        call(2, "c", (1,), (1,), stats=(stats(mean=-5.0),)),
    ]
    assert [made.index for made in sorted(calls, key=lambda made: rows.call_order(made, 5))] == [2, 1, 0]


# the Qt model


def test_that_the_model_obeys_qt_while_calls_stream_in(qtmodeltester: Any) -> None:
    model = CallsModel()
    qtmodeltester.check(model)
    for made in panel_data.failing_calls():
        model.add([made])
        qtmodeltester.check(model)


def test_that_calls_stand_in_the_order_in_which_they_began() -> None:
    model = CallsModel()
    for made in panel_data.failing_calls():
        model.add([made])
    assert [row.key for row in model.rows] == list(range(8))


def test_that_a_batch_goes_to_its_places_at_once() -> None:
    model = CallsModel()
    calls = panel_data.good_calls()
    model.add(calls[:3])
    model.add(calls[3:])
    assert [row.key for row in model.rows] == list(range(10))


def test_that_a_screen_reader_hears_column_and_state() -> None:
    model = CallsModel()
    model.add([call(7, "head.fc1", (2, 12544), None, status="failed")])
    assert model.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole) == "State: ✖ failed"


def test_that_sorting_by_time_puts_the_slowest_first_and_the_next_calls_in_between() -> None:
    model = CallsModel()
    model.add([call(1, "a", (1,), (1,), seconds=0.1), call(2, "b", (1,), (1,), seconds=0.3)])
    model.sort(12, Qt.SortOrder.DescendingOrder)
    model.add([call(3, "c", (1,), (1,), seconds=0.2)])
    assert [row.key for row in model.rows] == [2, 3, 1]


def test_that_what_a_call_took_stands_beside_it_once_the_run_has_ended() -> None:
    made = replace(call(6, "head.fc1", (2, 3136), (2, 128)), training=True)
    whole = call(0, "", (2, 3, 14, 14), (2, 10), seconds=0.0049)
    _, point = depth_points([whole, made], panel_data.tree(), kept=(0,) * 6 + (25_088,))
    said = dict(zip(TITLES, call_row(made, None, point).cells, strict=True))
    assert (said["FLOPs"], said["Kept"], said["Own time"], said["Mode"]) == ("1.61 MFLOPs", "25.1 kB", "60 %", "train")
    tips = dict(zip(TITLES, call_row(made, None, point).tips, strict=True))
    assert tips["FLOPs"] == "1.61 MFLOPs, with what it called"
    assert tips["Own time"] == "60 %, of the time of the run, without what it called"
    before = dict(zip(TITLES, call_row(made).cells, strict=True))
    assert (before["FLOPs"], before["Kept"], before["Own time"]) == ("", "", "")


def test_that_the_memory_format_is_told_where_it_is_special() -> None:
    plain = call(6, "head.fc1", (2, 3136), (2, 128))
    special = replace(plain, outputs=(replace(plain.outputs[0], memory_format="channels_last"),))
    assert (cell(plain, "Memory format"), cell(special, "Memory format")) == ("", "channels_last")
    assert "channels_last" in rows.call_haystack(special)


def test_that_what_calls_took_can_be_sorted_by() -> None:
    made = panel_data.good_calls()
    points = {point.call.index: point for point in depth_points(made, panel_data.tree())}
    column = TITLES.index("FLOPs")
    ordered = sorted(made, key=lambda each: rows.call_order(each, column, points[each.index]))
    assert [points[each.index].all_flops for each in ordered] == sorted(point.all_flops for point in points.values())
    assert rows.call_order(made[0], column) == (True, 0)
