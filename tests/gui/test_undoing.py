"""The way back from what a person writes."""

from typing import Any

import pytest

from torchloupe.gui.undoing import MOST_STEPS, Undoing


class Value:
    """Something that is written."""

    def __init__(self) -> None:
        self.now = 0

    def set(self, number: int) -> None:
        """Another one."""
        self.now = number


@pytest.fixture
def undoing(qtbot: Any) -> Undoing:
    return Undoing()


def change(undoing: Undoing, value: Value, to: int, done: bool = False) -> None:
    before = value.now
    if done:
        value.set(to)
    undoing.do("number", f"set {to}", lambda: value.set(to), lambda: value.set(before), done)


def test_that_steps_are_made_taken_back_and_made_again(undoing: Undoing) -> None:
    value, moved = Value(), []
    undoing.moved.connect(lambda: moved.append(undoing.undoText()))
    change(undoing, value, 1)
    change(undoing, value, 2)
    assert value.now == 2
    assert (undoing.back(), value.now) == ("set 2", 1)
    assert (undoing.back(), value.now) == ("set 1", 0)
    assert undoing.back() == ""
    assert (undoing.again(), value.now) == ("set 1", 1)
    assert moved == ["set 1", "set 2", "set 1", "", "", "set 1"]


def test_that_a_new_step_forgets_what_was_taken_back(undoing: Undoing) -> None:
    value = Value()
    change(undoing, value, 1)
    undoing.back()
    change(undoing, value, 5)
    assert undoing.again() == ""
    assert value.now == 5


def test_that_what_was_done_already_is_not_done_twice(undoing: Undoing) -> None:
    value = Value()
    change(undoing, value, 3, done=True)
    value.set(4)
    undoing.back()
    assert value.now == 0
    undoing.again()
    assert value.now == 3


def test_that_what_follows_from_taking_back_is_no_step_of_its_own(undoing: Undoing) -> None:
    value = Value()
    undoing.do("number", "many", lambda: change(undoing, value, 7), lambda: change(undoing, value, 9), done=True)
    undoing.back()
    assert (value.now, undoing.count()) == (9, 1)
    undoing.again()
    assert (value.now, undoing.count()) == (7, 1)


def test_that_the_way_back_is_forgotten_with_what_it_was_about(undoing: Undoing) -> None:
    change(undoing, Value(), 1)
    undoing.forget("something else")
    assert undoing.undoText() == "set 1"
    undoing.forget("number")
    assert (undoing.undoText(), undoing.count()) == ("", 0)


def test_that_very_old_steps_are_let_go(undoing: Undoing) -> None:
    value = Value()
    for number in range(MOST_STEPS + 5):
        change(undoing, value, number + 1)
    assert undoing.count() == MOST_STEPS
