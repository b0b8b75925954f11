"""The lines of the log: what the worker, the user's code and the app said. Lines come from any thread."""

import time
from collections import deque
from dataclasses import dataclass
from functools import partial

import shiboken6
from PySide6.QtCore import QObject, Signal

from torchloupe.gui.inbox import the_inbox

LINE_COUNT = 5000


INFO, WARNING, ERROR = "info", "warning", "error"
LEVELS = (INFO, WARNING, ERROR)


@dataclass(frozen=True)
class BookLine:
    """One line: the time of day, who said it (``worker``, ``user``, ``app``), what, and how bad it is."""

    time: str
    source: str
    text: str
    level: str = INFO


class LogBook(QObject):
    """Keeps the last lines. ``add`` may be called from any thread; ``added`` arrives in the window's."""

    added = Signal(object)  # BookLine

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: deque[BookLine] = deque(maxlen=LINE_COUNT)
        self._inbox = the_inbox()

    def add(self, source: str, text: str, level: str = INFO) -> None:
        """Keep what was said; several lines become several entries."""
        seconds = time.time()
        now = f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{int(seconds % 1 * 1000):03d}"
        for line in text.splitlines() or [""]:
            self._inbox.call(partial(self._keep, BookLine(now, source, line, level)))

    def clear(self) -> None:
        """Forget all lines."""
        self.lines.clear()

    def _keep(self, line: BookLine) -> None:
        self.lines.append(line)
        if shiboken6.isValid(self):  # the window may be gone
            self.added.emit(line)
