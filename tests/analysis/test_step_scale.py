"""Sizes over depth and over steps: what dies, what explodes, what is usual; buffers, moments and proofs in words."""

import math
from dataclasses import replace

import pytest

from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.analysis.step.facts import FINITE, NO_GRADIENT, ParameterFacts
from torchloupe.analysis.step.findings import with_proofs
from torchloupe.analysis.step.gradient_scale import scale_problems
from torchloupe.analysis.step.proofs import KEEP, SEAT, UNFREEZE, Proof, advice_for, change_for, has_learned, proof_text
from torchloupe.analysis.step.reasons import Reason
from torchloupe.analysis.step.wording import buffer_lines, moment_lines, path_lines, path_text, proof_lines
from torchloupe.wire.problems import INFO, Fix, Problem
from torchloupe.wire.steps import BufferMotion, ParameterMotion, StepMoment, StepReport


def weights(*gradients, ratio=1e-3, lr=0.1):
    """A weight of 100 elements for each root mean square of a gradient."""
    return [
        ParameterMotion(f"layers.{number}.weight", True, numel=100, grad_norm=10 * size, update_ratio=ratio, lr=lr)
        for number, size in enumerate(gradients)
    ]


def told(motions, losses=(), own_loss=False, own_optimizer=False):
    return [(each.code, each.parameter) for each in scale_problems(motions, losses, own_loss, own_optimizer)]


def test_that_a_gradient_that_dies_on_its_way_back_is_told() -> None:
    motions = weights(1e-11, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1)
    assert told(motions) == [("vanishing-gradient", "layers.0.weight")]
    (problem,) = scale_problems(motions, (), False, False)
    assert "`layers.7.weight`" in problem.message
    assert problem.data["parameters"] == ["layers.0.weight", "layers.1.weight"]


def test_that_a_gradient_that_explodes_is_told() -> None:
    assert told(weights(1e9, 1e8, 1e6, 1e4, 1e2, 1e1, 1.0, 1.0)) == [("exploding-gradient", "layers.0.weight")]


@pytest.mark.parametrize(
    "gradients",
    [
        (1e-3, 1e-2, 1e-2, 1e-1, 1.0, 1.0, 1.0),  # usual
        (1e-11, 1e-10, 1.0),  # no depth
        (1e-20,) * 8,  # small everywhere: the loss is small
        (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),  # a small head, nothing huge
        (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0),  # exactly zero has a reason of its own
        (math.nan, math.inf, 1.0, 1.0, 1.0, 1.0, 1.0),
    ],
)
def test_that_what_is_usual_is_left_alone(gradients) -> None:
    assert told(weights(*gradients)) == []


def test_that_biases_and_scalars_are_no_measure_of_a_layer() -> None:
    motions = [ParameterMotion(f"{number}.bias", True, numel=100, grad_norm=10.0**-number) for number in range(16)]
    motions += [ParameterMotion(f"{number}.weight", True, numel=1, grad_norm=10.0**-number) for number in range(16)]
    assert told(motions) == []


def test_that_nothing_is_said_of_a_loss_that_nobody_chose() -> None:
    assert told(weights(1e-11, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1), own_loss=True) == []


@pytest.mark.parametrize(
    ("losses", "ratio", "is_told"),
    [
        ((1.0, 30.0), 0.5, True),
        ((1.0, 5.0, 900.0), 0.5, True),
        ((1.0, math.nan), 0.5, True),
        ((1.0, math.inf), 0.5, True),
        ((1.0, 3.0), 0.5, False),  # grows, as it may at the start
        ((1.0, 30.0), 1e-3, False),  # the weights hardly move: it is the batch
        ((1.0,), 0.5, False),
        ((), 0.5, False),
        ((None, 30.0), 0.5, False),
        ((0.0, 30.0), 0.5, False),
        ((-1.0, 30.0), 0.5, False),
        ((math.nan, math.nan), 0.5, False),  # NaN before the step has another cause
    ],
)
def test_that_steps_that_are_too_large_are_told_by_the_loss_and_the_update_together(losses, ratio, is_told) -> None:
    found = told(weights(1.0, 1.0, ratio=ratio), losses)
    assert found == ([("diverging-step", "layers.0.weight")] if is_told else [])
    assert told(weights(1.0, 1.0, ratio=ratio), losses, own_optimizer=True) == []


