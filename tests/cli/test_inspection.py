"""``tree``, ``run`` and ``check`` take a closer look, and ``tree`` says what a move would leave behind."""

from dataclasses import replace

import pytest

from cli.playing import REPORT, Play
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem
from torchloupe.wire.registration import InspectedModel, InspectModel, LeftBehind, MovedModel, MoveModel
from torchloupe.wire.requests import Failed, RunForward

TABLE = Problem("tensor-should-be-buffer", "`pe` is a plain tensor.", ERROR, module="", attribute="pe", file="model.py", line=7)
LEFT = LeftBehind(
    "enc.pe", "enc", (40, 16), "float32", "cpu", "cuda float16", "It is a plain attribute, no buffer.", "model.py", 7
)


@pytest.mark.parametrize("command", [("tree", "--calls"), ("check",)])
def test_that_what_the_closer_look_found_is_told(play: Play, command: tuple[str, ...]) -> None:
    play.script[InspectModel] = [InspectedModel((TABLE,), ("In eval mode it does not run: no.",))]
    written = play(*command, "model.py", "--json")
    assert written.status == 1
    assert [problem["code"] for problem in written.json["problems"]] == ["tensor-should-be-buffer"]
    assert written.json["notes"] == ["In eval mode it does not run: no."]
    assert "inspection" in written.json["seconds"]
    assert "`pe` is a plain tensor." in play(*command, "model.py").out


@pytest.mark.parametrize("command", ["tree", "run"])
def test_that_a_model_is_not_run_more_often_than_was_asked_for(play: Play, command: str) -> None:
    assert play(command, "model.py").status == 0
    assert play.asked(InspectModel) == []
    assert len(play.asked(RunForward)) == (command == "run")


def test_that_the_options_reach_the_worker(play: Play) -> None:
    play("check", "m.py", "--input", "int64[2,16]<9", "--device", "cpu", "--mode", "eval", "--seed", "3", "--shapes-only")
    assert play.asked(InspectModel) == [InspectModel(("int64[2,16]<9",), "cpu", "eval", 3, True)]


def test_that_an_input_that_was_worked_out_serves_again(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, input_source="worked_out", input_specs=("float32[2,5]",))]
    play("check", "m.py")
    assert play.asked(InspectModel) == [InspectModel(("float32[2,5]",))]


@pytest.mark.parametrize(
    "told",
    [
        TABLE,
        replace(TABLE, message="Said in other words.", severity=WARNING),
        replace(TABLE, module="other"),
    ],
)
def test_that_a_cause_that_the_report_has_already_is_not_told_again(play: Play, told: Problem) -> None:
    play.script[RunForward] = [replace(REPORT, problems=(told,))]
    play.script[InspectModel] = [InspectedModel((TABLE,))]
    assert len(play("check", "m.py", "--json").json["problems"]) == 1


def test_that_the_same_code_elsewhere_is_told(play: Play) -> None:
    without_line = replace(TABLE, line=None, parameter="a")
    play.script[RunForward] = [replace(REPORT, problems=(replace(TABLE, line=8), without_line))]
    play.script[InspectModel] = [InspectedModel((TABLE, without_line, replace(without_line, parameter="b")))]
    assert len(play("check", "m.py", "--json").json["problems"]) == 4


def test_that_nothing_is_asked_after_a_run_that_could_not_be_made(play: Play) -> None:
    play.script[RunForward] = [Failed((Problem("input-failed", "No input."),))]
    assert play("check", "m.py").status == 2
    assert play.asked(InspectModel) == []


def test_that_it_is_asked_after_a_run_that_failed_for_what_was_seen_until_then(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, problems=(Problem("shape-mismatch", "No."),))]
    play.script[InspectModel] = [InspectedModel((TABLE,))]
    assert [problem["code"] for problem in play("check", "m.py", "--json").json["problems"]] == ["shape-mismatch", TABLE.code]


def test_that_a_worker_that_dies_of_it_is_a_note_and_what_was_found_before_stands(play: Play) -> None:
    play.script[InspectModel] = [Failed((Problem("worker-died", "The worker died."),))]
    written = play("check", "m.py", "--json")
    assert written.status == 0
    assert written.json["modules"]
    assert written.json["notes"] == ["The closer look ended early: The worker died."]


def test_that_a_closer_look_that_is_cancelled_ends_the_command(play: Play) -> None:
    play.script[InspectModel] = [Failed((), cancelled=True)]
    assert play("check", "m.py").status != 0


def test_that_a_remark_is_no_error(play: Play) -> None:
    play.script[InspectModel] = [InspectedModel((replace(TABLE, severity=INFO),))]
    assert play("check", "m.py").status == 0


@pytest.mark.parametrize(
    ("destination", "asked", "said"),
    [
        ("cuda", MoveModel("cuda"), ".to(cuda)"),
        ("float16", MoveModel(None, "float16"), ".to(float16)"),
        ("cuda:1,half", MoveModel("cuda:1", "half"), ".to(cuda:1).to(half)"),
        ("bfloat16, mps", MoveModel("mps", "bfloat16"), ".to(mps).to(bfloat16)"),
    ],
)
def test_that_a_destination_is_a_device_a_dtype_or_both(play: Play, destination: str, asked: MoveModel, said: str) -> None:
    play.script[MoveModel] = [MovedModel((LEFT,), 11)]
    out = play("tree", "m.py", "--moved-to", destination).out
    assert play.asked(MoveModel) == [asked]
    assert f"{said}: 1 tensor would stay behind, 11 tensors come along." in out
    assert "enc.pe  [40, 16] float32 cpu  line 7  It is a plain attribute, no buffer." in out


def test_that_a_move_is_in_the_json(play: Play) -> None:
    play.script[MoveModel] = [MovedModel((LEFT,), 11)]
    moved = play("tree", "m.py", "--moved-to", "cuda,float16", "--json").json["moved"]
    assert (moved["move"], moved["moved"]) == (".to(cuda).to(float16)", 11)
    (row,) = moved["left_behind"]
    assert row == {
        "path": "enc.pe",
        "owner": "enc",
        "shape": [40, 16],
        "dtype": "float32",
        "device": "cpu",
        "expected": "cuda float16",
        "reason": "It is a plain attribute, no buffer.",
        "file": "model.py",
        "line": 7,
    }


def test_that_a_move_that_reaches_everything_is_said(play: Play) -> None:
    play.script[MoveModel] = [MovedModel((), 11)]
    assert ".to(cuda): nothing stays behind, 11 tensors come along." in play("tree", "m.py", "--moved-to", "cuda").out


def test_that_a_destination_that_is_none_is_told(play: Play) -> None:
    play.script[MoveModel] = [Failed((Problem("usage", "`gpu` is no device of this torch."),))]
    assert play("tree", "m.py", "--moved-to", "gpu").status == 2


def test_that_nothing_is_moved_unless_it_is_asked_for(play: Play) -> None:
    written = play("tree", "m.py", "--json")
    assert play.asked(MoveModel) == []
    assert "moved" not in written.json
    assert "notes" not in written.json


def test_that_check_says_why_a_model_with_side_effects_was_not_looked_at(play: Play) -> None:
    note = "The model's forward writes a.log (line 3 of m.py): it was not run again for the closer look."
    play.script[RunForward] = [replace(REPORT, side_effects=("writes a.log (line 3 of m.py)",))]
    play.script[InspectModel] = [InspectedModel(notes=(note,))]
    assert note in play("check", "m.py").out
    play.script[RunForward] = [REPORT]
    assert note not in play("check", "m.py").out
