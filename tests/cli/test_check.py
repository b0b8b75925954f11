"""``check`` with a scripted worker: several targets, one after the other."""

from dataclasses import replace
from typing import Any

from cli.playing import REPORT, KeyListWriter, Play, opened
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget, RunForward

BAD = Problem("shape-mismatch", "fc expects 3 features.", module="fc")


def fail_on(name: str, *problems: Problem, cancelled: bool = False) -> Any:
    """Opens every target but one."""
    return lambda request: Failed(problems, cancelled) if name in request.target else opened(request.target)


def test_that_a_healthy_model_has_no_problems_and_status_zero(play: Play) -> None:
    written = play("check", "model.py")
    assert (written.status, written.err) == (0, "")
    assert written.out.strip() == "model.py: no problems"
    assert play.sessions[0].restarts == 0
    assert play.opened_with == [(None, False)]


def test_that_problems_of_the_run_and_of_the_checkpoint_are_told_together(play: Play, key_list: KeyListWriter) -> None:
    play.script[RunForward] = [replace(REPORT, problems=(BAD,))]
    written = play("check", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (11, 3)}))
    assert written.status == 1
    assert "fc expects 3 features." in written.out
    assert "fc.bias is missing in the checkpoint." in written.out
    assert "(model)" not in written.out
    assert written.out.splitlines()[-1] == "model.py: 2 errors"


def test_that_each_target_gets_a_line_of_its_own_and_a_fresh_worker(play: Play) -> None:
    written = play("check", "a.py", "b.py:Net", "c.py", "--json")
    assert [plain["target"]["file"] for plain in written.json_lines] == ["/code/model.py"] * 3
    assert [request.target for request in play.asked(OpenTarget)] == ["a.py", "b.py:Net", "c.py"]
    assert len(play.sessions) == 1
    assert play.sessions[0].restarts == 2
    assert play.opened_with == [(None, True)]


def test_that_a_target_that_cannot_be_opened_does_not_stop_the_next(play: Play) -> None:
    play.script[OpenTarget] = fail_on("b.py", Problem("worker-died", "The worker was killed."))
    written = play("check", "a.py", "b.py", "c.py", "--json")
    assert written.status == 2
    assert [len(plain["problems"]) for plain in written.json_lines] == [0, 1, 0]
    assert [("calls" in plain) for plain in written.json_lines] == [True, False, True]


def test_that_the_worst_target_gives_the_status(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, problems=(BAD,))]
    play.script[OpenTarget] = fail_on("b.py", BAD)
    assert play("check", "a.py").status == 1
    assert play("check", "b.py", "a.py").status == 2


def test_that_cancelling_one_stops_them_all(play: Play) -> None:
    play.script[OpenTarget] = fail_on("b.py", cancelled=True)
    written = play("check", "a.py", "b.py", "c.py")
    assert written.status == 130
    assert [request.target for request in play.asked(OpenTarget)] == ["a.py", "b.py"]
    assert "Cancelled." in written.err


def test_that_a_failed_input_is_no_verdict_on_the_model(play: Play) -> None:
    play.script[RunForward] = [Failed((Problem("input-failed", "There is no sample input."),))]
    assert play("check", "model.py").status == 2


def test_that_shapes_only_reaches_every_run(play: Play) -> None:
    play("check", "a.py", "b.py", "--shapes-only")
    assert [request.shapes_only for request in play.asked(RunForward)] == [True, True]
