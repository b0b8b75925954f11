"""Cancelling the request that runs: a flag that hooks look at, and an interrupt of the main thread.

The reader thread asks, the main thread obeys. An interrupt never lands inside a frame that is being written: it is held back until the
frame is out.
"""

import _thread
import signal
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator

_NOBODY = -1
_AGAIN_SECONDS = 0.05


class Cancelled(BaseException):
    """The request was cancelled. Not an ``Exception``, so that an ``except Exception`` in the user's code does not swallow it."""


class Cancel:
    """Which request runs, and whether somebody wants it to stop. Made on the main thread; one per worker."""

    def __init__(self) -> None:
        self._main = threading.get_ident()
        self._running = _NOBODY
        self._asked = _NOBODY
        self._interrupt = _NOBODY
        self._shields = 0
        signal.signal(signal.SIGINT, self._on_signal)

    # on the reader thread

    def request(self, request_id: int, interrupt: bool) -> None:
        """Stop request ``request_id``, which runs or waits in the queue; one that is over already is not affected."""
        self._asked = request_id
        if interrupt:
            self._interrupt = request_id
            threading.Thread(target=self._insist, args=(request_id,), name="interrupt", daemon=True).start()

    def _insist(self, request_id: int) -> None:
        """Interrupt the main thread until it has noticed: a signal that comes just before a system call begins does not end it."""
        while self._interrupt == request_id == self._running and signal.getsignal(signal.SIGINT) == self._on_signal:
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(self._main, signal.SIGINT)  # wakes a time.sleep, which interrupt_main does not
            else:
                _thread.interrupt_main()
            time.sleep(_AGAIN_SECONDS)

    # on the main thread

    def begin(self, request_id: int) -> None:
        """``request_id`` runs from now on. Raises ``Cancelled`` when it was cancelled while it waited."""
        signal.signal(signal.SIGINT, self._on_signal)  # the user's code of the last request may have set its own
        self._running = request_id
        self.raise_if_requested()

    def withdraw(self) -> None:
        """The request that runs goes on after all."""
        self._asked = self._interrupt = _NOBODY

    def end(self) -> None:
        """Nothing runs any more: a cancel that comes now is too late and does nothing."""
        self._running = _NOBODY

    @property
    def requested(self) -> bool:
        """Somebody wants the request that runs to stop."""
        return self._running != _NOBODY and self._asked == self._running

    def raise_if_requested(self) -> None:
        """The cancel point: raises ``Cancelled`` when the running request is to stop."""
        if self._asked == self._running != _NOBODY:  # as in ``requested``: this is asked before every layer
            raise Cancelled

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While in here an interrupt waits; it is raised at the end."""
        if threading.get_ident() != self._main:  # signals are for the main thread alone
            yield
            return
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self._raise_if_interrupted()

    def _on_signal(self, _number: int, _frame: Any) -> None:
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        """One request is interrupted at most once; Ctrl-C in the terminal of the window is none of our business."""
        if self._running != _NOBODY and self._interrupt == self._running and not self._shields:
            self._interrupt = _NOBODY
            raise Cancelled
