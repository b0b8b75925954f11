"""``--watch``: the same command again after each save."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.playing import CALLS, REPORT, Play, opened
from torchloupe.cli import watching
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, Failed, OpenTarget, RunForward

BROKEN = Failed((Problem("import-failed", "Importing model.py failed: SyntaxError: no."),))
MODEL = """import torch
from torch import nn
from width import WIDTH


def make_model():
    return nn.Linear(WIDTH, 2)


def example_inputs():
    return torch.ones(1, 4)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A model and what it imports, saved long ago."""
    for name, text in (("model.py", MODEL), ("width.py", "WIDTH = 4\n")):
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, (1_000_000, 1_000_000))
    return tmp_path


Meanwhile = Callable[..., None]


@pytest.fixture
def meanwhile(play: Play, project: Path, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """What happens at each look at the files, one after the other; then somebody presses Ctrl-C."""
    files = (str(project / "model.py"), str(project / "width.py"))
    play.script[OpenTarget] = lambda request: opened(request.target, project_files=files)

    def prepare(*acts: Callable[[], object]) -> None:
        left = list(acts)

        def pause() -> None:
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        monkeypatch.setattr(watching, "pause", pause)

    return prepare


def test_that_without_the_option_nothing_is_waited_for(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: pytest.fail("It waited."))
    assert play("check", f"{project}/model.py").status == 0
    assert play("run", f"{project}/model.py").status == 0
    assert play.opened_with == [(None, False)] * 2


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", ["model.py", "width.py"])
def test_that_saving_a_file_of_the_project_brings_another_report_from_a_fresh_worker(
    play: Play, project: Path, meanwhile: Meanwhile, command: str, name: str
) -> None:
    meanwhile(lambda: None, lambda: (project / name).write_text("# other\n"))
    written = play(command, f"{project}/model.py", "--watch", "--json")
    assert written.status == 0
    assert [plain["command"] for plain in written.json_lines] == [command] * 2
    assert len(play.asked(OpenTarget)) == len(play.asked(RunForward)) == 2
    assert play.sessions[0].restarts == 1
    assert play.opened_with == [(None, True)]
    assert written.err.splitlines() == [
        "Waiting for a file of the project to be saved; Ctrl-C ends.",
        f"Saved: {name}.",
        "Waiting for a file of the project to be saved; Ctrl-C ends.",
    ]


def test_that_touching_a_file_brings_nothing(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    meanwhile((project / "model.py").touch, lambda: (project / "beside.py").write_text("X = 1\n"))
    assert len(play("run", f"{project}/model.py", "--watch", "--json").json_lines) == 1


def test_that_broken_code_is_reported_and_its_repair_too(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    def break_it() -> None:
        (project / "model.py").write_text("def (\n")
        play.sessions[0].script[OpenTarget] = [BROKEN]

    def repair_it() -> None:
        (project / "width.py").write_text("WIDTH = 5\n")
        play.sessions[0].script[OpenTarget] = [opened("model.py")]

    meanwhile(break_it, repair_it)
    written = play("check", f"{project}/model.py", "--watch", "--json")
    assert [len(plain["problems"]) for plain in written.json_lines] == [0, 1, 0]
    assert written.status == 2


def test_that_a_model_that_is_broken_from_the_start_is_watched(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: (project / "model.py").write_text("# other\n"))
    play.script[OpenTarget] = [BROKEN]
    assert len(play("check", f"{project}/model.py:Net", "--watch", "--json").json_lines) == 2


def test_that_a_save_during_the_round_is_not_missed(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    edits = iter(["# once\n"])

    def run(_request: Any) -> list[Any]:
        for text in edits:
            (project / "model.py").write_text(text)
        return [CallsFinished(tuple(CALLS)), REPORT]

    meanwhile()
    play.script[RunForward] = run
    assert len(play("run", f"{project}/model.py", "--watch", "--json").json_lines) == 2


def test_that_several_targets_are_all_checked_again(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: (project / "width.py").write_text("WIDTH = 5\n"))
    targets = [f"{project}/model.py", f"{project}/width.py"]
    play("check", *targets, "--watch")
    assert [request.target for request in play.asked(OpenTarget)] == targets * 2
    assert play.sessions[0].restarts == 3


def test_that_a_cancelled_run_ends_the_watch(play: Play, project: Path, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: pytest.fail("It waited."))
    play.script[RunForward] = [Failed((), cancelled=True)]
    assert play("run", f"{project}/model.py", "--watch").status == 130


def test_that_there_is_nothing_to_wait_for_when_no_file_is_known(play: Play, meanwhile: Meanwhile) -> None:
    meanwhile(lambda: pytest.fail("It waited."))
    play.script[OpenTarget] = [BROKEN]
    assert play("check", "package.module:Net", "--watch").status == 2


@pytest.mark.timeout(60)
def test_that_a_real_worker_reports_again_after_a_save_until_ctrl_c(project: Path) -> None:
    command = [sys.executable, "-m", "torchloupe", "run", str(project / "model.py"), "--watch", "--json"]
    app = str(Path(__file__).parents[2] / "app")
    environment = {**os.environ, "PYTHONPATH": app}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        try:
            assert run.stdout is not None
            assert run.stderr is not None
            assert json.loads(run.stdout.readline())["parameters"][0]["shape"] == [2, 4]
            assert run.stderr.readline().startswith("Waiting")
            (project / "width.py").write_text("WIDTH = 3\n")
            again = json.loads(run.stdout.readline())
            assert again["parameters"][0]["shape"] == [2, 3]
            assert [problem["code"] for problem in again["problems"]] == ["shape-mismatch"]
            assert run.stderr.readline() == "Saved: width.py.\n"
            assert run.stderr.readline().startswith("Waiting")
            run.send_signal(signal.SIGINT)
            assert (*run.communicate(timeout=30), run.returncode) == ("", "", 1)
        finally:
            run.kill()
