"""``run --values``: one tensor that flowed, as text, as JSON, as a file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cli.playing import Play, Written
from torchloupe.wire.activations import INPUT, FetchActivation, MeasureActivation, MeasuredActivation
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, Failed, FetchedValues, RunForward, ValuesArrived
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import ForwardReport, LayerCall
from torchloupe.wire.values import Quantile, ValueSummary
from torchloupe.worker.statistics import tensor_stats

VALUES = torch.arange(12.0).view(3, 4)
STATS = tensor_stats(VALUES)
CALLS = (
    LayerCall(0, "", "Net", 0, 0, (TensorMeta((3, 2), "float32", name="x"),), (TensorMeta((3, 4), "float32"),), (STATS,)),
    LayerCall(
        1, "fc", "Linear", 0, 1, (TensorMeta((3, 2), "float32", name="input"),), (TensorMeta((3, 4), "float32"),), (STATS,)
    ),
)
MEASURED = MeasuredActivation(
    (3, 4), "float32", 48, True, ValueSummary(STATS, (Quantile(0.5, 5.5),)) if STATS else None, call_stats=(STATS,)
)


def report(**facts: Any) -> ForwardReport:
    return ForwardReport((), "given", (), 2, 0.01, "cpu", **facts)


def sent(values: torch.Tensor) -> list[Any]:
    """The script of a fetch: the blob, then what it is."""
    arrived = (ValuesArrived("fc"), [values.numpy().tobytes()])
    return [arrived, FetchedValues("fc", tuple(values.shape), "float32")]


@pytest.fixture
def running(play: Play) -> Play:
    """A worker that runs two calls and has the values of the second."""
    play.script[RunForward] = [CallsFinished(CALLS), report()]
    play.script[MeasureActivation] = [MEASURED]
    play.script[FetchActivation] = sent(VALUES)
    return play


def run(play: Play, *words: str) -> Written:
    return play("run", "net.py", *words)


def asked(play: Play, kind: type) -> list[Any]:
    return [message for message in play.sessions[-1].asked if isinstance(message, kind)]


def test_that_a_tensor_is_shown_in_place_of_the_calls(running: Play) -> None:
    written = run(running, "--values", "fc")
    assert written.status == 0
    assert written.out.startswith("fc, output\n[3, 4] float32\n")
    assert "  50 %  5.5" in written.out
    assert "values [:3, :4] of shape [3, 4]" in written.out
    assert "  8  9  10  11" in written.out
    assert "CALL  MODULE" not in written.out


def test_that_the_worker_is_asked_with_the_run_that_was_made(running: Play) -> None:
    run(running, "--values", "1:input", "--input", "float32[3,2]", "--seed", "5", "--mode", "eval")
    (measure,) = asked(running, MeasureActivation)
    activation = measure.activation
    assert (activation.module, activation.side, activation.number) == ("fc", INPUT, 0)
    assert activation.run == RunForward(("float32[3,2]",), mode="eval", seed=5)


def test_that_the_json_has_the_tensor_and_the_calls(running: Play) -> None:
    plain = run(running, "--values", "fc", "--json").json
    assert (plain["tensor"]["key"], plain["tensor"]["shape"], plain["tensor"]["stats"]["count"]) == ("fc, output", [3, 4], 12)
    assert plain["tensor"]["slice"]["values"] == VALUES.flatten().tolist()
    assert [call["module"] for call in plain["calls"]] == ["", "fc"]
    assert "values" in plain["seconds"]


def test_that_a_slice_is_asked_for_as_it_is_written(running: Play) -> None:
    running.script[FetchActivation] = sent(VALUES[1, ::2])
    written = run(running, "--values", "fc", "--slice", "1, ::2")
    assert asked(running, FetchActivation)[0].index == "1, 0:3:2"
    assert "values [1, ::2] of shape [2]" in written.out


def test_that_it_is_saved_and_never_over_a_file(running: Play, tmp_path: Path) -> None:
    goal = tmp_path / "a.npy"
    written = run(running, "--values", "fc", "--save-npy", str(goal))
    assert f"Saved [3, 4] float32 to {goal}." in written.out
    assert np.array_equal(np.load(goal), VALUES.numpy())
    again = run(running, "--values", "fc", "--save-npy", str(goal))
    assert (again.status, "exists already" in again.err) == (2, True)


@pytest.mark.parametrize("words", [("--slice", "0"), ("--save-npy", "a.npy"), ("--again",)])
def test_that_options_without_a_call_are_refused(running: Play, words: tuple[str, ...]) -> None:
    written = run(running, *words)
    assert (written.status, f"{words[0]} needs a call." in written.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--values", "nothing"), "The run has no call `nothing`"),
        (("--values", "fc#3"), "`fc` was called 1 time, not 3."),
        (("--values", "fc:7"), "`fc` has no output `7`."),
        (("--values", "fc", "--slice", "9"), "9 in '9' is outside a dimension of 3."),
        (("--values", "fc", "--shapes-only"), "The run was one of shapes alone"),
    ],
)
def test_that_what_cannot_be_had_is_said_with_status_two(running: Play, words: tuple[str, ...], said: str) -> None:
    written = run(running, *words)
    assert written.status == 2
    assert said in written.err


def test_that_too_many_values_are_not_printed(running: Play) -> None:
    running.script[MeasureActivation] = [MeasuredActivation((200, 200), "float32", 160_000, True, call_stats=(STATS,))]
    written = run(running, "--values", "fc", "--slice", ":")
    assert "The slice has 40,000 values; 10,000 are printed at most." in written.err
    assert "--save-npy" in written.err


def test_that_a_run_with_effects_is_not_repeated_unasked(running: Play) -> None:
    running.script[RunForward] = [CallsFinished(CALLS), report(side_effects=("wrote log.txt",))]
    written = run(running, "--values", "fc")
    assert "The run had effects outside of the model: wrote log.txt." in written.err
    assert asked(running, MeasureActivation) == []
    assert run(running, "--values", "fc", "--again").status == 0


def test_that_values_of_another_pass_are_a_remark(running: Play) -> None:
    running.script[MeasureActivation] = [
        MeasuredActivation((3, 4), "float32", 48, True, MEASURED.summary, call_stats=(tensor_stats(VALUES + 1),))
    ]
    written = run(running, "--values", "fc")
    assert written.status == 0
    assert "These values are not those of the run, but of another pass." in written.out


def test_that_what_the_worker_refuses_is_its_sentence(running: Play) -> None:
    running.script[MeasureActivation] = [Failed((Problem("usage", "`fc` was not called again.", hint="Run it again."),))]
    written = run(running, "--values", "fc")
    assert (written.status, "`fc` was not called again." in written.err) == (2, True)


def test_that_an_input_that_was_worked_out_is_given_again(running: Play) -> None:
    worked_out = ForwardReport((), "worked_out", (), 2, 0.01, "cpu", input_specs=("float32[3,2]",))
    running.script[RunForward] = [CallsFinished(CALLS), worked_out]
    run(running, "--values", "fc")
    assert asked(running, MeasureActivation)[0].activation.run.inputs == ("float32[3,2]",)


MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(x))


def example_inputs():
    return (torch.randn(2, 3, 5, 5),)
"""


def test_that_a_real_worker_gives_what_flowed(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    words = ["run", str(tmp_path / "model.py"), "--values", "conv", "--save-npy", str(tmp_path / "conv.npy"), "--json"]
    done = subprocess.run([sys.executable, "-m", "torchloupe", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    plain = json.loads(done.stdout)
    values = np.load(tmp_path / "conv.npy")
    stats = next(call for call in plain["calls"] if call["module"] == "conv")["stats"][0]
    assert values.shape == (2, 4, 3, 3)
    assert values.min() < 0, "before the ReLU in place"
    assert plain["tensor"]["stats"]["min"] == stats["min"] == pytest.approx(float(values.min()))
    assert plain["problems"] == []
