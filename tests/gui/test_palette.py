"""The palette."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from gui.conftest import PATIENCE_MS
from torchloupe.gui import looking
from torchloupe.gui.entries import Entry
from torchloupe.gui.palette import EntryModel, Palette
from torchloupe.gui.slices import all_at_once

NAMES = ("File: Open checkpoint", "Run: Run sample input", "View: Dark", "View: Light")


@pytest.fixture
def done() -> list[str]:
    """What was run."""
    return []


def entries(done: list[str]) -> list[Entry]:
    def runs(name: str) -> Callable[[], object]:
        return lambda: done.append(name)

    return [Entry(name, "F5" if name.startswith("Run") else "", runs(name)) for name in NAMES]


@pytest.fixture
def palette(qtbot: Any, done: list[str]) -> Iterator[Palette]:
    """A palette above a window."""
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    made = Palette(window, "Command", entries(done))
    with qtbot.waitExposed(made):
        made.open()
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # the test looks at it afterwards
    yield made
    window.close()


def test_that_the_model_obeys_qt(done: list[str], qtmodeltester: Any) -> None:
    model = EntryModel(entries(done))
    qtmodeltester.check(model, force_py=True)
    model.put(all_at_once(model.find("view")))
    model.put(all_at_once(model.find("nothing like it")))


def test_that_an_entry_says_its_detail_to_readers(done: list[str]) -> None:
    model = EntryModel(entries(done))
    model.put(all_at_once(model.find("")))
    assert model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "Run: Run sample input, F5"


def test_that_typing_and_enter_run_the_best_match(palette: Palette, done: list[str], qtbot: Any) -> None:
    qtbot.keyClicks(palette.field, "dark")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["View: Dark"]


def test_that_up_and_down_choose_and_stop_at_the_ends(palette: Palette, done: list[str], qtbot: Any) -> None:
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == 0
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 1
    qtbot.keyClick(palette.field, Qt.Key.Key_PageDown)
    assert palette.list.currentIndex().row() == len(NAMES) - 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Enter)
    assert done == [NAMES[-1]]


def test_that_a_click_runs(palette: Palette, done: list[str]) -> None:
    palette.list.clicked.emit(palette.model.index(2, 0))
    assert done == ["View: Dark"]


def test_that_nothing_that_fits_is_said_and_enter_then_does_nothing(palette: Palette, done: list[str], qtbot: Any) -> None:
    qtbot.keyClicks(palette.field, "qqq")
    assert palette.nothing.isVisible()
    assert not palette.list.isVisible()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == []


def test_that_escape_leaves_without_running(palette: Palette, done: list[str], qtbot: Any) -> None:
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert done == []


def test_that_field_and_list_have_names(palette: Palette) -> None:
    assert palette.field.accessibleName() == "Command"
    assert palette.list.accessibleName()


def test_that_it_stays_inside_its_window(palette: Palette) -> None:
    assert palette.width() <= 900
    assert palette.height() <= 700


def test_that_it_can_be_painted_with_a_selected_and_an_unselected_line(palette: Palette) -> None:
    palette.list.setCurrentIndex(palette.model.index(0, 0))
    first = palette.grab().toImage()
    palette.list.setCurrentIndex(palette.model.index(1, 0))
    assert palette.grab().toImage() != first


def test_that_the_palette_of_the_window_lists_only_what_makes_sense_now(window: Any) -> None:
    window.actions_by_id["go.palette"].trigger()
    (palette,) = window.findChildren(Palette)
    texts = [entry.text for entry in palette.model.shown]
    assert "View: Dark theme" in texts
    assert "Run: Run sample input" not in texts
    assert "Run: Choose interpreter…" in texts
    palette.field.setText("dark theme"[:4])
    palette.list.clicked.emit(palette.model.index(0, 0))
    assert window.settings.text("theme") == "dark"


def many(done: list[str]) -> list[Entry]:
    return [
        Entry(f"model.layers.{number}.weight", "", lambda number=number: done.append(str(number))) for number in range(60_000)
    ]


def test_that_very_many_entries_are_looked_through_bit_by_bit(palette: Palette, done: list[str], qtbot: Any) -> None:
    palette.set_entries(many(done))
    palette.field.setText("layers31415")
    assert palette._slices.busy
    qtbot.waitUntil(lambda: not palette._slices.busy)
    assert palette.model.shown[0].text == "model.layers.31415.weight"


def test_that_enter_counts_for_what_was_typed_also_before_all_was_looked_through(
    palette: Palette, done: list[str], qtbot: Any
) -> None:
    palette.set_entries(many(done))
    palette.field.setText("layers59999")
    assert palette._slices.busy
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["59999"]


def test_that_entries_that_come_later_are_filtered_by_what_was_typed_before(
    palette: Palette, done: list[str], qtbot: Any
) -> None:
    palette.field.setText("weight")
    assert palette.nothing.isVisible()
    palette.set_entries(many(done)[:10])
    assert len(palette.model.shown) == 10


def test_that_a_large_model_is_listed_on_a_thread(full_window: Any, monkeypatch: pytest.MonkeyPatch, qtbot: Any) -> None:
    monkeypatch.setattr(looking, "LISTED_AT_ONCE", 3)
    full_window.actions_by_id["go.to"].trigger()
    (dialog,) = full_window.findChildren(Palette)
    assert dialog.model.all == ()
    qtbot.waitUntil(lambda: bool(dialog.model.shown), timeout=PATIENCE_MS)
    assert {"head.fc1", "head.fc1.weight"} <= {entry.text for entry in dialog.model.all}
    dialog.reject()
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
