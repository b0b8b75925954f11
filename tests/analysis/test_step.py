"""Why a weight did not move, and what is wrong with a step: facts in, reasons, problems and words out."""

from dataclasses import replace
from typing import Any

import pytest

from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.analysis.step.beside import new_problems
from torchloupe.analysis.step.facts import (
    FINITE,
    NO_GRADIENT,
    NOT_FINITE,
    WITHOUT_GRAPH,
    ZERO,
    Loss,
    ParameterFacts,
    StepFacts,
)
from torchloupe.analysis.step.failed_step import failure_problems, kind_of_failure
from torchloupe.analysis.step.findings import motions_of, step_problems
from torchloupe.analysis.step.reasons import needs_a_trace, reason_of
from torchloupe.analysis.step.wording import (
    event_text,
    group_text,
    moved_text,
    percent_text,
    short_reason,
    step_line,
    step_lines,
    why_text,
)
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem
from torchloupe.wire.steps import (
    BACKWARD,
    CLIP,
    EVAL,
    LOAD,
    MADE,
    MEAN_SQUARE,
    SCHEDULE,
    STEP,
    ZERO_GRAD,
    ParameterMotion,
    StepEvent,
    StepReport,
)

HERE = Spot("model.py", 12)
STILL = ParameterFacts(
    "a.w", "a", "float32", True, False, FINITE, FINITE, group=0, lr=0.1, weight_decay=0.0, weight_norm=1.0, grad_norm=1.0
)


def event(kind: str, line: int, what: str = "") -> StepEvent:
    return StepEvent(kind, what, None, "train.py", line)


EVENTS = (event(MADE, 20, "SGD"), event(ZERO_GRAD, 21), event(BACKWARD, 22), event(STEP, 23))
OTHER = replace(STILL, key="b.w", owner="b", moved=True, weight_norm=2.0)


def their_step(*parameters: ParameterFacts, events: tuple[StepEvent, ...] = EVENTS, **facts: object) -> StepFacts:
    """A ``train_step`` of the user's."""
    step = StepFacts((*parameters, OTHER), events, is_own_loop=False, own_loss=False, own_optimizer=False)
    return replace(step, **facts)  # type: ignore[arg-type]


def lost(kind: str, **facts: object) -> Loss:
    return replace(Loss(kind, "op", HERE, in_forward=True), **facts)  # type: ignore[arg-type]


def without(gradient: str, kind: str = "", **facts: object) -> ParameterFacts:
    found = lost(kind, **facts) if kind else None
    return replace(
        STILL, gradient=gradient, gradient_at_step=gradient, lost=found, grad_norm=None if gradient == NO_GRADIENT else 0.0
    )


# the order of the questions


