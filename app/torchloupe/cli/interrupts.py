"""Ctrl-C while a worker runs: cancel, do not crash."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def cancelling(cancel: Callable[[], object]) -> Iterator[None]:
    """Within the block each Ctrl-C calls ``cancel`` on a thread of its own (the interrupted code may hold the locks that it needs);
    when that says that nothing runs, it is a ``KeyboardInterrupt`` as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    threads: list[threading.Thread] = []

    def on_interrupt(_signal: int, _frame: object) -> None:
        thread = threading.Thread(target=cancel, name="cancel", daemon=True)
        threads.append(thread)
        thread.start()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        for thread in threads:
            thread.join()


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block Ctrl-C is a ``KeyboardInterrupt``, also where it would cancel what runs: nothing runs here."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
