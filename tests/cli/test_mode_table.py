"""``run --compare-modes``, and where ``run`` asks for a closer look at its values."""

from dataclasses import replace
from typing import Any

import pytest

from cli.playing import CALLS, REPORT, Play
from torchloupe.wire.numerics import DROPOUT, CompareModes, LookAtValues, ModeCall, ModeChange, ModesCompared, ValuesLookedAt
from torchloupe.wire.problems import ERROR, Problem
from torchloupe.wire.registration import InspectedModel, InspectModel
from torchloupe.wire.requests import CallsFinished, Failed, RunForward
from torchloupe.wire.tensors import TensorStats

DROPS = ModeChange(DROPOUT, "dropout", 0.3, file="/m.py", line=8)
COMPARED = ModesCompared(
    (
        ModeCall(0, "", "Net", 0, 0, (2, 4), 0.25, 0.0),
        ModeCall(1, "drop", "Dropout", 0, 1, (2, 8), 0.7, 0.0, 0.1, 1.2, 0.1, 1.0, changes=(DROPS,), file="/m.py", line=8),
        ModeCall(2, "fc", "Linear", 0, 1, (2, 4), 0.25, 0.7),
    ),
    0.25,
    0.1,
)
ORIGIN = Problem("nan-origin", "The first NaN comes out of `log`.", ERROR, module="fc", file="model.py", line=12)
HOLDS_NAN = TensorStats(22, None, None, None, None, 0, 22, 0)


def with_nan(play: Play) -> None:
    """The run ends with NaN in the answer; a closer look knows where it begins."""
    calls = [replace(call, stats=(HOLDS_NAN,) * len(call.outputs)) for call in CALLS]
    play.script[RunForward] = [CallsFinished(tuple(calls)), REPORT]
    play.script[LookAtValues] = [ValuesLookedAt((ORIGIN,), ("A note.",))]


def test_that_both_modes_are_drawn_with_the_sentences_about_them(play: Play) -> None:
    play.script[CompareModes] = [COMPARED]
    written = play("run", "model.py", "--compare-modes")
    assert written.status == 0
    lines = written.out.splitlines()
    assert lines[0].split() == ["CALL", "MODULE", "CLASS", "OUTPUT", "DIFFERS", "TRAIN", "STD", "EVAL", "STD", "WHY"]
    assert lines[2].split()[:5] == ["1", "drop", "Dropout", "[2,", "8]"]
    assert "70 %" in lines[2]
    assert "drops each value with probability 0.3 (line 8)" in lines[2]
    assert lines[3].endswith("carried on")
    assert "The answer in train mode differs from that in eval mode by 25 %." in lines
    assert play.asked(RunForward) == []


def test_that_the_comparison_is_in_the_json(play: Play) -> None:
    play.script[CompareModes] = [COMPARED]
    modes: dict[str, Any] = play("run", "model.py", "--compare-modes", "--json").json["modes"]
    assert modes["difference"] == 0.25
    assert [call["kind"] for call in modes["calls"]] == ["carried", "source", "carried"]
    assert modes["calls"][1]["train"] == {"mean": 0.1, "std": 1.2}
    assert modes["calls"][1]["line"] == 8
    assert modes["verdict"][0].startswith("The answer in train mode")


def test_that_the_input_the_device_and_the_seed_reach_the_worker(play: Play) -> None:
    play.script[CompareModes] = [COMPARED]
    play("run", "m.py", "--compare-modes", "--input", "float32[2,3]", "--device", "cpu", "--seed", "4")
    assert play.asked(CompareModes) == [CompareModes(("float32[2,3]",), "cpu", 4)]


def test_that_sources_are_coloured_and_a_narrow_terminal_has_room(play: Play) -> None:
    play.script[CompareModes] = [COMPARED]
    written = play("run", "m.py", "--compare-modes", colour=True, width=80)
    (line,) = [line for line in written.out.splitlines() if "drop " in line and "Dropout" in line]
    assert line.startswith("\x1b[")


def test_that_a_model_that_runs_in_one_mode_only_is_told(play: Play) -> None:
    play.script[CompareModes] = [Failed((Problem("forward-failed", "In eval mode the model does not run: no."),))]
    written = play("run", "m.py", "--compare-modes")
    assert written.status == 2
    assert "In eval mode the model does not run" in written.err


