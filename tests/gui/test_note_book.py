"""Notes and bookmarks: kept with the file they are about, shown in the trees and in Details, walked, undone."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.analysis.notes import MODULE, PARAMETER, TENSOR, Note
from torchloupe.gui.notes.model import EMPTY
from torchloupe.gui.settings import Settings
from torchloupe.gui.workbench import Workbench


@pytest.fixture
def noted(qtbot: Any, tmp_path: Path) -> Workbench:
    """A workbench with a model and a checkpoint, whose notes are kept in a folder."""
    bench = Workbench()
    bench.notes.keep_in(tmp_path / "notes")
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(panel_data.checkpoint())
    return bench


def files(folder: Path) -> list[Path]:
    return sorted((folder / "notes").glob("*.json"))


def test_that_a_note_is_kept_for_the_target_or_the_checkpoint(noted: Workbench, tmp_path: Path) -> None:
    noted.notes.write(Note(MODULE, "head"), "look at this")
    noted.notes.toggle_mark(Note(TENSOR, "model_state_dict.module.head.fc1.weight"))
    texts = [json.loads(file.read_text(encoding="utf-8")) for file in files(tmp_path)]
    assert {text["about"] for text in texts} == {"/models/classifier.py:Classifier", "/models/last.pt"}
    again = Workbench()
    again.notes.keep_in(tmp_path / "notes")
    again.set_model(panel_data.opened())
    assert again.notes.listed() == [Note(MODULE, "head", "look at this")]
    again.set_checkpoint(panel_data.checkpoint())
    assert [note.sign for note in again.notes.listed()] == ["✎", "★"]


def test_that_without_a_folder_notes_last_as_long_as_the_window(qtbot: Any) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.notes.write(Note(MODULE, "head"), "x")
    assert bench.notes.of(MODULE, "head").text == "x"


def test_that_every_change_can_be_undone_and_the_same_again_is_none(noted: Workbench) -> None:
    note = Note(PARAMETER, "head.fc1.weight")
    noted.notes.toggle_mark(note)
    noted.notes.write(noted.notes.of(PARAMETER, note.name), "large")
    noted.notes.write(noted.notes.of(PARAMETER, note.name), "large ")
    assert noted.undoing.undoText() == "note on head.fc1.weight"
    assert noted.notes.sign(PARAMETER, note.name) == "★✎"
    noted.undoing.back()
    assert noted.notes.sign(PARAMETER, note.name) == "★"
    noted.undoing.back()
    assert noted.notes.listed() == []
    noted.undoing.again()
    assert noted.notes.of(PARAMETER, note.name).marked


def test_that_notes_that_cannot_be_read_are_put_aside_with_a_sentence(noted: Workbench, tmp_path: Path) -> None:
    noted.notes.write(Note(MODULE, "head"), "x")
    (file,) = files(tmp_path)
    file.write_text("{torn", encoding="utf-8")
    said: list[str] = []
    again = Workbench()
    again.notes.went_wrong.connect(said.append)
    again.notes.keep_in(tmp_path / "notes")
    again.set_model(panel_data.opened())
    assert again.notes.listed() == []
    assert "put aside" in said[0]
    assert file.with_suffix(".broken").read_text(encoding="utf-8") == "{torn"


def test_that_a_folder_that_cannot_be_written_to_costs_only_the_file(noted: Workbench, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("", encoding="utf-8")
    said: list[str] = []
    noted.notes.went_wrong.connect(said.append)
    noted.notes.keep_in(tmp_path / "in the way" / "notes")
    noted.notes.write(Note(MODULE, "head"), "x")
    assert noted.notes.of(MODULE, "head").text == "x"
    assert "not kept" in said[0]


def test_that_two_windows_on_one_model_keep_what_both_write(noted: Workbench, tmp_path: Path) -> None:
    other = Workbench()
    other.notes.keep_in(tmp_path / "notes")
    other.set_model(panel_data.opened())
    noted.notes.write(Note(MODULE, "head"), "of the one")
    noted.notes.toggle_mark(Note(MODULE, "features"))
    other.notes.write(Note(MODULE, "pool"), "of the other")
    assert [note.name for note in other.notes.listed()] == ["features", "head", "pool"]
    noted.notes.write(noted.notes.of(MODULE, "head"), "")
    assert [note.name for note in noted.notes.listed() if note.kind == MODULE] == ["features", "pool"]
    other.set_model(panel_data.opened())
    assert [note.name for note in other.notes.listed()] == ["features", "pool"]


def test_that_a_note_that_could_not_be_written_is_not_lost_when_another_can(
    noted: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted.notes.write(Note(MODULE, "head"), "first")
    with monkeypatch.context() as full:
        full.setattr(Path, "replace", refuse)
        noted.notes.write(Note(MODULE, "pool"), "while the disk is full")
    noted.notes.write(Note(MODULE, "features"), "last")
    again = Workbench()
    again.notes.keep_in(tmp_path / "notes")
    again.set_model(panel_data.opened())
    assert [note.name for note in again.notes.listed()] == ["features", "head", "pool"]


def refuse(_path: Path, _to: Path) -> Path:
    raise OSError("No space left on device")


def test_that_what_was_closed_meanwhile_bears_no_note(noted: Workbench) -> None:
    noted.set_model(None)
    noted.notes.write(Note(MODULE, "head"), "too late")
    assert noted.notes.listed() == []
    assert noted.notes.of_selection() is None


@pytest.fixture
def notes_window(full_window: Any, qtbot: Any) -> Any:
    """A window with a bookmark on a module and a note on a parameter."""
    select_and_do(full_window, qtbot, MODULE, "head", "note.mark")
    select_and_do(full_window, qtbot, PARAMETER, "head.fc1.weight", "note.write")
    panel(full_window).field.setPlainText("Why so large?")
    panel(full_window).keep()
    return full_window


def select_and_do(window: Any, qtbot: Any, kind: str, name: str, action: str) -> None:
    (window.workbench.select_module if kind == MODULE else window.workbench.select_parameter)(name)
    qtbot.waitUntil(window.actions_by_id[action].isEnabled, timeout=PATIENCE_MS)
    window.actions_by_id[action].trigger()


def panel(window: Any) -> Any:
    return window.docks.panels["notes"].inside()


def test_that_notes_are_listed_and_a_row_leads_there(notes_window: Any) -> None:
    rows = [row.cells for row in panel(notes_window).table.model.rows]
    assert rows == [("★", "head", "module", ""), ("✎", "head.fc1.weight", "parameter", "Why so large?")]
    panel(notes_window).table.chosen.emit((MODULE, "head"))
    assert notes_window.workbench.selection.module == "head"
    assert panel(notes_window).about.text() == "module head"


def test_that_a_mark_stands_in_the_trees(notes_window: Any) -> None:
    modules = notes_window.docks.panels["modules"].inside()
    tree = modules.tree_model
    assert tree.index(tree.position_of("head"), 0).data().endswith("★")
    spoken = tree.index(tree.position_of("head"), 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "head" in spoken
    assert ", bookmark" in spoken
    below = modules.below.model
    modules.below.show_entries(notes_window.workbench.tree.parameters, "", "all")
    assert below.index(below.position_of("head.fc1.weight"), 0).data().endswith("✎")
    assert below.index(below.position_of("head.fc1.weight"), 0).data(Qt.ItemDataRole.AccessibleTextRole).endswith(", note")
    assert "note" not in below.index(below.position_of("head.fc1.weight"), 1).data(Qt.ItemDataRole.AccessibleTextRole)
    tensor = notes_window.workbench.checkpoint.tensors[0]
    notes_window.workbench.select_stored(tensor)
    notes_window.workbench.notes.toggle_mark(notes_window.workbench.notes.of_selection())
    stored = notes_window.docks.panels["checkpoint"].inside()
    place = stored.model.checkpoint_rows.position_of(tensor)
    assert stored.model.index(stored.model.position_of(place), 0).data().endswith("★")


def test_that_details_say_it(notes_window: Any) -> None:
    details = notes_window.docks.panels["details"].inside().details
    assert details.sections[0].facts[0].value == "Why so large?"
    notes_window.workbench.select_module("head")
    details = notes_window.docks.panels["details"].inside().details
    assert (details.sections[0].facts[0].name, details.sections[0].facts[0].value) == ("★ bookmark", "marked")


def test_that_f2_walks_through_them_from_anywhere(notes_window: Any, qtbot: Any) -> None:
    bench = notes_window.workbench
    bench.select_module("encoder")
    seen = []
    for _ in range(3):
        notes_window.actions_by_id["go.next_note"].trigger()
        seen.append(bench.selection.parameter or bench.selection.module)
    assert seen == ["head", "head.fc1.weight", "head"]
    notes_window.actions_by_id["go.previous_note"].trigger()
    assert bench.selection.parameter == "head.fc1.weight"


def test_that_what_was_typed_is_kept_when_something_else_is_selected(notes_window: Any) -> None:
    bench = notes_window.workbench
    panel(notes_window).field.setPlainText("half a thought")
    bench.select_module("encoder")
    assert bench.notes.of(PARAMETER, "head.fc1.weight").text == "half a thought"
    assert panel(notes_window).field.toPlainText() == ""
    notes_window.actions_by_id["edit.undo"].trigger()
    assert bench.notes.of(PARAMETER, "head.fc1.weight").text == "Why so large?"


def test_that_ctrl_enter_keeps_a_note_and_enter_alone_is_a_line(notes_window: Any, qtbot: Any) -> None:
    field = panel(notes_window).field
    field.selectAll()
    qtbot.keyClicks(field, "one")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClicks(field, "two")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert notes_window.workbench.notes.of(PARAMETER, "head.fc1.weight").text == "one\ntwo"


def test_that_the_report_tells_the_notes(notes_window: Any) -> None:
    from torchloupe.gui.reporting import found_in

    found = found_in(notes_window.workbench, None, None, "Qt", ())
    assert list(found.notes) == ["★ `head` (module)", "✎ `head.fc1.weight` (parameter): Why so large?"]


def test_that_an_empty_list_says_how_to_write_one(window: Any) -> None:
    assert panel(window).table.empty.label.text() == EMPTY
    assert not panel(window).field.isEnabled()
    assert "Select a module" in panel(window).about.text()


def test_that_a_window_with_settings_keeps_its_notes_beside_them(
    make_window: MakeWindow, tmp_path: Path, model_file: Path, qtbot: Any
) -> None:
    window: Any = make_window(settings=Settings(tmp_path / "window.ini"))
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.workbench.notes.write(Note(MODULE, "head"), "x")
    assert len(files(tmp_path)) == 1
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
