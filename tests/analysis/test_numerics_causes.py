"""Why an operation gives NaN or Inf, from its operands alone; and the problem that is made of it."""

import math
from dataclasses import replace

import pytest

from torchloupe.analysis.numerics.facts import INF, NAN, Birth, GradientBirth, InputFacts, Operand
from torchloupe.analysis.numerics.origin_causes import (
    ABOVE_ZERO,
    ADD_EPS,
    ADD_EPS_BELOW,
    AT_LEAST_ZERO,
    FINITE_MASK,
    OTHER_DTYPE,
    WITHIN_ONE,
    cause_of,
    gradient_cause,
    plain_function,
)
from torchloupe.analysis.numerics.origin_findings import gradient_problem, origin_problems
from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.wire.problems import ERROR, INFO, WARNING

HERE = Spot("/m.py", 13)


def operand(low=-1.0, high=2.0, value=None, **more):
    return Operand((3, 4), "float32", "", low, high, value=value, **more)


def birth(function, *operands, kind=NAN, **more):
    facts = {"shape": (3, 4), "dtype": "float32", "count": 2, "index": (1, 0), "reaches_output": True, **more}
    return Birth(kind, function, function, "encoder", HERE, operands, **facts)


@pytest.mark.parametrize(
    ("function", "plain"),
    [
        ("__rtruediv__", "div"),
        ("true_divide", "div"),
        ("__matmul__", "matmul"),
        ("__rpow__", "pow"),
        ("arccos", "acos"),
        ("__imul__", "mul"),
        ("sqrt_", "sqrt"),
        ("softmax", "softmax"),
    ],
)
def test_that_one_operation_has_one_name(function, plain):
    assert plain_function(function) == plain


CAUSES = [
    (birth("sqrt", operand(value=-0.5)), "the root of -0.5, a negative number", AT_LEAST_ZERO),
    (birth("rsqrt", operand(0.0), kind=INF), "one divided by the root of 0", ADD_EPS),
    (birth("log", operand(value=-2.0)), "the logarithm of -2, a negative number", ABOVE_ZERO),
    (birth("log10", operand(0.0), kind=INF), "the logarithm of 0", ABOVE_ZERO),
    (birth("pow", operand(value=-4.0), scalars=(0.5,)), "-4, a negative number, to the power of 0.5", AT_LEAST_ZERO),
    (birth("pow", operand(0.0), kind=INF, scalars=(-2.0,)), "0 to the power of -2", ADD_EPS),
    (birth("__truediv__", operand(value=0.0), operand(0.0, value=0.0)), "0 divided by 0", ADD_EPS_BELOW),
    (birth("div", operand(), operand(0.0, value=0.0), kind=INF), "a division by 0", ADD_EPS_BELOW),
    (birth("__truediv__", operand(), kind=INF, scalars=(0.0,)), "a division by the number 0", ADD_EPS_BELOW),
    (birth("__rtruediv__", operand(0.0, value=0.0), kind=INF, scalars=(0.0,)), "a division by 0", ADD_EPS_BELOW),
    (birth("__rdiv__", operand(0.0, value=0.0), scalars=(0.0,)), "0 divided by 0", ADD_EPS_BELOW),
    (birth("__floordiv__", operand(), kind=INF, scalars=(0.0,)), "a division by the number 0", ADD_EPS_BELOW),
    (birth("acos", operand(value=1.5)), "1.5 is outside of -1 to 1", WITHIN_ONE),
    (birth("softmax", operand(), dimension=1, all_masked=True), "row 1 is -inf in all places", FINITE_MASK),
    (birth("exp", operand(high=99.0), kind=INF), "the exponential of 99 is larger than float32 can say", ""),
    (birth("mul", operand(), scalars=(math.inf,)), "0 times inf is NaN", ""),
    (birth("matmul", operand(inf=3), operand()), "0 times inf is NaN", ""),
    (birth("sub", operand(inf=1), operand(inf=1)), "inf minus inf is NaN", ""),
    (birth("mean", replace(operand(), shape=(0, 4))), "it gets an empty tensor [0, 4]", ""),
    (birth("std", operand()), "it takes the spread of a single value", ""),
    (birth("reciprocal", operand(0.0), kind=INF), "one divided by 0", ADD_EPS),
    (birth("cross_entropy", operand(), ignored=10), "every one of its 10 targets is the index that is left out", ""),
    (birth("scaled_dot_product_attention", operand(inf=4)), "the mask lets some query look at nothing", ""),
    (
        birth("matmul", operand(-300.0, 90.0), operand(), kind=INF, dtype="float16"),
        "of operands up to 300 and 2 is beyond 65504",
        OTHER_DTYPE,
    ),
    (birth("add", operand(high=6e4), kind=INF, dtype="float16"), "the largest number of float16", OTHER_DTYPE),
    (birth("fill", kind=NAN, is_written=True), "it writes NaN as a constant", ""),
    (birth("empty"), "it gives memory as it lies there", ""),
    (birth("erfinv", operand(value=3.0)), "it gets [3, 4] from -1 to 2", ""),
    (birth("arange"), "it gets no tensor", ""),
    (birth("sqrt", Operand((3, 4), "float32")), "it gets [3, 4] from – to –", ""),
    (birth("div", operand(), operand(1.0, 2.0, value=1.5), kind=INF), "it gets [3, 4]", ""),
    (birth("softmax", operand(), dimension=1), "it gets [3, 4]", ""),
]


