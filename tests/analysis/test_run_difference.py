"""Two runs beside each other: where they part, by how much, and what is only rounding."""

import math
from dataclasses import replace

import pytest

from torchloupe.analysis.run_difference import (
    DIFFERS,
    INSIDE,
    ONLY_BEFORE,
    ONLY_NOW,
    ROUNDED,
    SAME,
    SHAPE,
    STATUS,
    UNKNOWN,
    difference_verdict,
    run_difference,
)
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import LayerCall

STATS = TensorStats(6, 0.5, 1.0, -1.0, 2.0, 0, 0, 0, (1, 2, 3))


def call(index, module, depth=1, stats=STATS, shape=(2, 3), dtype="float32", **more):
    outputs = (TensorMeta(shape, dtype),)
    return LayerCall(index, module, "Linear" if module else "Net", 0, depth, outputs, outputs, (stats,), 0.1, **more)


def run(*middle):
    """A model of two layers."""
    return [call(0, "", 0), *(middle or (call(1, "a"), call(2, "b")))]


def kinds(before, now):
    return [pair.kind for pair in run_difference(before, now).pairs]


def test_that_a_run_is_the_same_as_itself():
    found = run_difference(run(), run())
    assert found.first is None
    assert found.counts == {SAME: 3}
    assert difference_verdict(found) == ["Both runs are the same in all 3 calls."]


def test_that_seconds_are_no_difference():
    assert kinds(run(), [replace(each, seconds=9.0) for each in run()]) == [SAME] * 3


def test_that_the_first_call_that_differs_is_the_first_that_ended_so():
    changed = replace(STATS, mean=0.9)
    now = [call(0, "", 0, changed), call(1, "a"), call(2, "b", stats=changed)]
    found = run_difference(run(), now)
    assert found.first.call.module == "b"  # the model itself differs, too, and begins earlier
    assert found.first.distance == pytest.approx(0.4 / math.hypot(0.5, 1.0))
    assert (
        difference_verdict(found)[0] == "The first call that differs is `b` (Linear): mean, spread or extremes changed by 35.8 %."
    )
    assert difference_verdict(found)[-1] == "2 calls of 3 differ."


def test_that_a_histogram_alone_is_a_difference_within_rounding():
    now = run(call(1, "a", stats=replace(STATS, histogram=(3, 2, 1))), call(2, "b"))
    assert kinds(run(), now) == [SAME, ROUNDED, SAME]


@pytest.mark.parametrize(
    ("dtype", "change", "kind"),
    [
        ("float32", 1e-6, ROUNDED),
        ("float32", 1e-3, DIFFERS),
        ("bfloat16", 1e-2, ROUNDED),
        ("bfloat16", 1e-1, DIFFERS),
        ("float16", 1e-3, ROUNDED),
        ("float16", 1e-2, DIFFERS),
        ("float64", 1e-9, DIFFERS),
    ],
)
def test_that_what_is_rounding_depends_on_the_coarser_dtype(dtype, change, kind):
    before = run(call(1, "a", dtype="float64"), call(2, "b"))
    now = run(call(1, "a", dtype=dtype, stats=replace(STATS, mean=0.5 + change)), call(2, "b"))
    assert kinds(before, now)[1] == kind


def test_that_other_values_with_the_same_mean_and_deviation_are_no_rounding():
    """What a norm gives has always the same."""
    now = run(call(1, "a", stats=replace(STATS, min=-1.4)), call(2, "b"))
    found = run_difference(run(), now)
    assert (found.first.call.module, found.first.distance) == ("a", pytest.approx(0.2))


def test_that_integers_are_not_rounded():
    before = run(call(1, "a", dtype="int64"), call(2, "b"))
    now = run(call(1, "a", dtype="int64", stats=replace(STATS, mean=0.5 + 1e-6)), call(2, "b"))
    assert kinds(before, now)[1] == DIFFERS


def test_that_what_a_coarse_dtype_rounded_stays_rounded_in_a_finer_one():
    """Under autocast: bfloat16 in a, float32 again in b and in what both are in."""
    slightly = replace(STATS, mean=0.501)
    now = [call(0, "", 0, stats=slightly), call(1, "a", stats=slightly, dtype="bfloat16"), call(2, "b", stats=slightly)]
    assert kinds(run(), now) == [ROUNDED] * 3
    early = [call(0, "", 0), call(1, "a", stats=slightly), call(2, "b", dtype="bfloat16")]
    assert kinds(run(), early) == [SAME, DIFFERS, SAME]


