"""Columns that are as wide as their names."""

from typing import Any

import pytest
from PySide6.QtWidgets import QTableView

from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.text_table import Column, FilterTable, Row

LONG = "model.layers.17.post_attention_layernorm"


@pytest.fixture
def view(qtbot: Any) -> QTableView:
    columns = [Column("#", 3), Column("Name", 8), Column("Shape", 6), Column("Note", 30)]
    table = FilterTable(columns, "Names")
    qtbot.addWidget(table)
    table.set_rows([Row(("1", LONG, "[2]", ""), key=1)])
    table.resize(900, 300)
    table.show()
    return table.view


def needed(view: QTableView, text: str) -> int:
    return view.fontMetrics().horizontalAdvance(text)


def test_that_the_longest_text_is_found() -> None:
    assert longer("", ["a", "abc", "ab"]) == "abc"
    assert longer("abcd", ["a", "abc"]) == "abcd"
    assert longer("", []) == ""


def test_that_a_long_name_is_shown_in_full(view: QTableView) -> None:
    assert view.columnWidth(1) < needed(view, LONG)
    FittedColumns(view, [1], [0, 2]).fit([LONG])
    assert needed(view, LONG) < view.columnWidth(1) < needed(view, LONG) + 30


def test_that_a_short_name_leaves_the_column_as_it_was(view: QTableView) -> None:
    before = view.columnWidth(1)
    FittedColumns(view, [1], [0, 2]).fit(["fc"])
    assert view.columnWidth(1) == before


def test_that_what_has_to_be_seen_beside_it_stays_in_sight(view: QTableView) -> None:
    FittedColumns(view, [1], [0, 2]).fit([LONG * 9])
    shown = sum(view.columnWidth(column) for column in (0, 1, 2))
    assert shown <= view.viewport().width() < shown + 5


def test_that_a_wider_table_shows_more_and_a_narrower_one_less_of_the_name(view: QTableView, qtbot: Any) -> None:
    columns = FittedColumns(view, [1], [0, 2])
    columns.fit([LONG * 9])
    before = view.columnWidth(1)
    table = view.window()
    table.resize(1200, 300)
    qtbot.waitUntil(lambda: view.columnWidth(1) > before)
    table.resize(700, 300)
    qtbot.waitUntil(lambda: view.columnWidth(1) < before)


def test_that_two_columns_of_names_share_the_room(view: QTableView) -> None:
    FittedColumns(view, [1, 2], [0]).fit([LONG * 9, LONG * 9])
    assert view.columnWidth(1) == view.columnWidth(2)
    assert sum(view.columnWidth(column) for column in (0, 1, 2)) <= view.viewport().width()


def test_that_what_one_column_does_not_need_is_for_the_other(view: QTableView) -> None:
    FittedColumns(view, [1, 2], [0]).fit([LONG * 9, "[2]"])
    shown = sum(view.columnWidth(column) for column in (0, 1, 2))
    assert view.columnWidth(2) < 110
    assert shown <= view.viewport().width() < shown + 5


def test_that_names_can_come_before_what_stands_beside_them(view: QTableView) -> None:
    view.setColumnWidth(0, view.viewport().width() - 60)
    FittedColumns(view, [1], [0], first=0.75).fit([LONG * 9])
    assert view.columnWidth(1) == pytest.approx(0.75 * view.viewport().width(), abs=1)


def test_that_the_last_name_can_fill_the_table(view: QTableView) -> None:
    FittedColumns(view, [1, 2], [0], fills=True).fit(["a", "b"])
    assert sum(map(view.columnWidth, range(3))) == view.viewport().width()


@pytest.mark.parametrize("column", [0, 1, 2])
def test_that_a_width_that_a_person_chose_is_kept(view: QTableView, column: int) -> None:
    columns = FittedColumns(view, [1], [0, 2])
    columns.fit([LONG])
    view.setColumnWidth(column, 50)
    name = view.columnWidth(1)
    columns.fit([LONG + LONG])
    view.window().resize(1100, 300)
    assert view.columnWidth(1) == name


def test_that_a_column_that_is_stretched_by_the_table_is_not_taken_for_a_person(view: QTableView) -> None:
    columns = FittedColumns(view, [1], [0, 2])
    view.setColumnWidth(3, 400)
    columns.fit([LONG])
    assert view.columnWidth(1) > needed(view, LONG)
