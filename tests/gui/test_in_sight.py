"""The current row of a table is to be seen, whatever happens around it, until a person scrolls it away."""

from typing import Any

import pytest
from PySide6.QtWidgets import QAbstractSlider

from gui.conftest import PATIENCE_MS
from torchloupe.gui.text_table import FilterTable, Row


@pytest.fixture
def table(qtbot: Any) -> FilterTable:
    """A hundred rows, of which the last but a few is the current one."""
    table = FilterTable(("Name",), "Names")
    table.set_rows([Row((f"row {number}",), key=number) for number in range(100)])
    table.resize(300, 600)
    qtbot.addWidget(table)
    table.show()
    qtbot.waitExposed(table)
    table.select_key(90)
    return table


def is_seen(table: FilterTable) -> bool:
    return bool(table.view.viewport().rect().contains(table.view.visualRect(table.view.currentIndex())))


def test_that_it_stays_in_sight_when_the_table_becomes_lower(table: FilterTable, qtbot: Any) -> None:
    assert is_seen(table)
    table.resize(300, 150)
    qtbot.waitUntil(lambda: is_seen(table), timeout=PATIENCE_MS)


def test_that_it_stays_in_sight_when_rows_come_above_it(table: FilterTable, qtbot: Any) -> None:
    more = [Row((f"row {number}",), key=number) for number in (*range(200, 260), *range(100))]
    table.set_rows(more)
    qtbot.waitUntil(lambda: is_seen(table), timeout=PATIENCE_MS)
    assert table.current_key() == 90


def test_that_a_person_may_scroll_it_away(table: FilterTable, qtbot: Any) -> None:
    bar = table.view.verticalScrollBar()
    bar.triggerAction(QAbstractSlider.SliderAction.SliderToMinimum)
    qtbot.waitUntil(lambda: bar.value() == 0, timeout=PATIENCE_MS)
    with qtbot.waitSignal(bar.rangeChanged, timeout=PATIENCE_MS):
        table.resize(300, 150)
    qtbot.wait(1)
    assert not is_seen(table)
    table.select_key(50)
    assert is_seen(table)
