"""Options that say where a target imports from, where it runs, and what it may do."""

import os
from pathlib import Path
from typing import Any

import pytest

from cli.playing import KeyListWriter, Play
from cli.test_solved_target import SOLVED, needing
from torchloupe.wire.arguments import SolveArguments
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenTarget

COMMANDS = [("tree",), ("run",), ("check",)]


def request(play: Play) -> OpenTarget:
    (only,) = play.asked(OpenTarget)
    return only  # type: ignore[no-any-return]  # what was asked is kept as it came


@pytest.mark.parametrize("command", COMMANDS)
def test_that_nothing_is_allowed_that_nobody_allowed(play: Play, command: tuple[str, ...]) -> None:
    assert play(*command, "net.py").status == 0
    asked = request(play)
    assert (asked.import_folders, asked.working_folder, asked.allow_downloads, asked.trusted) == ((), None, False, False)


@pytest.mark.parametrize("command", COMMANDS)
def test_that_every_command_on_a_model_takes_the_options(play: Play, command: tuple[str, ...], tmp_path: Path) -> None:
    words = ("--import-folder", str(tmp_path), "--import-folder", "lib", "--working-folder", str(tmp_path))
    play(*command, "net.py", *words, "--allow-downloads", "--trust")
    asked = request(play)
    assert asked.import_folders == (str(tmp_path), os.path.abspath("lib"))
    assert asked.working_folder == str(tmp_path)
    assert asked.allow_downloads
    assert asked.trusted


def refusing(play: Play, problem: Problem) -> Any:
    play.script[OpenTarget] = [Failed((problem,))]
    return play("tree", "model.pt")


def test_that_a_file_that_needs_trust_ends_with_two_and_the_names(play: Play) -> None:
    message = "model.pt is a pickle: loading it would import and call os.system (dangerous)."
    written = refusing(play, Problem("needs-trust", message, hint="If you trust it, say so: --trust."))
    assert written.status == 2
    assert message in written.err
    assert "--trust" in written.err
    assert written.out == ""


def test_that_the_offers_of_a_failed_import_are_printed(play: Play) -> None:
    fix = Fix("add_to_path", "Import from /lib, too.", value="/lib")
    written = refusing(play, Problem("import-failed", "net.py imports `things`.", hint="--import-folder /lib", fixes=(fix,)))
    assert written.status == 2
    assert "fix: Import from /lib, too." in written.err


def test_that_the_offers_are_in_the_json(play: Play) -> None:
    fix = Fix("set_working_folder", "Run it in /data.", value="/data")
    play.script[OpenTarget] = [Failed((Problem("import-failed", "net.py reads a.txt.", fixes=(fix,)),))]
    (problem,) = play("tree", "net.py", "--json").json["problems"]
    assert problem["fixes"][0]["kind"] == "set_working_folder"
    assert problem["fixes"][0]["value"] == "/data"


def test_that_the_help_names_model_files(play: Play, capsys: pytest.CaptureFixture[str]) -> None:
    play("tree", "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "a file with a whole model (with --trust)" in text
    assert "--import-folder DIR" in text
    assert """'{"encoder": {"Encoder": {"width": 64}}}'""" in text
    assert "--solve" in text


def test_that_the_options_hold_while_arguments_are_worked_out_and_after(play: Play, key_list: KeyListWriter) -> None:
    play.script |= {OpenTarget: needing, SolveArguments: [SOLVED]}
    play(
        "tree",
        "model.py",
        "--checkpoint",
        key_list("keys", {"fc.weight": (64, 3)}),
        "--import-folder",
        "lib",
        "--allow-downloads",
    )
    folders = (os.path.abspath("lib"),)
    assert [asked.import_folders for asked in play.asked(SolveArguments)] == [folders]
    opened = play.asked(OpenTarget)
    assert opened[-1].arguments == {"width": 64}
    assert {(asked.import_folders, asked.allow_downloads) for asked in opened} == {(folders, True)}
