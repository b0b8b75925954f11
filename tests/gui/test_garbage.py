"""Garbage is looked for in the window's thread, and never for long."""

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from torchloupe.gui import garbage
from torchloupe.gui.garbage import GarbageSearch
from torchloupe.gui.jobs import Jobs
from torchloupe.session.scripted import ScriptedSession

PATIENCE_MS = 10_000


class Knot:
    """An object in a cycle with itself: only a search for garbage ends it, and it says in which thread."""

    ended_in: list[threading.Thread]

    def __init__(self, ended_in: list[threading.Thread]) -> None:
        self.ended_in = ended_in
        self.itself = self

    def __del__(self) -> None:
        self.ended_in.append(threading.current_thread())


@pytest.fixture(autouse=True)
def nothing_new() -> Iterator[None]:
    """Each test begins with few new objects, and what it set aside comes back."""
    gc.collect()
    yield
    gc.unfreeze()


@pytest.fixture
def search(qtbot: Any) -> Iterator[GarbageSearch]:
    """A search of this thread."""
    made = GarbageSearch()
    yield made
    made.deleteLater()


def test_that_the_garbage_of_a_job_ends_in_the_windows_thread(
    search: GarbageSearch, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "FEW_OBJECTS", 50)
    monkeypatch.setattr(garbage, "MANY_OBJECTS", 10**9)  # however much other threads make meanwhile
    ended: list[threading.Thread] = []

    def work(_progress: Any) -> list[list[int]]:
        Knot(ended)
        return [[number] for number in range(20_000)]  # many times what makes Python look by itself

    jobs, answers = Jobs(ScriptedSession()), []
    jobs.start(work, answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bool(ended), timeout=PATIENCE_MS)
    assert ended == [threading.main_thread()]
    jobs.close()


def test_that_few_new_objects_are_not_worth_a_look(search: GarbageSearch) -> None:
    ended: list[threading.Thread] = []
    Knot(ended)
    search.look()
    assert ended == []


def test_that_what_outlived_a_look_is_found_by_a_later_one(search: GarbageSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "FEW_OBJECTS", -1)
    ended: list[threading.Thread] = []
    knot = Knot(ended)
    search.look()
    del knot
    for _ in range(garbage.YOUNG_LOOKS):
        search.look()
    assert len(ended) == 1


def test_that_very_many_new_objects_are_set_aside(search: GarbageSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "FEW_OBJECTS", 500)
    monkeypatch.setattr(garbage, "MANY_OBJECTS", 1_000)
    before = gc.get_freeze_count()
    kept = [[number] for number in range(2_000)]
    search.look()
    assert gc.get_freeze_count() - before >= len(kept)


def test_that_many_that_come_bit_by_bit_are_set_aside_too(search: GarbageSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "FEW_OBJECTS", 500)
    monkeypatch.setattr(garbage, "MANY_OBJECTS", 2_500)
    before, kept = gc.get_freeze_count(), []
    for _ in range(3):
        kept += [[number] for number in range(1_000)]
        search.look()
    assert gc.get_freeze_count() - before >= len(kept)
