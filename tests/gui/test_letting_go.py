"""What nobody needs any more is freed in slices."""

import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.conftest import PATIENCE_MS
from torchloupe.gui import letting_go, slices
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.letting_go import FEW, LettingGo, let_go, the_letting_go
from torchloupe.gui.text_table import Column, Row


class Thing:
    """Something that can be watched as it goes."""


def things(count: int) -> tuple[list[Thing], "list[weakref.ref[Thing]]"]:
    made = [Thing() for _ in range(count)]
    return made, [weakref.ref(each) for each in made]


def alive(watched: "list[weakref.ref[Thing]]") -> int:
    return sum(each() is not None for each in watched)


@pytest.fixture
def letting(qtbot: Any) -> LettingGo:
    return LettingGo()


def test_that_few_objects_are_simply_forgotten(letting: LettingGo) -> None:
    made, watched = things(10)
    letting.take(made)
    del made
    assert (letting.held, alive(watched)) == (0, 0)


def test_that_many_live_on_for_a_moment_and_are_gone_in_the_end(letting: LettingGo, qtbot: Any) -> None:
    made, watched = things(FEW + 1)
    letting.take(made)
    del made
    assert letting.held == alive(watched) == FEW + 1
    qtbot.waitUntil(lambda: alive(watched) == 0, timeout=PATIENCE_MS)
    assert letting.held == 0


def test_that_between_two_slices_the_window_has_its_turn(letting: LettingGo, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
    made, watched = things(FEW + 1)
    letting.take(made)
    del made
    seen: list[int] = []
    original = letting._slices._go_on
    letting._slices._timer.timeout.disconnect()
    letting._slices._timer.timeout.connect(lambda: (seen.append(alive(watched)), original()))
    qtbot.waitUntil(lambda: alive(watched) == 0, timeout=PATIENCE_MS)
    assert len(set(seen)) > 2


def test_that_more_may_come_while_the_first_are_being_freed(letting: LettingGo, qtbot: Any) -> None:
    first, watched_first = things(FEW + 1)
    second, watched_second = things(FEW + 2)
    letting.take(first)
    letting.take(second)
    del first, second
    assert letting.held == 2 * FEW + 3
    qtbot.waitUntil(lambda: alive(watched_first) + alive(watched_second) == 0, timeout=PATIENCE_MS)


def test_that_what_somebody_else_needs_is_not_touched(letting: LettingGo, qtbot: Any) -> None:
    made, watched = things(FEW + 1)
    letting.take(made)
    qtbot.waitUntil(lambda: letting.held == 0, timeout=PATIENCE_MS)
    assert alive(watched) == len(made) == FEW + 1


def test_that_a_table_lets_go_of_its_old_items_slowly(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letting_go, "FEW", 3)
    model = LazyTableModel(
        [Column("Name")], lambda item: Row((str(item),), item), str, lambda item, _column: id(item), lambda item: item
    )
    made, watched = things(5)
    model.set_items(made)
    del made
    model.set_items([])
    assert model.rowCount() == 0
    assert alive(watched) == 5
    qtbot.waitUntil(lambda: alive(watched) == 0, timeout=PATIENCE_MS)


def test_that_late_items_are_put_where_they_belong(qtbot: Any) -> None:
    model = LazyTableModel(
        [Column("Name")], lambda item: Row((str(item),), item), str, lambda item, _column: item, lambda item: item
    )
    for batch in ([3, 5], [4, 1], [], [6, 7], [0], [2]):
        model.insert_items(batch, lambda item: item)
    assert model.items == model.shown.items == list(range(8))
    assert [model.index(row, 0).data() for row in range(8)] == [str(number) for number in range(8)]


@given(st.lists(st.lists(st.integers(0, 60), max_size=8), max_size=8))
def test_that_items_that_come_in_any_order_stand_in_theirs(batches: list[list[int]]) -> None:
    model = LazyTableModel(
        [Column("Name")], lambda item: Row((str(item),), item), str, lambda item, _column: item, lambda item: item
    )
    inserted: list[int] = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append(last - first + 1))
    for batch in batches:
        model.insert_items(batch, lambda item: item)
    assert model.items == model.shown.items == sorted(item for batch in batches for item in batch)
    assert sum(inserted) == len(model.items)


def test_that_all_owners_let_go_in_one_row(qtbot: Any) -> None:
    first, watched = things(FEW + 1)
    let_go(first)
    second, watched_too = things(FEW + 1)
    let_go(second)
    del first, second
    assert the_letting_go().held == 2 * (FEW + 1)
    qtbot.waitUntil(lambda: alive([*watched, *watched_too]) == 0, timeout=PATIENCE_MS)


def test_that_what_says_something_of_all_of_them_goes_too(letting: LettingGo, qtbot: Any) -> None:
    made, watched = things(FEW + 1)
    tables, watched_tables = things(2)
    letting.take(made, *tables)
    del made, tables
    assert alive(watched_tables) == 2
    qtbot.waitUntil(lambda: alive([*watched, *watched_tables]) == 0, timeout=PATIENCE_MS)
