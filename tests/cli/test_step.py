"""``torchloupe step``, and the step that ``check`` takes beside the rest."""

import json
from dataclasses import replace

import pytest

from cli.playing import CALLS, REPORT, Play, opened
from torchloupe.wire.problems import ERROR, INFO, Problem
from torchloupe.wire.requests import CallsFinished, Failed, OpenTarget, RunForward
from torchloupe.wire.steps import (
    BACKWARD,
    MADE,
    MEAN_SQUARE,
    STEP,
    BufferMotion,
    ParameterMotion,
    RunStep,
    StepEvent,
    StepMoment,
    StepReport,
)
from torchloupe.wire.traces import FAILED

MOVED = ParameterMotion("fc.weight", True, "", "", None, None, 33, "float32", 0, 0.1, 0.0, 2.0, 1.0, 0.1, 0.05, 1.0)
STILL = ParameterMotion("fc.bias", False, "detached", "`detach` cuts the way to the loss", "model.py", 12, 11, "float32", 0, 0.1)
CUT = Problem(
    "weight-not-moved",
    "`fc.bias` does not move.",
    ERROR,
    "Leave it out.",
    "fc",
    file="model.py",
    line=12,
    data={"reason": "detached", "parameters": ["fc.bias"]},
)
EVENTS = (
    StepEvent(MADE, "SGD", None, "model.py", 20),
    StepEvent(BACKWARD, "", 2.5, "model.py", 21),
    StepEvent(STEP, "SGD", None, "model.py", 22),
)
STEPPED = StepReport(
    (MOVED, STILL),
    2.5,
    2.25,
    "train_step",
    "SGD",
    "train_step",
    ("float32[2,3]",),
    "file",
    "train",
    "cpu",
    EVENTS,
    (CUT,),
    0.25,
    0.01,
)


@pytest.fixture
def stepping(play: Play) -> Play:
    """A worker that takes a step."""
    play.script[RunStep] = [STEPPED]
    return play


def test_that_a_step_is_drawn_as_sentences_a_table_and_problems(stepping: Play) -> None:
    written = stepping("step", "model.py")
    assert written.status == 1
    lines = written.out.splitlines()
    assert lines[0] == "Loss 2.5 -> 2.25 (train_step), train mode, 250 ms."
    assert lines[2] == "Called: optimizer SGD (line 20), backward 2.5 (line 21), step SGD (line 22)."
    assert lines[3] == "1 of 2 parameters moved."
    table = [line.split("  ") for line in lines[5:8]]
    assert [cells[0] for cells in table] == ["PARAMETER", "fc.weight", "fc.bias"]
    assert "0.05" in lines[6]
    assert "100 %" in lines[6]
    assert "detached" in lines[7]
    assert lines[7].endswith("line 12")
    assert "error: `fc.bias` does not move." in written.out
    assert lines[-1] == "1 error"


def test_that_a_step_is_in_the_json_as_the_contract_says(stepping: Play) -> None:
    plain = stepping("step", "model.py", "--json").json
    step = plain["step"]
    assert (step["loss_before"], step["loss_after"], step["loss_source"]) == (2.5, 2.25, "train_step")
    row = step["parameters"][0]
    assert {
        "key",
        "moved",
        "reason",
        "line",
        "weight_norm",
        "grad_norm",
        "update_norm",
        "update_ratio",
        "changed_fraction",
    } <= row.keys()
    assert (row["key"], row["moved"], row["update_ratio"]) == ("fc.weight", True, 0.05)
    assert step["parameters"][1]["reason"] == "detached"
    assert [event["kind"] for event in step["events"]] == ["optimizer", "backward", "step"]
    assert plain["problems"][0]["data"]["reason"] == "detached"
    assert plain["target"]["input_source"] == "file"
    assert "step" in plain["seconds"]


