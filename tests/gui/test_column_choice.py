"""Which columns of a table are shown."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.conftest import PATIENCE_MS
from torchloupe.gui.column_choice import ColumnChoice, StayingMenu
from torchloupe.gui.settings import Settings
from torchloupe.gui.text_table import FilterTable, Row

COLUMNS = ("Name", "Class", "Bytes", "Hooks")


def choice(qtbot: Any, settings: Settings | None = None) -> ColumnChoice:
    table = FilterTable(COLUMNS, "Things")
    table.set_rows([Row(("a", "Linear", "12", "none"))])
    qtbot.addWidget(table)
    table.resize(600, 200)
    table.show()
    made = ColumnChoice(table, ["Hooks"], settings, "things")
    made.table = table  # type: ignore[attr-defined]
    return made


def menu_of(qtbot: Any) -> StayingMenu:
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), StayingMenu), timeout=PATIENCE_MS)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, StayingMenu)
    return menu


def test_that_some_columns_are_not_shown_at_first(qtbot: Any) -> None:
    made = choice(qtbot)
    assert made.hidden == ["Hooks"]


def test_that_columns_are_shown_and_hidden_by_their_titles(qtbot: Any) -> None:
    made = choice(qtbot)
    made.show_columns(["Hooks"])
    made.show_columns(["Class", "Bytes"], shown=False)
    assert made.hidden == ["Class", "Bytes"]


def test_that_the_first_column_always_stays(qtbot: Any) -> None:
    made = choice(qtbot)
    made.show_columns(COLUMNS, shown=False)
    assert made.hidden == ["Class", "Bytes", "Hooks"]


def test_that_a_choice_is_remembered_also_when_everything_is_shown(qtbot: Any) -> None:
    settings = Settings(None)
    choice(qtbot, settings).show_columns(["Hooks"])
    assert choice(qtbot, settings).hidden == []
    choice(qtbot, settings).show_columns(["Bytes"], shown=False)
    assert choice(qtbot, settings).hidden == ["Bytes"]


def test_that_the_menu_lists_all_columns_but_the_first_and_stays_open_while_they_are_switched(qtbot: Any) -> None:
    made = choice(qtbot)
    made.open_menu()
    menu = menu_of(qtbot)
    assert [(action.text(), action.isChecked()) for action in menu.actions()] == [
        ("Class", True),
        ("Bytes", True),
        ("Hooks", False),
    ]
    menu.setActiveAction(menu.actions()[2])
    QTest.keyClick(menu, Qt.Key.Key_Space)
    assert menu.isVisible()
    assert made.hidden == []
    menu.setActiveAction(menu.actions()[0])
    place = menu.actionGeometry(menu.actions()[0]).center()
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert menu.isVisible()
    assert made.hidden == ["Class"]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()


def test_that_arrows_walk_through_the_menu(qtbot: Any) -> None:
    choice(qtbot).open_menu()
    menu = menu_of(qtbot)
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Down)
    assert menu.activeAction().text() == "Bytes"
    menu.close()


def test_that_the_header_opens_the_menu(qtbot: Any) -> None:
    made = choice(qtbot)
    header = made.table.view.horizontalHeader()  # type: ignore[attr-defined]
    assert header.contextMenuPolicy() == Qt.ContextMenuPolicy.CustomContextMenu
    header.customContextMenuRequested.emit(QPoint(5, 5))
    menu_of(qtbot).close()


@pytest.mark.parametrize("hidden", [(), ("Class",), ("Class", "Bytes", "Hooks")])
def test_that_only_what_is_shown_is_copied(qtbot: Any, hidden: tuple[str, ...]) -> None:
    made = choice(qtbot)
    made.show_columns(COLUMNS)
    made.show_columns(hidden, shown=False)
    copied = made.table.copied_table()  # type: ignore[attr-defined]
    assert copied.titles == tuple(title for title in COLUMNS if title not in hidden)
    assert len(copied.rows[0]) == len(copied.titles)