@pytest.mark.parametrize(("born", "why", "repair"), CAUSES, ids=[f"{each[0].function} {each[1][:20]}" for each in CAUSES])
def test_that_the_operands_say_why(born, why, repair):
    cause = cause_of(born)
    assert why in cause.why
    assert cause.repair == repair
    assert cause.fix
    assert cause.fix.endswith(".")


def test_that_a_row_of_several_dimensions_is_named_by_all_of_them():
    assert (
        "row [0, 2] is"
        in cause_of(birth("softmax", operand(), shape=(2, 3, 4), index=(0, 2, 1), dimension=-1, all_masked=True)).why
    )
    assert cause_of(birth("softmax", operand(), shape=(4,), index=(0,), dimension=0, all_masked=True)).why.startswith(
        "it is -inf"
    )


def test_that_the_problem_has_the_place_the_operands_and_the_fix():
    (problem,) = origin_problems((birth("sqrt", operand(value=-0.5)),), ())
    assert (problem.code, problem.severity, problem.module) == ("nan-origin", ERROR, "encoder")
    assert (problem.file, problem.line) == ("/m.py", 13)
    assert problem.message.endswith("2 of 12 values are, the first at [1, 0].")
    assert problem.fixes[0].value == AT_LEAST_ZERO
    assert problem.data["operands"] == [{"shape": [3, 4], "dtype": "float32", "name": "", "min": -1.0, "max": 2.0, "value": -0.5}]
    assert problem.data["index"] == [1, 0]


def test_that_the_first_that_reaches_the_answer_is_the_one():
    lost, first, second = birth("log", operand(), reaches_output=False), birth("sqrt", operand()), birth("acos", operand())
    (problem,) = origin_problems((lost, first, second), ())
    assert "`sqrt`" in problem.message


def test_that_the_inf_before_the_nan_is_told_and_the_nan_after_it():
    overflow = birth("exp", operand(high=99.0), kind=INF)
    late = birth("softmax", operand(inf=2), because=overflow)
    (problem,) = origin_problems((replace(overflow, reaches_output=False), late), ())
    assert problem.code == "inf-origin"
    assert problem.message.endswith("`softmax` in line 13 makes NaN of it.")
    assert (problem.data["then"], problem.data["then_line"]) == ("softmax", 13)