def test_that_the_sentence_names_the_rate_and_the_number_of_steps() -> None:
    one, two = (scale_problems(weights(1.0, ratio=2.0, lr=3.0), losses, False, False)[0] for losses in ((1, 50), (1, 9, 50)))
    assert "in one step with lr 3:" in one.message
    assert "in 2 steps with lr 3:" in two.message
    nothing = scale_problems(weights(1.0, ratio=2.0, lr=0.0), (1.0, math.inf), False, False)[0]
    assert "to NaN or Inf in one step:" in nothing.message


# what moves without a gradient


def report(**fields):
    return StepReport((), **fields)


def test_that_buffers_of_frozen_layers_that_move_are_named_by_their_layer() -> None:
    moved = [BufferMotion(f"bn.{name}", True, frozen=True) for name in ("running_mean", "running_var")]
    lines = buffer_lines(report(buffers=(*moved, BufferMotion("mask", False))))
    assert lines[0] == "2 of 3 buffers moved, as `bn.running_mean`, `bn.running_var`."
    assert lines[1] == "Frozen, and still learns its statistics: `bn`. Call eval() on what shall stay as it is."


def test_that_many_buffers_are_not_all_named() -> None:
    many = tuple(BufferMotion(f"b{number}", True, frozen=number < 2) for number in range(9))
    first, second = buffer_lines(report(buffers=many))
    assert first.endswith("as `b0`, `b1`, `b2` and 6 more.")
    assert second.startswith("Frozen, and still learns its statistics: `the model`.")


def test_that_buffers_that_rest_are_no_line() -> None:
    assert buffer_lines(report(buffers=(BufferMotion("mask", False),))) == []


def test_that_each_step_is_a_line_and_of_many_the_first_and_the_last() -> None:
    moments = tuple(StepMoment(float(number), (0.1, 0.3, None, 0.2), (1.0,)) for number in range(14))
    lines = moment_lines(report(moments=moments))
    assert lines[0] == "1: loss 0, update / weight 0.2 in the middle"
    assert lines[5] == "... 4 more"
    assert lines[-1].startswith("14: loss 13")
    assert moment_lines(report(moments=(StepMoment(None, (None,), (None,)),))) == [
        "1: loss not known, update / weight nothing moved"
    ]


# proofs in words


def facts(**fields):
    return ParameterFacts("a.weight", "a", "float32", **{"requires_grad": True, "moved": True, "gradient": FINITE, **fields})


def test_that_only_what_moved_by_its_gradient_has_learned() -> None:
    assert has_learned(facts(gradient_at_step=FINITE))
    assert not has_learned(facts(gradient_at_step=NO_GRADIENT))
    assert not has_learned(facts(gradient_at_step=FINITE, moved=False))


@pytest.mark.parametrize(
    ("proof", "text"),
    [
        (Proof((UNFREEZE,), True, 0.001), "With the same batch, unfrozen, it moves (0.001 of its norm)."),
        (Proof((UNFREEZE, SEAT), True), "With the same batch, unfrozen and added to the optimizer, it moves."),
        (Proof((SEAT,), False), "With the same batch, added to the optimizer, it still does not move."),
        (
            Proof((SEAT,), False, behind=Reason("lr-zero", INFO, "the rate is 0")),
            "With the same batch, added to the optimizer, it still does not move: the rate is 0.",
        ),
        (Proof((UNFREEZE,), False, failure="no"), "With the same batch, unfrozen, the step fails: no"),
        (
            Proof((), False, behind=Reason("item-roundtrip", INFO, "")),
            "Not tried: no change from outside takes this cause away, only another line of code.",
        ),
        (Proof((), False, behind=Reason("no-effect", INFO, "")), ""),
        (Proof((), False), ""),
    ],
)
def test_that_a_proof_is_a_sentence(proof: Proof, text: str) -> None:
    assert proof_text(proof) == text