@pytest.mark.parametrize(
    ("parameter", "events", "code", "severity", "line"),
    [
        (replace(STILL, changed_since=True), (*EVENTS, event(LOAD, 31)), "overwritten-after-step", ERROR, 31),
        (without(NO_GRADIENT), EVENTS[:2] + EVENTS[3:], "missing-backward", ERROR, 23),
        (STILL, EVENTS[:3], "missing-step", ERROR, 22),
        (STILL, (*EVENTS[:3], event(SCHEDULE, 25)), "missing-step", ERROR, 25),
        (replace(STILL, requires_grad=False, frozen_at=HERE), EVENTS, "requires-grad-false", INFO, 12),
        (
            replace(STILL, requires_grad=False, frozen_by="from_pretrained", frozen_at=HERE),
            EVENTS,
            "requires-grad-false",
            WARNING,
            12,
        ),
        (replace(STILL, group=None), EVENTS, "not-in-optimizer", ERROR, 20),
        (replace(without(NO_GRADIENT), group=None), EVENTS, "not-in-optimizer", INFO, 20),
        (replace(STILL, gradient_at_step=ZERO), (*EVENTS, event(CLIP, 24, "clip_grad_norm_")), "clipped-to-zero", ERROR, 24),
        (replace(STILL, gradient_at_step=NO_GRADIENT), EVENTS, "zero-grad-after-backward", ERROR, 21),
        (
            replace(STILL, gradient=NOT_FINITE, gradient_at_step=NOT_FINITE, lost=lost("nan-gradient")),
            EVENTS,
            "nan-gradient",
            WARNING,
            12,
        ),
        (replace(without(NO_GRADIENT), used=False, defined_at=HERE), EVENTS, "unused-in-forward", WARNING, 12),
        (replace(without(NO_GRADIENT), used=False, called=False, siblings_called=True), EVENTS, "untaken-branch", INFO, None),
        (without(NO_GRADIENT, "detached"), EVENTS, "detached", ERROR, 12),
        (without(NO_GRADIENT, "detached", in_library=True), EVENTS, "detached", INFO, 12),
        (without(NO_GRADIENT, "detached", in_forward=False), EVENTS, "detached", INFO, 12),
        (without(NO_GRADIENT, "no-grad-context"), EVENTS, "no-grad-context", WARNING, 12),
        (without(NO_GRADIENT, "nondifferentiable-op"), EVENTS, "nondifferentiable-op", ERROR, 12),
        (without(NO_GRADIENT, "not-in-loss"), EVENTS, "not-in-loss", WARNING, 12),
        (without(ZERO, "dead-relu"), EVENTS, "dead-relu", ERROR, 12),
        (without(ZERO, "zero-init", zeros=("c.w",)), EVENTS, "zero-init", ERROR, 12),
        (without(ZERO, "zero-init", zeros=("c.w",), zeros_move=True), EVENTS, "zero-init", INFO, 12),
        (without(ZERO), EVENTS, "no-effect", INFO, None),
        (replace(STILL, lr=0.0), EVENTS, "lr-zero", WARNING, 20),
        (replace(STILL, grad_norm=1e-9), EVENTS, "no-effect", INFO, None),
        (STILL, EVENTS, "update-underflow", INFO, 20),
        (replace(STILL, dtype="bfloat16"), EVENTS, "update-underflow", ERROR, 20),
    ],
)
def test_that_the_first_question_that_says_yes_is_the_reason(
    parameter: ParameterFacts, events: tuple[StepEvent, ...], code: str, severity: str, line: int | None
) -> None:
    reason = reason_of(parameter, their_step(parameter, events=events))
    assert reason is not None
    assert (reason.code, reason.severity, reason.at.line) == (code, severity, line)
    assert reason.text
    assert reason.hint or severity == INFO


def test_that_a_copy_of_what_learns_may_be_without_gradient() -> None:
    teacher = replace(without(NO_GRADIENT, "no-grad-context"), key="t.w", weight_norm=2.0)
    reason = reason_of(teacher, their_step(teacher))
    assert reason is not None
    assert (reason.code, reason.severity) == ("no-grad-context", INFO)
    deeper = reason_of(replace(teacher, key="t.x.w"), their_step(teacher))
    assert deeper is not None
    assert deeper.severity == WARNING


def test_that_what_learned_has_no_reason() -> None:
    assert reason_of(OTHER, their_step()) is None


def test_that_a_weight_that_moves_with_a_zero_gradient_moves_by_decay_or_momentum() -> None:
    moved = replace(without(ZERO), moved=True, weight_decay=0.01)
    reason = reason_of(moved, their_step(moved))
    assert reason is not None
    assert (reason.code, reason.severity) == ("decay-only", INFO)
    assert "weight decay" in reason.text
    assert "exactly zero" in reason.text
    undecayed = reason_of(replace(moved, weight_decay=0.0), their_step(moved))
    assert undecayed is not None
    assert "momentum" in undecayed.text


@pytest.mark.parametrize("requires_grad", [True, False])
def test_that_a_weight_that_moves_without_a_gradient_was_written_by_the_code(requires_grad: bool) -> None:
    teacher = replace(without(NO_GRADIENT), moved=True, weight_decay=0.01, requires_grad=requires_grad, used=False)
    reason = reason_of(teacher, their_step(teacher))
    assert reason is not None
    assert (reason.code, reason.severity) == ("written-by-code", INFO)
    assert reason.text == "written by the code, not by the optimizer: it has no gradient"
    assert reason_of(replace(teacher, group=None), their_step(teacher)) is None


class Counted(tuple[ParameterFacts, ...]):
    """Parameters that count how often all of them are gone through."""

    times = 0

    def __iter__(self) -> Any:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize("parameter", [replace(STILL, requires_grad=False), replace(STILL, grad_norm=1e-9)])
def test_that_no_parameter_asks_all_the_others(parameter: ParameterFacts) -> None:
    all_of_them = Counted([parameter] * 50)
    step = replace(their_step(), parameters=all_of_them)
    assert {reason_of(each, step) for each in [parameter] * 50} != {None}
    assert all_of_them.times <= 2


