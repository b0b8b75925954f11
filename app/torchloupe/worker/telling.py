"""Tell what was noted while the model runs on: at once as long as there is little, then in batches."""

import threading
from collections import deque
from typing import Any, Callable, Deque, List, Optional

AT_ONCE = 16
"""So many are told one by one: a small model that brings the process down is seen up to its last layer."""
BATCH = 100
"""Later so many are told together, so that telling them costs little beside them,"""
PAUSE_SECONDS = 0.02
"""or what there is after this time, by a thread: not while batches fill up by themselves, as each layer of torch lets other threads have
the interpreter, and two that both work on in Python cost more than both."""
LONGEST_PAUSE_SECONDS = 0.1
"""Twice as long each time, up to this: telling takes a core from the threads of torch, and nobody reads faster."""


class Telling:
    """A context in which ``add`` takes notes. ``report`` tells some of them.

    A thread tells what waits, so that a layer that never ends does not keep back those before it. ``told`` is all that was told.
    """

    def __init__(self, report: Callable[[List[Any]], None]) -> None:
        self._report = report
        self._waiting: Deque[Any] = deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self.told: List[Any] = []

    def __enter__(self) -> "Telling":
        return self

    def __exit__(self, *_: object) -> None:
        """Later notes are told at once again."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        vars(self).pop("add", None)  # with it thousands of notes would hold themselves
        self.flush()

    def add(self, note: Any) -> None:
        """Take one note."""
        self._waiting.append(note)
        self.flush()
        if len(self.told) >= AT_ONCE and not self._over.is_set():
            vars(self)["add"] = self._tell_later  # what runs for each layer asks nothing
            self._thread = threading.Thread(target=self._tell_on, name="torchloupe telling", daemon=True)
            self._thread.start()

    def _tell_later(self, note: Any) -> None:
        self._waiting.append(note)
        if len(self._waiting) >= BATCH:
            self.flush()

    def _tell_on(self) -> None:
        told, pause = len(self.told), PAUSE_SECONDS
        while not self._over.wait(pause):
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            if len(self.told) == told:
                try:
                    self.flush()
                except (OSError, ValueError):  # nobody listens any more: the process is about to end
                    return
            told = len(self.told)

    def flush(self) -> None:
        """Tell what waits."""
        with self._lock:
            notes = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if notes:
                self.told += notes
                self._report(notes)
