"""Words in, exit status out: help, bad usage, which command is meant."""

import subprocess
import sys
from pathlib import Path

import pytest

import torchloupe
from cli.playing import Play
from torchloupe.__main__ import COMMAND_NAMES, main
from torchloupe.cli.command_line import COMMANDS


def test_that_every_command_is_named_in_the_help_with_its_docstring(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for command in COMMANDS:
        assert " ".join((type(command).__doc__ or "").split()) in shown


def test_that_the_entry_point_knows_the_commands_without_importing_them() -> None:
    assert tuple(command.name for command in COMMANDS) == COMMAND_NAMES


def test_that_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"torchloupe {torchloupe.__version__}"


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_that_each_command_has_a_help_of_its_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"usage: torchloupe {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["show"], "CKPT"),
        (["diff", "a.pt"], "B"),
        (["check"], "TARGET"),
        (["run", "m.py", "--mode", "fast"], "fast"),
        (["run", "m.py", "--seed", "x"], "--seed"),
        (["tree", "m.py", "--unknown"], "--unknown"),
        (["tree", "m.py", "--args", "{"], "not JSON"),
        (["tree", "m.py", "--args", "[1]"], "not an object"),
        (["run", "m.py", "--input", "float32[a]"], "'a'"),
        (["check", "m.py", "--input", "nothing"], "'nothing'"),
        (["tree", "m.py", "--input", "nothing"], "'nothing'"),
        (["--unknown"], "--unknown"),
    ],
)
def test_that_bad_usage_is_one_sentence_with_a_hint_and_status_two(play: Play, words: list[str], named: str) -> None:
    written = play(*words)
    assert written.status == 2
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert named in written.err
    assert len(written.err.splitlines()) == 2
    assert play.sessions == []


def test_that_bad_usage_with_json_is_an_object_with_problems(play: Play) -> None:
    written = play("run", "m.py", "--args", "{", "--json")
    assert written.status == 2
    assert written.json["command"] == "run"
    assert [problem["code"] for problem in written.json["problems"]] == ["usage"]
    assert "modules" not in written.json
    assert "not JSON" in written.err


def test_that_a_word_that_is_neither_command_nor_file_gets_a_proposal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chek"]) == 2
    assert "Did you mean torchloupe check?" in capsys.readouterr().err


def test_that_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing-here.pt"]) == 2
    assert capsys.readouterr().err.startswith("nothing-here.pt is neither a command nor a file.")


def test_that_a_command_line_loads_neither_qt_nor_torch(tmp_path: Path) -> None:
    code = "import sys; from torchloupe.__main__ import main; main(['--version']); print({'torch', 'PySide6'} & set(sys.modules))"
    environment = {"PYTHONPATH": str(Path(torchloupe.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
