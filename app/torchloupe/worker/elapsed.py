"""Something of the user's takes its time: every second says how long it has been."""

import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator

from ..wire.requests import Progress

_SECOND = 1.0


@contextmanager
def counting_seconds(context: Any, done: int, total: int, what: str, second: float = _SECOND) -> Iterator[None]:
    """Inside, ``what`` goes on, which nobody can look into; the progress names the seconds: ``constructing Net, 12 s``."""
    context.progress(done, total, what)
    over, start = threading.Event(), time.monotonic()

    def count() -> None:
        while not over.wait(second):
            context.emit(Progress(done, total, f"{what}, {time.monotonic() - start:.0f} s"))

    counter = threading.Thread(target=count, name="torchloupe seconds", daemon=True)
    counter.start()
    try:
        yield
    finally:
        over.set()
        counter.join()
