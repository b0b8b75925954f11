"""Calls of other threads arrive in the window's."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from torchloupe.gui.inbox import Inbox, the_inbox

PATIENCE_MS = 10_000
CALLS = 2_000


@pytest.fixture
def inbox(qtbot: Any) -> Iterator[Inbox]:
    """One of its own."""
    made = Inbox()
    yield made
    made.close()


def in_a_thread(work: Callable[[], None]) -> None:
    """Do it elsewhere, to the end."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_that_calls_of_threads_run_in_the_windows_thread_in_their_order(inbox: Inbox, qtbot: Any) -> None:
    heard: list[tuple[int, threading.Thread]] = []

    def post() -> None:
        for number in range(CALLS):
            inbox.post(lambda number=number: heard.append((number, threading.current_thread())))

    threads = [threading.Thread(target=post) for _ in range(3)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: len(heard) == 3 * CALLS, timeout=PATIENCE_MS)
    for thread in threads:
        thread.join()
    assert {thread for _, thread in heard} == {threading.main_thread()}


def test_that_the_order_of_one_thread_is_kept(inbox: Inbox, qtbot: Any) -> None:
    heard: list[int] = []
    in_a_thread(lambda: [inbox.post(lambda number=number: heard.append(number)) for number in range(CALLS)] and None)
    assert heard == []
    qtbot.waitUntil(lambda: len(heard) == CALLS, timeout=PATIENCE_MS)
    assert heard == list(range(CALLS))


def test_that_a_call_that_posts_another_lets_the_window_have_its_turn(inbox: Inbox, qtbot: Any) -> None:
    heard: list[int] = []

    def again() -> None:
        heard.append(len(heard))
        if len(heard) < 5:
            inbox.post(again)

    inbox.post(again)
    inbox._take()
    assert heard == [0]
    qtbot.waitUntil(lambda: heard == [0, 1, 2, 3, 4], timeout=PATIENCE_MS)


def test_that_a_call_that_fails_does_not_lose_the_others(inbox: Inbox, qtbot: Any) -> None:
    heard: list[str] = []

    def fail() -> None:
        raise ValueError("a mistake in a panel")

    with qtbot.captureExceptions() as caught:
        for call in (fail, lambda: heard.append("after")):
            inbox.post(call)
        qtbot.waitUntil(lambda: heard == ["after"], timeout=PATIENCE_MS)
    assert [error[0] for error in caught] == [ValueError]


def test_that_a_call_from_the_windows_own_thread_need_not_wait(inbox: Inbox, qtbot: Any) -> None:
    heard: list[str] = []
    inbox.call(lambda: heard.append("here"))
    assert heard == ["here"]
    in_a_thread(lambda: inbox.call(lambda: heard.append("there")))
    assert heard == ["here"]
    qtbot.waitUntil(lambda: heard == ["here", "there"], timeout=PATIENCE_MS)


def test_that_what_is_posted_to_a_closed_one_is_never_called(qtbot: Any, qapp: Any) -> None:
    inbox = Inbox()
    inbox.close()
    heard: list[str] = []
    inbox.post(lambda: heard.append("late"))
    qapp.processEvents()
    assert heard == []


def test_that_a_process_has_one(qtbot: Any) -> None:
    assert the_inbox() is the_inbox()