def test_that_the_options_reach_the_worker(stepping: Play) -> None:
    stepping(
        "step",
        "m.py",
        "--loss",
        "mean",
        "--optimizer",
        "AdamW",
        "--lr",
        "0.01",
        "--steps",
        "3",
        "--mode",
        "eval",
        "--seed",
        "7",
        "--input",
        "float32[2]",
    )
    assert stepping.asked(RunStep) == [RunStep(("float32[2]",), None, "eval", 7, "mean", "AdamW", 0.01, 3)]


def test_that_without_options_the_file_decides(stepping: Play) -> None:
    stepping("step", "m.py")
    assert stepping.asked(RunStep) == [RunStep()]


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--steps", "0"), "no number of steps"), (("--lr", "-1"), "no learning rate"), (("--lr", "nan"), "no learning rate")],
)
def test_that_numbers_that_make_no_sense_are_refused(stepping: Play, words: tuple[str, str], said: str) -> None:
    written = stepping("step", "m.py", *words)
    assert written.status == 2
    assert said in written.err
    assert not stepping.asked(RunStep)


def test_that_a_step_that_cannot_be_made_is_said(play: Play) -> None:
    play.script[RunStep] = [Failed((Problem("no-loss", "The output has no floating tensor.", hint="Write a loss_fn."),))]
    written = play("step", "m.py")
    assert written.status == 2
    assert "The output has no floating tensor." in written.err
    assert "Write a loss_fn." in written.err


def test_that_a_model_that_cannot_be_constructed_takes_no_step(stepping: Play) -> None:
    stepping.script[OpenTarget] = [Failed((Problem("construct-failed", "No."),))]
    assert stepping("step", "m.py").status == 2
    assert not stepping.asked(RunStep)


# beside the rest


def test_that_check_takes_a_step_in_the_mode_of_the_model_and_tells_its_problems(stepping: Play) -> None:
    written = stepping("check", "model.py", "--json")
    assert [problem["code"] for problem in written.json["problems"]] == ["weight-not-moved"]
    assert stepping.asked(RunStep) == [RunStep(mode="train")]
    assert "step" in written.json


def test_that_check_takes_its_step_with_the_input_that_was_worked_out(stepping: Play) -> None:
    stepping.script[RunForward] = [replace(REPORT, input_source="worked_out", input_specs=("float32[2,5]",))]
    stepping("check", "m.py", "--mode", "eval")
    assert stepping.asked(RunStep) == [RunStep(("float32[2,5]",), mode="eval")]


def test_that_where_no_step_can_be_made_check_says_it_in_a_note(play: Play) -> None:
    play.script[RunStep] = [Failed((Problem("no-loss", "The output has no floating tensor."),))]
    written = play("check", "m.py", "--json")
    assert written.status == 0
    assert written.json["notes"] == ["No training step was made: The output has no floating tensor."]


@pytest.mark.parametrize("words", [("--shapes-only",), ()])
def test_that_check_takes_no_step_without_data_or_of_a_model_that_does_not_run(stepping: Play, words: tuple[str, ...]) -> None:
    if not words:
        stepping.script[RunForward] = [CallsFinished((replace(CALLS[0], status=FAILED),)), REPORT]
    stepping("check", "m.py", *words)
    assert not stepping.asked(RunStep)


def test_that_what_check_has_told_already_is_not_told_again(stepping: Play) -> None:
    unused = Problem("unused-module", "Never called.", INFO, module="fc")
    still = replace(CUT, data={"reason": "unused-in-forward", "parameters": ["fc.bias"]})
    stepping.script[OpenTarget] = lambda request: replace(opened(request.target), problems=(unused,))
    stepping.script[RunStep] = [replace(STEPPED, problems=(still,))]
    assert [problem["code"] for problem in stepping("check", "m.py", "--json").json["problems"]] == ["unused-module"]


