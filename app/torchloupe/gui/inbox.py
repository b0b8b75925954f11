"""Calls from any thread, run in the window's thread in the order in which they came.

No signal crosses threads: a thread that emits one holds the interpreter's lock while it waits for one of Qt's, and the window's
thread, which deletes or connects an object just then, may hold that one and wait for the interpreter's. Here a thread appends to a
queue and writes one byte.
"""

import atexit
import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QObject, QSocketNotifier

LONGEST_READ = 4096


class Inbox(QObject):
    """The queue, and what wakes the window's thread for it. Made in that thread; ``post`` may be called from any."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._calls: deque[Callable[[], object]] = deque()
        self._here, self._there = socket.socketpair()
        for end in (self._here, self._there):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._here.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._take)

    def post(self, call: Callable[[], object]) -> None:
        """Have it called in the window's thread, soon."""
        self._calls.append(call)
        self._wake()

    def call(self, call: Callable[[], object]) -> None:
        """Call it at once in the window's thread, have it called soon from any other."""
        if threading.get_ident() == self._thread:
            call()
        else:
            self.post(call)

    def close(self) -> None:
        """Nobody listens any more; what is posted later is never called."""
        self._notifier.setEnabled(False)
        self._here.close()
        self._there.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it is awake as it is; closed: the program ends
            self._there.send(b"\0")

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._here.recv(LONGEST_READ)
        if not self._calls:
            return
        call = self._calls.popleft()
        if self._calls:
            self._wake()  # the window has its turn in between, and a call that opens a dialog, or fails, does not hold up the next one
        call()


@cache
def the_inbox() -> Inbox:
    """That of this process. The first one to ask has to be in the window's thread."""
    inbox = Inbox()
    atexit.register(inbox.close)
    return inbox