def test_that_nan_that_came_is_a_difference_however_small():
    now = run(call(1, "a", stats=replace(STATS, nan=1)), call(2, "b"))
    found = run_difference(run(), now)
    assert (found.first.kind, found.first.distance) == (DIFFERS, math.inf)
    assert "NaN or Inf came or went" in difference_verdict(found)[0]


def test_that_another_shape_is_told_with_both():
    found = run_difference(run(), run(call(1, "a", shape=(2, 4)), call(2, "b")))
    assert found.first.kind == SHAPE
    assert "[2, 3] before, [2, 4] now" in difference_verdict(found)[0]


def test_that_a_call_that_fails_now_is_told():
    failed = replace(call(2, "b"), status="failed", outputs=(), stats=())
    found = run_difference(run(), run(call(1, "a"), failed))
    assert found.first.kind == STATUS
    assert "done before, failed now" in difference_verdict(found)[0]


def test_that_calls_of_one_run_alone_stand_where_they_belong():
    found = run_difference(run(), run(call(1, "a"), call(2, "c")))
    assert [(pair.kind, pair.call.module) for pair in found.pairs] == [
        (SAME, ""),
        (SAME, "a"),
        (ONLY_NOW, "c"),
        (ONLY_BEFORE, "b"),
    ]
    assert "only this run makes it" in difference_verdict(found)[0]


def test_that_the_second_call_of_a_shared_layer_is_compared_with_its_second():
    twice = [call(1, "a"), replace(call(2, "a", stats=replace(STATS, mean=3.0)), call_number=1)]
    assert kinds(run(*twice), run(*twice)) == [SAME] * 3


def test_that_without_statistics_only_shapes_are_compared():
    bare = [replace(each, stats=(None,)) for each in run()]
    found = run_difference(bare, bare)
    assert found.counts == {UNKNOWN: 3}
    assert difference_verdict(found) == ["Shapes are the same in all 3 calls; 3 calls have no statistics to compare."]


def test_that_growth_names_a_few_steps_that_grow():
    parts = [call(number, f"layer{number}") for number in range(1, 30)]
    grown = [call(number, f"layer{number}", stats=replace(STATS, mean=0.5 + 1e-3 * 1.5**number)) for number in range(1, 30)]
    verdict = difference_verdict(run_difference(run(*parts), run(*grown)))
    assert verdict[1].startswith("How it grows: ")
    assert 2 <= verdict[1].count(" after ") <= 6
    assert "`layer29`" in verdict[1]


def test_that_nothing_to_compare_is_said():
    assert difference_verdict(run_difference([], [])) == ["There are no calls to compare."]


def test_that_the_runs_have_names():
    found = run_difference(run(), run(call(1, "a"), call(2, "c")))
    assert "only run 2 makes it" in difference_verdict(found, "run 1", "run 2")[0]


def test_that_what_a_compiled_part_calls_is_no_difference():
    before = [call(0, "", 0), call(1, "a"), call(2, "a.fc", 2), call(3, "ab")]
    now = [call(0, "", 0), call(1, "a", compiled=True), call(2, "ab")]
    found = run_difference(before, now)
    assert [(pair.call.module, pair.kind) for pair in found.pairs] == [("", SAME), ("a", SAME), ("ab", SAME), ("a.fc", INSIDE)]
    assert found.first is None
    assert difference_verdict(found) == [
        "Both runs are the same in all 3 calls.",
        "1 call inside compiled parts cannot be compared.",
    ]
    assert [pair.kind for pair in run_difference(now, before).pairs].count(INSIDE) == 1


def test_that_a_call_that_only_one_run_made_beside_a_compiled_part_is_a_difference():
    now = [call(0, "", 0), call(1, "a", compiled=True)]
    assert run_difference(run(), now).first.call.module == "b"


def test_that_nothing_of_a_model_that_is_compiled_as_a_whole_can_be_compared():
    now = [call(0, "", 0, compiled=True)]
    assert run_difference(run(), now).counts == {SAME: 1, INSIDE: 2}
