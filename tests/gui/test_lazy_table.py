"""A table of very many rows: made when looked at, inserted in order, filtered by haystacks."""

from typing import Any

import pytest
from PySide6.QtCore import Qt

from torchloupe.analysis.row_filter import haystack
from torchloupe.gui import slices
from torchloupe.gui.lazy_table import KEPT_ROWS, LazyRows, LazyTableModel
from torchloupe.gui.slices import all_at_once
from torchloupe.gui.text_table import FilterTable, Row


class Numbers(LazyTableModel):
    """Items are integers; described as the number and whether it is even."""

    def __init__(self) -> None:
        self.described: list[int] = []
        super().__init__(
            ("Number", "Kind"),
            self._row,
            self._find_in,
            lambda item, column: (item % 2, item) if column else item,
            lambda item: item,
        )

    def _row(self, item: int) -> Row:
        self.described.append(item)
        return Row((str(item), "odd" if item % 2 else "even"), item)

    def _find_in(self, item: int) -> str:
        return haystack((str(item), "odd" if item % 2 else "even"))


@pytest.fixture
def model() -> Numbers:
    made = Numbers()
    made.set_items([1, 2, 3, 10, 11])
    return made


def shown(model: LazyTableModel) -> list[int]:
    return [row.key for row in model.rows]


def identity(item: int) -> int:
    return item


def test_that_the_model_obeys_qt(model: Numbers, qtmodeltester: Any) -> None:
    qtmodeltester.check(model)
    model.insert_items([0, 4, 5, 12], identity)
    qtmodeltester.check(model)


def test_that_no_row_is_made_before_it_is_looked_at(model: Numbers) -> None:
    assert model.described == []
    assert model.index(3, 0).data() == "10"
    assert model.index(3, 1).data() == "even"
    assert model.described == [10]


def test_that_a_filter_makes_no_rows(model: Numbers) -> None:
    model.set_filter("odd")
    assert model.rowCount() == 3
    assert model.described == []
    assert shown(model) == [1, 3, 11]


def test_that_a_column_may_be_named_in_the_filter(model: Numbers) -> None:
    model.set_filter("number:1 -kind:even")
    assert shown(model) == [1, 11]


def test_that_sorting_uses_values_and_goes_back(model: Numbers) -> None:
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert shown(model) == [11, 10, 3, 2, 1]
    model.sort(1)
    assert shown(model) == [2, 10, 1, 3, 11]
    model.sort(-1)
    assert shown(model) == [1, 2, 3, 10, 11]


def test_that_new_items_are_inserted_in_their_places_without_a_reset(model: Numbers, qtbot: Any) -> None:
    runs: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _parent, first, last: runs.append((first, last)))
    with qtbot.assertNotEmitted(model.modelReset):
        model.insert_items([12, 0, 5, 4], identity)
    assert shown(model) == [0, 1, 2, 3, 4, 5, 10, 11, 12]
    assert sorted(runs) == [(0, 0), (3, 4), (5, 5)]


def test_that_new_items_pass_the_filter_first(model: Numbers) -> None:
    model.set_filter("odd")
    model.insert_items([4, 5], identity)
    assert shown(model) == [1, 3, 5, 11]
    model.set_filter("")
    assert shown(model) == [1, 2, 3, 4, 5, 10, 11]


def test_that_new_items_keep_a_sorted_table_sorted(model: Numbers) -> None:
    model.sort(0, Qt.SortOrder.DescendingOrder)
    model.insert_items([4], identity)
    assert shown(model) == [11, 10, 4, 3, 2, 1]


def test_that_the_current_row_stays_when_rows_come_before_it(qtbot: Any, model: Numbers) -> None:
    table = FilterTable((), "Numbers", model=model)
    qtbot.addWidget(table)
    table.select_key(10)
    model.insert_items([0, 4], identity)
    assert table.current_key() == 10
    assert table.view.currentIndex().row() == 5


def test_that_refresh_makes_rows_anew(model: Numbers, qtbot: Any) -> None:
    model.index(0, 0).data()
    with qtbot.waitSignal(model.dataChanged):
        model.refresh()
    model.index(0, 0).data()
    assert model.described == [1, 1]


def test_that_refreshing_nothing_says_nothing(qtbot: Any) -> None:
    model = Numbers()
    with qtbot.assertNotEmitted(model.dataChanged):
        model.refresh()


def test_that_a_key_is_found_among_the_shown_rows_only(model: Numbers) -> None:
    assert model.position_of(10) == 3
    model.set_filter("odd")
    assert model.position_of(10) == -1


def test_that_all_rows_count_items_and_not_shown_ones(model: Numbers) -> None:
    model.set_filter("nothing like this")
    assert len(model.all_rows) == 5
    assert len(model.rows) == 0


def test_that_only_some_hundred_rows_are_remembered() -> None:
    made: list[int] = []
    rows = LazyRows(list(range(2 * KEPT_ROWS)), lambda item: made.append(item) or Row((str(item),), item))
    for number in range(KEPT_ROWS + 1):
        rows[number]
    rows[0]
    assert made.count(0) == 2
    assert made.count(KEPT_ROWS) == 1


def test_that_a_slice_of_rows_is_made_on_demand_too() -> None:
    rows = LazyRows([5, 6, 7], lambda item: Row((str(item),), item))
    assert [row.key for row in rows[1:]] == [6, 7]


def test_that_items_that_are_replaced_while_they_are_searched_are_searched_anew(model: Numbers) -> None:
    model.filter_text = "odd"
    steps = model.find()
    next(steps)
    model.set_items([7, 8])
    assert all_at_once(steps) == [7]


def test_that_items_that_say_something_else_meanwhile_are_searched_anew(model: Numbers) -> None:
    model.filter_text = "odd"
    steps = model.find()
    next(steps)
    next(steps)
    model.items[0] = 5
    model.refresh()
    assert all_at_once(steps) == [5, 3, 11]


def test_that_items_that_come_while_they_are_searched_are_found(model: Numbers) -> None:
    model.filter_text = "odd"
    steps = model.find()
    next(steps)
    model.insert_items([5], identity)
    model.put(all_at_once(steps))
    assert shown(model) == [1, 3, 5, 11]


def test_that_very_many_items_are_searched_and_sorted_between_events(
    model: Numbers, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    table = FilterTable((), "Numbers", model=model)
    qtbot.addWidget(table)
    count = 6 * slices.STEP_ROWS
    model.set_items(range(count))
    table.view.selectRow(7)
    table.filter.setText("odd")
    assert len(model.rows) == count  # nothing has changed yet
    qtbot.waitUntil(lambda: len(model.rows) == count // 2)
    assert table.current_key() == 7
    table.view.horizontalHeader().setSortIndicator(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: model.rows[0].key == count - 1)
    assert table.current_key() == 7
    table.filter.clear()
    qtbot.waitUntil(lambda: len(model.rows) == count)


def test_that_what_a_filter_looks_into_is_made_when_somebody_goes_there(qtbot: Any) -> None:
    asked: list[int] = []

    class Asked(Numbers):
        def _find_in(self, item: int) -> str:
            asked.append(item)
            return super()._find_in(item)

    model = Asked()
    table = FilterTable((), "numbers", model=model)
    qtbot.addWidget(table)
    model.set_items(range(30))
    table.filter.focused.emit()
    assert asked == list(range(30))
    table.filter.setText("29")
    assert shown(model) == [29]
    assert len(asked) == 30
