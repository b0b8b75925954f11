"""Numbers of a run, call by call."""

from dataclasses import replace
from math import hypot

import pytest

from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, beside, depth_points, leaves, percent_text
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import LayerCall, Operation

STATS = TensorStats(8, 3.0, 4.0, -7.0, 5.0, 2, 0, 0)


def call(index, module, depth, seconds=None, made=(2, 4), stats=STATS, **facts):
    """One call that returned one tensor."""
    given = (TensorMeta((2, 3), "float32"),)
    outputs = () if made is None else (TensorMeta(made, "float32"),)
    known = {"stats": (stats,) if made is not None else (), "seconds": seconds, **facts}
    return LayerCall(index, module, facts.pop("class_name", "Linear"), 0, depth, given, outputs, **{**known, **facts})


CALLS = [
    call(1, "a", 1, 0.5),
    call(3, "b.inner", 2, 2.0),
    call(2, "b", 1, 3.0),
    call(0, "", 0, 4.0),
]
TREE = ModuleTree(
    tuple(ModuleEntry(path, "Linear", 1, 12, 12, False) for path in ("", "a", "b", "b.inner")),
    tuple(
        ParameterEntry(f"{owner}.weight", owner, "parameter", (4, 3), "float32", "cpu", True, 12, 48)
        for owner in ("a", "b.inner")
    ),
)
WORK = 2 * 2 * 4 * 3


def of(points, module):
    """The point of a module."""
    return next(point for point in points if point.call.module == module)


def test_that_points_stand_in_the_order_in_which_the_calls_began():
    assert [point.call.index for point in depth_points(CALLS)] == [0, 1, 2, 3]
    assert depth_points([]) == []


def test_that_only_calls_that_called_nothing_are_leaves():
    points = depth_points(CALLS)
    assert [point.call.module for point in leaves(points)] == ["a", "b.inner"]
    assert [point.is_leaf for point in points] == [False, True, False, True]


def test_that_values_are_those_of_the_statistics():
    point = of(depth_points(CALLS), "a")
    assert (point.mean, point.std, point.largest, point.zeros, point.not_finite) == (3.0, 4.0, 7.0, 0.25, 0)
    assert point.rms == pytest.approx(hypot(3.0, 4.0))


def test_that_statistics_come_from_the_first_output_that_has_some_and_nan_from_all():
    two = (TensorMeta((2,), "int64"), TensorMeta((2,), "float32"), TensorMeta((2,), "float32"))
    broken = replace(STATS, nan=1, inf=2)
    made = LayerCall(0, "m", "M", 0, 0, (), two, (None, STATS, broken), 1.0)
    (point,) = depth_points([made])
    assert point.mean == 3.0
    assert point.not_finite == 3


@pytest.mark.parametrize("stats", [None, TensorStats(0, None, None, None, None, 0, 0, 0)])
def test_that_without_finite_values_there_are_no_numbers(stats):
    (point,) = depth_points([call(0, "m", 0, stats=stats)])
    assert (point.mean, point.std, point.rms, point.largest, point.zeros) == (None,) * 5
    assert point.not_finite == (None if stats is None else 0)


def test_that_time_is_told_without_what_was_called():
    points = depth_points(CALLS)
    assert {point.call.module: point.seconds for point in points} == {"": 0.5, "a": 0.5, "b": 1.0, "b.inner": 2.0}
    assert sum(point.share for point in points) == pytest.approx(1.0)
    assert of(points, "b").share == 0.25


def test_that_a_clock_that_says_more_for_the_parts_than_for_the_whole_makes_nothing_negative():
    points = depth_points([call(0, "", 0, 1.0), call(1, "a", 1, 1.5)])
    assert points[0].seconds == 0
    assert [point.share for point in points] == [0.0, 1.0]


def test_that_calls_that_did_not_end_have_neither_time_nor_memory():
    points = depth_points([call(0, "", 0, None, None), call(1, "a", 1, 0.5)], TREE)
    assert (points[0].seconds, points[0].share, points[0].bytes) == (None, None, None)
    assert points[1].share == 1.0  # of all whose time is known
    assert points[1].bytes == 32


def test_that_bytes_kept_are_told_alone_and_with_the_parts():
    points = depth_points(CALLS, kept=(100, 20, 70, 50))
    assert [(point.kept, point.all_kept) for point in points] == [(10, 100), (20, 20), (20, 70), (50, 50)]
    assert [(point.kept, point.all_kept) for point in depth_points(CALLS)] == [(None, None)] * 4
    assert [point.kept for point in depth_points(CALLS, kept=(100, 20))] == [80, 20, None, None]


def test_that_flops_are_told_alone_and_with_the_parts_and_not_without_a_tree():
    points = depth_points(CALLS, TREE)
    assert [(point.flops, point.all_flops) for point in points] == [(0, 2 * WORK), (WORK, WORK), (0, WORK), (WORK, WORK)]
    assert {point.flops for point in depth_points(CALLS)} == {None}


def test_that_operations_count_for_the_call_that_they_are_in():
    product = Operation(0, "torch.matmul", "b", 3, 2, 2, (TensorMeta((5, 6), "float32"),) * 2, (TensorMeta((5, 7), "float32"),))
    points = depth_points(CALLS, TREE, operations=[product])
    assert of(points, "b").flops == 2 * 35 * 6


def test_that_names_say_which_call_and_the_root():
    again = replace(call(1, "a", 1), call_number=2)
    assert [point.name for point in depth_points([call(0, "", 0), again])] == ["(model)", "a (call 3)"]


def test_that_every_series_says_its_numbers_in_its_own_words():
    point = of(depth_points(CALLS, TREE, (100, 20, 70, 50)), "a")
    said = {series.name: series.text(series.value(point)) for series in SERIES}
    assert said == {
        "mean": "3",
        "std": "4",
        "rms": "5",
        "max": "7",
        "zeros": "25 %",
        "nan": "0",
        "time": "500 ms",
        "memory": "32 B",
        "kept": "20 B",
        "flops": "48 FLOPs",
    }
    assert [series.name for series in SERIES if series.cost] == ["time", "memory", "kept", "flops"]
    assert SERIES_BY_NAME["std"].title == "Std"


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0 %"), (1, "100 %"), (0.001, "<1 %"), (0.999, ">99 %"), (0.5, "50 %"), (0.987, "99 %")]
)
def test_that_only_all_is_100_percent_and_only_none_is_0(part, text):
    assert percent_text(part) == text


def test_that_an_earlier_run_stands_beside_the_same_calls():
    earlier = depth_points([call(7, "a", 1), call(8, "gone", 1), replace(call(9, "b", 1), call_number=1)])
    pairs = beside(depth_points(CALLS), earlier)
    assert [(point.call.index, partner.call.index) for point, partner in pairs] == [(1, 7)]
