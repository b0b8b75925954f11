"""What stands out over the depth of a run: few calls, and sure ones."""

import random

import pytest

from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, depth_points
from torchloupe.analysis.depth_outliers import FEWEST, HIGH, LOW, MOST, NOT_FINITE, PART, all_outliers, outliers
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import LayerCall


def stats(mean=0.0, std=1.0, largest=4.0, count=1000, zeros=0, nan=0):
    """Of one output."""
    return TensorStats(count, mean, std, -largest, largest, zeros, nan, 0)


def run(made, seconds=None, size=10):
    """Leaf calls below a root, one for each of the statistics."""
    sizes = size if isinstance(size, list) else [size] * len(made)
    calls = [
        LayerCall(
            at + 1,
            f"layer{at}",
            "Linear",
            0,
            1,
            (),
            (TensorMeta((sizes[at],), "float32"),),
            (each,),
            (seconds or {}).get(at, 1e-3),
        )
        for at, each in enumerate(made)
    ]
    return depth_points([LayerCall(0, "", "Net", 0, 0, (), (TensorMeta((10,), "float32"),), (stats(largest=1e9),), 1.0), *calls])


def told(points, name):
    """Call, kind and label of what stands out in one kind of number."""
    return [(each.call, each.kind, each.label) for each in outliers(points, SERIES_BY_NAME[name])]


def test_that_calls_that_are_alike_do_not_stand_out_in_anything():
    numbers = random.Random(0)
    made = [stats(numbers.gauss(0, 0.01), numbers.uniform(0.3, 3), numbers.uniform(2, 9), zeros=500) for _ in range(200)]
    assert all_outliers(run(made)) == {}


def test_that_a_large_value_stands_out_with_its_reason():
    points = run([stats()] * 20 + [stats(largest=160.0)] + [stats()] * 20)
    (one,) = outliers(points, SERIES_BY_NAME["max"])
    assert (one.call, one.series, one.kind, one.label) == (21, "max", HIGH, "40×")
    assert one.reason == "max |x| 160, 40 times the median of the run"
    assert all_outliers(points) == {21: (one,)}


def test_that_a_small_value_stands_out_and_so_does_none():
    points = run([stats()] * 20 + [stats(std=0.004), stats(std=0.0)])
    assert told(points, "std") == [(21, LOW, "1/250"), (22, LOW, "0")]
    small, none = outliers(points, SERIES_BY_NAME["std"])
    assert small.reason == "std 0.004, 1/250 of the median of the run"
    assert none.reason == "std 0, the median of the run is 1"


def test_that_less_than_ten_times_is_usual_and_what_lies_far_apart_anyway_too():
    assert told(run([stats()] * 20 + [stats(std=9.0), stats(std=0.2)]), "std") == []
    wide = [stats(std=10.0 ** (at % 7 - 3)) for at in range(70)]
    assert told(run(wide), "std") == []


def test_that_where_values_lie_in_heaps_the_few_far_beyond_all_stand_out():
    heaps = [stats(std=0.001), stats(std=1.0)] * 40
    assert told(run(heaps), "std") == []
    assert told(run([*heaps, stats(std=80.0)]), "std") == [(81, HIGH, "80×")]


def test_that_a_mean_near_zero_is_usual_but_a_large_one_of_either_sign_is_not():
    usual = [stats(mean=0.1)] * 20
    assert told(run([*usual, stats(mean=1e-9), stats(mean=0.0)]), "mean") == []
    assert told(run([*usual, stats(mean=-5.0)]), "mean") == [(21, HIGH, "50×")]


def test_that_the_furthest_are_told_where_many_stand_out():
    far = [stats(std=1000.0 * (at + 1)) for at in range(MOST + 3)]
    found = told(run([stats()] * 60 + far), "std")
    assert [call for call, _, _ in found] == [64 + at for at in range(MOST)]


def test_that_of_a_few_calls_nobody_can_say_what_is_usual():
    few = [stats()] * (FEWEST - 2) + [stats(std=1000.0)]
    assert told(run(few), "std") == []
    assert told(run([stats(), *few]), "std") != []


def test_that_a_single_number_has_no_spread_to_speak_of():
    assert told(run([stats()] * 20 + [stats(std=0.0, count=1)]), "std") == []


def test_that_containers_neither_stand_out_nor_say_what_is_usual():
    assert told(run([stats()] * 20), "max") == []


def test_that_what_is_nearly_all_zero_stands_out_where_that_is_not_usual():
    points = run([stats(zeros=500)] * 4 + [stats()] * 16 + [stats(zeros=1000), stats(zeros=940)])
    assert told(points, "zeros") == [(21, HIGH, "100 %")]
    assert outliers(points, SERIES_BY_NAME["zeros"])[0].reason == "100 % zeros, the median of the run is 0 %"
    assert told(run([stats(zeros=990)] * 20), "zeros") == []


def test_that_only_the_first_call_with_nan_is_told():
    points = run([stats()] * 3 + [stats(nan=12)] + [stats(nan=1000)] * 4)
    (one,) = outliers(points, SERIES_BY_NAME["nan"])
    assert (one.call, one.kind, one.label) == (4, NOT_FINITE, "NaN")
    assert one.reason == "12 NaN or Inf, the first of 5 calls"
    (alone,) = outliers(run([stats(), stats(nan=1)]), SERIES_BY_NAME["nan"])
    assert alone.reason == "1 NaN or Inf, in no other call"
    assert told(run([stats()] * 30), "nan") == []


def test_that_of_the_time_only_a_large_part_is_told():
    points = run([stats()] * 20, {4: 0.010, 5: 0.0015})
    assert told(points, "time") == [(5, PART, "34 %")]
    assert outliers(points, SERIES_BY_NAME["time"])[0].reason == "time 10 ms, 34 % of the run"


def test_that_what_many_calls_take_alike_is_usual():
    twelve = dict.fromkeys(range(0, 60, 5), 0.01)
    assert told(run([stats()] * 60, twelve), "time") == []
    assert told(run([stats()] * 60, {**twelve, 7: 0.030}), "time") == [(8, PART, "15 %")]


def test_that_memory_is_told_like_time_and_nothing_of_what_nobody_knows():
    points = run([stats()] * 20, size=[10] * 19 + [1000])
    assert told(points, "memory") == [(20, PART, "84 %")]
    assert told(points, "kept") == told(points, "flops") == []


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_that_a_run_without_calls_or_numbers_has_nothing_that_stands_out(series):
    assert outliers([], series) == []
    bare = [LayerCall(at, f"m{at}", "M", 0, 0, ()) for at in range(20)]
    assert outliers(depth_points(bare), series) == []


def test_that_everything_is_told_by_call_and_rms_is_not_told_twice():
    points = run([stats()] * 20 + [stats(std=500.0, largest=4000.0)] + [stats()] * 3 + [stats(nan=3)])
    found = all_outliers(points)
    assert list(found) == [21, 25]
    assert [each.series for each in found[21]] == ["std", "max"]


def test_that_very_large_numbers_of_times_stay_short():
    (one,) = outliers(run([stats()] * 20 + [stats(std=4e9)]), SERIES_BY_NAME["std"])
    assert one.label == "4e9×"
    (one,) = outliers(run([stats()] * 20 + [stats(std=25_000.0)]), SERIES_BY_NAME["std"])
    assert one.label == "25,000×"
