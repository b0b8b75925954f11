"""The mapping is edited in the window: pairs by hand, by dragging, by a pattern; locked, undone, kept in a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import shown_column
from torchloupe.gui.compare import model as rows
from torchloupe.gui.compare.map_dialog import MapDialog
from torchloupe.gui.compare.panel import ROW_ACTIONS, ComparePanel
from torchloupe.gui.compare.rename_dialog import RenameDialog
from torchloupe.gui.drop import INSIDE
from torchloupe.wire.contents import CheckpointContents

OLD = "encoder.conv2.beta"
RENAMED = {"head.fc1.weight": "top.weight", "head.fc1.bias": "top.bias", "encoder.conv2.bias": OLD}


def checkpoint(names: dict[str, str] | None = None, *extra: str) -> CheckpointContents:
    """The model's own keys, some of them called otherwise, and more of the shape of a bias."""
    held = names or {}
    kept = [panel_data.stored(held.get(key, key), shape, "") for key, shape, _ in panel_data.PARAMETERS]
    return CheckpointContents("/m/a.pt", "PyTorch zip", 9, 9, (*kept, *(panel_data.stored(key, (64,), "") for key in extra)))


@pytest.fixture
def edited(window: Any) -> Any:
    """A window with a model, and a checkpoint with a few keys of its own."""
    window.workbench.set_model(panel_data.opened())
    window.workbench.set_checkpoint(checkpoint({"encoder.conv2.bias": OLD}, "other"))
    window.docks.raise_panel("compare")
    window.show()
    window.actions_by_id.refresh()
    return window


def panel(window: Any) -> ComparePanel:
    found = window.docks.panels["compare"].inside()
    assert isinstance(found, ComparePanel)
    return found


def do(window: Any, action_id: str) -> None:
    window.actions_by_id.refresh()
    assert window.actions_by_id[action_id].isEnabled(), action_id
    window.actions_by_id[action_id].trigger()


def home(window: Any, found: str) -> str | None:
    mapping: dict[str, str] = window.workbench.diff.mapping
    return mapping.get(found)


def dialog(kind: type) -> Any:
    (found,) = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()]
    return found


def row_of(window: Any, text: str) -> int:
    held = shown_column(panel(window).table, rows.CHECKPOINT_KEY)
    return held.index(text) if text in held else shown_column(panel(window).table, rows.MODEL_KEY).index(text)


def select(window: Any, *texts: str) -> None:
    view = panel(window).table.view
    view.clearSelection()
    for text in texts:
        index = panel(window).model.index(row_of(window, text), 0)
        flags = view.selectionModel().SelectionFlag
        view.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)


# by hand


def test_that_a_key_is_mapped_to_one_that_was_chosen_by_a_few_letters(edited: Any) -> None:
    assert home(edited, OLD) == "encoder.conv2.bias"
    select(edited, "other")
    do(edited, "mapping.map_to")
    chooser = dialog(MapDialog)
    assert chooser.key == "other"
    assert shown_column(chooser.table, 0)[0] == "encoder.conv2.bias"  # the only one of that shape
    chooser.table.filter.setText("conv2 bias")
    chooser.accept()
    assert home(edited, "other") == "encoder.conv2.bias"
    assert home(edited, OLD) is None
    assert "locked" in shown_column(panel(edited).table, rows.SURE_COLUMN)


def test_that_a_missing_key_of_the_model_chooses_among_those_of_the_checkpoint(edited: Any) -> None:
    edited.workbench.mapping.leave_out([OLD])
    select(edited, "encoder.conv2.bias")
    do(edited, "mapping.map_to")
    chooser = dialog(MapDialog)
    assert (chooser.key, chooser.side) == ("encoder.conv2.bias", "model")
    assert set(shown_column(chooser.table, 0)[:2]) == {OLD, "other"}
    chooser.table.select_key("other")
    chooser.accept()
    assert home(edited, "other") == "encoder.conv2.bias"


def test_that_a_dialog_with_nothing_left_changes_nothing(edited: Any) -> None:
    select(edited, "other")
    do(edited, "mapping.map_to")
    chooser = dialog(MapDialog)
    chooser.table.filter.setText("no such key at all")
    chooser.accept()
    assert chooser.isVisible()
    chooser.reject()
    assert edited.workbench.mapping.locked == {}


