"""Where the panels stand."""

from typing import Any

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.docks import TITLE_BUTTONS
from torchloupe.gui.settings import Settings
from torchloupe.gui.theme import color

PANELS = ("modules", "checkpoint", "calls", "compare", "tensor", "details", "problems", "log")


def visible_docks(window: Any) -> set[str]:
    return {name for name, dock in window.docks.docks.items() if not dock.isHidden()}


def test_that_at_first_there_is_only_the_start_page(window: Any) -> None:
    assert visible_docks(window) == set()
    assert window.docks.tabs.currentWidget().place.id == "start"
    assert not window.docks.tabs.tabBar().isVisible()


def test_that_panels_are_built_when_they_are_first_shown(window: Any) -> None:
    assert [name for name, panel in window.docks.panels.items() if panel.is_built] == ["start"]
    window.docks.raise_panel("log")
    assert window.docks.panels["log"].is_built


def test_that_a_checkpoint_shows_its_dock_and_not_that_of_modules(window: Any) -> None:
    window.opening.opened.emit("checkpoint", "/m/a.pt")
    assert visible_docks(window) == {"checkpoint", "details", "problems", "log"}
    assert window.docks.tabs.tabBar().isVisible()


def test_that_a_model_adds_its_modules(full_window: Any) -> None:
    assert visible_docks(full_window) == {"checkpoint", "modules", "details", "problems", "log"}


def test_that_the_parts_have_a_quarter_a_half_and_a_quarter(full_window: Any, qapp: QApplication) -> None:
    qapp.processEvents()
    docks = full_window.docks.docks
    assert docks["modules"].width() == pytest.approx(320, abs=40)
    assert docks["details"].width() == pytest.approx(320, abs=40)
    assert docks["problems"].height() == pytest.approx(200, abs=40)
    assert full_window.docks.tabs.width() > 550


@pytest.mark.parametrize("name", PANELS)
def test_that_every_panel_can_be_focused(full_window: Any, name: str, qapp: QApplication) -> None:
    full_window.actions_by_id[f"panel.{name}"].trigger()
    qapp.processEvents()
    assert full_window.docks.focused_panel() == name
    assert full_window.docks.panels[name].isVisible()


def test_that_the_focus_goes_to_what_is_read_first(full_window: Any) -> None:
    full_window.docks.focus_panel("modules")
    assert full_window.focusWidget().accessibleName() == "Modules"


@pytest.mark.parametrize("name", ["modules", "checkpoint", "calls", "compare", "problems", "log"])
def test_that_ctrl_f_finds_the_filter_of_the_focused_panel(full_window: Any, name: str, qtbot: Any) -> None:
    full_window.book.add("app", "a line")
    log = full_window.docks.panels["log"].inside()
    qtbot.waitUntil(lambda: len(log.table.model.rows) > 0, timeout=PATIENCE_MS)
    full_window.docks.focus_panel(name)
    full_window.actions_by_id["edit.filter"].trigger()
    field = full_window.focusWidget()
    assert isinstance(field, QLineEdit)
    assert full_window.docks.panels[name].isAncestorOf(field)


def test_that_a_panel_without_a_filter_says_so(window: Any) -> None:
    window.docks.raise_panel("details")
    window.docks.focus_panel("details")
    window.actions_by_id["edit.filter"].trigger()
    assert "no filter" in window.status.message.text()


@pytest.mark.parametrize(("action_id", "area"), [("view.left", "left"), ("view.bottom", "bottom"), ("view.right", "right")])
def test_that_an_area_is_hidden_and_shown_again(full_window: Any, action_id: str, area: str) -> None:
    action = full_window.actions_by_id[action_id]
    action.trigger()
    assert not full_window.docks.is_shown(area)
    full_window.actions_by_id.refresh()
    assert not action.isChecked()
    action.trigger()
    assert full_window.docks.is_shown(area)


def test_that_a_dock_behind_a_tab_has_no_second_title(full_window: Any, qapp: QApplication) -> None:
    qapp.processEvents()
    docks = full_window.docks.docks
    assert docks["problems"].titleBarWidget() is not None
    assert docks["details"].titleBarWidget() is None
    docks["log"].hide()
    qapp.processEvents()
    assert docks["problems"].titleBarWidget() is None


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_the_buttons_of_a_title_bar_can_be_seen_in_both_themes(full_window: Any, mode: str, qapp: QApplication) -> None:
    full_window.set_theme(mode)
    qapp.processEvents()
    dock = full_window.docks.docks["details"]
    for name in TITLE_BUTTONS:
        button = dock.findChild(QAbstractButton, name)
        picture = button.icon().pixmap(20, 20).toImage()
        strokes = [picture.pixelColor(x, y) for x in range(20) for y in range(20) if picture.pixelColor(x, y).alpha() > 200]
        assert strokes
        assert {stroke.name() for stroke in strokes} == {color("text").name()}


