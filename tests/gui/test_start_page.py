"""The start page and its recent files."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui import theme
from torchloupe.gui.settings import RecentFile, Settings
from torchloupe.gui.start.model import FindDeadFiles, age_text, file_of, recent_rows
from torchloupe.gui.start.panel import WIDTH
from torchloupe.gui.theme import em

NOW = 1_000_000_000.0
KEY_LIST = '{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}'


@pytest.fixture
def recent(make_window: MakeWindow, tmp_path: Path, qtbot: Any) -> Any:
    """A window that remembers a file that is there and one that is gone."""
    settings = Settings(None)
    (tmp_path / "here.json").write_text(KEY_LIST, encoding="utf-8")
    settings.remember_recent(str(tmp_path / "gone.pt"), "checkpoint")
    settings.remember_recent(str(tmp_path / "here.json"), "checkpoint")
    window = make_window(settings=settings)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    return window


def page(window: Any) -> Any:
    return window.docks.panels["start"].inside()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (86400, "1 day ago"),
        (86400 * 400, "1 year ago"),
    ],
)
def test_that_an_age_is_said_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert age_text(seconds) == text


def test_that_a_row_has_name_kind_age_and_folder() -> None:
    (row,) = recent_rows([RecentFile("/m/a.pt", "checkpoint", NOW - 7200)], (), NOW)
    assert row.cells == ("a.pt", "checkpoint", "2 hours ago", "/m", "pin")
    assert row.key == "/m/a.pt"


def test_that_pinned_and_dead_files_are_told_in_words() -> None:
    files = [RecentFile("/m/a.pt", "checkpoint", NOW, True), RecentFile("/m/b.pt", "checkpoint", NOW)]
    pinned, dead = recent_rows(files, {"/m/b.pt"}, NOW)
    assert pinned.cells[0] == "★ a.pt"
    assert dead.cells[1] == "checkpoint, gone"
    assert dead.roles[1] == "warning"
    assert (pinned.cells[-1], dead.cells[-1]) == ("unpin", "remove")
    assert (pinned.struck, dead.struck) == (False, True)


def test_that_a_target_belongs_to_its_file(tmp_path: Path) -> None:
    assert file_of("/m/model.py:Net") == "/m/model.py"
    assert file_of("/m/a.pt") == "/m/a.pt"
    (tmp_path / "model.py").touch()
    paths = (f"{tmp_path}/model.py:Net", f"{tmp_path}/gone.py:Net")
    assert FindDeadFiles(paths)(lambda *_words: None) == {paths[1]}


def test_that_the_buttons_are_the_first_steps_with_their_keys(window: Any) -> None:
    texts = [button.text().splitlines()[0] for button in page(window).buttons]
    assert texts == ["Open checkpoint…", "Open model…", "Try the example"]
    assert page(window).buttons[0].text().splitlines()[1] == "Ctrl+O"
    assert all(button.accessibleName() for button in page(window).buttons)


def test_that_without_recent_files_the_page_says_so(window: Any) -> None:
    assert page(window).no_recent.isVisible()
    assert not page(window).recent.isVisible()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_the_drop_hint_can_be_read_after_a_change_of_theme(window: Any, mode: str) -> None:
    theme.apply_theme(QApplication.instance(), "dark" if mode == "light" else "light")
    shown = page(window).drop_target
    theme.apply_theme(QApplication.instance(), mode)
    QApplication.processEvents()
    picture = shown.grab().toImage()
    seen = {picture.pixelColor(x, y).lightness() for x in range(picture.width()) for y in range(picture.height())}
    assert max(seen) - min(seen) > 120
    theme.apply_theme(QApplication.instance(), "light")


@pytest.mark.parametrize("width", [1024, 1920])
def test_that_everything_stands_in_one_column_in_the_middle_that_is_never_too_wide(recent: Any, width: int, qtbot: Any) -> None:
    recent.resize(width, 800)
    start = page(recent)
    qtbot.waitUntil(lambda: start.width() == width)
    lines = (start.drop_target, start.recent)
    assert {(line.x(), line.width()) for line in lines} == {(0, start.column.width())}
    assert (start.buttons[0].x(), start.buttons[-1].geometry().right() + 1) == (0, start.column.width())
    assert len({button.width() for button in start.buttons}) == 1
    assert start.column.width() <= em(start, WIDTH)
    assert abs(start.column.geometry().center().x() - width // 2) <= 2


def test_that_the_list_comes_with_the_first_file_and_goes_with_the_last(recent: Any) -> None:
    start = page(recent)
    assert start.recent.isVisible()
    assert not start.no_recent.isVisible()
    for _ in range(2):
        start.recent.view.selectRow(0)
        start.remove.trigger()
    assert start.no_recent.isVisible()


def test_that_recent_files_are_listed_and_the_dead_marked(recent: Any) -> None:
    rows = {row.cells[0]: row.cells[1] for row in page(recent).recent.model.rows}
    assert rows == {"here.json": "checkpoint", "gone.pt": "checkpoint, gone"}


def test_that_enter_opens_a_recent_file(recent: Any, qtbot: Any) -> None:
    table = page(recent).recent
    table.view.setFocus()
    table.view.selectRow(0)
    qtbot.keyClick(table.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: recent.workbench.checkpoint is not None, timeout=PATIENCE_MS)


def test_that_a_dead_file_can_be_removed_and_any_be_pinned(recent: Any, qtbot: Any) -> None:
    table = page(recent).recent
    table.view.selectRow(1)
    page(recent).remove.trigger()
    assert [file.path.endswith("here.json") for file in recent.settings.recent()] == [True]
    table.view.selectRow(0)
    page(recent).pin.trigger()
    assert recent.settings.recent()[0].pinned
    assert table.model.rows[0].cells[0].startswith("★")
    page(recent).pin.trigger()
    assert not recent.settings.recent()[0].pinned
    qtbot.waitUntil(lambda: not recent.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_dead_file_is_struck_through_and_its_last_cell_removes_it(recent: Any, qtbot: Any) -> None:
    table = page(recent).recent
    place = [row.key for row in table.model.rows].index(next(row.key for row in table.model.rows if "gone" in row.key))
    strikes = [table.model.data(table.model.index(place, column), Qt.ItemDataRole.FontRole) for column in (0, 1)]
    assert strikes[0].strikeOut()
    assert strikes[1] is None
    click_last_cell(qtbot, table, place)
    assert [row.cells[0] for row in table.model.rows] == ["here.json"]
    click_last_cell(qtbot, table, 0)
    assert recent.settings.recent()[0].pinned
    assert table.model.rows[0].cells[-1] == "unpin"
    qtbot.waitUntil(lambda: not recent.jobs.busy, timeout=PATIENCE_MS)


def click_last_cell(qtbot: Any, table: Any, row: int) -> None:
    place = table.view.visualRect(table.model.index(row, table.model.columnCount() - 1)).center()
    qtbot.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_the_menu_of_a_recent_file_has_a_twin_for_every_key(recent: Any) -> None:
    view = page(recent).recent.view
    assert [action.text() for action in view.actions()] == ["Pin or unpin", "Remove from the list"]


def test_that_what_is_opened_becomes_recent_and_is_in_the_file_menu(recent: Any, model_file: Path, qtbot: Any) -> None:
    recent.open_paths([model_file])
    qtbot.waitUntil(lambda: recent.workbench.model is not None, timeout=PATIENCE_MS)
    assert recent.settings.recent()[0].path == f"{model_file}:Classifier"
    recent.recent_menu.aboutToShow.emit()
    assert recent.recent_menu.actions()[0].text() == f"{model_file}:Classifier"
    recent.recent_menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: recent.workbench.checkpoint is not None, timeout=PATIENCE_MS)


def test_that_the_page_lists_what_was_opened_when_it_comes_back(window: Any, tmp_path: Path, qtbot: Any) -> None:
    (tmp_path / "here.json").write_text(KEY_LIST, encoding="utf-8")
    assert page(window).no_recent.isVisible()
    window.open_paths([tmp_path / "here.json"])
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    window.actions_by_id["close.all"].trigger()
    assert [row.cells[0] for row in page(window).recent.model.rows] == ["here.json"]
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_an_empty_file_menu_says_so(window: Any) -> None:
    window.recent_menu.aboutToShow.emit()
    (entry,) = window.recent_menu.actions()
    assert not entry.isEnabled()


def test_that_the_example_opens_a_model_and_a_checkpoint(window: Any, qtbot: Any) -> None:
    window.actions_by_id["open.example"].trigger()
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None and window.workbench.model is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
