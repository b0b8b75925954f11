"""Python's garbage collector, kept still where nothing is garbage."""

import gc
from contextlib import contextmanager
from typing import Iterator


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
