"""Work on the window's thread in slices: little is done at once, much bit by bit, and what was started later counts."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QTimer

from torchloupe.gui import slices as room
from torchloupe.gui.slices import STEP_ROWS, Slices, Steps, all_at_once, sorting


@pytest.fixture
def slices(qapp: Any) -> Slices:
    return Slices()


def counting(steps: int, seen: list[int], result: str = "done") -> Steps[str]:
    for number in range(steps):
        seen.append(number)
        yield
    return result


@pytest.fixture
def a_step_takes_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a slice with every look at it."""
    ticks: Iterator[float] = iter(number * room.SLICE_SECONDS / 2 for number in range(10**9))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))


def test_that_little_work_is_done_before_it_returns(slices: Slices) -> None:
    results: list[str] = []
    slices.run(counting(3, []), results.append)
    assert results == ["done"]
    assert not slices.busy


@pytest.mark.usefixtures("a_step_takes_a_slice")
def test_that_much_work_leaves_room_for_events(slices: Slices, qtbot: Any) -> None:
    results: list[str] = []
    seen: list[int] = []
    at_events: list[int] = []
    slices.run(counting(4, seen), results.append)
    assert slices.busy
    assert len(seen) < 4
    QTimer.singleShot(0, lambda: at_events.append(len(seen)))
    qtbot.waitUntil(lambda: bool(results))
    assert seen == [0, 1, 2, 3]
    assert at_events[0] < 4
    assert not slices.busy


@pytest.mark.usefixtures("a_step_takes_a_slice")
def test_that_what_was_started_last_is_what_is_done(slices: Slices, qtbot: Any) -> None:
    results: list[str] = []
    seen: list[int] = []
    slices.run(counting(50, seen, "first"), results.append)
    slices.run(counting(3, [], "second"), results.append)
    qtbot.waitUntil(lambda: bool(results))
    assert results == ["second"]
    assert len(seen) < 50


def test_that_the_end_of_one_may_start_another(slices: Slices) -> None:
    results: list[str] = []

    def first_done(result: str) -> None:
        results.append(result)
        slices.run(counting(2, [], "second"), results.append)

    slices.run(counting(2, [], "first"), first_done)
    assert results == ["first", "second"]


def test_that_an_error_in_a_step_comes_out_and_stops_the_work(slices: Slices) -> None:
    def broken() -> Steps[None]:
        yield
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        slices.run(broken(), print)
    assert not slices._timer.isActive()


def test_that_steps_can_be_gone_through_at_once() -> None:
    seen: list[int] = []
    assert all_at_once(counting(5, seen)) == "done"
    assert seen == [0, 1, 2, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers()), max_size=60), st.booleans())
def test_that_sorting_in_steps_is_sorting(items: list[tuple[int, int]], reverse: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "STEP_ROWS", 7)
        patch.setattr(room, "QUICK_ROWS", 12)
        found = all_at_once(sorting(items, lambda item: item[0], reverse))
    assert found == sorted(items, key=lambda item: item[0], reverse=reverse)  # equal ones in the order in which they came


def test_that_sorting_pauses_between_all_of_its_parts() -> None:
    count = 8 * STEP_ROWS
    steps = sum(1 for _ in sorting(range(count), lambda item: -item, False))
    assert steps == 8 + 4 + 2 + 1 + 8


def test_that_long_runs_are_not_merged_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "QUICK_ROWS", STEP_ROWS)
    count = 8 * STEP_ROWS
    steps = list(sorting(range(count), lambda item: -item, False))
    assert len(steps) == 8 + 8, "each step takes as many rows as a step may"
