"""Progress that is told every few megabytes: often enough to cancel at once, too seldom to cost anything."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Told (done, total, what), in bytes. Cancels by raising."""

EVERY_BYTES = 8 << 20


def silent(done: int, total: int, what: str) -> None:
    """Tells nobody."""
    del done, total, what


class Meter:
    """Counts the bytes that were read and tells at the beginning, every few megabytes, and at the end."""

    def __init__(self, tell: Progress, total: int, what: str) -> None:
        self._tell, self._total, self.what = tell, total, what
        self._done = self._told = 0
        tell(0, total, what)

    def add(self, count: int) -> None:
        """So many more bytes are done."""
        self._done += count
        if self._done - self._told >= EVERY_BYTES or self._done == self._total:
            self._told = self._done
            self._tell(min(self._done, self._total), self._total, self.what)
