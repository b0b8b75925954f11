"""Undo in the menu, filters from a value, and steps of arguments and inputs."""

from typing import Any

import pytest

from gui.conftest import PATIENCE_MS
from torchloupe.wire.requests import OpenTarget


def do(window: Any, name: str) -> None:
    window.actions_by_id.refresh()
    window.actions_by_id[name].trigger()


@pytest.fixture
def tree(full_window: Any) -> Any:
    """The table of the modules, with the cursor on a class."""
    full_window.docks.focus_panel("modules")
    table = full_window.docks.panels["modules"].inside().tree
    full_window.docks.panels["modules"].inside().tree_model.open_all()
    table.view.setFocus()
    table.view.setCurrentIndex(table.model.index(table.model.position_of("head.fc1"), 1))
    return table


def names(table: Any) -> list[str]:
    return [row.key for row in table.model.rows]


def test_that_rows_with_a_value_are_all_that_is_left_and_undo_brings_the_others_back(full_window: Any, tree: Any) -> None:
    before = names(tree)
    do(full_window, "edit.only_rows")
    assert tree.filter.text() == 'class:"Linear"'
    assert tree.filter.trouble == ""
    assert "head.fc1" in names(tree)
    assert "encoder.conv1" not in names(tree)
    assert full_window.workbench.undoing.undoText() == "only Linear"
    do(full_window, "edit.undo")
    assert (tree.filter.text(), names(tree)) == ("", before)


def test_that_rows_with_a_value_are_hidden_beside_what_was_filtered_before(full_window: Any, tree: Any) -> None:
    tree.filter.setText("fc")
    tree.view.setCurrentIndex(tree.model.index(tree.model.position_of("head.fc1"), 1))
    do(full_window, "edit.hide_rows")
    assert tree.filter.text() == 'fc -class:"Linear"'
    assert "head.fc1" not in names(tree)
    do(full_window, "edit.undo")
    assert tree.filter.text() == "fc"
    do(full_window, "edit.redo")
    assert tree.filter.text() == 'fc -class:"Linear"'


def test_that_a_cell_that_is_no_column_of_the_filter_is_a_word(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    table = full_window.docks.panels["problems"].inside().table
    table.view.setFocus()
    table.view.setCurrentIndex(table.model.index(0, 0))
    do(full_window, "edit.hide_rows")
    assert table.filter.text() == '-severity:"error"'
    assert table.filter.trouble == ""


def test_that_without_a_cell_the_window_says_what_to_do(full_window: Any) -> None:
    full_window.run_bar.input.setFocus()
    do(full_window, "edit.hide_rows")
    assert "Put the cursor on a cell" in full_window.status.message.text()


def test_that_the_menu_says_what_would_be_undone(full_window: Any) -> None:
    full_window.workbench.select_module("head")
    note = full_window.workbench.notes.of_selection()
    full_window.workbench.notes.toggle_mark(note)
    assert full_window.actions_by_id["edit.undo"].text() == "&Undo bookmark head"
    do(full_window, "edit.undo")
    assert full_window.actions_by_id["edit.undo"].text() == "&Undo"
    assert full_window.actions_by_id["edit.redo"].text() == "&Redo bookmark head"
    assert full_window.status.message.text() == "Undone: bookmark head."


def test_that_a_very_long_step_is_cut_in_the_menu(full_window: Any) -> None:
    full_window.workbench.undoing.do("x", "a & b " * 30, lambda: None, lambda: None)
    text = full_window.actions_by_id["edit.undo"].text()
    assert text.endswith("…")
    assert "&&" in text


def test_that_an_input_is_a_step_once_its_field_is_left(full_window: Any) -> None:
    field, undoing = full_window.run_bar.input, full_window.workbench.undoing
    field.setText("float32[1,3]")
    assert undoing.undoText() == ""
    field.editingFinished.emit()
    field.editingFinished.emit()
    assert (undoing.undoText(), undoing.count()) == ("input float32[1,3]", 1)
    field.setText("")
    field.editingFinished.emit()
    assert undoing.undoText() == "input as worked out"
    do(full_window, "edit.undo")
    assert field.text() == "float32[1,3]"
    assert full_window.opening.options.inputs == ("float32[1,3]",)
    field.editingFinished.emit()
    assert undoing.count() == 2


def test_that_other_arguments_of_the_same_target_are_a_step(full_window: Any, qtbot: Any) -> None:
    opening, undoing = full_window.opening, full_window.workbench.undoing
    first = opening.target

    def arguments() -> list[Any]:
        return [message.arguments for message in full_window.sessions[-1].asked if isinstance(message, OpenTarget)]

    with qtbot.waitSignal(opening.opened, timeout=PATIENCE_MS):
        opening.construct(OpenTarget(first.target, {"classes": 7}))
    assert undoing.undoText() == "arguments classes=7"
    with qtbot.waitSignal(opening.opened, timeout=PATIENCE_MS):
        do(full_window, "edit.undo")
    assert arguments()[-2:] == [{"classes": 7}, None]
    assert undoing.count() == 1
    assert undoing.redoText() == "arguments classes=7"
    with qtbot.waitSignal(opening.opened, timeout=PATIENCE_MS):
        do(full_window, "edit.redo")
    assert arguments()[-1] == {"classes": 7}
    assert undoing.count() == 1
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_same_model_made_anew_is_no_step(full_window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(full_window.opening.opened, timeout=PATIENCE_MS):
        full_window.opening.construct(full_window.opening.target)
    assert full_window.workbench.undoing.count() == 0
