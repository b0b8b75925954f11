"""Whose question the worker gets: one at a time, and what gives way comes last. Threads and events alone, no window."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from torchloupe.gui.turns import Turns
from torchloupe.wire.requests import Failed

PATIENCE = 10
CANCELLED = Failed((), cancelled=True)


@dataclass(eq=False)
class Asker:
    """As much of a job as turns look at."""

    gives_way: bool = False
    gave_way: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


class OneByOne:
    """A session whose questions wait until they are answered or cancelled."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self.answered = threading.Event()
        self.asked: list[str] = []
        self.cancels = 0
        self.at_once = 0
        self.has_begun = True

    def ask(self, message: Any, _on_event: Any = None) -> Any:
        self.at_once += 1
        assert self.at_once == 1
        self.asked.append(message)
        self.came.release()
        assert self.answered.wait(PATIENCE)
        self.answered.clear()
        self.at_once -= 1
        return f"{message}!"

    def cancel(self) -> str:
        self.cancels += 1
        return "asked" if self.has_begun else ""


@pytest.fixture
def session() -> OneByOne:
    return OneByOne()


@pytest.fixture
def turns(session: OneByOne) -> Iterator["Asking"]:
    made = Asking(session)
    yield made
    for thread in made.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


class Asking(Turns):
    """Turns, with a thread for each question."""

    def __init__(self, session: OneByOne) -> None:
        super().__init__(session)
        self.threads: list[threading.Thread] = []
        self.replies: dict[str, Any] = {}

    def on_a_thread(self, asker: Asker, message: str) -> threading.Thread:
        def work() -> None:
            self.replies[message] = self.ask(asker, message)

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        return self.threads[-1]


def came(session: OneByOne) -> None:
    assert session.came.acquire(timeout=PATIENCE)


def test_that_a_question_waits_until_the_one_before_is_answered(turns: Asking, session: OneByOne) -> None:
    turns.on_a_thread(Asker(), "first")
    came(session)
    turns.on_a_thread(Asker(), "second")
    assert session.asked == ["first"]
    session.answered.set()
    came(session)
    session.answered.set()
    for thread in turns.threads:
        thread.join(PATIENCE)
    assert turns.replies == {"first": "first!", "second": "second!"}


def test_that_what_is_stopped_while_it_waits_is_never_asked(turns: Asking, session: OneByOne) -> None:
    waits = Asker()
    turns.on_a_thread(Asker(), "first")
    came(session)
    thread = turns.on_a_thread(waits, "second")
    turns.stop(waits)
    thread.join(PATIENCE)
    session.answered.set()
    assert turns.replies["second"] == CANCELLED
    assert session.asked == ["first"]


def test_that_what_gives_way_waits_for_all_questions_of_work_in_between(turns: Asking, session: OneByOne) -> None:
    reads = Asker()
    turns.begin(reads)
    turns.on_a_thread(Asker(gives_way=True), "look")
    for block in ("one", "two"):
        turns.on_a_thread(reads, block)
        came(session)
        session.answered.set()
        turns.threads[-1].join(PATIENCE)
    assert session.asked == ["one", "two"]
    turns.end(reads)
    came(session)
    session.answered.set()
    assert session.asked == ["one", "two", "look"]


def test_that_only_the_question_of_what_gives_way_is_cancelled(turns: Asking, session: OneByOne) -> None:
    look, reads = Asker(gives_way=True), Asker()
    turns.begin(reads)
    turns.on_a_thread(reads, "one")
    came(session)
    assert not turns.give_way(look, is_waited_for=False)
    assert (look.gave_way, session.cancels) == (False, 0)  # it has not asked, and need not be asked anew
    assert not turns.give_way(look, is_waited_for=True)
    assert (look.gave_way, session.cancels) == (True, 0)
    assert turns.ask(look, "look") == CANCELLED
    session.answered.set()


def test_that_a_cancel_that_came_too_early_is_to_be_tried_again(turns: Asking, session: OneByOne) -> None:
    look = Asker(gives_way=True)
    turns.on_a_thread(look, "look")
    came(session)
    assert not turns.give_way(look, is_waited_for=False)
    session.has_begun = False
    assert turns.give_way(look, is_waited_for=True)
    assert not look.gave_way
    session.has_begun = True
    assert not turns.give_way(look, is_waited_for=True)
    assert not turns.give_way(look, is_waited_for=True)  # and once is enough
    assert (look.gave_way, session.cancels) == (True, 2)
    session.answered.set()
