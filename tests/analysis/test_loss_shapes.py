"""Outputs and targets whose shapes do not go together."""

from dataclasses import replace

import pytest

from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.analysis.step.facts import Meeting, ParameterFacts, StepFacts
from torchloupe.analysis.step.failed_step import failure_problems
from torchloupe.analysis.step.findings import step_problems
from torchloupe.analysis.step.loss_shapes import is_silent_broadcast, loss_problem
from torchloupe.wire.problems import Problem

HERE = Spot("train.py", 12)


@pytest.mark.parametrize(
    ("one", "other", "result", "silent"),
    [
        ((8, 1), (8,), (8, 8), True),
        ((8,), (8, 1), (8, 8), True),
        ((4, 8, 1), (4, 8), (4, 4, 8), True),
        ((8, 1), (1, 8), (8, 8), False),
        ((8, 3), (3,), (8, 3), False),
        ((1, 1), (1,), (1, 1), False),
        ((8,), (8,), (8,), False),
    ],
)
def test_that_only_equal_counts_of_another_rank_are_a_silent_broadcast(
    one: tuple[int, ...], other: tuple[int, ...], result: tuple[int, ...], silent: bool
) -> None:
    assert is_silent_broadcast(one, other, result) is silent


@pytest.mark.parametrize(
    ("operation", "output", "target", "said", "hint"),
    [
        ("cross_entropy", (15, 3), (15, 1), "wants a target [15]", "`target.squeeze(1)`"),
        ("cross_entropy", (4, 25, 40), (4, 25), "classes in dimension 1", "`output.transpose(1, 2)`"),
        ("cross_entropy", (16, 10), (25,), "as many targets as samples", "batch"),
        ("nll_loss", (8, 5, 7), (8, 6), "wants a target [8, 7]", "class index"),
        ("mse_loss", (8, 1), (8, 3, 2), "[8, 1]", "a value for each output"),
        ("binary_cross_entropy", (8, 1), (8,), "[8, 1]", "`target.reshape(8, 1)`"),
    ],
)
def test_that_a_refused_target_is_told_with_the_shape_that_fits(
    operation: str, output: tuple[int, ...], target: tuple[int, ...], said: str, hint: str
) -> None:
    problem = loss_problem(Meeting(operation, output, target, (), True, HERE))
    assert problem is not None
    assert (problem.code, problem.file, problem.line) == ("loss-target-shape", "train.py", 12)
    assert said in problem.message
    assert hint in problem.hint
    assert problem.data["output"] == list(output)


@pytest.mark.parametrize(
    ("operation", "output", "target"),
    [("cross_entropy", (15, 3), (15,)), ("cross_entropy", (15, 3), (15, 3)), ("mse_loss", (3,), (3,)), ("kl_div", (3,), (4,))],
)
def test_that_a_failure_of_another_kind_is_none_of_the_shapes(
    operation: str, output: tuple[int, ...], target: tuple[int, ...]
) -> None:
    assert loss_problem(Meeting(operation, output, target, (), True, HERE)) is None


BROADCAST = Meeting("-", (8, 1), (8,), (8, 8), False, HERE)
MOVED = ParameterFacts("a.w", "a", "float32", True, True, "finite", "finite", group=0)


def test_that_a_broadcast_in_the_loss_is_an_error_of_the_step() -> None:
    (problem,) = step_problems(StepFacts((MOVED,), meeting=BROADCAST))
    assert (problem.code, problem.severity, problem.line) == ("silent-broadcast", "error", 12)
    assert "[8, 1] with [8] to [8, 8]" in problem.message


def test_that_a_loss_that_raised_for_its_shapes_is_told_by_them() -> None:
    raised = Problem("step-failed", "It did.", file="train.py", line=12, details="Traceback")
    refused = replace(BROADCAST, operation="cross_entropy", output=(8, 3), target=(8, 1), failed=True)
    (problem,) = failure_problems(StepFacts((MOVED,), failure="step-failed", meeting=refused), raised)
    assert (problem.code, problem.details) == ("loss-target-shape", "Traceback")
    other = failure_problems(StepFacts((MOVED,), failure="step-failed", meeting=replace(refused, target=(8,))), raised)
    assert other == [raised]
