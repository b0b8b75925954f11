"""What the statistics of the calls of a run show by themselves."""

import math
from dataclasses import replace

import pytest

from torchloupe.analysis.numerics import findings_of, needs_closer_look, sharpest
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import ERROR, WARNING, Problem
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import FAILED, UNFINISHED, LayerCall

TREE = ModuleTree(
    (ModuleEntry("", "Net", 0, 0, 0, True, file="/net.py", line=3), ModuleEntry("fc1", "Linear", 2, 4, 4, True)), ()
)


def stats(rms=1.0, nan=0, inf=0, count=12, high=None):
    high = 2 * rms if high is None else high
    return TensorStats(count, 0.0, rms, -high, high, 0, nan, inf)


def call(index, module, depth=1, dtype="float32", line=None, **numbers):
    meta = TensorMeta((3, 4), dtype)
    return LayerCall(
        index, module, "Linear", 0, depth, (meta,), (meta,), (stats(**numbers),), file="/net.py" if line else None, line=line
    )


def run_of(*leaves, root=None):
    """A root with calls below it, in execution order."""
    return [root or call(0, "", 0), *(replace(leaf, index=number) for number, leaf in enumerate(leaves, 1))]


def test_that_a_healthy_run_shows_nothing():
    calls = run_of(*(call(0, f"layers.{number}") for number in range(20)))
    assert findings_of(calls, TREE) == ()
    assert not needs_closer_look(calls)
    assert findings_of([], TREE) == ()


def test_that_the_first_call_with_nan_is_named_when_the_answer_has_it():
    calls = run_of(call(0, "fc1"), call(0, "fc2", nan=4, line=9), call(0, "fc3", nan=12), root=call(0, "", 0, nan=12))
    (problem,) = findings_of(calls, TREE)
    assert (problem.code, problem.severity, problem.module, problem.call) == ("nan-origin", ERROR, "fc2", 2)
    assert (problem.file, problem.line) == ("/net.py", 9)
    assert "4 of its values" in problem.message
    assert needs_closer_look(calls)


def test_that_the_innermost_call_is_named_and_not_what_is_around_it():
    around = [call(0, "", 0, nan=1), call(1, "block", 1, nan=1), call(2, "block.a", 2), call(3, "block.b", 2, nan=1)]
    assert findings_of(around, TREE)[0].module == "block.b"
    own = [call(0, "", 0, nan=1), call(1, "block", 1, nan=1), call(2, "block.a", 2), call(3, "block.b", 2)]
    assert findings_of(own, TREE)[0].module == "block"


def test_that_nan_of_the_models_own_forward_points_at_its_class():
    (problem,) = findings_of(run_of(call(0, "fc1"), root=call(0, "", 0, nan=2)), TREE)
    assert problem.module == ""
    assert problem.file == "/net.py"
    assert "the model's own forward" in problem.message


def test_that_nan_that_the_answer_has_not_and_inf_are_left_to_a_closer_look():
    assert findings_of(run_of(call(0, "fc1", nan=3)), TREE) == ()
    masked = run_of(call(0, "fc1", inf=3), root=call(0, "", 0, inf=3))
    assert findings_of(masked, TREE) == ()
    assert needs_closer_look(masked)


def test_that_calls_that_failed_and_calls_without_statistics_do_no_harm():
    failed = replace(call(0, "", 0, nan=1), status=FAILED)
    assert findings_of([failed], TREE) == ()
    assert not needs_closer_look([failed])
    bare = replace(call(1, "fc1"), stats=(None,))
    empty = replace(call(2, "fc2"), stats=(TensorStats(0, None, None, None, None, 0, 0, 0),))
    assert findings_of([call(0, "", 0), bare, empty, replace(bare, outputs=(), stats=())], TREE) == ()


def broken_off(*leaves, status=UNFINISHED):
    """A pass that did not come to its end: the root and a block in it are open."""
    root, block = replace(call(0, "", 0), status=UNFINISHED), replace(call(1, "block", 1), status=status)
    return [root, *leaves[:1], block, *(replace(leaf, depth=2) for leaf in leaves[1:])]


def numbered(calls):
    return [replace(each, index=number) for number, each in enumerate(calls)]


def test_that_nan_with_which_a_pass_breaks_off_is_told_though_there_is_no_answer():
    calls = numbered(broken_off(call(0, "fc1"), call(0, "block.a", nan=4, line=9), call(0, "block.b", nan=12)))
    (problem,) = findings_of(calls, TREE)
    assert (problem.code, problem.severity, problem.module, problem.line) == ("nan-origin", ERROR, "block.a", 9)
    assert problem.message.endswith("The pass broke off after that. `block.b`, which ended last, gives it, too.")
    assert "a loop that waits for such a value" in problem.hint


def test_that_of_a_pass_that_failed_a_closer_look_says_whether_nan_is_why():
    calls = broken_off(call(0, "fc1", nan=1), call(0, "block.a", nan=4), status=FAILED)
    assert findings_of(numbered(calls), TREE) == ()


def test_that_nan_that_was_gone_again_when_the_pass_broke_off_is_left_alone():
    assert findings_of(numbered(broken_off(call(0, "fc1"), call(0, "block.a", nan=4), call(0, "block.b"))), TREE) == ()
    assert findings_of(numbered(broken_off(call(0, "fc1", nan=4), call(0, "block.a"))), TREE) == ()
    assert findings_of(numbered(broken_off()), TREE) == ()


