"""Which Python runs the model."""

import sys
from pathlib import Path
from typing import Any

import pytest

from gui.conftest import PATIENCE_MS
from torchloupe.gui.interpreter.dialog import InterpreterDialog
from torchloupe.gui.interpreter.model import AskForDevices, FindInterpreters, holder, interpreter_rows, search_text
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


HAS_IT = Interpreter("/has/python", "conda", python="3.11.4", torch="2.6.0", modules=("einops",))
LACKS_IT = Interpreter("/lacks/python", "conda", python="3.11.4", torch="2.6.0")
BARE = Interpreter("/bare/python", "pyenv", python="3.12.1", trouble="has no torch", modules=("einops",))


def test_that_interpreters_with_the_wanted_module_come_first_and_are_marked() -> None:
    rows = interpreter_rows([LACKS_IT, BARE, HAS_IT, Interpreter("/asked", "pyenv", trouble="asking …")], "einops")
    assert [(row.key, row.cells[-1]) for row in rows] == [
        ("/has/python", "✓"),
        ("/bare/python", "✓"),
        ("/lacks/python", "–"),
        ("/asked", ""),
    ]
    assert rows[0].roles[-1] == "matched"
    assert [row.key for row in interpreter_rows([LACKS_IT, HAS_IT])] == ["/lacks/python", "/has/python"]


def test_that_the_best_one_is_the_one_that_also_has_torch() -> None:
    assert holder([BARE, LACKS_IT, HAS_IT], "einops") == "/has/python"
    assert holder([BARE, LACKS_IT], "einops") == ""


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ([HAS_IT, BARE], "einops", "1 interpreter has einops and torch."),
        ([BARE], "einops", "Only interpreters without torch have einops."),
        ([LACKS_IT], "cv2", "None of these has cv2. To install it in the one in use: /here -m pip install opencv-python"),
        ([LACKS_IT], ">=3.12", "None of these has Python 3.12 or newer."),
        ([LACKS_IT, HAS_IT], "<3.12", "2 interpreters have Python older than 3.12 and torch."),
    ],
)
def test_that_what_came_of_the_search_is_said(found: list[Interpreter], wanted: str, said: str) -> None:
    assert search_text(found, wanted, "/here") == said


@pytest.fixture
def wanting(window: Any, monkeypatch: pytest.MonkeyPatch, qtbot: Any) -> Any:
    """A dialog on a machine with three interpreters, and who was told that one was taken; einops is wanted."""
    module = "torchloupe.gui.interpreter.model"
    found = [Interpreter("/usr/bin/python3", "in use", python="3.11.2", torch="2.6.0"), BARE, HAS_IT]
    monkeypatch.setattr(f"{module}.find_interpreters", lambda near, current: found)
    monkeypatch.setattr(f"{module}.probe_interpreters", lambda found, heard, modules: found)
    monkeypatch.setattr("torchloupe.gui.interpreter.dialog.resolve_interpreter", lambda text: text)
    taken: list[str] = []
    window.dialogs.choose_interpreter_with("einops", lambda: taken.append(window.worker.interpreter))
    (dialog,) = window.findChildren(InterpreterDialog)
    assert dialog.says.text() == "Looking for einops …"
    return window, dialog, taken


def test_that_the_interpreter_that_has_it_is_ready_to_be_taken(wanting: Any, qtbot: Any) -> None:
    window, dialog, taken = wanting
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert dialog.field.text() == "/has/python"
    assert dialog.table.current_key() == "/has/python"
    assert dialog.says.text() == "1 interpreter has einops and torch."
    assert dialog.table.model.columns[-1].title == "einops"
    dialog._accept()
    assert taken == ["/has/python"]
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_one_that_was_typed_meanwhile_stays(wanting: Any, qtbot: Any) -> None:
    window, dialog, _taken = wanting
    dialog.field.setText("/mine")
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert dialog.field.text() == "/mine"
    dialog.reject()
