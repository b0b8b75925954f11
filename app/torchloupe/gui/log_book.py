"""The lines of the log: what the worker, the user's code and the app said. Lines come from any thread."""

import contextlib
import time
from collections import deque
from dataclasses import dataclass

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
        seconds = time.time()
        now = f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{int(seconds % 1 * 1000):03d}"
        for line in text.splitlines() or [""]:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                self._heard.emit(BookLine(now, source, line))

    def clear(self) -> None:
        """Forget all lines."""
        self.lines.clear()

    def _keep(self, line: BookLine) -> None:
        self.lines.append(line)
        self.added.emit(line)
