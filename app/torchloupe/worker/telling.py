"""Tell what was noted while the model runs on: at once as long as there is little, then in batches."""

import threading
from collections import deque
from time import monotonic
from typing import Any, Callable, Deque, List, Optional

AT_ONCE, MANY = 16, 64
"""So many are told one by one, of a model of few layers: one that brings the process down is seen up to its last layer. To tell one alone
takes as long as to tell ten together, so of many none is."""
BATCH = 400
"""Later so many are told together, so that telling them costs little beside them: one of a hundred together takes a tenth more than one of
four hundred, one of more takes no less;"""
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.004, 0.2
"""or what there is after this time, three times as long each time up to the second: nobody reads faster, and with a process that goes down
about the later two thirds of what it did are lost, or all of it within the first moment."""


class Telling:
    """A context in which ``add`` takes notes. ``report`` tells some of them.

    Whoever takes a note tells those that wait, too: another thread would take a core from those of torch. One is there for a layer that
    never ends, which would keep back those before it. ``told`` is all that was told.
    """

    def __init__(self, report: Callable[[List[Any]], None]) -> None:
        self._report = report
        self._pause = PAUSE_SECONDS
        self._due = 0.0
        self._at_once = AT_ONCE
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

    def expect(self, notes: int) -> None:
        """About so many will come. Of many, none is told by itself."""
        self._at_once = AT_ONCE if notes <= MANY else 0

    def add(self, note: Any) -> None:
        """Take one note."""
        self._waiting.append(note)
        if len(self.told) < self._at_once or self._over.is_set():
            self.flush()
            return
        vars(self)["add"] = self._tell_later  # what runs for each layer asks nothing
        self._due = monotonic() + self._pause
        self._thread = threading.Thread(target=self._tell_on, name="torchloupe telling", daemon=True)
        self._thread.start()

    def _tell_later(self, note: Any) -> None:
        self._waiting.append(note)
        if len(self._waiting) >= BATCH:
            self._tell_now()
        elif monotonic() >= self._due:
            self._pause = min(3 * self._pause, LONGEST_PAUSE_SECONDS)
            self._tell_now()

    def _tell_now(self) -> None:
        self.flush()
        self._due = monotonic() + self._pause

    def _tell_on(self) -> None:
        while not self._over.wait(LONGEST_PAUSE_SECONDS):
            if monotonic() >= self._due:
                try:
                    self._tell_now()
                except (OSError, ValueError):  # nobody listens any more: the process is about to end
                    return

    def flush(self) -> None:
        """Tell what waits."""
        with self._lock:
            notes = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if notes:
                self.told += notes
                self._report(notes)
