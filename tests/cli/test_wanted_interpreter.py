"""A report says which interpreter has what a model lacks."""

from pathlib import Path

import pytest

from cli.playing import Play
from torchloupe.session import wanted_python
from torchloupe.session.discovery import Interpreter
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenTarget

LACKING = Problem(
    "import-failed", "`einops` is not installed.", fixes=(Fix("choose_interpreter", "Choose.", value="einops"),), hint="Hint."
)


@pytest.fixture
def searched(play: Play, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """What was searched for on a machine where one interpreter has it, by a command line whose worker lacks einops."""
    searches: list[tuple[str, Path]] = []

    def search(wanted: str, near: Path) -> list[Interpreter]:
        searches.append((wanted, near))
        return [Interpreter("/env/bin/python", "conda", python="3.11.4", torch="2.6.0", modules=(wanted,))]

    monkeypatch.setattr(wanted_python, "interpreters_with", search)
    play.script[OpenTarget] = lambda _request: Failed((LACKING,))
    return searches


@pytest.mark.parametrize("command", ["check", "tree", "run"])
def test_that_a_command_names_the_interpreter_that_has_it(
    play: Play, searched: list[object], tmp_path: Path, command: str
) -> None:
    written = play(command, str(tmp_path / "net.py"))
    assert written.status == 2
    assert "/env/bin/python (Python 3.11.4, torch 2.6.0) has it (--python /env/bin/python)" in written.out + written.err
    assert searched == [("einops", tmp_path)]


def test_that_scripts_get_its_path_as_the_value_of_the_fix(play: Play, searched: list[object]) -> None:
    (problem,) = play("check", "net.py", "--json").json["problems"]
    (fix,) = problem["fixes"]
    assert (fix["kind"], fix["argument"], fix["value"]) == ("choose_interpreter", "einops", "/env/bin/python")
    assert problem["data"]["interpreters"][0]["path"] == "/env/bin/python"


def test_that_nothing_is_searched_for_a_worker_on_a_far_side(play: Play, searched: list[object]) -> None:
    written = play("check", "net.py", "--python", "ssh host python3")
    assert "Hint." in written.err
    assert searched == []


def test_that_nothing_is_searched_when_nothing_is_lacking(play: Play, searched: list[object]) -> None:
    play.script[OpenTarget] = lambda _request: Failed((Problem("construct-failed", "It raises."),))
    play("check", "net.py")
    assert searched == []
