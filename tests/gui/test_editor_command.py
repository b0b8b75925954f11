"""The command that opens a line of the source: chosen in a dialog, kept, started for real."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from gui.conftest import PATIENCE_MS
from torchloupe.gui.editor import TERMINAL_EXAMPLE, command_problem, editor_words, found_editors, open_in_editor, started
from torchloupe.gui.editor_command.dialog import EditorDialog
from torchloupe.gui.settings import EDITOR_COMMAND, Settings

STAND_IN = """#!{python}
import json, os, sys
with open({said!r} + ".part", "w") as file:
    json.dump(sys.argv[1:], file)
os.rename({said!r} + ".part", {said!r})
"""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A program that writes down what it was called with, and nothing else that could be an editor."""
    folder = tmp_path / "my programs"
    folder.mkdir()
    program, said = folder / "pycharm", tmp_path / "said.json"
    program.write_text(STAND_IN.format(python=sys.executable, said=str(said)), encoding="utf-8")
    program.chmod(0o755)
    for name in ("VISUAL", "EDITOR", "TERM_PROGRAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    return said


def heard(said: Path, qtbot: Any) -> list[str]:
    qtbot.waitUntil(said.exists, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: all(process.poll() is not None for process in started), timeout=PATIENCE_MS)
    found: list[str] = json.loads(said.read_text(encoding="utf-8"))
    return found


def test_that_a_command_with_places_is_filled_in(editor: Path) -> None:
    words = editor_words("/m/a b.py", 12, command="pycharm --go {line}:{file} --wait")
    assert words is not None
    assert words[1:] == ["--go", "12:/m/a b.py", "--wait"]


def test_that_a_known_editor_is_told_the_line_in_its_own_words(editor: Path) -> None:
    words = editor_words("/m.py", 12, command="pycharm")
    assert words is not None
    assert words[1:] == ["--line", "12", "/m.py"]


def test_that_braces_in_a_file_name_stay_as_they_are(editor: Path) -> None:
    words = editor_words("/m/{line}.py", 3, command="pycharm {file}")
    assert words is not None
    assert words[1:] == ["/m/{line}.py"]


@pytest.mark.parametrize("command", ["vim +{line} {file}", "vim", "'{folder}/vim' {file}"])
def test_that_a_terminals_editor_is_not_started_without_a_terminal(editor: Path, command: str) -> None:
    (Path(os.environ["PATH"]) / "vim").symlink_to("pycharm")
    command = command.replace("{folder}", os.environ["PATH"])
    assert command_problem(command).startswith("vim needs a terminal. Put one in front (xterm -e vim +{line} {file})")
    assert editor_words("/m.py", 3, command=command) is None
    assert not open_in_editor("/m.py", 3, command)
    assert not editor.exists()


def test_that_a_terminals_editor_is_started_by_a_terminal(editor: Path) -> None:
    (Path(os.environ["PATH"]) / "xterm").symlink_to("pycharm")
    words = editor_words("/m.py", 3, command=TERMINAL_EXAMPLE)
    assert words is not None
    assert words[1:] == ["-e", "vim", "+3", "/m.py"]
    assert not command_problem(TERMINAL_EXAMPLE)


def test_that_a_quote_that_is_not_closed_is_what_is_told(editor: Path) -> None:
    assert command_problem('pycharm "{file}') == "A quote in the command is not closed. Add the one that is missing."
    assert not open_in_editor("/m.py", 3, 'pycharm "{file}')


def test_that_a_command_that_is_not_there_is_no_command_though_others_are(editor: Path) -> None:
    assert editor_words("/m.py", 3) is not None
    assert editor_words("/m.py", 3, command="nowhere {file}") is None
    assert not open_in_editor("/m.py", 3, "nowhere {file}")


def test_that_the_editors_that_are_installed_are_offered_with_their_places(editor: Path) -> None:
    assert found_editors() == [("PyCharm", "pycharm --line {line} {file}")]


def test_that_the_chosen_program_is_started_with_the_place(editor: Path, qtbot: Any) -> None:
    assert open_in_editor("/m/my model; rm.py", 7, "pycharm --at={line} {file}")
    assert heard(editor, qtbot) == ["--at=7", "/m/my model; rm.py"]


def test_that_ctrl_e_starts_what_the_settings_say(full_window: Any, editor: Path, qtbot: Any) -> None:
    full_window.settings.set_text(EDITOR_COMMAND, "pycharm {file} {line}")
    full_window.actions_by_id["go.source"].trigger()
    assert heard(editor, qtbot) == ["/models/classifier.py", "47"]
    assert full_window.status.message.text() == "Opened /models/classifier.py:47 in the editor."


def test_that_ctrl_e_says_why_a_chosen_editor_is_not_started(full_window: Any, editor: Path) -> None:
    full_window.settings.set_text(EDITOR_COMMAND, "pycharm '{file}")
    full_window.actions_by_id["go.source"].trigger()
    said = "A quote in the command is not closed. Add the one that is missing. /models/classifier.py:47 was copied."
    assert full_window.status.message.text() == said


# the dialog


@pytest.fixture
def dialog(editor: Path, qtbot: Any) -> Iterator[Any]:
    parent = QWidget()
    qtbot.addWidget(parent)
    made: Any = EditorDialog(parent, Settings(None))
    made.settings = made._settings
    made.show()
    yield made
    parent.close()  # the parent stays that long


def test_that_the_dialog_offers_what_is_found_and_shows_what_would_be_started(dialog: Any) -> None:
    assert [dialog.command.itemText(number) for number in range(dialog.command.count())] == ["", "pycharm --line {line} {file}"]
    dialog.command.setCurrentIndex(1)
    assert dialog.starts.text().endswith("pycharm --line 12 /models/net.py")


def test_that_a_program_that_is_not_there_is_said_while_typing(dialog: Any) -> None:
    dialog.command.setEditText("emaks {file}")
    assert dialog.starts.text() == "▲ There is no program emaks here. Correct the name, or type its whole path."
    dialog.command.setEditText("pycharm '{file}")
    assert dialog.starts.text() == "▲ A quote in the command is not closed. Add the one that is missing."
    dialog.command.setEditText("nano")
    assert dialog.starts.text().startswith("▲ nano needs a terminal.")


def test_that_an_empty_command_means_whatever_is_found(dialog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pycharm --line 12" in dialog.starts.text()
    monkeypatch.setenv("PATH", "/nowhere")
    dialog.command.setEditText(" ")
    assert dialog.starts.text() == "▲ No editor with a window was found. A place is copied instead."


def test_that_ok_keeps_the_command_and_escape_does_not(dialog: Any, qtbot: Any, editor: Path) -> None:
    dialog.command.setEditText(" pycharm {file} ")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.settings.text(EDITOR_COMMAND) == ""
    dialog.accept()
    assert dialog.settings.text(EDITOR_COMMAND) == "pycharm {file}"
    again = EditorDialog(dialog.parentWidget(), dialog.settings)
    assert again.command.currentText() == "pycharm {file}"


def test_that_the_menu_opens_the_dialog(full_window: Any, qtbot: Any) -> None:
    full_window.actions_by_id["go.editor_command"].trigger()
    shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()]
    assert [type(each) for each in shown] == [EditorDialog]
    shown[0].reject()