def test_that_problems_are_counted_on_their_tab(full_window: Any) -> None:
    count = len(full_window.workbench.problems)
    assert full_window.docks.docks["problems"].windowTitle() == f"Problems ({count})"
    full_window.opening.close_model()
    full_window.opening.close_checkpoint()
    assert full_window.docks.docks["problems"].windowTitle() == "Problems"


def test_that_reset_puts_everything_back(full_window: Any, qapp: QApplication) -> None:
    full_window.docks.docks["details"].setFloating(True)
    full_window.docks.docks["modules"].hide()
    full_window.docks.raise_panel("notes")
    full_window.actions_by_id["view.reset"].trigger()
    qapp.processEvents()
    assert not full_window.docks.docks["details"].isFloating()
    assert visible_docks(full_window) == set(full_window.docks.docks) - {"notes", "find"}  # at first they have nothing to say


def test_that_the_layout_is_kept_from_one_start_to_the_next(make_window: MakeWindow, qapp: QApplication) -> None:
    settings = Settings(None)
    first = make_window(settings=settings)
    first.opening.opened.emit("checkpoint", "/m/a.pt")
    first.docks.docks["details"].hide()
    first.close()
    second = make_window(settings=settings)
    assert visible_docks(second) == set()
    second.opening.opened.emit("checkpoint", "/m/a.pt")
    qapp.processEvents()
    assert "details" not in visible_docks(second)


def test_that_a_start_in_which_nothing_was_opened_keeps_the_layout_of_the_one_before(make_window: MakeWindow) -> None:
    settings = Settings(None)
    first = make_window(settings=settings)
    first.opening.opened.emit("checkpoint", "/m/a.pt")
    first.close()
    kept = settings.text("docks")
    make_window(settings=settings).close()
    assert settings.text("docks") == kept != ""


@pytest.mark.parametrize("state", [b"garbage", b"\x00\x00\x00\xff\x00\x00\x00\x63"])
def test_that_a_layout_of_another_version_gives_the_first_one(make_window: MakeWindow, state: bytes) -> None:
    settings = Settings(None)
    settings.set_blob("docks", QByteArray(state))
    window = make_window(settings=settings)
    window.opening.opened.emit("checkpoint", "/m/a.pt")
    assert visible_docks(window) == {"checkpoint", "details", "problems", "log"}


def test_that_the_start_page_can_be_called_back(full_window: Any) -> None:
    full_window.actions_by_id["view.start"].trigger()
    assert full_window.docks.tabs.currentWidget().place.id == "start"
    full_window.opening.opened.emit("checkpoint", "/m/a.pt")
    assert full_window.docks.tabs.currentWidget().place.id != "start"


def widths(window: Any) -> tuple[int, int]:
    return window.docks.docks["modules"].width(), window.docks.docks["details"].width()


def test_that_the_sides_keep_their_share_of_a_wider_window(full_window: Any, qtbot: Any) -> None:
    full_window.resize(1280, 800)
    full_window.docks.reset_sizes()
    qtbot.waitUntil(lambda: widths(full_window) == (320, 320), timeout=PATIENCE_MS)
    full_window.resize(1920, 800)
    qtbot.waitUntil(lambda: widths(full_window) == (480, 480), timeout=PATIENCE_MS)
    for width in range(1900, 1279, -20):  # drawn bit by bit, nothing is lost on the way
        full_window.resize(width, 800)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: widths(full_window) == (320, 320), timeout=PATIENCE_MS)


def test_that_a_share_that_a_person_has_drawn_counts(full_window: Any, qtbot: Any) -> None:
    full_window.resize(1280, 800)
    full_window.docks.reset_sizes()
    qtbot.waitUntil(lambda: widths(full_window) == (320, 320), timeout=PATIENCE_MS)
    full_window.resizeDocks([full_window.docks.docks["modules"]], [256], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: widths(full_window)[0] == 256, timeout=PATIENCE_MS)
    full_window.resize(1920, 800)
    qtbot.waitUntil(lambda: widths(full_window) == (384, 480), timeout=PATIENCE_MS)
