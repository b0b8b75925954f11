"""Numbers do not touch the words behind them, and are copied as they are."""

from typing import Any

import pytest
from PySide6.QtWidgets import QStyledItemDelegate

from torchloupe.gui.spaced_numbers import GAP, SpacedNumbers
from torchloupe.gui.text_table import Column, FilterTable, Row

COLUMNS = (Column("#", 2, right=True), Column("Mean", 5, right=True), Column("Class", 6), Column("Time", 5, right=True))


@pytest.fixture
def table(qtbot: Any) -> FilterTable:
    made = FilterTable(COLUMNS, "Calls")
    qtbot.addWidget(made)
    made.set_rows([Row(("1", "0.5", "Linear", "2 ms"), 1)])
    return made


def test_that_only_numbers_before_words_are_moved(table: FilterTable) -> None:
    spaced = [isinstance(table.view.itemDelegateForColumn(number), SpacedNumbers) for number in range(len(COLUMNS))]
    assert spaced == [False, True, False, False]


def test_that_a_number_is_drawn_with_a_gap_and_nothing_without(table: FilterTable) -> None:
    delegate = table.view.itemDelegateForColumn(1)
    assert isinstance(delegate, QStyledItemDelegate)
    assert delegate.displayText("0.5", None) == f"0.5{GAP}"
    assert delegate.displayText("", None) == ""


def test_that_what_is_copied_has_no_gap(table: FilterTable) -> None:
    assert table.copied_text().endswith("1\t0.5\tLinear\t2 ms")
    assert GAP not in table.copied_text()
    assert table.model.index(0, 1).data() == "0.5"