def test_that_behind_decay_stands_what_keeps_the_weight_from_learning() -> None:
    moved = replace(without(ZERO, "dead-relu"), moved=True, weight_decay=0.01)
    reason = reason_of(moved, their_step(moved))
    assert reason is not None
    assert (reason.code, reason.severity, reason.at) == ("dead-relu", ERROR, HERE)
    assert reason.text.startswith("moved by weight decay alone, not by learning")


def test_that_an_optimizer_with_other_tensors_is_stale() -> None:
    left = replace(STILL, group=None)
    reason = reason_of(left, their_step(left, strangers=((3, 6),)))
    assert reason is not None
    assert reason.code == "stale-optimizer"


def test_that_all_frozen_is_an_error_where_somebody_trains() -> None:
    frozen = replace(STILL, requires_grad=False)
    alone = StepFacts((frozen,), EVENTS, own_loss=False)
    reason = reason_of(frozen, alone)
    assert reason is not None
    assert reason.severity == ERROR
    untrained = reason_of(frozen, StepFacts((frozen,), EVENTS))
    assert untrained is not None
    assert untrained.severity == INFO


def test_that_with_a_loss_and_an_optimizer_of_ours_nothing_is_said_of_what_they_do() -> None:
    ours = StepFacts((replace(STILL, grad_norm=1e-9), OTHER), EVENTS)
    assert step_problems(ours) == []
    assert [
        row.reason for row in motions_of(ours, {"a.w": ParameterMotion("a.w", False), "b.w": ParameterMotion("b.w", True)})
    ] == [
        "no-effect",
        "",
    ]
    assert step_problems(StepFacts((STILL, OTHER), EVENTS)) == []


def test_that_a_cut_in_forward_is_told_with_a_loss_of_ours_less_loudly() -> None:
    cut = without(NO_GRADIENT, "detached")
    (problem,) = step_problems(StepFacts((cut, OTHER), EVENTS))
    assert problem.severity == WARNING


@pytest.mark.parametrize(
    ("parameter", "asks"),
    [
        (STILL, False),
        (without(NO_GRADIENT), True),
        (without(ZERO), True),
        (replace(STILL, gradient=NOT_FINITE), True),
        (OTHER, False),
    ],
)
def test_that_a_trace_is_made_only_for_what_the_graph_must_tell(parameter: ParameterFacts, asks: bool) -> None:
    assert needs_a_trace(their_step(parameter)) is asks
    assert not needs_a_trace(their_step(without(NO_GRADIENT), events=EVENTS[:2]))


# problems


def test_that_parameters_with_one_cause_are_one_problem() -> None:
    many = [replace(STILL, key=f"a.{number}", group=None) for number in range(5)]
    (problem,) = step_problems(their_step(*many))
    assert problem.code == "weight-not-moved"
    assert problem.message.startswith("`a.0`, `a.1`, `a.2` and 2 more do not move: in no group")
    assert problem.data == {"reason": "not-in-optimizer", "parameters": [each.key for each in many]}
    assert (problem.module, problem.parameter, problem.file, problem.line) == ("a", None, "train.py", 20)


def test_that_one_parameter_is_named_as_such_and_the_worst_comes_first() -> None:
    problems = step_problems(their_step(replace(STILL, key="z", requires_grad=False), without(ZERO, "dead-relu")))
    assert [problem.severity for problem in problems] == [ERROR, INFO]
    assert problems[0].parameter == "a.w"
    assert problems[0].message.startswith("`a.w` does not move: `op` gives zeros")


def test_that_a_table_from_pretrained_comes_with_a_fix() -> None:
    frozen = replace(STILL, requires_grad=False, frozen_by="from_pretrained")
    (problem,) = step_problems(their_step(frozen))
    assert [(fix.argument, fix.value) for fix in problem.fixes] == [("freeze", False)]


@pytest.mark.parametrize(
    ("facts", "code", "line"),
    [
        ({"piled_up": event(BACKWARD, 27)}, "missing-zero-grad", 27),
        ({"probabilities": HERE}, "double-softmax", 12),
        ({"eval_backward": True, "events": (event(EVAL, 19), *EVENTS)}, "eval-mode-during-training", 19),
        ({"nan_origin": lost("nan-origin")}, "nan-origin", 12),
        ({"inf_origin": lost("inf-origin"), "nan_origin": lost("nan-origin"), "dtypes": ("float16",)}, "inf-origin", 12),
    ],
)
def test_that_the_step_as_a_whole_is_judged(facts: dict[str, object], code: str, line: int) -> None:
    (problem,) = step_problems(their_step(**facts))  # type: ignore[arg-type]
    assert (problem.code, problem.line) == (code, line)
    assert problem.hint


