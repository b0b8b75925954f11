"""What the facts of a watched pass mean: each fault from its facts alone, and what is no fault."""

from dataclasses import replace

import pytest

from torchloupe.analysis.numerics.facts import NAN, Birth, InputFacts, NormFacts, OneOnly, QuietUnits, ValueFacts
from torchloupe.analysis.numerics.value_findings import value_problems
from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.wire.problems import ERROR, INFO, WARNING

HERE = Spot("/m.py", 21)
RELU = QuietUnits("relu", "block.act", HERE, "block.fc", 40, 32)
TANH = QuietUnits("tanh", "act", HERE, "fc", observations=512, limited=0.99, low=-80.0, high=90.0)
ALONE = OneOnly("softmax", "head", HERE, "fc", (8, 1), 1)
PIXELS = InputFacts("x", (4, 3, 8, 8), "float32", low=0.0, high=255.0, mean=127.0, std=73.0, first_use="conv2d", used_at=HERE)
NORM = NormFacts("bn1", "BatchNorm2d", HERE, uses_batch=False, is_trained=True)


def found(**facts):
    """Code and severity of each problem."""
    return [(problem.code, problem.severity) for problem in value_problems(ValueFacts(**facts))]


def only(**facts):
    (problem,) = value_problems(ValueFacts(**facts))
    return problem


def test_that_a_healthy_pass_has_nothing():
    assert found() == []
    assert found(quiet=(RELU,), inputs=(replace(PIXELS, low=-2.0, high=2.0, std=1.0),), norms=(NORM,), is_own_input=True) == []


def test_that_nothing_else_is_said_where_nan_flows():
    nan = Birth(NAN, "log", "log", "", HERE, shape=(3,), count=1, index=(0,), reaches_output=True)
    dead = replace(RELU, dead=40, cannot=40)
    assert found(births=(nan,), quiet=(dead,), ones=(ALONE,)) == [("nan-origin", ERROR)]
    lost = replace(nan, reaches_output=False)
    assert found(births=(lost,), quiet=(dead,)) == [("nan-origin", INFO), ("dead-units", WARNING)]


@pytest.mark.parametrize(
    ("dead", "cannot", "units", "is_told"),
    [
        (24, 24, 40, True),
        (4, 4, 40, True),
        (3, 3, 40, False),  # of 40 that is nothing
        (20, 0, 40, False),  # at rest in this batch
        (40, 0, 40, True),
        (15, 0, 15, False),  # random weights of a small layer do that
        (1, 1, 4, False),
        (2, 2, 4, True),
        (0, 0, 0, False),
    ],
)
def test_that_units_are_dead_when_they_cannot_fire_or_when_all_rest(dead, cannot, units, is_told):
    told = found(quiet=(replace(RELU, dead=dead, cannot=cannot, units=units),))
    assert told == ([("dead-units", WARNING)] if is_told else [])


def test_that_dead_units_are_told_with_the_layer_the_line_and_a_repair():
    problem = only(quiet=(replace(RELU, dead=30, cannot=24),))
    assert (problem.module, problem.file, problem.line) == ("block.fc", "/m.py", 21)
    assert problem.message == (
        "30 of 40 units of `relu` never fire in 32 observations: the bias of `block.fc` keeps 24 of them below 0 for all inputs of "
        "this size. They give 0 and get no gradient."
    )
    assert "`nn.init.zeros_`" in problem.fixes[0].text
    assert problem.data["activation"] == "block.act"
    whole = only(quiet=(replace(RELU, dead=40, layer=""),))
    assert "what the layer before it gives is negative everywhere" in whole.message
    assert whole.module == "block.act"


def test_that_saturation_is_told_once_and_not_of_an_answer_or_of_an_unscaled_input():
    assert found(quiet=(TANH, TANH)) == [("saturated-units", WARNING)]
    problem = only(quiet=(TANH,))
    assert problem.message == (
        "99% of the values of `tanh` are at its limits, where it has no slope. `fc` gives it values from -80 to 90."
    )
    assert found(quiet=(replace(TANH, is_answer=True),)) == []
    assert found(quiet=(replace(TANH, limited=0.9),)) == []
    assert found(quiet=(TANH,), inputs=(PIXELS,), is_own_input=True) == [("input-range", WARNING)]
    assert "It gets values from" in only(quiet=(replace(TANH, layer=""),)).message