def test_that_the_loss_of_ours_is_reported_as_such(stepping: Play) -> None:
    stepping.script[RunStep] = [replace(STEPPED, loss_source=MEAN_SQUARE, optimizer_source="default", problems=())]
    written = stepping("step", "m.py")
    assert written.status == 0
    assert "the file has no loss_fn and no train_step" in written.out
    assert "for want of a make_optimizer" in written.out


# how it is trained


def request_of(stepping: Play, *options: str) -> RunStep:
    stepping("step", "model.py", *options)
    asked: RunStep = stepping.asked(RunStep)[-1]
    return asked


def test_that_every_choice_reaches_the_worker(stepping: Play) -> None:
    options = (
        "--loss",
        "mse",
        "--target",
        "float32[8,3]",
        "--optimizer",
        "SGD",
        "--lr",
        "0.5",
        "--optimizer-args",
        '{"momentum": 0.9}',
    )
    asked = request_of(stepping, *options, "--steps", "3", "--accumulate", "2", "--autocast", "bfloat16", "--prove")
    assert (asked.loss, asked.target, asked.optimizer, asked.lr) == ("mse", "float32[8,3]", "SGD", 0.5)
    assert (asked.optimizer_arguments, asked.steps, asked.accumulate) == ({"momentum": 0.9}, 3, 2)
    assert (asked.autocast, asked.prove, asked.keep) == ("bfloat16", ("*",), False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--accumulate", "0"), "--accumulate 0 is no number of backward passes."),
        (("--steps", "0"), "--steps 0 is no number of steps."),
        (("--optimizer-args", "{}"), "--optimizer-args needs an optimizer."),
        (("--optimizer", "SGD", "--optimizer-args", "momentum"), "--optimizer-args is no JSON object: momentum"),
        (("--loss", "mse", "--target", "float32["), "float32["),
    ],
)
def test_that_a_choice_that_means_nothing_is_one_sentence(stepping: Play, options: tuple[str, ...], words: str) -> None:
    written = stepping("step", "model.py", *options)
    assert written.status == 2
    assert words in written.err


def test_that_what_moved_besides_and_what_was_proven_stands_below_the_table(stepping: Play) -> None:
    proven = replace(STILL, proof="With the same batch, without the cut, it moves.", proven=True)
    path = {"arrives": ["the loss", "head"], "ends_at": "detach", "unreached": ["fc"]}
    stepping.script[RunStep] = [
        replace(
            STEPPED,
            parameters=(MOVED, proven),
            buffers=(BufferMotion("bn.running_mean", True, frozen=True),),
            moments=(StepMoment(2.5, (0.05, None), (1.0, None)),) * 2,
            problems=(replace(CUT, data={**CUT.data, "gradient_path": path}),),
        )
    ]
    lines = stepping("step", "model.py").out.splitlines()
    below = lines[lines.index("Buffers:") :]
    assert "  Frozen, and still learns its statistics: `bn`. Call eval() on what shall stay as it is." in below
    assert "  1: loss 2.5, update / weight 0.05 in the middle" in below
    assert "  the loss ← head ✂ `detach` (line 12); none reaches fc" in below
    assert "  `fc.bias`: detached: With the same batch, without the cut, it moves." in below


def test_that_json_has_buffers_moments_and_proofs(stepping: Play) -> None:
    stepping.script[RunStep] = [
        replace(STEPPED, buffers=(BufferMotion("b", True),), moments=(StepMoment(2.5, (0.05, None), (1.0, None)),))
    ]
    step = json.loads(stepping("step", "model.py", "--json").out)["step"]
    assert step["buffers"][0]["key"] == "b"
    assert step["moments"] == [{"loss": 2.5, "update_ratios": [0.05, None], "grad_norms": [1.0, None]}]
    assert step["parameters"][1]["proof"] == ""


def test_that_a_step_can_begin_from_a_checkpoint(stepping: Play) -> None:
    written = stepping("step", "model.py", "--load")
    assert written.status == 2
    assert "Name it: --checkpoint FILE." in written.err
