"""A file of the user's source, read by a job: its lines around a place, and their colours. No Qt here."""

from dataclasses import dataclass

from torchloupe.gui.jobs import Progress
from torchloupe.gui.python_spans import Spans, python_spans

MAX_BYTES = 4_000_000
MOST_LINES = 2_000
"""So many are shown at most, those around the place that is meant."""


@dataclass(frozen=True)
class SourceText:
    """``lines`` begin with number ``first``; ``total`` is how many the file has."""

    file: str
    first: int
    total: int
    lines: tuple[str, ...]
    spans: Spans

    def shows(self, line: int) -> bool:
        """Is this line of the file among them, or is it beyond the end of the file?"""
        return self.first <= line < self.first + len(self.lines) or (line > self.total >= self.first > self.total - MOST_LINES)


@dataclass(frozen=True)
class ReadSourceText:
    """The job. Raises ``OSError`` when the file cannot be read."""

    file: str
    line: int

    def __call__(self, progress: Progress) -> SourceText:
        progress(0, 1, f"reading {self.file}")
        with open(self.file, "rb") as opened:
            text = opened.read(MAX_BYTES).decode("utf-8", "replace")
        text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
        lines = text.split("\n")
        first = max(0, min(self.line - 1 - MOST_LINES // 2, len(lines) - MOST_LINES))
        shown = slice(first, first + MOST_LINES)
        return SourceText(self.file, first + 1, len(lines), tuple(lines[shown]), python_spans(lines, first, first + MOST_LINES))
