"""One line on standard error that says how far a long command is; nothing where no person looks."""

import time

from torchloupe.analysis.wording import bytes_text

from .terminal import Terminal
from .text_columns import cut_middle, printable

_EVERY_SECONDS = 0.1
_WIDTH = 79
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Told (done, total, what) in bytes, writes at most ten times a second."""

    def __init__(self, terminal: Terminal) -> None:
        self._out = terminal.err
        self._shows = terminal.err.isatty()
        self._next = 0.0
        self._written = False

    def __call__(self, done: int, total: int, what: str) -> None:
        """So far now."""
        now = time.monotonic()
        if not self._shows or now < self._next:
            return
        self._next, self._written = now + _EVERY_SECONDS, True
        part = f"{100 * done // total if total else 100:3d} %  {bytes_text(done)} of {bytes_text(total)}  "
        self._out.write(f"{_CLEAR}{part}{cut_middle(printable(what), _WIDTH - len(part))}")
        self._out.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._written:
            self._out.write(_CLEAR)
            self._out.flush()
            self._written = False