@pytest.mark.parametrize(("high", "dtype", "found"), [(40000.0, "float16", 1), (30000.0, "float16", 0), (1e30, "bfloat16", 0)])
def test_that_numbers_near_the_end_of_float16_are_told(high, dtype, found):
    calls = run_of(call(0, "fc1", dtype=dtype, high=100.0), call(0, "fc2", dtype=dtype, high=high), call(0, "fc3", dtype=dtype))
    problems = findings_of(calls, TREE)
    assert len(problems) == found
    for problem in problems:
        assert (problem.code, problem.severity, problem.module) == ("inf-origin", WARNING, "fc2")
        assert (
            "4e+04 in float16" in problem.message or "40000" in problem.message.replace(",", "") or "4.000e+04" in problem.message
        )


def test_that_values_that_explode_over_depth_are_told_at_the_first_such_layer():
    calls = run_of(*(call(0, f"layers.{number}", rms=10.0 ** (2 * number)) for number in range(8)))
    (problem,) = findings_of(calls, TREE)
    assert (problem.code, problem.severity, problem.module) == ("exploding-scale", WARNING, "layers.5")
    assert math.isclose(problem.data["largest"], 1e14)


def test_that_values_that_vanish_over_depth_are_told():
    calls = run_of(*(call(0, f"layers.{number}", rms=10.0 ** (-2 * number)) for number in range(8)))
    (problem,) = findings_of(calls, TREE)
    assert (problem.code, problem.severity, problem.module) == ("vanishing-scale", WARNING, "layers.6")


def test_that_large_inputs_small_weights_and_zeros_are_not_depth():
    assert findings_of(run_of(*(call(0, f"layers.{number}", rms=1e9) for number in range(5))), TREE) == ()
    assert findings_of(run_of(call(0, "a"), call(0, "b", rms=1e-5), call(0, "c", rms=1e-7)), TREE) == ()
    assert findings_of(run_of(call(0, "a"), call(0, "b"), call(0, "zero", rms=0.0)), TREE) == ()
    assert findings_of(run_of(call(0, "a"), call(0, "b", rms=1e12)), TREE) == ()
    ids = [call(0, f"table.{number}", dtype="int64", rms=10.0 ** (3 * number)) for number in range(6)]
    assert findings_of(run_of(*ids), TREE) == ()


def test_that_only_the_innermost_calls_count_for_depth():
    calls = [call(0, "", 0, rms=1e-12), call(1, "a", 1), call(2, "block", 1, rms=1e-12), call(3, "block.x", 2), call(4, "b", 1)]
    assert findings_of(calls, TREE) == ()


def test_that_the_closer_look_takes_the_place_of_what_names_a_call():
    coarse = findings_of(run_of(call(0, "fc1", nan=1), root=call(0, "", 0, nan=1)), TREE)[0]
    other = Problem("unused-module", "one that stays")
    assert sharpest([coarse, other]) == [coarse, other]
    for code in ("nan-origin", "inf-origin", "nan-in-input", "empty-loss"):
        sharp = Problem(code, "the operation")
        assert sharpest([coarse, other, sharp]) == [other, sharp]
    given = Problem("nan-in-input", "the input", ERROR, line=3)
    assert sharpest([given, Problem("nan-origin", "what follows", line=9)]) == [given]
    near = findings_of(run_of(call(0, "fc1", dtype="float16", high=60000.0)), TREE)[0]
    assert sharpest([near, Problem("unused-module", "another")])[0] is near


@pytest.mark.parametrize(
    ("code", "reason"),
    [("dead-units", "dead-relu"), ("saturated-units", "saturated"), ("constant-output", "softmax-single-logit")],
)
def test_that_weights_that_stand_still_for_it_tell_the_cause(code, reason):
    quiet = Problem(code, "still", WARNING, file="/m.py", line=9)
    still = Problem("weight-not-moved", "stands", WARNING, file="/m.py", line=9, data={"reason": reason})
    assert sharpest([quiet, still]) == [still]
    for other in (replace(still, line=8), replace(still, data={"reason": "lr-zero"})):
        assert sharpest([quiet, other]) == [quiet, other]


def test_that_a_gradient_that_explodes_tells_of_the_scale():
    scale, gradient = Problem("exploding-scale", "values"), Problem("exploding-gradient", "gradients")
    assert sharpest([scale, gradient]) == [gradient]
    assert sharpest([scale, Problem("vanishing-gradient", "gradients")])[0] is scale
    assert sharpest([Problem("vanishing-scale", "values"), Problem("vanishing-gradient", "no")])[0].message == "no"


def test_that_equal_problems_stay():
    twice = Problem("nan-origin", "one"), Problem("nan-origin", "two")
    assert sharpest(twice) == list(twice)


def test_that_numbers_near_the_end_of_float16_are_not_told_beside_those_beyond_it():
    (near,) = findings_of(run_of(call(0, "fc1", dtype="float16", high=60000.0)), TREE)
    beyond = Problem("inf-origin", "Inf", WARNING, module="fc1.wo", line=9, data={"kind": "Inf"})
    assert sharpest([near, beyond]) == [beyond]
    lost = Problem("nan-origin", "It does not reach the answer.", "info", module="fc3", line=12, data={"kind": "NaN"})
    assert sharpest([near, lost]) == [near, lost]
    assert sharpest([near, near]) == [near, near]
