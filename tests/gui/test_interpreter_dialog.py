"""Which Python runs the model."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gui.conftest import PATIENCE_MS
from torchloupe.gui.interpreter.dialog import InterpreterDialog
from torchloupe.gui.interpreter.model import AskForDevices, FindInterpreters, interpreter_rows
from torchloupe.gui.jobs import Reporter
from torchloupe.session.discovery import Interpreter


def told(job: Any) -> tuple[Any, list[Any]]:
    """What a job answers, and what it told on the way."""
    heard: list[Any] = []
    return job(Reporter(lambda _done, _total, _what: None, heard.append)), heard


def test_that_every_interpreter_is_told_of_before_and_after_it_has_answered(tmp_path: Path) -> None:
    answers, heard = told(FindInterpreters(sys.executable, tmp_path))
    mine = [one for one in heard if one.path == sys.executable]
    assert [one.trouble for one in mine] == ["asking …", ""]
    assert mine[1].torch
    assert mine[1] in answers


def test_that_the_devices_are_asked_for_by_importing_torch() -> None:
    _nothing, (answer,) = told(AskForDevices((Interpreter(sys.executable, "in use", torch="2.13.0"),)))
    assert answer.devices[0] == "cpu"


def test_that_a_row_says_what_is_known_and_why_it_cannot_be_used() -> None:
    good = Interpreter("/env/bin/python", "conda", "/env", "3.12.1", "2.6.0", "CUDA 12.4")
    asked = Interpreter("/env/bin/python", "conda", "/env", "3.12.1", "2.6.0", "CUDA 12.4", ("cpu", "cuda:0"))
    bad = Interpreter("/usr/bin/python3", "on the PATH", "/usr", "3.11.2", trouble="has no torch")
    rows = interpreter_rows([good, asked, bad])
    assert rows[0].cells == ("/env/bin/python", "3.12.1", "2.6.0", "CUDA 12.4", "conda")
    assert rows[1].cells[3] == "cpu, cuda:0"
    assert rows[2].cells[2] == "has no torch"
    assert rows[2].roles[2] == "warning"


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


def test_that_a_command_of_several_words_is_taken_as_it_is(window: Any, dialog: Any, qtbot: Any) -> None:
    dialog.field.setText("env LANG=C python3")
    dialog._accept()
    assert window.worker.interpreter == "env LANG=C python3"
    assert window.worker.is_remote
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert "far side" in window.status.interpreter.text()


def test_that_a_model_of_the_far_side_is_looked_up_there(window: Any, qtbot: Any) -> None:
    window.worker.interpreter = "env LANG=C python3"
    window.sessions_asked = window.worker.session.asked
    window.opening.open_target("~/there/net.py:Net")
    qtbot.waitUntil(lambda: len(window.sessions_asked) > 1, timeout=PATIENCE_MS)
    assert [asked.target for asked in window.sessions_asked[:2]] == ["~/there/net.py", "~/there/net.py:Net"]
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_devices_are_shown_when_they_are_asked_for(window: Any, dialog: Any, qtbot: Any) -> None:
    dialog._found = {path: one for path, one in dialog._found.items() if path == sys.executable}
    dialog.devices.click()
    assert not dialog.devices.isEnabled()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=60_000)
    (row,) = dialog.table.model.rows
    assert row.cells[3].startswith("cpu")
    dialog.reject()