def test_that_a_pair_is_locked_left_out_unlocked_and_all_of_it_undone(edited: Any) -> None:
    mapping = edited.workbench.mapping
    select(edited, OLD)
    do(edited, "mapping.lock")
    assert mapping.locked == {OLD: "encoder.conv2.bias"}
    do(edited, "mapping.leave_out")
    assert home(edited, OLD) is None
    assert "left out by hand" in shown_column(panel(edited).table, 6)
    do(edited, "edit.undo")
    assert home(edited, OLD) == "encoder.conv2.bias"
    do(edited, "edit.undo")
    assert mapping.locked == {}
    do(edited, "edit.redo")
    do(edited, "edit.redo")
    assert mapping.locked == {OLD: ""}
    select(edited, OLD)
    do(edited, "mapping.unlock")
    assert mapping.locked == {}
    do(edited, "edit.undo")
    do(edited, "mapping.clear")
    assert (mapping.locked, edited.workbench.undoing.undoText()) == ({}, "unlock all")


def test_that_undoing_says_what_was_undone(edited: Any) -> None:
    edited.workbench.mapping.pair([("other", "encoder.conv2.bias"), (OLD, "encoder.conv1.bias")])
    do(edited, "edit.undo")
    assert edited.actions_by_id["edit.undo"].text() == "&Undo"
    assert edited.actions_by_id["edit.redo"].text().startswith("&Redo pair other with encoder.conv2.bias")
    assert edited.status.message.text() == "Undone: pair other with encoder.conv2.bias and 1 more."
    do(edited, "edit.redo")
    assert edited.status.message.text().startswith("Done again: pair other")


def test_that_a_new_decision_forgets_what_was_undone(edited: Any) -> None:
    mapping = edited.workbench.mapping
    mapping.leave_out(["other"])
    edited.workbench.undoing.back()
    mapping.leave_out([OLD])
    assert (edited.workbench.undoing.redoText(), edited.workbench.undoing.again()) == ("", "")
    assert mapping.locked == {OLD: ""}


def test_that_a_missing_key_has_no_pair_to_lock(edited: Any) -> None:
    edited.workbench.mapping.leave_out([OLD, "other"])
    select(edited, "encoder.conv2.bias")
    do(edited, "mapping.lock")
    assert "no pair" in edited.status.message.text()
    do(edited, "mapping.leave_out")
    assert "missing already" in edited.status.message.text()


def test_that_the_same_decision_again_is_none(edited: Any) -> None:
    mapping = edited.workbench.mapping
    mapping.leave_out(["other"])
    mapping.leave_out(["other"])
    mapping.unlock([OLD])
    mapping.pair([])
    assert edited.workbench.undoing.back() == "leave out other"
    assert edited.workbench.undoing.back() == ""


def test_that_decisions_are_about_these_two_sides(edited: Any) -> None:
    bench = edited.workbench
    bench.mapping.leave_out(["other"])
    bench.set_checkpoint(checkpoint({"encoder.conv2.bias": OLD}))  # the same file again, one key less
    assert bench.mapping.locked == {"other": ""}
    assert home(edited, OLD) == "encoder.conv2.bias"
    other = checkpoint()
    bench.set_checkpoint(CheckpointContents("/m/b.pt", other.format, 9, 9, other.tensors))
    assert (bench.mapping.locked, bench.undoing.undoText()) == ({}, "")


# dragging


def drag(window: Any, source: str, goal: str, column: int = rows.CHECKPOINT_KEY) -> bool:
    """Press the mouse on one row, carry its key to another and let go: whether it was taken."""
    table, model = panel(window).table, panel(window).model
    view, viewport = table.view, table.view.viewport()
    start = view.visualRect(model.index(row_of(window, source), column)).center()
    end = view.visualRect(model.index(row_of(window, goal), column)).center()
    left = Qt.MouseButton.LeftButton
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        where = QPointF(start)
        QApplication.sendEvent(viewport, QMouseEvent(kind, where, where, left, left, Qt.KeyboardModifier.NoModifier))
    data = model.mimeData(view.selectionModel().selectedIndexes())
    assert data.hasFormat(INSIDE)
    return dropped(viewport, data, end)


def dropped(viewport: Any, data: QMimeData, place: QPoint) -> bool:
    taken = []
    for kind in (QDragEnterEvent, QDropEvent):
        event = kind(
            place if kind is QDragEnterEvent else QPointF(place),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, event)
        taken.append(event.isAccepted())
    return taken[-1]


def test_that_a_key_is_dragged_onto_another(edited: Any) -> None:
    edited.workbench.mapping.leave_out([OLD])
    assert drag(edited, "other", "encoder.conv2.bias")
    assert home(edited, "other") == "encoder.conv2.bias"


def test_that_a_key_of_the_model_is_dragged_onto_one_of_the_checkpoint(edited: Any) -> None:
    edited.workbench.mapping.leave_out([OLD])
    assert drag(edited, "encoder.conv2.bias", "other", rows.MODEL_KEY)
    assert home(edited, "other") == "encoder.conv2.bias"