def test_that_what_does_not_reach_the_answer_is_a_remark_and_what_was_written_is_nothing():
    (problem,) = origin_problems((birth("log", operand(), reaches_output=False),), ())
    assert problem.severity == INFO
    assert "does not reach the model's answer" in problem.message
    assert origin_problems((birth("full", is_written=True, reaches_output=False),), ()) == []
    assert origin_problems((birth("exp", operand(), kind=INF, reaches_output=False),), ()) == []
    assert origin_problems((), ()) == []


def test_that_only_the_logarithm_of_zero_may_be_meant_as_an_answer():
    minus = {"kind": INF, "is_negative": True}
    assert origin_problems((birth("log_softmax", operand(), **minus),), ())[0].severity == WARNING
    assert origin_problems((birth("div", operand(), **minus),), ())[0].severity == ERROR
    half = birth("mul", operand(), reaches_output=False, dtype="float16", **minus)
    assert origin_problems((half,), ())[0].severity == WARNING


def test_that_a_loss_over_nothing_has_its_own_code():
    empty = birth("mean", replace(operand(), shape=(0,)), shape=(), count=1, index=())
    assert origin_problems((empty,), (), in_loss=True)[0].code == "empty-loss"
    assert origin_problems((empty,), ())[0].code == "nan-origin"
    assert origin_problems((birth("cross_entropy", ignored=4, shape=(), index=()),), ())[0].code == "empty-loss"
    assert "It is its only value." in origin_problems((empty,), ())[0].message


def test_that_a_weight_with_nan_is_told_by_its_key():
    came = Birth(
        NAN, "", "", "", HERE, (Operand((2,), "float32", "fc.bias", nan=1),), (2,), "float32", 1, (1,), reaches_output=True
    )
    (problem,) = origin_problems((came,), ())
    assert (problem.parameter, problem.module, problem.code) == ("fc.bias", "fc", "nan-origin")
    (hidden,) = origin_problems((replace(came, reaches_output=False),), ())
    assert hidden.severity == WARNING
    (loose,) = origin_problems((replace(came, operands=(Operand((2,), "float32"),)),), ())
    assert loose.message.startswith("A tensor [2] that no operation of this pass made holds NaN")
    assert "torch.empty" in loose.hint
    infinite = replace(came, kind=INF)
    assert origin_problems((infinite,), ())[0].code == "inf-origin"


def test_that_nan_in_the_input_comes_before_all_that_follows_from_it():
    given = InputFacts("x", (3, 4), "float32", nan=2, index=(1, 2))
    came = replace(birth("sqrt"), operands=(Operand((3, 4), "float32", "x", nan=2),))
    (problem,) = origin_problems((came,), (given,))
    assert (problem.code, problem.severity) == ("nan-in-input", ERROR)
    assert problem.message == "`x[1, 2]` of the input is NaN: 2 of 12 values are. The model's answer has NaN for it."
    (unharmed,) = origin_problems((), (given,))
    assert unharmed.severity == INFO
    assert "The loss is NaN" in origin_problems((came,), (given,), in_loss=True)[0].message


@pytest.mark.parametrize(
    ("function", "why", "repair"),
    [
        ("sqrt", "its slope at 0 is infinite", ADD_EPS),
        ("acos", "its slope at -1 and 1 is infinite", WITHIN_ONE),
        ("log2", "its slope at 0 is infinite", ABOVE_ZERO),
        ("__truediv__", "a division by 0", ADD_EPS_BELOW),
        ("softmax", "has no slope", FINITE_MASK),
        ("custom", "is not finite for these values", ""),
    ],
)
def test_that_a_gradient_has_a_cause_of_its_own(function, why, repair):
    born = GradientBirth(NAN, "XBackward0", function, function, "", HERE, (operand(value=0.0),), 1, (2,), ("a", "b", "c", "d"))
    cause = gradient_cause(born)
    assert why in cause.why
    assert cause.repair == repair
    problem = gradient_problem(born)
    assert (problem.code, problem.severity, problem.line) == ("nan-origin", ERROR, 13)
    assert problem.message.endswith("After one step `a`, `b`, `c` … would be NaN.")
    assert problem.data["node"] == "XBackward0"
    assert problem.data["phase"] == "backward"
