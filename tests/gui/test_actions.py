"""Every command exists once, makes sense when it says so, and can be triggered."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from gui.conftest import PATIENCE_MS, MakeWindow, fill_window
from torchloupe.gui import looking, theme
from torchloupe.gui.actions import Action, ActionSet, all_shortcuts, shortcut_text

KEYS = {
    "open.checkpoint": "Ctrl+O",
    "open.model": "Ctrl+Shift+O",
    "reload": "Ctrl+R",
    "close.all": "Ctrl+W",
    "call.values": "Ctrl+Shift+V",
    "call.pin": "Ctrl+K",
    "call.compare": "Ctrl+Shift+D",
    "quit": "Ctrl+Q",
    "open.other": "Ctrl+D",
    "open.with_fix": "Ctrl+Shift+Y",
    "edit.find": "Ctrl+Shift+F",
    "edit.preferences": "Ctrl+,",
    "go.preview": "Space",
    "window.new": "Ctrl+N",
    "edit.copy": "Ctrl+C",
    "edit.copy_path": "Ctrl+Shift+C",
    "edit.filter": "Ctrl+F",
    "go.palette": "Ctrl+Shift+P",
    "go.to": "Ctrl+P",
    "go.back": "Alt+Left",
    "go.forward": "Alt+Right",
    "go.next_problem": "F8",
    "go.previous_problem": "Shift+F8",
    "go.next_call": "Ctrl+Down",
    "go.previous_call": "Ctrl+Up",
    "go.next_difference": "Alt+Down",
    "go.previous_difference": "Alt+Up",
    "go.source": "Ctrl+E",
    "run.forward": "F5",
    "run.cancel": "Shift+F5",
    "run.step": "F6",
    "run.prove": "Shift+F6",
    "run.step_options": "",
    "run.escape": "Esc",
    "run.live": "Ctrl+Shift+R",
    "run.operations": "Ctrl+Shift+B",
    "run.depth": "Ctrl+Shift+N",
    "model.load": "Ctrl+L",
    "mapping.map_to": "Ctrl+M",
    "mapping.rename": "Ctrl+H",
    "mapping.lock": "Ctrl+Shift+L",
    "edit.undo": "Ctrl+Z",
    "edit.redo": "Ctrl+Shift+Z",
    "note.mark": "Ctrl+F2",
    "note.write": "Ctrl+Shift+M",
    "go.next_note": "F2",
    "go.previous_note": "Shift+F2",
    "edit.only_rows": "Ctrl+Shift+I",
    "edit.hide_rows": "Ctrl+Shift+X",
    "view.left": "Ctrl+B",
    "view.bottom": "Ctrl+J",
    "view.larger": "Ctrl+=",
    "view.smaller": "Ctrl+-",
    "view.normal": "Ctrl+0",
    "view.full_screen": "F11",
    "help.keys": "F1",
    "panel.modules": "Alt+1",
    "panel.problems": "Alt+7",
    "run.try_fix": "Ctrl+Shift+T",
    "panel.source": "Alt+0",
}
ACTION_IDS = [
    *KEYS,
    *(
        "open.example",
        "close.checkpoint",
        "close.model",
        "run.arguments",
        "run.solve_arguments",
        "run.compare_modes",
        "run.sweep",
        "run.try_all",
        "run.copy_patch",
        "run.compare_runs",
        "run.options",
        "worker.show",
        "worker.interpreter",
        "worker.restart",
        "view.right",
    ),
    *("view.start", "view.reset", "theme.light", "theme.dark", "theme.system", "help.about", "panel.checkpoint", "panel.calls"),
    *("panel.compare", "panel.tensor", "panel.details", "panel.log", "view.checkpoint_tree"),
    *("panel.checkpoint_pair", "compare.values", "compare.swap", "close.other", "open.for_real"),
    *("panel.step", "panel.notes", "panel.find", "help.diagnostics", "help.menu_entry"),
    *(
        "call.unpin",
        "panel.summary",
        "panel.depth",
        "panel.runs",
        "go.editor_command",
        "model.what_if",
        "model.summary",
        "model.values",
    ),
    *("model.unload", "model.load_converted", "model.fold", "model.below", "model.columns"),
    *(
        "mapping.other_choice",
        "mapping.unlock",
        "mapping.leave_out",
        "mapping.clear",
        "mapping.open",
        "mapping.save",
        "mapping.code",
        "mapping.report",
    ),
    "mapping.fitting",
    *("export.checkpoint", "export.renamed", "export.tensor", "edit.copy_markdown", "edit.copy_csv"),
    *("edit.copy_titled", "edit.copy_json", "edit.copy_table", "plot.table", "plot.copy", "plot.save"),
    *("report.save", "report.copy", "report.reproducer"),
    *("colors.green", "colors.blue"),
]


IN_ONE_WINDOW = 8


def close_dialogs() -> None:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.reject()


def dialogs() -> list[QDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()]


def test_that_the_list_of_this_test_is_complete(window: Any) -> None:
    assert set(window.actions_by_id.table) == set(ACTION_IDS)


def turns() -> list[list[str]]:
    """The commands in groups of those that share a window; the one that closes it comes last."""
    ids = sorted(ACTION_IDS, key="quit".__eq__)
    return [ids[at : at + IN_ONE_WINDOW] for at in range(0, len(ids), IN_ONE_WINDOW)]


@pytest.mark.parametrize("action_ids", turns(), ids=lambda ids: f"{ids[0]} to {ids[-1]}")
def test_that_every_action_can_be_triggered(
    full_window: Any, action_ids: list[str], qtbot: Any, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no editor is started
    bench = full_window.workbench
    for action_id in action_ids:
        if not (bench.model and bench.checkpoint and bench.problems and bench.report):
            fill_window(full_window, qtbot, model_file)
        full_window.docks.focus_panel("problems")
        bench.select_module("head")
        full_window.history.back()
        full_window.actions_by_id.refresh()
        with qtbot.captureExceptions() as raised:
            full_window.actions_by_id[action_id].trigger()
            close_dialogs()
            qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
        assert raised == [], action_id


@pytest.mark.parametrize(("action_id", "keys"), KEYS.items())
def test_that_every_key_is_that_of_the_specification(window: Any, action_id: str, keys: str) -> None:
    assert window.actions_by_id[action_id].shortcut() == QKeySequence(keys)


def test_that_no_key_means_two_things(window: Any) -> None:
    keys = [keys.toString() for action in window.actions_by_id.by_id.values() for keys in action.shortcuts()]
    assert sorted(keys) == sorted(set(keys))


def test_that_every_action_is_in_a_menu_with_a_tip_but_escape(window: Any) -> None:
    listed = {action for menu in window.menuBar().actions() for action in menu.menu().actions()}
    missing = [action_id for action_id, action in window.actions_by_id.by_id.items() if action not in listed]
    assert missing == ["run.escape"]
    assert all(action.toolTip() for action in window.actions_by_id.by_id.values())


def test_that_no_two_entries_of_a_menu_have_the_same_letter(window: Any) -> None:
    for menu in window.menuBar().actions():
        texts = [action.text() for action in menu.menu().actions() if action.text()]
        letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert sorted(letters) == sorted(set(letters)), menu.text()


def test_that_with_nothing_open_what_needs_something_is_off(window: Any) -> None:
    window.actions_by_id.refresh()
    off = {action_id for action_id, action in window.actions_by_id.by_id.items() if not action.isEnabled()}
    assert {
        "run.forward",
        "run.cancel",
        "run.arguments",
        "run.solve_arguments",
        "reload",
        "go.to",
        "go.back",
        "go.next_problem",
        "go.source",
        "close.model",
    } <= off
    assert not {"open.checkpoint", "open.model", "quit", "go.palette", "worker.restart", "help.keys"} & off


def test_that_with_everything_open_it_is_on(full_window: Any) -> None:
    full_window.actions_by_id.refresh()
    off = {action_id for action_id, action in full_window.actions_by_id.by_id.items() if not action.isEnabled()}
    beside = {"compare.values", "compare.swap", "close.other"}  # need a second checkpoint
    selected = {"export.tensor", "open.with_fix"}  # need a tensor of the checkpoint, a problem with an offer to be selected
    pinned = {"call.compare", "call.unpin"}  # need pinned tensors
    loaded = {"model.unload", "model.load_converted"}  # need values of the checkpoint in the model, some that are transposed
    # need a pair that was locked, a key to be selected
    decided = {"mapping.unlock", "edit.undo", "edit.redo", "go.next_note", "go.previous_note", "window.new", "mapping.clear"}
    decided |= {"mapping.other_choice", "mapping.map_to", "mapping.lock", "mapping.leave_out"}
    decided |= {"run.prove"}  # needs a step that left a weight unmoved
    decided |= {"help.menu_entry", "run.copy_patch"}  # offered until there is one; needs several mismatches
    assert off <= decided | {"run.cancel", "go.back", "go.forward", "open.example"} | beside | selected | pinned | loaded


def test_that_two_actions_with_one_id_are_refused(qtbot: Any) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    with pytest.raises(ValueError, match="same id"):
        ActionSet([Action("a", "A", list), Action("a", "B", list)], widget)


def test_that_shortcuts_are_written_as_this_system_writes_them() -> None:
    action = Action("a", "A", list, ("Ctrl+=", "Ctrl++"))
    assert shortcut_text(action) == QKeySequence("Ctrl+=").toString(QKeySequence.SequenceFormat.NativeText)
    assert " or " in all_shortcuts(action)
    assert shortcut_text(Action("b", "B", list)) == ""


@pytest.mark.parametrize(
    "action_id", ["go.palette", "go.to", "help.keys", "help.about", "worker.interpreter", "open.model", "open.checkpoint"]
)
def test_that_dialogs_open_without_blocking_and_escape_closes_them(full_window: Any, action_id: str, qtbot: Any) -> None:
    full_window.actions_by_id[action_id].trigger()
    qtbot.waitUntil(lambda: len(dialogs()) == 1, timeout=PATIENCE_MS)
    qtbot.keyClick(dialogs()[0], Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: dialogs() == [], timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)


def test_that_problems_calls_and_differences_are_walked_by_keys(full_window: Any, qtbot: Any) -> None:
    bench = full_window.workbench
    full_window.actions_by_id["go.next_call"].trigger()
    first = bench.selection.call
    full_window.actions_by_id["go.previous_call"].trigger()
    assert bench.selection.call != first
    full_window.actions_by_id["go.next_difference"].trigger()
    assert bench.selection.parameter is not None
    full_window.actions_by_id["go.next_problem"].trigger()
    assert bench.selection.problem == bench.problems[0]
    qtbot.waitUntil(full_window.actions_by_id["go.back"].isEnabled, timeout=PATIENCE_MS)
    full_window.actions_by_id["go.back"].trigger()
    assert bench.selection.parameter is not None


def test_that_the_theme_is_applied_and_kept(window: Any, qapp: QApplication) -> None:
    window.actions_by_id["theme.dark"].trigger()
    assert theme.current() is theme.DARK
    assert window.settings.text("theme") == "dark"
    assert window.actions_by_id["theme.dark"].isChecked()
    assert not window.actions_by_id["theme.light"].isChecked()


def test_that_of_the_themes_exactly_one_is_on_also_when_it_is_chosen_again(window: Any) -> None:
    themes = [window.actions_by_id[f"theme.{name}"] for name in theme.MODES]
    assert [action.isChecked() for action in themes].count(True) == 1
    group = themes[0].actionGroup()
    assert group.isExclusive()
    assert group.actions() == themes
    for action in (*themes, themes[-1]):
        action.trigger()
        assert [each for each in themes if each.isChecked()] == [action]
    assert window.actions_by_id["view.left"].actionGroup() is None


def test_that_what_opens_a_dialog_says_so_with_dots_on_its_buttons_too(window: Any) -> None:
    assert window.actions_by_id["worker.interpreter"].iconText() == "Choose interpreter…"
    assert window.actions_by_id["worker.restart"].iconText() == "Restart worker"
    assert window.actions_by_id["open.model"].iconText() == "Model"


def test_that_closing_everything_leaves_no_sentence_about_what_was_open(full_window: Any) -> None:
    assert full_window.status.message.text()
    full_window.actions_by_id["close.all"].trigger()
    assert full_window.status.message.text() == ""


def test_that_text_grows_shrinks_and_returns(window: Any, qapp: QApplication) -> None:
    before = qapp.font().pointSizeF()
    window.actions_by_id["view.larger"].trigger()
    assert qapp.font().pointSizeF() > before
    window.actions_by_id["view.smaller"].trigger()
    window.actions_by_id["view.smaller"].trigger()
    assert qapp.font().pointSizeF() < before
    window.actions_by_id["view.normal"].trigger()
    assert qapp.font().pointSizeF() == pytest.approx(before)


def test_that_the_dotted_path_is_copied(full_window: Any) -> None:
    full_window.workbench.select_parameter("head.fc1.bias")
    full_window.actions_by_id["edit.copy_path"].trigger()
    assert QGuiApplication.clipboard().text() == "head.fc1.bias"
    assert "head.fc1.bias" in full_window.status.message.text()


def test_that_the_rows_of_the_focused_panel_are_copied(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    full_window.actions_by_id["edit.copy"].trigger()
    assert "head.fc1 is built for" in QGuiApplication.clipboard().text()


def test_that_the_text_of_a_field_is_copied_when_it_has_the_focus(full_window: Any) -> None:
    full_window.run_bar.input.setText("float32[1,3]")
    full_window.run_bar.input.setFocus()
    full_window.run_bar.input.selectAll()
    full_window.actions_by_id["edit.copy"].trigger()
    assert QGuiApplication.clipboard().text() == "float32[1,3]"


def test_that_a_source_place_goes_to_the_editor(full_window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []
    monkeypatch.setattr("torchloupe.gui.editor.open_in_editor", lambda file, line, _command: opened.append((file, line)) or True)
    full_window.actions_by_id["go.source"].trigger()
    assert opened == [("/models/classifier.py", 47)]


def test_that_without_an_editor_the_place_is_copied_and_said(full_window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchloupe.gui.editor.open_in_editor", lambda _file, _line, _command: False)
    full_window.actions_by_id["go.source"].trigger()
    assert QGuiApplication.clipboard().text() == "/models/classifier.py:47"
    assert "/models/classifier.py:47 was copied" in full_window.status.message.text()


def test_that_escape_clears_a_filter_before_it_cancels(full_window: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[bool] = []
    monkeypatch.setattr(full_window.jobs, "cancel", lambda: cancelled.append(True) or "")
    full_window.docks.focus_panel("problems")
    full_window.actions_by_id["edit.filter"].trigger()
    field = full_window.focusWidget()
    field.setText("xyz")
    full_window.actions_by_id["run.escape"].trigger()
    assert field.text() == ""
    assert cancelled == []
    full_window.actions_by_id["run.escape"].trigger()
    assert cancelled == [True]


def test_that_the_keys_dialog_lists_every_action(window: Any, qtbot: Any) -> None:
    window.actions_by_id["help.keys"].trigger()
    (dialog,) = dialogs()
    assert {row.key for row in dialog.table.model.rows} == set(ACTION_IDS)  # type: ignore[attr-defined]
    dialog.reject()


def test_that_about_says_versions_of_window_and_worker(make_window: MakeWindow) -> None:
    from torchloupe.gui.help.dialog import about_lines

    window = make_window()
    window.worker.start()
    text = "\n".join(about_lines(window.worker.hello))
    assert "PySide6" in text
    assert "torch 2.13.0" in text
    assert "Worker: not started" in about_lines(None)


def test_that_entries_to_go_to_are_everything_with_a_name(full_window: Any) -> None:
    entries = {entry.text: entry for entry in looking.entries_to_go_to(full_window.workbench)}
    assert {"head.fc1", "head.fc1.weight", "model_state_dict.module.head.fc1.weight"} <= entries.keys()
    assert any(text.startswith("head.fc1 is built for") for text in entries)
    entries["head.fc1"].run()
    assert full_window.workbench.selection.module == "head.fc1"
    entries["model_state_dict.module.head.fc1.weight"].run()
    assert full_window.workbench.selection.stored.key == "module.head.fc1.weight"


def test_that_a_key_right_behind_another_finds_what_that_one_made_possible(full_window: Any, qtbot: Any) -> None:
    """Both keys are taken in before the window does anything else: the run that the first has started is there to be cancelled."""
    full_window.activateWindow()
    qtbot.waitUntil(
        lambda: not full_window.jobs.busy and not full_window.actions_by_id["run.cancel"].isEnabled(), timeout=PATIENCE_MS
    )
    triggered = []
    for action_id in ("run.forward", "run.cancel"):
        full_window.actions_by_id[action_id].triggered.connect(lambda *_, action_id=action_id: triggered.append(action_id))
    QTest.keyClick(full_window, Qt.Key.Key_F5)
    QTest.keyClick(full_window, Qt.Key.Key_F5, Qt.KeyboardModifier.ShiftModifier)
    assert triggered == ["run.forward", "run.cancel"]
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
