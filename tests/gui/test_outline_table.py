"""A table that is an outline: rows appear and go, keys steer it, a filter opens what it finds."""

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from torchloupe.analysis.row_filter import haystack
from torchloupe.gui.outline import Outline
from torchloupe.gui.outline_table import BRANCH_ROLE, OutlineModel, OutlineTable
from torchloupe.gui.slices import STEP_ROWS, all_at_once
from torchloupe.gui.text_table import Column, Row

ENTRIES = ("root", "a", "a.x", "a.y", "b", "c", "c.x")
PARENT = (-1, 0, 1, 1, 0, 0, 5)


class Letters(OutlineModel):
    """An outline of a few words."""

    filter_titles = ("Name", "Size")

    def __init__(self) -> None:
        super().__init__([Column("Name", 10), Column("Size", 5, right=True)])
        self.described = self.searched = 0

    def describe(self, position: int) -> Row:
        self.described += 1
        name = ENTRIES[position % len(ENTRIES)]
        return Row((name, str(position)), name)

    def haystack_at(self, position: int) -> str:
        self.searched += 1
        return haystack((ENTRIES[position % len(ENTRIES)], str(position)))

    def position_of_key(self, key: Any) -> int:
        return ENTRIES.index(key) if key in ENTRIES else -1

    def spoken(self, position: int) -> str:
        return f"word {ENTRIES[position]}"


@pytest.fixture
def table(qtbot: Any) -> OutlineTable:
    model = Letters()
    made = OutlineTable(model, "Letters")
    qtbot.addWidget(made)
    made.keeping(lambda: model.set_outline(Outline(PARENT), lambda position: position == 0))
    made.resize(300, 300)
    made.show()
    return made


def shown(table: OutlineTable) -> list[str]:
    return [table.outline.index(row, 0).data() for row in range(table.outline.rowCount())]


def press(table: OutlineTable, key: Qt.Key) -> None:
    QTest.keyClick(table.view, key)


def test_that_the_model_obeys_qt_while_it_opens_closes_and_filters(table: OutlineTable, qtmodeltester: Any) -> None:
    qtmodeltester.check(table.outline)
    for change in (
        lambda: table.outline.toggle(1),
        table.outline.open_all,
        lambda: table.outline.set_filter("x"),
        lambda: table.outline.toggle(0),
    ):
        change()
        qtmodeltester.check(table.outline)


def test_that_closed_entries_hide_what_is_below(table: OutlineTable) -> None:
    assert shown(table) == ["root", "a", "b", "c"]


def test_that_toggling_inserts_and_removes_rows_without_a_reset(table: OutlineTable, qtbot: Any) -> None:
    resets: list[int] = []
    table.outline.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(table.outline.rowsInserted) as inserted:
        table.outline.toggle(1)
    assert inserted.args[1:] == [2, 3]
    assert shown(table) == ["root", "a", "a.x", "a.y", "b", "c"]
    with qtbot.waitSignal(table.outline.rowsRemoved) as removed:
        table.outline.toggle(1)
    assert removed.args[1:] == [2, 3]
    assert shown(table) == ["root", "a", "b", "c"]
    assert not resets


def test_that_what_was_open_below_is_open_again(table: OutlineTable) -> None:
    table.outline.toggle(1)
    table.outline.toggle(0)
    assert shown(table) == ["root"]
    table.outline.toggle(0)
    assert shown(table) == ["root", "a", "a.x", "a.y", "b", "c"]


def test_that_an_entry_with_nothing_below_does_not_toggle(table: OutlineTable) -> None:
    table.outline.toggle(2)
    assert shown(table) == ["root", "a", "b", "c"]


def test_that_reveal_opens_what_is_around_an_entry(table: OutlineTable) -> None:
    table.outline.toggle(0)
    table.outline.reveal("c.x")
    assert shown(table) == ["root", "a", "b", "c", "c.x"]
    table.outline.reveal("unknown")
    assert table.outline.position_of("c.x") == 4
    assert table.outline.position_of("a.x") == -1


def test_that_a_filter_opens_what_it_finds_and_forgets_nothing(table: OutlineTable) -> None:
    table.filter.setText("x")
    assert shown(table) == ["root", "a", "a.x", "c", "c.x"]
    table.outline.toggle(1)
    assert shown(table) == ["root", "a", "a.x", "c", "c.x"]
    table.filter.clear()
    assert shown(table) == ["root", "a", "b", "c"]


def test_that_a_filter_may_name_a_column(table: OutlineTable) -> None:
    table.filter.setText("size:6")
    assert shown(table) == ["root", "c", "c.x"]


def test_that_rows_are_described_only_when_they_are_looked_at(table: OutlineTable) -> None:
    model = table.outline
    assert isinstance(model, Letters)
    model.described = 0
    model.open_all()
    assert model.described == 0
    model.index(3, 0).data()
    model.index(3, 1).data()
    assert model.described == 1


def test_that_refresh_describes_anew(table: OutlineTable, qtbot: Any) -> None:
    with qtbot.waitSignal(table.outline.dataChanged) as changed:
        table.outline.refresh()
    assert [changed.args[0].row(), changed.args[1].row()] == [0, 3]


def test_that_sorting_leaves_an_outline_as_it_is(table: OutlineTable) -> None:
    table.outline.sort(1, Qt.SortOrder.DescendingOrder)
    assert shown(table) == ["root", "a", "b", "c"]