def test_that_one_value_alone_is_told_for_softmax_and_norms():
    softmax = only(ones=(ALONE,))
    assert (softmax.code, softmax.severity, softmax.module, softmax.line) == ("constant-output", WARNING, "head", 21)
    assert (
        softmax.message
        == "`softmax` always gives 1 here: `fc` gives one value for each sample. Nothing can be learned through it."
    )
    assert "always gives 0 here" in only(ones=(replace(ALONE, operation="log_softmax", layer=""),)).message
    norm = only(ones=(replace(ALONE, operation="layer_norm"),))
    assert norm.message == "`layer_norm` normalises a single value [8, 1]: it gives its bias, whatever comes in."


def test_that_an_unscaled_input_is_told_of_a_persons_own_values_alone():
    assert found(inputs=(PIXELS,), is_own_input=True) == [("input-range", WARNING)]
    assert found(inputs=(PIXELS,)) == []
    assert found(inputs=(PIXELS,), norms=(NORM,), is_own_input=True) == [("input-range", INFO)]
    problem = only(inputs=(PIXELS,), is_own_input=True)
    assert problem.message == (
        "`x` goes into `conv2d` with values from 0 to 255 (mean 127, standard deviation 73): as pixels are stored."
    )
    assert (problem.line, problem.fixes[0].kind) == (21, "change_input")


@pytest.mark.parametrize(
    "change",
    [
        {"first_use": "/"},
        {"first_use": "embedding"},
        {"high": 20.0},
        {"std": 0.5},
        {"low": None, "high": None, "std": None},
    ],
)
def test_that_an_input_that_is_scaled_first_or_small_is_fine(change):
    assert found(inputs=(replace(PIXELS, **change),), is_own_input=True) == []


def test_that_features_far_from_0_are_told_in_words_of_their_own():
    table = replace(PIXELS, low=-500.0, high=9000.0, first_use="linear")
    assert "far from the range around 1 that weights start for" in only(inputs=(table,), is_own_input=True).message


def test_that_uneven_features_are_a_remark():
    table = InputFacts("x", (32, 4), "float32", still=(1, 2), widest=5e4, first_use="linear")
    problem = only(inputs=(table,), is_own_input=True)
    assert (problem.code, problem.severity) == ("input-range", INFO)
    assert problem.message == (
        "Feature 1, feature 2 of `x` has the same value in all samples; the features of `x` differ in spread by a factor of 5e+04."
    )
    wide = only(inputs=(replace(table, still=()),), is_own_input=True)
    assert wide.message == "The features of `x` differ in spread by a factor of 5e+04."
    assert found(inputs=(replace(table, still=(), widest=20.0),), is_own_input=True) == []
    assert found(inputs=(table,)) == []


def test_that_an_unused_input_is_a_remark():
    problem = only(inputs=(InputFacts("mask", (2, 8), "bool", is_used=False),))
    assert (problem.code, problem.severity) == ("unused-input", INFO)
    assert "`mask`" in problem.message


def test_that_batch_statistics_are_a_fault_in_eval_mode_alone():
    norms = (replace(NORM, uses_batch=True), replace(NORM, module="bn2", uses_batch=True), NORM)
    assert found(norms=norms, model_trains=True) == []
    problem = only(norms=norms, model_trains=False)
    assert (problem.code, problem.severity, problem.module) == ("batch-statistics-in-eval", WARNING, "bn1")
    assert "`bn1` (BatchNorm2d) and 1 other takes" in problem.message
    assert problem.data["modules"] == ["bn1", "bn2"]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({}, {}, []),
        ({"off": 20.0}, {"off": 30.0}, [("statistics-differ", WARNING)]),
        ({"wider": 500.0}, {}, [("statistics-differ", WARNING)]),
        ({"off": 6.0}, {}, [("statistics-differ", INFO)]),
        ({}, {"off": 30.0}, [("statistics-differ", INFO)]),
        ({"off": 20.0, "is_trained": False}, {}, []),
    ],
)
def test_that_stored_statistics_are_held_against_what_arrives(first, second, told):
    norms = (replace(NORM, **first), replace(NORM, module="bn2", **second))
    assert found(norms=norms, is_own_input=True, model_trains=False) == told
    assert found(norms=norms, is_own_input=False, model_trains=False) == []


def test_that_the_first_layer_that_disagrees_is_named():
    norms = (NORM, replace(NORM, module="bn2", off=5.0, wider=2.0), replace(NORM, module="bn3", off=50.0))
    problem = only(norms=norms, is_own_input=True, model_trains=False)
    assert problem.module == "bn2"
    assert (
        "its means are off by 5 standard deviations, it spreads 2 times as wide. So it is in 2 of 3 such layers."
        in problem.message
    )
