"""What is noted is told: at once, in batches, and never left behind."""

import gc
import threading
import weakref

import pytest

from torchloupe.worker import telling
from torchloupe.worker.telling import AT_ONCE, BATCH, Telling


def test_that_the_first_are_told_one_by_one():
    told = []
    with Telling(told.append) as notes:
        for number in range(5):
            notes.add(number)
            assert told[-1] == [number]
    assert notes.told == [0, 1, 2, 3, 4]


def test_that_many_are_told_in_batches_in_their_order_and_all_of_them():
    told = []
    with Telling(told.append) as notes:
        for number in range(5000):
            notes.add(number)
    assert [number for batch in told for number in batch] == list(range(5000))
    assert len(told) < 5000 - AT_ONCE
    assert notes.told == list(range(5000))


def test_that_of_many_none_is_told_by_itself():
    told = []
    with Telling(told.append) as notes:
        notes.expect(BATCH)
        notes.add(0)
        assert not told
        for number in range(1, BATCH):
            notes.add(number)
    assert [number for batch in told for number in batch] == list(range(BATCH))
    assert len(told) < BATCH


def test_that_what_has_waited_long_enough_is_told_with_the_next(monkeypatch):
    monkeypatch.setattr(telling, "PAUSE_SECONDS", 0.0)
    told = []
    with Telling(told.append) as notes:
        notes.expect(BATCH)
        notes.add(0)
        notes.add(1)
        assert told == [[0, 1]]


def test_that_what_waits_is_told_while_the_one_who_notes_is_busy():
    arrived = threading.Event()
    with Telling(lambda batch: arrived.set() if AT_ONCE in batch else None) as notes:
        for number in range(AT_ONCE + 1):
            notes.add(number)
        assert arrived.wait(30)  # nothing more is added meanwhile


def test_that_afterwards_no_thread_is_left_and_notes_are_told_at_once():
    told = []
    with Telling(told.append) as notes:
        for number in range(AT_ONCE + 10):
            notes.add(number)
    assert not [thread for thread in threading.enumerate() if thread.name == "torchloupe telling"]
    notes.add(-1)
    assert told[-1] == [-1]


def test_that_a_listener_who_is_gone_ends_the_thread_and_is_told_of_on_the_main_one(monkeypatch):
    monkeypatch.setattr(telling, "LONGEST_PAUSE_SECONDS", 0.001)
    gone = threading.Event()

    def report(batch):
        if threading.current_thread() is not threading.main_thread():
            gone.set()
            raise BrokenPipeError
        if gone.is_set():
            raise BrokenPipeError

    notes = Telling(report)
    for number in range(AT_ONCE + 1):
        notes.add(number)
    assert gone.wait(30)
    with pytest.raises(BrokenPipeError):
        notes.add(1)
    gone.clear()
    notes.__exit__()


def test_that_what_was_told_is_let_go_with_the_one_who_told_it():
    class Note:
        pass

    with Telling(lambda batch: None) as notes:
        for _ in range(AT_ONCE + 2):
            notes.add(Note())
    last = weakref.ref(notes.told[-1])
    gc.disable()
    try:
        del notes
        assert last() is None
    finally:
        gc.enable()