def test_that_what_a_pair_had_goes_free_when_another_is_dropped_there(edited: Any) -> None:
    assert drag(edited, "other", OLD)
    assert edited.workbench.mapping.locked == {"other": "encoder.conv2.bias"}
    assert home(edited, OLD) is None


def test_that_two_keys_of_one_side_are_no_pair(edited: Any) -> None:
    edited.workbench.mapping.leave_out([OLD])
    before = dict(edited.workbench.mapping.locked)
    drag(edited, "other", OLD)
    drag(edited, "other", "other")
    assert edited.workbench.mapping.locked == before


def test_that_a_file_dropped_on_the_table_is_left_to_the_window(edited: Any) -> None:
    data = QMimeData()
    data.setText("file:///m/b.pt")
    assert dropped(panel(edited).table.view.viewport(), data, QPoint(5, 5))  # by the window
    assert edited.drop_area.overlay.text.startswith("Only files can be opened here")
    assert edited.workbench.mapping.locked == {}


def test_that_the_window_says_nothing_about_a_key_that_is_dragged_over_it(edited: Any) -> None:
    data = QMimeData()
    data.setData(INSIDE, b"a.weight")
    event = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(edited, event)
    assert not event.isAccepted()
    assert not edited.drop_area.overlay.isVisible()


def test_that_folded_layers_are_paired_one_by_one(window: Any) -> None:
    keys = [f"encoder.layers.{number}.{part}" for number in range(3) for part in ("one", "two")]
    parameters = [panel_data.parameter(key, (4, 4)) for key in keys]
    tree = panel_data.tree()
    window.workbench.set_model(panel_data.opened(tree=type(tree)(tree.modules, tuple(parameters))))
    held = [panel_data.stored(key.replace("one", "uno").replace("two", "due"), (4, 4), "") for key in keys]
    window.workbench.set_checkpoint(CheckpointContents("/m/a.pt", "PyTorch zip", 9, 9, tuple(held)))
    window.docks.raise_panel("compare")
    window.show()
    for key in keys:
        window.workbench.mapping.leave_out([key.replace("one", "uno").replace("two", "due")])
    panel(window).fold.setChecked(True)
    shown = set(shown_column(panel(window).table, rows.CHECKPOINT_KEY))
    assert "encoder.layers.{0..2}.uno" in shown
    assert drag(window, "encoder.layers.{0..2}.uno", "encoder.layers.{0..2}.two")
    assert home(window, "encoder.layers.1.uno") == "encoder.layers.1.two"


def test_that_the_menu_of_a_row_has_its_commands(edited: Any) -> None:
    select(edited, "other")
    table, at = panel(edited).table, QPoint(5, 5)
    table.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, table.mapToGlobal(at)))
    menu = dialog(QMenu)
    names = [action.objectName() for action in menu.actions() if action.objectName()]
    assert names[: names.index("edit.copy")] == [each for each in ROW_ACTIONS if each]
    menu.close()


# by a pattern


def test_that_a_pattern_is_shown_before_it_is_used(edited: Any, qtbot: Any) -> None:
    bench = edited.workbench
    bench.set_checkpoint(checkpoint(RENAMED))
    bench.mapping.leave_out(list(RENAMED.values()))
    do(edited, "mapping.rename")
    asked = dialog(RenameDialog)
    assert "Type a pattern" in asked.said.text()
    asked.pattern.setText(r"^top\.(\w+)$")
    asked.replacement.setText(r"head.fc1.\1")
    qtbot.waitUntil(lambda: len(asked.preview.pairs) == 2, timeout=PATIENCE_MS)
    assert asked.said.text() == "2 keys are matched; 2 of them become a key of the model."
    assert shown_column(asked.table, 1) == ["head.fc1.weight", "head.fc1.bias"]
    assert bench.mapping.locked["top.weight"] == ""
    asked.accept()
    assert home(edited, "top.weight") == "head.fc1.weight"
    do(edited, "edit.undo")
    assert home(edited, "top.weight") is None


def test_that_a_pattern_on_the_side_of_the_model_works_the_other_way_round(edited: Any, qtbot: Any) -> None:
    do(edited, "mapping.rename")
    asked = dialog(RenameDialog)
    asked.side.setCurrentIndex(1)
    asked.pattern.setText("encoder.conv2.bias")
    asked.replacement.setText("other")
    qtbot.waitUntil(lambda: len(asked.preview.pairs) == 1, timeout=PATIENCE_MS)
    asked.accept()
    assert edited.workbench.mapping.locked == {"other": "encoder.conv2.bias"}


