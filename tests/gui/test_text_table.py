"""The table of plain rows and its filter field."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from torchloupe.gui.slices import all_at_once
from torchloupe.gui.text_table import Column, FilterTable, Row, TextTableModel
from torchloupe.gui.theme import color

COLUMNS = [Column("Key", 12, stretch=True), Column("Shape"), Column("Elements", 5, right=True)]
Role = Qt.ItemDataRole


def rows(count: int = 5) -> list[Row]:
    """Rows ``layer.0`` to ``layer.4`` whose element counts fall."""
    return [
        Row(
            (f"layer.{n}.weight", f"[{n}, 3]", f"{100 - n:,}"),
            key=n,
            roles=(None, "muted"),
            tips=(f"tip {n}",),
            order=("", n, 100 - n),
        )
        for n in range(count)
    ]


@pytest.fixture
def model() -> TextTableModel:
    """Five rows."""
    made = TextTableModel(COLUMNS)
    made.set_rows(rows())
    return made


@pytest.fixture
def table(qtbot: Any) -> FilterTable:
    """Five rows, shown."""
    made = FilterTable(COLUMNS, "Keys", "No keys.")
    qtbot.addWidget(made)
    made.set_rows(rows())
    made.resize(500, 300)
    with qtbot.waitExposed(made):
        made.show()
    return made


def keys(model: TextTableModel) -> list[Any]:
    return [row.key for row in model.rows]


def test_that_the_model_obeys_qt(model: TextTableModel, qtmodeltester: Any) -> None:
    qtmodeltester.check(model, force_py=True)
    model.set_filter("layer.3")  # the tester goes on watching
    model.sort(1)
    model.set_rows([])
    model.set_rows(rows(3))


def test_that_a_cell_has_text_colour_tip_alignment_and_a_text_for_readers(model: TextTableModel) -> None:
    shape, elements = model.index(2, 1), model.index(2, 2)
    assert shape.data() == "[2, 3]"
    assert shape.data(Role.ForegroundRole) == color("muted")
    assert model.index(2, 0).data(Role.ForegroundRole) is None
    assert model.index(2, 0).data(Role.ToolTipRole) == "tip 2"
    assert shape.data(Role.ToolTipRole) == "[2, 3]"
    assert elements.data(Role.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight.value
    assert shape.data(Role.AccessibleTextRole) == "Shape: [2, 3]"
    assert shape.data(Role.UserRole) == 2


def test_that_headers_say_the_titles(model: TextTableModel) -> None:
    assert [model.headerData(number, Qt.Orientation.Horizontal) for number in range(3)] == ["Key", "Shape", "Elements"]
    assert model.headerData(0, Qt.Orientation.Vertical) is None


def test_that_a_row_may_have_fewer_cells_than_there_are_columns() -> None:
    model = TextTableModel(["A", "B"])
    model.set_rows([Row(("only",))])
    assert model.index(0, 1).data() == ""


def test_that_sorting_uses_the_order_and_not_the_text(model: TextTableModel) -> None:
    model.set_rows(rows(12))
    model.sort(1)
    assert keys(model) == list(range(12))
    model.sort(2)
    assert keys(model) == list(reversed(range(12)))
    model.sort(2, Qt.SortOrder.DescendingOrder)
    assert keys(model) == list(range(12))


def test_that_no_column_restores_the_order_in_which_rows_came(model: TextTableModel) -> None:
    model.sort(2)
    model.sort(-1)
    assert keys(model) == [0, 1, 2, 3, 4]


def test_that_nothing_is_sorted_last_and_words_after_numbers() -> None:
    model = TextTableModel(["A"])
    values = [("b", "b"), ("", None), ("3", 3), ("a", "a"), ("2", 2)]
    model.set_rows([Row((text,), key=text, order=(value,)) for text, value in values])
    model.sort(0)
    assert keys(model) == ["2", "3", "a", "b", ""]


def test_that_the_filter_stays_when_rows_change(model: TextTableModel) -> None:
    model.set_filter("layer.3")
    model.set_rows(rows(4))
    assert keys(model) == [3]
    assert len(model.all_rows) == 4


def test_that_rows_are_copied_as_they_are_shown(model: TextTableModel) -> None:
    assert model.table_of(model.rows[:1]).as_text() == "layer.0.weight\t[0, 3]\t100"
    assert model.table_of(model.rows[:1]).titles == ("Key", "Shape", "Elements")


def test_that_rows_that_are_replaced_while_they_are_sorted_are_sorted_anew(model: TextTableModel) -> None:
    model.sorted_by = (2, Qt.SortOrder.AscendingOrder)
    steps = model.find()
    next(steps)
    model.set_rows(rows(2))
    model.put(all_at_once(steps))
    assert keys(model) == [1, 0]


def test_that_typing_into_the_field_filters(table: FilterTable, qtbot: Any) -> None:
    qtbot.keyClicks(table.filter, "layer.2")
    assert keys(table.model) == [2]
    table.filter.clear()
    assert len(table.model.rows) == 5


def test_that_a_filter_without_hits_offers_to_clear_it(table: FilterTable) -> None:
    table.filter.setText("xyz")
    page = table._nothing
    assert page.isVisible()
    assert "xyz" in page.label.text()
    page.button.click()
    assert table.filter.text() == ""
    assert table.view.isVisible()


def test_that_an_empty_table_says_why_and_hides_its_filter(table: FilterTable) -> None:
    table.set_rows([])
    table.set_empty("Nothing yet.")
    assert table.empty.isVisible()
    assert table.empty.label.text() == "Nothing yet."
    assert not table.filter.isVisible()


def test_that_a_row_chosen_by_hand_is_announced_by_its_key(table: FilterTable, qtbot: Any) -> None:
    with qtbot.waitSignal(table.chosen) as heard:
        table.view.selectRow(3)
    assert heard.args == [3]
    assert table.current_key() == 3


def test_that_a_row_chosen_by_the_program_is_not_announced(table: FilterTable) -> None:
    heard: list[Any] = []
    table.chosen.connect(heard.append)
    table.select_key(4)
    assert table.current_key() == 4
    table.select_key(None)
    assert table.current_key() is None
    table.select_key("no such key")
    assert heard == []


def test_that_the_current_row_survives_other_rows_filters_and_sorting(table: FilterTable) -> None:
    heard: list[Any] = []
    table.select_key(2)
    table.chosen.connect(heard.append)
    table.set_rows(rows(4))
    table.filter.setText("weight")
    table.view.horizontalHeader().setSortIndicator(2, Qt.SortOrder.AscendingOrder)
    assert table.current_key() == 2
    assert heard == []


def test_that_enter_activates_the_current_row(table: FilterTable, qtbot: Any) -> None:
    table.view.setFocus()
    table.select_key(1)
    with qtbot.waitSignal(table.activated) as heard:
        qtbot.keyClick(table.view, Qt.Key.Key_Return)
    assert heard.args == [1]


def test_that_the_selected_rows_are_copied_and_all_when_none_is(table: FilterTable) -> None:
    table.select_key(1)
    assert table.copied_text() == "layer.1.weight\t[1, 3]\t99"
    table.select_key(None)
    assert len(table.copied_text().splitlines()) == 5


def test_that_field_and_table_have_names_for_screen_readers(table: FilterTable) -> None:
    assert table.filter.accessibleName() == "Filter Keys"
    assert table.view.accessibleName() == "Keys"


def test_that_rows_grow_with_the_text(table: FilterTable, qapp: QApplication) -> None:
    before = table.view.verticalHeader().defaultSectionSize()
    font = table.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    table.setFont(font)
    assert table.view.verticalHeader().defaultSectionSize() > 1.7 * before
