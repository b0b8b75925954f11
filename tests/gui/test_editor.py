"""A place of the source in the user's editor."""

import os
import sys
from pathlib import Path

import pytest

from torchloupe.gui import editor
from torchloupe.gui.editor import editor_words, open_in_editor


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with programs that do nothing."""
    for name in ("code", "kate", "vim", "my-editor", "gedit"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n", encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def words(programs: Path, file: str = "/m/model.py", line: int | None = 12, **environment: str) -> list[str] | None:
    return editor_words(file, line, {"PATH": str(programs), **environment})


def test_that_the_first_installed_editor_is_told_file_and_line(programs: Path) -> None:
    assert words(programs) == [str(programs / "code"), "--goto", "/m/model.py:12"]


def test_that_visual_comes_before_editor_and_both_before_the_rest(programs: Path) -> None:
    assert words(programs, VISUAL="kate", EDITOR="gedit") == [str(programs / "kate"), "--line", "12", "/m/model.py"]
    assert words(programs, EDITOR="gedit") == [str(programs / "gedit"), "+12", "/m/model.py"]


def test_that_words_of_the_variable_are_kept(programs: Path) -> None:
    assert words(programs, VISUAL="code --reuse-window") == [str(programs / "code"), "--reuse-window", "--goto", "/m/model.py:12"]


def test_that_an_unknown_editor_is_told_the_file_alone(programs: Path) -> None:
    assert words(programs, VISUAL="my-editor") == [str(programs / "my-editor"), "/m/model.py"]


def test_that_an_editor_of_the_terminal_is_passed_over(programs: Path) -> None:
    assert words(programs, EDITOR="vim") == [str(programs / "code"), "--goto", "/m/model.py:12"]


def test_that_an_editor_that_is_not_installed_is_passed_over(programs: Path) -> None:
    assert words(programs, VISUAL="nowhere", EDITOR="kate") == [str(programs / "kate"), "--line", "12", "/m/model.py"]


def test_that_a_variable_with_an_open_quote_is_passed_over(programs: Path) -> None:
    found = words(programs, VISUAL='code "oops')
    assert found is not None
    assert found[0] == str(programs / "code")


def test_that_the_terminal_of_an_editor_is_asked_first(programs: Path) -> None:
    assert words(programs, TERM_PROGRAM="vscode", PATH=str(programs)) == [str(programs / "code"), "--goto", "/m/model.py:12"]


def test_that_a_missing_line_is_the_first(programs: Path) -> None:
    assert words(programs, line=None, VISUAL="gedit") == [str(programs / "gedit"), "+1", "/m/model.py"]


def test_that_odd_file_names_stay_one_word(programs: Path) -> None:
    found = words(programs, file="/m/my model; rm -rf $HOME.py", VISUAL="gedit")
    assert found == [str(programs / "gedit"), "+12", "/m/my model; rm -rf $HOME.py"]


def test_that_without_any_editor_there_is_no_command(tmp_path: Path) -> None:
    assert editor_words("m.py", 1, {"PATH": str(tmp_path)}) is None


def test_that_the_editor_is_started_without_what_a_frozen_app_sets(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(editor, "started", [])
    monkeypatch.setattr(editor.subprocess, "Popen", lambda words, env, **_rest: started.append((words, env)))
    monkeypatch.setenv("VISUAL", str(programs / "my-editor"))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/frozen")
    monkeypatch.setenv("_MEIPASS2", "/frozen")
    assert open_in_editor("m.py", 3)
    ((command, environment),) = started
    assert command == [str(programs / "my-editor"), "m.py"]
    assert not {"LD_LIBRARY_PATH", "_MEIPASS2"} & environment.keys()
    assert environment["PATH"] == os.environ["PATH"]


def test_that_an_editor_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch, programs: Path) -> None:
    def refuse(*_words: object, **_options: object) -> None:
        raise OSError

    monkeypatch.setattr(editor.subprocess, "Popen", refuse)
    monkeypatch.setenv("VISUAL", str(programs / "my-editor"))
    assert not open_in_editor("m.py", 3)


def test_that_a_command_may_say_where_the_column_stands(tmp_path):
    program = tmp_path / "odd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    words = editor.editor_words("m.py", 7, {"PATH": str(tmp_path)}, "odd {file} --at {line}:{column}")
    assert words == [str(program), "m.py", "--at", "7:1"]