def test_that_a_wrong_pattern_says_what_is_wrong(edited: Any, qtbot: Any) -> None:
    do(edited, "mapping.rename")
    asked = dialog(RenameDialog)
    asked.pattern.setText("(open")
    qtbot.waitUntil(lambda: bool(asked.preview.error), timeout=PATIENCE_MS)
    assert asked.said.text().startswith("No pattern: missing )")
    asked.pattern.setText("conv")
    asked.replacement.setText(r"\7")
    qtbot.waitUntil(lambda: "invalid group reference" in asked.said.text(), timeout=PATIENCE_MS)
    asked.accept()
    assert asked.isVisible()
    asked.reject()


def test_that_keys_without_a_home_under_a_pattern_are_named(edited: Any, qtbot: Any) -> None:
    do(edited, "mapping.rename")
    asked = dialog(RenameDialog)
    asked.pattern.setText("^encoder")
    asked.replacement.setText("decoder")
    qtbot.waitUntil(lambda: len(asked.preview.rows) == 7, timeout=PATIENCE_MS)
    assert set(shown_column(asked.table, 2)) == {"no key of the model"}
    asked.reject()


# files and the clipboard


def test_that_a_mapping_is_saved_and_opened_again(edited: Any, tmp_path: Path, qtbot: Any) -> None:
    edited.workbench.mapping.leave_out(["other"])
    do(edited, "mapping.save")
    chooser = dialog(QFileDialog)
    chooser.selectFile(str(tmp_path / "pairs.json"))
    chooser.accept()
    qtbot.waitUntil(lambda: (tmp_path / "pairs.json").exists(), timeout=PATIENCE_MS)
    held = json.loads((tmp_path / "pairs.json").read_text())
    assert (held[OLD], held["other"]) == ("encoder.conv2.bias", None)
    do(edited, "mapping.clear")
    do(edited, "mapping.open")
    dialog(QFileDialog).fileSelected.emit(str(tmp_path / "pairs.json"))
    dialog(QFileDialog).reject()
    qtbot.waitUntil(lambda: edited.workbench.mapping.locked.get("other") == "", timeout=PATIENCE_MS)
    assert edited.workbench.mapping.locked[OLD] == "encoder.conv2.bias"
    assert edited.status.message.text() == f"{len(held)} pairs of pairs.json are locked."


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"nowhere": "head.fc1.bias"}', "does not have: nowhere"), ("a=b", "is not JSON"), ("[1]", "maps no keys")],
)
def test_that_a_bad_mapping_is_refused_with_a_sentence(edited: Any, tmp_path: Path, qtbot: Any, text: str, said: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    do(edited, "mapping.open")
    dialog(QFileDialog).fileSelected.emit(str(tmp_path / "bad.json"))
    dialog(QFileDialog).reject()
    qtbot.waitUntil(lambda: said in edited.status.message.text(), timeout=PATIENCE_MS)
    assert edited.workbench.mapping.locked == {}


def test_that_code_and_report_go_to_the_clipboard(edited: Any) -> None:
    do(edited, "mapping.code")
    assert "NAMES = {" in QGuiApplication.clipboard().text()
    do(edited, "mapping.report")
    data = QGuiApplication.clipboard().mimeData()
    assert "| → renamed" in data.text() or "| renamed |" in data.text()
    assert "<s>beta</s>" in data.html()


def test_that_the_other_of_two_equal_towers_is_taken_and_given_back(window: Any) -> None:
    def towers(*names: str) -> list[str]:
        return [f"{name}.{number}.{part}" for name in names for number in range(3) for part in ("fc.weight", "out.weight")]

    parameters = tuple(panel_data.parameter(key, (4, 4)) for key in towers("left", "right"))
    tree = panel_data.tree()
    window.workbench.set_model(panel_data.opened(tree=type(tree)(tree.modules, parameters)))
    held = tuple(panel_data.stored(key, (4, 4), "") for key in towers("alpha", "omega"))
    window.workbench.set_checkpoint(CheckpointContents("/m/a.pt", "PyTorch zip", 9, 9, held))
    window.docks.raise_panel("compare")
    window.show()
    before = home(window, "alpha.0.fc.weight")
    window.workbench.select_stored(held[0])
    do(window, "mapping.other_choice")
    assert home(window, "alpha.0.fc.weight") not in (None, before)
    do(window, "edit.undo")
    assert home(window, "alpha.0.fc.weight") == before


def test_that_without_a_choice_the_window_says_so(edited: Any) -> None:
    select(edited, OLD)
    do(edited, "mapping.other_choice")
    assert "There was no choice" in edited.status.message.text()
