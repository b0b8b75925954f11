"""Which Python runs the model."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gui.conftest import PATIENCE_MS
from torchloupe.gui.interpreter.dialog import InterpreterDialog
from torchloupe.gui.interpreter.model import Found, ProbeInterpreters, candidates, interpreter_rows


def program(path: Path, text: str) -> Path:
    """A program that answers in place of a Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def environment(folder: Path) -> Path:
    """A virtual environment, as far as anybody looks."""
    folder.mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    return program(folder / "bin" / "python", "echo torchloupe-probe 3.12.1 2.6.0")


def nothing_to_say(_done: int, _total: int, _what: str) -> None:
    """Nobody listens to the progress."""


def test_that_the_one_in_use_comes_first_then_those_around_the_model(tmp_path: Path) -> None:
    near = tmp_path / "project" / "models"
    near.mkdir(parents=True)
    beside, above = environment(near / ".venv"), environment(tmp_path / "project" / "venv")
    found = candidates(sys.executable, near, {"PATH": str(tmp_path)})
    assert [entry.path for entry in found[:3]] == [sys.executable, str(beside), str(above)]
    assert found[1].origin == "beside models"


def test_that_the_environment_of_the_shell_is_found(tmp_path: Path) -> None:
    active = environment(tmp_path / "active")
    found = candidates(sys.executable, None, {"VIRTUAL_ENV": str(tmp_path / "active")})
    assert (str(active), "VIRTUAL_ENV") in [(entry.path, entry.origin) for entry in found]


def test_that_each_is_listed_once_and_what_is_gone_not_at_all(tmp_path: Path) -> None:
    found = candidates(sys.executable, None, {"VIRTUAL_ENV": str(tmp_path / "gone"), "CONDA_PREFIX": str(tmp_path)})
    paths = [entry.path for entry in found]
    assert paths.count(sys.executable) == 1
    assert not any(path.startswith(str(tmp_path)) for path in paths)


def test_that_an_interpreter_says_its_version_and_its_torch(tmp_path: Path) -> None:
    good = environment(tmp_path / "env")
    (answer,) = ProbeInterpreters((Found(str(good), "here"),))(nothing_to_say)
    assert (answer.python, answer.torch, answer.trouble) == ("3.12.1", "2.6.0", "")


def test_that_what_an_activation_prints_is_passed_over(tmp_path: Path) -> None:
    noisy = program(tmp_path / "noisy", "echo Welcome to conda; echo torchloupe-probe 3.11.2 2.1.0")
    (answer,) = ProbeInterpreters((Found(str(noisy), "here"),))(nothing_to_say)
    assert answer.torch == "2.1.0"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("echo torchloupe-probe 3.9.1", "has no torch"),
        ("echo broken >&2; exit 1", "does not answer: broken"),
        ("exit 0", "does not answer: no answer"),
    ],
)
def test_that_one_that_cannot_be_used_is_listed_with_the_reason(tmp_path: Path, text: str, trouble: str) -> None:
    bad = program(tmp_path / "bad", text)
    (answer,) = ProbeInterpreters((Found(str(bad), "here"),))(nothing_to_say)
    assert answer.trouble == trouble
    (row,) = interpreter_rows([answer])
    assert row.cells[2] == trouble
    assert row.roles[2] == "warning"


def test_that_one_that_does_not_start_is_said(tmp_path: Path) -> None:
    (answer,) = ProbeInterpreters((Found(str(tmp_path / "gone"), "here"),))(nothing_to_say)
    assert answer.trouble == "does not start: FileNotFoundError"


@pytest.fixture
def dialog(window: Any, qtbot: Any) -> Any:
    """The dialog of a window, after the interpreters have answered."""
    window.actions_by_id["worker.interpreter"].trigger()
    (made,) = window.findChildren(InterpreterDialog)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=60_000)
    return made


def test_that_the_dialog_lists_interpreters_and_takes_the_chosen_one(window: Any, dialog: Any, qtbot: Any) -> None:
    rows = dialog.table.model.rows
    assert sys.executable in [row.key for row in rows]
    dialog.table.view.selectRow([row.key for row in rows].index(sys.executable))
    assert dialog.field.text() == sys.executable
    with qtbot.waitSignal(dialog.chosen, timeout=PATIENCE_MS):
        dialog._accept()
    assert window.worker.interpreter == sys.executable
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert window.sessions[-1].state == "ready"


def test_that_a_typed_interpreter_that_is_not_there_is_said_and_not_taken(window: Any, dialog: Any) -> None:
    dialog.field.setText("/nowhere/python")
    dialog._accept()
    assert dialog.isVisible()
    assert "/nowhere/python" in dialog.says.text()
    assert window.worker.interpreter == "/usr/bin/python3"
    dialog.reject()


def test_that_double_click_takes_one(window: Any, dialog: Any, qtbot: Any) -> None:
    dialog.table.activated.emit(sys.executable)
    assert window.worker.interpreter == sys.executable
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