def test_that_eval_mode_is_the_persons_wish_where_the_loop_is_ours() -> None:
    assert step_problems(StepFacts((OTHER,), EVENTS, eval_backward=True)) == []


def test_that_nan_in_backward_is_told_once_with_its_parameters() -> None:
    bad = replace(STILL, gradient=NOT_FINITE, gradient_at_step=NOT_FINITE, moved=True, lost=lost("nan-gradient"))
    (problem,) = step_problems(their_step(bad, replace(bad, key="a.v")))
    assert (problem.code, problem.line, problem.data["phase"]) == ("nan-origin", 12, "backward")
    assert problem.data["parameters"] == ["a.w", "a.v"]


# a step that raised


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("element 0 of tensors does not require grad and does not have a grad_fn", WITHOUT_GRAPH),
        ("Trying to backward through the graph a second time (or ...)", "backward-twice"),
        ("one of the variables needed for gradient computation has been modified by an inplace operation", "inplace-backward"),
        ("mat1 and mat2 shapes cannot be multiplied", "step-failed"),
    ],
)
def test_that_what_autograd_says_has_a_code(text: str, code: str) -> None:
    assert kind_of_failure(text) == code


RAISED = Problem("step-failed", "The training step failed: it did.", file="train.py", line=22)


@pytest.mark.parametrize(
    ("failure", "events", "code"),
    [
        ("step-failed", EVENTS, "step-failed"),
        ("backward-twice", EVENTS[:3], "backward-twice"),
        ("inplace-backward", EVENTS[:3], "inplace-backward"),
        ("inplace-backward", EVENTS, "backward-twice"),
    ],
)
def test_that_a_failure_has_its_own_problem_at_the_line_that_raised(
    failure: str, events: tuple[StepEvent, ...], code: str
) -> None:
    (problem,) = failure_problems(their_step(STILL, events=events, failure=failure), RAISED)
    assert (problem.code, problem.line) == (code, 22)


def test_that_a_loss_without_a_graph_names_what_cut_it() -> None:
    cut = without(NO_GRADIENT, "nondifferentiable-op")
    (problem,) = failure_problems(their_step(cut, failure=WITHOUT_GRAPH, events=EVENTS[:3]), RAISED)
    assert (problem.code, problem.line) == (WITHOUT_GRAPH, 22)
    assert "`op` at line 12 cuts it off" in problem.message
    assert problem.data["cause_line"] == 12
    (elsewhere,) = failure_problems(their_step(cut, failure=WITHOUT_GRAPH), replace(RAISED, file=None, line=None))
    assert (elsewhere.file, elsewhere.line) == ("model.py", 12)


def test_that_a_loss_of_ours_without_a_graph_is_told_by_parameter() -> None:
    cut = without(NO_GRADIENT, "no-grad-context")
    (problem,) = failure_problems(StepFacts((cut,), EVENTS[:3], failure=WITHOUT_GRAPH), RAISED)
    assert (problem.code, problem.severity, problem.data["reason"]) == ("weight-not-moved", INFO, "no-grad-context")


def test_that_of_a_step_that_raised_nothing_is_said_but_what_is_certain() -> None:
    assert reason_of(without(NO_GRADIENT), their_step(failure="step-failed")) is None
    frozen = reason_of(replace(STILL, requires_grad=False), their_step(failure="step-failed"))
    assert frozen is not None


# beside what is known


def test_that_what_follows_from_a_module_that_is_never_called_is_not_told_again() -> None:
    unused = Problem("unused-module", "Never called.", module="aux")
    still = Problem("weight-not-moved", "Still.", data={"reason": "unused-in-forward", "parameters": ["aux.w", "aux.b"]})
    more = replace(still, data={"reason": "unused-in-forward", "parameters": ["aux.w", "scale"]})
    assert new_problems([still, more], [unused]) == [more]
    assert new_problems([still], []) == [still]


def test_that_the_same_cause_at_the_same_line_is_not_told_again() -> None:
    known = Problem("nan-origin", "In other words.", file="m.py", line=3)
    assert new_problems([Problem("nan-origin", "NaN.", file="m.py", line=3)], [known]) == []
    other = Problem("nan-origin", "NaN.", file="m.py", line=4)
    assert new_problems([other], [known]) == [other]


# words

MOVED = ParameterMotion("a.w", True, group=0, lr=0.001, weight_norm=2.0, grad_norm=1.0, update_norm=0.002, update_ratio=0.001)