def test_that_each_cause_has_its_change_and_its_advice() -> None:
    assert change_for(Reason("clipped-to-zero", INFO, "")) == KEEP
    assert change_for(Reason("no-effect", INFO, "")) is None
    assert advice_for("requires-grad-false") == "Unfreeze it: `requires_grad_(True)`."
    assert advice_for("untaken-branch") == "Take the cause away."


def test_that_equal_proofs_are_told_once() -> None:
    rows = tuple(
        ParameterMotion(key, False, "detached", proof=f"With the same batch, without the cut, it moves ({ratio} of its norm).")
        for key, ratio in (("a.weight", "0.1"), ("a.bias", "0.2"))
    )
    lines = proof_lines(StepReport((*rows, ParameterMotion("c", True))))
    assert lines == ["`a.weight`, `a.bias`: detached: With the same batch, without the cut, it moves."]


def test_that_a_problem_says_what_came_of_its_repair_the_worst_first() -> None:
    problem = Problem("weight-not-moved", "", hint="Do it.", data={"reason": "x", "parameters": ["a", "b", "c"]})
    rows = [ParameterMotion("a", False, proof="yes", proven=True), ParameterMotion("b", False, proof="no", proven=False)]
    (fixed,) = with_proofs([problem], [*rows, ParameterMotion("c", False, proof="not tried")])
    assert fixed.fixes == (Fix("change_training", "Do it.", outcome="no"),)
    (whole,) = with_proofs([problem], rows[:1])
    assert (whole.fixes[0].verified, whole.fixes[0].outcome) == (True, "yes")
    own = Problem("weight-not-moved", "", fixes=(Fix("set_argument", "freeze=False"),), data={"parameters": ["a"]})
    assert with_proofs([own], rows)[0].fixes[0].text == "freeze=False"
    assert with_proofs([problem], [ParameterMotion("a", False)]) == [problem]


def test_that_a_place_is_not_needed() -> None:
    assert Reason("x", INFO, "").at == Spot()


# the way of a gradient in words


def way(**path):
    return Problem(
        "weight-not-moved", "", line=7, data={"gradient_path": {"arrives": [], "ends_at": "detach", "unreached": [], **path}}
    )


def test_that_the_way_reads_from_the_loss_to_the_cut_and_names_what_lies_behind() -> None:
    text = path_text(way(arrives=["the loss", "head"], unreached=["body", "stem"]))
    assert text == "the loss ← head ✂ `detach` (line 7); none reaches body, stem"
    assert path_text(way(unreached=["aux"])) == "it never leads to the loss ✂ `detach` (line 7); none reaches aux"
    assert path_text(Problem("x", "")) == path_text(Problem("x", "", data={"gradient_path": None})) == ""


def test_that_a_long_way_keeps_its_ends() -> None:
    text = path_text(way(arrives=[f"l{number}" for number in range(20)]))
    assert text.startswith("l0 ← l1 ← l2 ← … 14 more … ← l17 ← l18 ← l19 ✂")
    assert "more" not in path_text(way(arrives=[f"l{number}" for number in range(7)]))


def test_that_harmless_ways_are_left_out_of_the_text() -> None:
    shown, quiet = way(arrives=["the loss"]), replace(way(arrives=["the loss"]), severity=INFO)
    assert len(path_lines(report(problems=(shown, quiet)))) == 1


def test_that_a_loss_next_to_none_and_tiny_biases_are_no_divergence() -> None:
    assert told(weights(1.0, ratio=0.5), (4e-9, 8e-6)) == []
    bias = ParameterMotion("0.bias", True, numel=4, grad_norm=1.0, update_ratio=30.0, lr=0.1)
    assert told([*weights(1.0), bias], (1.0, 300.0)) == []


def test_that_one_small_scale_in_the_middle_is_meant() -> None:
    assert told(weights(1e-9, 1e-9, 1e-9, 1e-9, 1.0, 1.0, 1.0, 1.0)) == []
