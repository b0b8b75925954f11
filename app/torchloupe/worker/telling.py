"""Tell what was noted while the model runs on: at once as long as there is little, then in batches."""

import threading
from collections import deque
from typing import Any, Callable, Deque, List, Optional

AT_ONCE = 16
"""So many are told one by one: a small model that brings the process down is seen up to its last layer. To tell one alone takes as long as
to tell ten together."""
BATCH, LARGEST_BATCH = 100, 1600
"""Later so many are told together, twice as many each time up to the second: what telling costs is a matter of how often,"""
PAUSE_SECONDS = 0.02
"""or what there is after this time, by a thread: not while batches fill up by themselves, as each layer of torch lets other threads have
the interpreter, and two that both work on in Python cost more than both."""
LONGEST_PAUSE_SECONDS = 0.18
"""Three times as long each time, up to this: telling takes a core from the threads of torch, and nobody reads faster."""


class Telling:
    """A context in which ``add`` takes notes. ``report`` tells some of them.

    A thread tells what waits, so that a layer that never ends does not keep back those before it. ``told`` is all that was told,
    ``at_once`` how many are told one by one.
    """

    def __init__(self, report: Callable[[List[Any]], None]) -> None:
        self._report = report
        self._batch = BATCH
        self.at_once = AT_ONCE
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
        if len(self.told) < self.at_once or self._over.is_set():
            self.flush()
            return
        vars(self)["add"] = self._tell_later  # what runs for each layer asks nothing
        self._thread = threading.Thread(target=self._tell_on, name="torchloupe telling", daemon=True)
        self._thread.start()

    def _tell_later(self, note: Any) -> None:
        self._waiting.append(note)
        if len(self._waiting) >= self._batch:
            self._batch = min(2 * self._batch, LARGEST_BATCH)
            self.flush()

    def _tell_on(self) -> None:
        told, pause = len(self.told), PAUSE_SECONDS
        while not self._over.wait(pause):
            pause = min(3 * pause, LONGEST_PAUSE_SECONDS)
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
