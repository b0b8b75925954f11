"""The field above a table says what the filter does while it is typed."""

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme
from torchloupe.gui.filter_field import FilterField
from torchloupe.gui.text_table import Column, FilterTable, Row

ROWS = [Row((f"layer{number}.fc", "[2, 3]" if number % 2 else "[4]"), key=number) for number in range(6)]


@pytest.fixture
def table(qtbot: Any) -> FilterTable:
    made = FilterTable([Column("Name", 10), Column("Shape", 6)], "Layers")
    made.one = "layer"
    qtbot.addWidget(made)
    made.set_rows(ROWS)
    made.resize(600, 300)
    made.show()
    return made


def ink(field: FilterField) -> str:
    return field.palette().text().color().name()


def test_that_a_good_filter_is_green_and_says_how_many_rows_are_left(table: FilterTable) -> None:
    assert (table.filter.said, table.filter.verdict.isVisible()) == ("", False)
    assert ink(table.filter) == theme.color("text").name()
    table.filter.setText("[*,3]")
    assert table.filter.said == "✓ 3 of 6"
    assert ink(table.filter) == theme.color("matched").name()
    assert table.filter.accessibleDescription() == "3 of 6"


def test_that_a_wrong_one_is_red_with_the_reason_and_filters_as_far_as_it_is_understood(table: FilterTable) -> None:
    table.filter.setText("(layer1 | layer3")
    assert table.filter.trouble == "A bracket is not closed: ) is missing."
    assert table.filter.said.startswith("✖ A bracket")
    assert ink(table.filter) == theme.color("error").name()
    assert [row.key for row in table.model.rows] == [1, 3]
    assert table.filter.toolTip() == table.filter.trouble
    table.filter.setText("colour:red")
    assert "There are Name, Shape." in table.filter.trouble


def test_that_a_filter_without_hits_is_no_success_and_offers_to_be_cleared(table: FilterTable) -> None:
    table.filter.setText("xyz")
    assert table.filter.said == "▲ 0 of 6"
    assert ink(table.filter) == theme.color("text").name()
    assert table._nothing.label.text() == "No layer matches “xyz”."
    assert table._nothing.button.text() == "Clear filter"
    table._nothing.button.click()
    assert len(table.model.rows) == 6


def test_that_the_verdict_leaves_room_for_what_is_typed_and_is_cut_where_it_is_too_long(table: FilterTable) -> None:
    table.resize(220, 200)
    table.filter.setText("(layer")
    assert table.filter.verdict.text().endswith("…")
    assert table.filter.verdict.width() < table.filter.width() * 0.61
    assert table.filter.textMargins().right() >= table.filter.verdict.width()
    table.resize(900, 200)
    QApplication.processEvents()
    assert table.filter.verdict.text() == table.filter.said


def test_that_another_theme_gives_it_other_colours(table: FilterTable, qapp: QApplication) -> None:
    table.filter.setText("fc")
    light = ink(table.filter)
    theme.apply_theme(qapp, "dark")
    QApplication.processEvents()
    assert ink(table.filter) == theme.color("matched").name() != light


def test_that_what_may_be_named_can_differ_from_the_columns(table: FilterTable) -> None:
    table.model.filter_titles = ("Key", "Container")
    table.filter.setText("container:x")
    assert table.filter.trouble == ""
    table.filter.setText("shape:x")
    assert "There are Key, Container." in table.filter.trouble
