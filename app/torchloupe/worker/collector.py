"""Python's garbage collector, kept still where nothing is garbage."""

import gc
from contextlib import contextmanager
from typing import Iterator

_NEVER = 1 << 30
_NOTES = 100_000
_MANY = 5_000


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """For our own code that makes thousands of objects which all stay: going through them, and through the whole model, each time
    some more are made takes longer than making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def old_objects_at_rest() -> Iterator[None]:
    """For the user's code while we keep notes of it: what became garbage just now is collected, but what lies there for long - torch,
    the whole model - is not gone through again because of our notes."""
    before = young, middle, _ = gc.get_threshold()
    during = max(young, _NOTES), middle, _NEVER
    if young:  # else the user has turned it off
        gc.set_threshold(*during)
    try:
        yield
    finally:
        if gc.get_threshold() == during:
            gc.set_threshold(*before)


@contextmanager
def collector_in_no_hurry() -> Iterator[None]:
    """For the user's code that makes thousands of objects most of which stay: what it makes is gone through after some thousands of them
    and not after each few hundred. A quarter of the time of a constructor of many modules."""
    young, middle, old = gc.get_threshold()
    ours = (max(young, _MANY) if young else 0, middle, old)
    gc.set_threshold(*ours)
    try:
        yield
    finally:
        if gc.get_threshold() == ours:  # else the user's code has set its own
            gc.set_threshold(young, middle, old)
