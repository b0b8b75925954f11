"""``run --reproducer``."""

from pathlib import Path

import pytest

from cli.playing import Play
from torchloupe.wire.problems import Problem
from torchloupe.wire.reproducers import MODULE, MadeReproducer, MakeReproducer
from torchloupe.wire.requests import CallsFinished, Failed, OpenTarget, RunForward
from torchloupe.wire.traces import DONE, FAILED, ForwardReport, LayerCall

PROBLEM = Problem("shape-mismatch", "Eight are wanted.", module="fc", call=1)
ERROR = "RuntimeError: no"


@pytest.fixture
def failing(play: Play) -> Play:
    """A run that fails in the second call of ``fc``, and a worker that makes a reproducer of it."""
    calls = LayerCall(0, "fc", "Linear", 0, 1, (), status=DONE), LayerCall(1, "fc", "Linear", 1, 1, (), status=FAILED)
    play.script[RunForward] = [CallsFinished(calls), ForwardReport((), "given", (), 2, 0.1, "cpu", (PROBLEM,))]
    play.script[MakeReproducer] = lambda request: MadeReproducer(
        request.folder, ("input.pt", "reproduce.py"), MODULE, True, ERROR, ERROR
    )
    return play


def test_that_the_call_that_failed_is_reproduced(failing: Play, tmp_path: Path) -> None:
    written = failing("run", "model.py", "--reproducer", str(tmp_path / "out"), "--seed", "7")
    (asked,) = failing.asked(MakeReproducer)
    assert (asked.folder, asked.module, asked.call_number, asked.run.seed) == (str(tmp_path / "out"), "fc", 1, 7)
    lines = written.out.splitlines()
    assert lines[-3:] == [
        f"Wrote `fc` alone with its input to {tmp_path / 'out'}.",
        f"Tried in a fresh process: it fails the same way, {ERROR}",
        "Files: input.pt, reproduce.py.",
    ]
    assert written.status == 1


def test_that_json_has_it(failing: Play, tmp_path: Path) -> None:
    told = failing("run", "model.py", "--reproducer", str(tmp_path / "out"), "--json").json["reproducer"]
    assert told["verified"] is True
    assert (told["module"], told["taken"], told["files"]) == ("fc", "module", ["input.pt", "reproduce.py"])


def test_that_the_report_has_it(failing: Play, tmp_path: Path) -> None:
    text = failing("run", "model.py", "--reproducer", str(tmp_path / "out"), "--markdown", "-").out
    assert "* Tried in a fresh process: it fails the same way" in text


def test_that_a_folder_with_something_in_it_is_refused_before_anything_runs(failing: Play, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    written = failing("run", "model.py", "--reproducer", str(tmp_path))
    assert written.status == 2
    assert "is there already" in written.err
    assert failing.asked(OpenTarget) == []


def test_that_a_run_that_does_not_fail_has_nothing_to_reproduce(play: Play, tmp_path: Path) -> None:
    play.script[RunForward] = [CallsFinished((LayerCall(0, "", "Net", 0, 0, ()),)), ForwardReport((), "given", (), 1, 0.1, "cpu")]
    written = play("run", "model.py", "--reproducer", str(tmp_path / "out"))
    assert "Nothing failed, so there is nothing to reproduce." in written.out
    assert play.asked(MakeReproducer) == []
    assert not (tmp_path / "out").exists()


def test_that_a_worker_that_cannot_is_reported(failing: Play, tmp_path: Path) -> None:
    failing.script[MakeReproducer] = [Failed((Problem("no-reproducer", "What was given to it cannot be saved."),))]
    written = failing("run", "model.py", "--reproducer", str(tmp_path / "out"))
    assert written.status == 2
    assert "cannot be saved" in written.out + written.err


def test_that_without_the_option_nothing_is_asked(failing: Play) -> None:
    failing("run", "model.py")
    assert failing.asked(MakeReproducer) == []
