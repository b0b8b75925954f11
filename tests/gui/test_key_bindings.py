"""The keys: every line of the specification's table is an action, and each can be given another key by a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QKeySequence

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.actions import Action
from torchloupe.gui.key_bindings import FILE, rebound, template, with_keys
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.settings import Settings

SPECIFIED = {
    "Ctrl+O": "open.checkpoint",
    "Ctrl+Shift+O": "open.model",
    "Ctrl+Shift+P": "go.palette",
    "Ctrl+P": "go.to",
    "Ctrl+F": "edit.filter",
    "Ctrl+Shift+F": "edit.find",
    "F5": "run.forward",
    "F6": "run.step",
    "Shift+F5": "run.cancel",
    "Esc": "run.escape",
    "Ctrl+R": "reload",
    "F8": "go.next_problem",
    "Shift+F8": "go.previous_problem",
    "Alt+Down": "go.next_difference",
    "Alt+Up": "go.previous_difference",
    "Ctrl+Down": "go.next_call",
    "Ctrl+Up": "go.previous_call",
    "Alt+Left": "go.back",
    "Alt+Right": "go.forward",
    "Ctrl+E": "go.source",
    "Ctrl+D": "open.other",
    "Ctrl+B": "view.left",
    "Ctrl+J": "view.bottom",
    "Alt+1": "panel.modules",
    "Alt+2": "panel.checkpoint",
    "Alt+3": "panel.calls",
    "Alt+4": "panel.compare",
    "Alt+5": "panel.tensor",
    "Alt+6": "panel.details",
    "Alt+7": "panel.problems",
    "Alt+8": "panel.log",
    "Alt+9": "panel.checkpoint_pair",
    "Ctrl+C": "edit.copy",
    "Ctrl+Shift+C": "edit.copy_path",
    "Ctrl+Shift+E": "report.save",
    "Ctrl+Z": "edit.undo",
    "Ctrl+Shift+Z": "edit.redo",
    "Space": "go.preview",
    "Ctrl+,": "edit.preferences",
    "F1": "help.keys",
    "F11": "view.full_screen",
    "Ctrl+W": "close.all",
    "Ctrl+Q": "quit",
    "Ctrl+=": "view.larger",
    "Ctrl+-": "view.smaller",
    "Ctrl+0": "view.normal",
}
"""The keyboard table of the specification, and journey J8."""


def test_that_every_key_of_the_specification_is_in_the_table_of_actions(window: Any) -> None:
    by_key = {keys.toString(): name for name, made in window.actions_by_id.by_id.items() for keys in made.shortcuts()}
    assert {key: by_key.get(QKeySequence(key).toString()) for key in SPECIFIED} == SPECIFIED


def test_that_no_global_key_is_a_single_letter(window: Any) -> None:
    keys = [keys.toString() for made in window.actions_by_id.by_id.values() for keys in made.shortcuts()]
    assert [key for key in keys if len(key) == 1] == []
    assert window.actions_by_id.table["go.preview"].in_tables


def table() -> tuple[Action, ...]:
    return (
        Action("run", "Run", list, ("F5",)),
        Action("stop", "Stop", list, ("Shift+F5", "Esc")),
        Action("help", "Help", list, (QKeySequence.StandardKey.HelpContents,)),
        Action("about", "About", list),
    )


def keys_of(plain: dict[str, Any]) -> dict[str, list[str]]:
    bound, _ = with_keys(table(), plain)
    return {action.id: [QKeySequence(key).toString() for key in action.shortcuts] for action in bound}


def test_that_a_command_gets_other_keys_or_none() -> None:
    assert keys_of({"run": "F9", "stop": ["Ctrl+K", "ctrl+shift+k"], "about": []})["run"] == ["F9"]
    assert keys_of({"stop": ["Ctrl+K", "ctrl+shift+k"]})["stop"] == ["Ctrl+K", "Ctrl+Shift+K"]
    assert keys_of({"run": []})["run"] == []
    assert keys_of({"run": ""})["run"] == []


def test_that_a_key_is_taken_from_the_command_that_had_it() -> None:
    keys = keys_of({"about": "Esc"})
    assert keys["about"] == ["Esc"]
    assert keys["stop"] == ["Shift+F5"]


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({"rum": "F9"}, "There is no command rum. Did you mean run?"),
        ({"zzzz": "F9"}, "There is no command zzzz."),
        ({"run": 7}, 'run: write a key, such as "F9", a list of keys, or [] for none.'),
        ({"run": ["F9", 3]}, 'run: write a key, such as "F9", a list of keys, or [] for none.'),
        ({"run": "Ctrl+Bananas"}, 'run: "Ctrl+Bananas" is no key. Write it as "Ctrl+Shift+F9".'),
        ({"run": "F9", "stop": ["F9", "F10"]}, "F9 is given to run and to stop; run has it."),
    ],
)
def test_that_what_is_wrong_is_said_and_the_rest_counts(plain: dict[str, Any], said: str) -> None:
    bound, troubles = with_keys(table(), {**plain, "about": "F12"})
    assert troubles == [said]
    assert dict(zip((action.id for action in bound), bound, strict=True))["about"].shortcuts == ("F12",)


@pytest.mark.parametrize(("text", "said"), [("{torn", "cannot be read"), ("[]", "is no JSON object"), ("7", "is no JSON object")])
def test_that_a_wrong_file_leaves_the_usual_keys(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    bound, troubles = rebound(table(), tmp_path / FILE)
    assert bound == table()
    assert said in troubles[0]


def test_that_without_a_file_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert rebound(table(), None) == (table(), [])
    assert rebound(table(), tmp_path / FILE) == (table(), [])


def test_that_the_template_is_a_file_that_changes_nothing(window: Any) -> None:
    actions = tuple(window.actions_by_id.table.values())
    bound, troubles = with_keys(actions, json.loads(template(actions)))
    assert troubles == []
    assert template(bound) == template(actions)


def test_that_a_window_has_the_keys_of_the_file_and_says_what_is_wrong_in_it(
    make_window: MakeWindow, tmp_path: Path, qtbot: Any
) -> None:
    (tmp_path / FILE).write_text('{"run.forward": "F9", "nonsense": "F2", "go.to": 3}', encoding="utf-8")
    window: Any = make_window(settings=Settings(tmp_path / "window.ini"))
    assert window.actions_by_id["run.forward"].shortcut().toString() == "F9"
    assert "(F9)" in window.actions_by_id["run.forward"].toolTip()
    room = window.findChildren(Restoring)[0]
    qtbot.waitUntil(lambda: room.bar is not None, timeout=PATIENCE_MS)
    assert room.bar.label.text().startswith("▲  There is no command nonsense.")
    assert "1 more in the log" in room.bar.label.text()
    assert [line.text for line in window.book.lines if "go.to" in line.text]


def test_that_the_file_is_made_with_the_usual_keys_and_opened(
    make_window: MakeWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchloupe.gui.preferences.dialog import PreferencesDialog

    opened: list[str] = []
    monkeypatch.setattr("torchloupe.gui.editor.open_in_editor", lambda file, _line, _command: opened.append(file) or True)
    window: Any = make_window(settings=Settings(tmp_path / "window.ini"))
    window.actions_by_id["edit.preferences"].trigger()
    (dialog,) = window.findChildren(PreferencesDialog)
    dialog.edit_keys()
    assert opened == [str(tmp_path / FILE)]
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8"))["run.forward"] == ["F5"]
    dialog.reject()


def test_that_space_previews_the_values_in_a_table_and_goes_back(full_window: Any, qtbot: Any) -> None:
    from PySide6.QtCore import Qt

    full_window.docks.focus_panel("compare")
    full_window.workbench.select_parameter("head.fc1.weight")
    qtbot.waitUntil(full_window.actions_by_id["go.preview"].isEnabled, timeout=PATIENCE_MS)
    view = full_window.docks.panels["compare"].inside().table.view
    assert full_window.actions_by_id["go.preview"] in view.actions()
    full_window.activateWindow()
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert full_window.docks.tabs.currentWidget().place.id == "tensor"
    full_window.actions_by_id["go.preview"].trigger()
    assert full_window.docks.tabs.currentWidget().place.id == "compare"
    full_window.run_bar.input.setFocus()
    qtbot.keyClick(full_window.run_bar.input, Qt.Key.Key_Space)
    assert full_window.run_bar.input.text() == " "
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