def test_that_a_screen_reader_hears_level_words_and_state(table: OutlineTable) -> None:
    spoken = [table.outline.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert spoken == ["level 1, word root, open", "level 2, word a, closed", "level 2, word b", "level 2, word c, closed"]
    assert table.outline.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "Size: 1"


def test_that_the_delegate_is_told_level_and_state(table: OutlineTable) -> None:
    assert table.outline.index(1, 0).data(BRANCH_ROLE) == (1, True, False)
    assert table.outline.data(QModelIndex(), BRANCH_ROLE) is None


def test_that_arrow_keys_walk_through_the_tree(table: OutlineTable) -> None:
    table.view.setFocus()
    table.view.selectRow(1)
    press(table, Qt.Key.Key_Right)
    assert shown(table) == ["root", "a", "a.x", "a.y", "b", "c"]
    press(table, Qt.Key.Key_Right)
    assert table.current_key() == "a.x"
    press(table, Qt.Key.Key_Right)
    assert table.current_key() == "a.x"
    press(table, Qt.Key.Key_Left)
    assert table.current_key() == "a"
    press(table, Qt.Key.Key_Left)
    assert shown(table) == ["root", "a", "b", "c"]
    press(table, Qt.Key.Key_Left)
    assert table.current_key() == "root"
    press(table, Qt.Key.Key_Left)
    assert shown(table) == ["root"]


def test_that_plus_minus_and_star_do_what_they_do_in_trees(table: OutlineTable) -> None:
    table.view.selectRow(1)
    press(table, Qt.Key.Key_Plus)
    assert "a.x" in shown(table)
    press(table, Qt.Key.Key_Minus)
    assert "a.x" not in shown(table)
    press(table, Qt.Key.Key_Asterisk)
    assert shown(table) == list(ENTRIES)
    assert table.current_key() == "a"


def test_that_enter_toggles_and_other_keys_pass(table: OutlineTable) -> None:
    table.view.selectRow(1)
    press(table, Qt.Key.Key_Return)
    assert "a.x" in shown(table)
    press(table, Qt.Key.Key_Down)
    assert table.current_key() == "a.x"


def test_that_left_goes_up_while_a_filter_holds_everything_open(table: OutlineTable) -> None:
    table.filter.setText("a.x")
    table.view.selectRow(1)
    press(table, Qt.Key.Key_Left)
    assert table.current_key() == "root"


def test_that_a_click_on_the_arrow_toggles_and_one_beside_it_does_not(table: OutlineTable) -> None:
    rect = table.view.visualRect(table.outline.index(1, 0))
    height = table.view.fontMetrics().height()
    arrow = QPoint(rect.x() + round(1.35 * height), rect.center().y())
    QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=arrow)
    assert "a.x" in shown(table)
    QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.x() + 5 * height, rect.center().y()))
    assert "a.x" in shown(table)
    assert table.current_key() == "a"


def ink_columns(image: QImage, top: int, bottom: int) -> list[int]:
    """Columns of pixels in which something dark is drawn."""
    return [x for x in range(image.width()) if any(QColor(image.pixel(x, y)).lightness() < 130 for y in range(top, bottom))]


def test_that_deeper_rows_are_painted_further_in(table: OutlineTable) -> None:
    table.outline.open_all()
    table.view.setAlternatingRowColors(False)
    image = table.view.viewport().grab().toImage()
    starts = []
    for row in (4, 2):  # "b" on level 2 and "a.x" on level 3, both without an arrow
        rect = table.view.visualRect(table.outline.index(row, 0))
        starts.append(ink_columns(image.copy(rect), 3, rect.height() - 3)[0])
    assert starts[1] > starts[0]


def test_that_an_outline_that_is_replaced_while_it_is_searched_is_searched_anew(table: OutlineTable) -> None:
    table.outline.filter_text = "x"
    steps = table.outline.find()
    next(steps)
    table.outline.set_outline(Outline(PARENT), bytearray(7))
    table.outline.put(all_at_once(steps))
    assert shown(table) == ["root", "a", "a.x", "c", "c.x"]


def test_that_what_a_filter_looks_into_is_made_in_steps_and_once(table: OutlineTable) -> None:
    table.outline.set_outline(Outline([-1] * (2 * STEP_ROWS + 1)), lambda _position: False)
    before = table.outline.searched
    table.outline.filter_text = "c.x"
    steps, made = table.outline.find(), []
    next(steps)
    made.append(table.outline.searched - before)
    steps = table.outline.find()  # the next key was pressed: what is made already stays
    next(steps)
    made.append(table.outline.searched - before)
    assert len(all_at_once(steps)) == (2 * STEP_ROWS + 1) // 7
    assert [*made, table.outline.searched - before] == [STEP_ROWS, 2 * STEP_ROWS, 2 * STEP_ROWS + 1]


def test_that_what_is_said_anew_is_searched_anew(table: OutlineTable) -> None:
    table.outline.filter_text = "size:2"
    steps = table.outline.find()
    next(steps)
    table.outline.refresh()
    table.outline.put(all_at_once(steps))
    assert shown(table) == ["root", "a", "a.x"]


def test_that_the_arrow_of_the_current_row_is_seen_on_its_ground(table: OutlineTable) -> None:
    table.resize(400, 300)
    table.show()
    table.select_key(table.model.rows[0].key)
    cell = table.view.visualRect(table.model.index(0, 0))
    picture = table.view.viewport().grab().toImage()
    side = cell.height()
    arrow = [picture.pixelColor(x, y).lightness() for x in range(2, side) for y in range(cell.top() + 2, cell.bottom() - 2)]
    ground = picture.pixelColor(cell.right() - 3, cell.center().y()).lightness()
    assert max(arrow) - ground > 60
