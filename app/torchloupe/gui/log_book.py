"""The lines of the log: what the worker, the user's code and the app said. Lines come from any thread."""

import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QObject, Signal

LINE_COUNT = 5000


@dataclass(frozen=True)
class BookLine:
    """One line: the time of day, who said it (``worker``, ``user``, ``app``) and what."""

    time: str
    source: str
    text: str


class LogBook(QObject):
    """Keeps the last lines. ``add`` may be called from any thread; ``added`` arrives in the window's."""

    added = Signal(object)  # BookLine
    _heard = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: deque[BookLine] = deque(maxlen=LINE_COUNT)
        self._heard.connect(self._keep)

    def add(self, source: str, text: str) -> None:
        """Keep what was said; several lines become several entries."""
        now = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        for line in text.splitlines() or [""]:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                self._heard.emit(BookLine(now, source, line))

    def clear(self) -> None:
        """Forget all lines."""
        self.lines.clear()

    def _keep(self, line: BookLine) -> None:
        self.lines.append(line)
        self.added.emit(line)


class BookHandler(logging.Handler):
    """Hands what Python's ``logging`` is told to a log book."""

    def __init__(self, book: LogBook) -> None:
        super().__init__(logging.INFO)
        self._book = book

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self._book.add("app", self.format(record))