def test_that_a_run_with_nan_asks_where_it_begins(play: Play) -> None:
    with_nan(play)
    written = play("run", "model.py", "--input", "float32[2,5]", "--seed", "3", "--json")
    assert play.asked(LookAtValues) == [LookAtValues(("float32[2,5]",), None, None, 3)]
    assert written.status == 1
    assert [problem["message"] for problem in written.json["problems"]] == [ORIGIN.message]
    assert written.json["notes"] == ["A note."]


def test_that_the_call_is_named_when_the_closer_look_knows_no_more(play: Play) -> None:
    with_nan(play)
    play.script[LookAtValues] = [ValuesLookedAt()]
    (problem,) = play("run", "model.py", "--json").json["problems"]
    assert problem["code"] == "nan-origin"
    assert problem["data"]["coarse"]
    assert problem["call"] is not None


def test_that_the_closer_look_wins_where_it_names_the_same_line(play: Play) -> None:
    """Weights that hold NaN are found where the call that reads them is."""
    with_nan(play)
    play.script[LookAtValues] = [ValuesLookedAt()]
    (call,) = play("run", "model.py", "--json").json["problems"]
    weights = replace(ORIGIN, message="`fc.weight` holds NaN.", module=call["module"], file=call["file"], line=call["line"])
    play.script[LookAtValues] = [ValuesLookedAt((weights,))]
    assert [problem["message"] for problem in play("run", "model.py", "--json").json["problems"]] == [weights.message]


def test_that_a_closer_look_that_fails_leaves_what_was_found(play: Play) -> None:
    with_nan(play)
    play.script[LookAtValues] = [Failed((Problem("worker-died", "The worker died."),))]
    written = play("run", "model.py", "--json")
    assert "nan-origin" in [problem["code"] for problem in written.json["problems"]]


def test_that_a_healthy_run_is_not_looked_at_again(play: Play) -> None:
    assert play("run", "model.py").status == 0
    assert play.asked(LookAtValues) == []


def test_that_a_pass_that_failed_for_a_reason_that_nobody_knows_is_looked_at_again(play: Play) -> None:
    failed = Problem("forward-failed", "The forward pass failed: RuntimeError: probability tensor contains nan", ERROR)
    play.script[RunForward] = [replace(REPORT, problems=(failed,))]
    play.script[LookAtValues] = [ValuesLookedAt((ORIGIN,))]
    told = [problem["message"] for problem in play("run", "model.py", "--json").json["problems"]]
    assert told == [failed.message, ORIGIN.message]
    play("run", "model.py", "--shapes-only")
    assert len(play.asked(LookAtValues)) == 1  # without data there are no values


def test_that_a_run_that_was_stopped_tells_of_the_nan_that_it_had(play: Play) -> None:
    calls = [replace(call, stats=(HOLDS_NAN,) * len(call.outputs)) for call in CALLS if call.depth]
    play.script[RunForward] = [CallsFinished(tuple(calls)), Failed((), cancelled=True)]
    written = play("run", "model.py")
    assert written.status == 130
    assert "The first NaN comes out of" in written.err
    assert "The pass broke off after that." in written.err
    assert play.asked(LookAtValues) == []


def test_that_an_input_that_was_worked_out_serves_again(play: Play) -> None:
    with_nan(play)
    calls = play.script[RunForward][0]
    play.script[RunForward] = [calls, replace(REPORT, input_source="worked_out", input_specs=("float32[2,5]",))]
    play("run", "m.py")
    assert play.asked(LookAtValues) == [LookAtValues(("float32[2,5]",))]


@pytest.mark.parametrize("command", [("check",), ("tree", "--calls")])
def test_that_one_cause_is_told_once_by_the_closer_look(play: Play, command: tuple[str, ...]) -> None:
    with_nan(play)
    play.script[InspectModel] = [InspectedModel((ORIGIN,))]
    problems = play(*command, "model.py", "--json").json["problems"]
    assert [problem["message"] for problem in problems if problem["severity"] == "error"] == [ORIGIN.message]
    assert play.asked(LookAtValues) == []