@pytest.mark.parametrize(
    ("motion", "moved", "group"),
    [
        (MOVED, "0.001", "0 (lr 0.001)"),
        (replace(MOVED, group=None), "0.001", "none"),
        (replace(MOVED, lr=None), "0.001", "0"),
        (replace(MOVED, update_ratio=None), "from zero", "0 (lr 0.001)"),
        (replace(MOVED, update_ratio=None, update_norm=None), "yes", "0 (lr 0.001)"),
        (replace(MOVED, reason="decay-only"), "0.001, by decay", "0 (lr 0.001)"),
        (replace(MOVED, reason="written-by-code"), "0.001, by the code", "0 (lr 0.001)"),
        (replace(MOVED, reason="nan-gradient"), "NaN gradient", "0 (lr 0.001)"),
        (replace(MOVED, moved=False, reason="dead-relu"), "dead relu", "0 (lr 0.001)"),
        (replace(MOVED, moved=False, reason="requires-grad-false"), "frozen", "0 (lr 0.001)"),
        (replace(MOVED, moved=False), "no", "0 (lr 0.001)"),
    ],
)
def test_that_a_motion_is_said_in_two_words(motion: ParameterMotion, moved: str, group: str) -> None:
    assert (moved_text(motion), group_text(motion)) == (moved, group)


def test_that_a_reason_is_a_sentence() -> None:
    assert why_text(replace(MOVED, text="frozen by hand")) == "Frozen by hand."
    assert why_text(MOVED) == ""
    assert short_reason(replace(MOVED, reason="zero-init")) == "zero init"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (None, ""),
        (0.0, "0 %"),
        (1e-7, "< 0.01 %"),
        (0.001, "0.1 %"),
        (0.123, "12.3 %"),
        (0.9995, "> 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_that_a_share_is_not_rounded_to_nothing_or_all(fraction: float | None, text: str) -> None:
    assert percent_text(fraction) == text


REPORT = StepReport(
    (MOVED, replace(MOVED, moved=False)), 2.5, 2.25, MEAN_SQUARE, "SGD", "default", mode="train", device="cpu", seconds=0.25
)


def test_that_a_step_is_told_in_three_lines_and_in_one() -> None:
    assert step_lines(REPORT) == [
        "Loss 2.5 -> 2.25 (mean square of the outputs: the file has no loss_fn and no train_step), train mode, 250 ms.",
        "Optimizer SGD, lr 0.001 (chosen here, for want of a make_optimizer).",
        "1 of 2 parameters moved.",
    ]
    assert step_line(REPORT) == (
        "1 of 2 parameters moved  ·  loss 2.5 → 2.25 (mean square of the outputs)  ·  "
        "SGD, lr 0.001 (chosen here, for want of a make_optimizer)  ·  train mode  ·  cpu"
    )


def test_that_what_a_train_step_called_is_told_in_order() -> None:
    theirs = replace(REPORT, loss_source="train_step", optimizer_source="train_step", events=EVENTS)
    assert step_lines(theirs)[2] == "Called: optimizer SGD (line 20), zero_grad (line 21), backward (line 22), step (line 23)."
    assert step_lines(replace(theirs, events=EVENTS * 5))[2].endswith("step (line 23) and 8 more.")
    assert step_lines(replace(theirs, events=()))[2] == "Called: nothing."


def test_that_what_is_not_known_is_said() -> None:
    bare = replace(REPORT, parameters=(), loss_before=None, loss_after=None, loss_source="train_step", optimizer="")
    assert step_lines(bare)[:2] == ["Loss not known (train_step), train mode, 250 ms.", "No optimizer was made."]
    assert "no loss (train_step)  ·  no optimizer" in step_line(bare)


def test_that_an_event_has_its_value_and_line() -> None:
    assert event_text(StepEvent(BACKWARD, "", 2.5, "m.py", 30)) == "backward 2.5 (line 30)"
    assert event_text(StepEvent(STEP, "SGD")) == "step SGD"


@pytest.mark.parametrize("own", [True, False])
def test_that_what_comes_of_an_optimizer_that_was_chosen_for_them_is_marked_so(own: bool) -> None:
    step = replace(their_step(STILL), own_optimizer=own)
    measured = {each.key: ParameterMotion(each.key, False) for each in step.parameters}
    (row,) = [each for each in motions_of(step, measured) if each.key == STILL.key]
    assert (row.reason, row.chosen) == ("update-underflow", own)
