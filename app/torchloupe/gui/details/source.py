"""Lines of source around a place: read by a job, shown with the line marked."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from torchloupe.analysis.source_notes import SourceNote, written_over
from torchloupe.gui.python_colors import PythonColors
from torchloupe.gui.python_spans import Span, Spans, python_spans
from torchloupe.gui.source_places import SourcePlace
from torchloupe.gui.theme import MARKED, color, em, fixed_font, tint

CONTEXT = 4
MAX_BYTES = 4_000_000


@dataclass(frozen=True)
class SourceLines:
    """``lines`` begin with number ``first``; ``marked`` is the line that is meant: ``wanted``, unless the file is shorter now.
    ``spans`` colour the lines."""

    file: str
    wanted: int
    first: int
    marked: int
    lines: tuple[str, ...]
    spans: Spans = ()
    indent: int = 0

    @property
    def margin(self) -> int:
        """How many letters stand before a line in the text."""
        return len(str(self.first + len(self.lines) - 1)) + 4

    def as_text(self, notes: Sequence[SourceNote] = ()) -> str:
        """With line numbers, and an arrow before the marked line, which has ``notes`` over it."""
        width = len(str(self.first + len(self.lines) - 1))
        numbered = enumerate(self.lines, self.first)
        shown = [f"{'▶' if number == self.marked else ' '} {number:>{width}}  {line}".rstrip() for number, line in numbered]
        at = self.marked - self.first
        shown[at:at] = [" " * self.margin + row for row in written_over(notes, self.indent)]
        return "\n".join(shown)

    def spans_with(self, notes: Sequence[SourceNote]) -> Spans:
        """The colours of that text."""
        at, rows = self.marked - self.first, written_over(notes, self.indent)
        return (*self.spans[:at], *((Span(0, len(row), "note"),) for row in rows), *self.spans[at:])


@dataclass(frozen=True)
class ReadSource:
    """The lines around ``file:line``, as a job. Raises ``OSError`` when the file cannot be read."""

    file: str
    line: int

    def __call__(self, progress: Callable[[int, int, str], None]) -> SourceLines:
        progress(0, 1, f"reading {self.file}")
        with open(self.file, "rb") as opened:
            text = opened.read(MAX_BYTES).decode("utf-8", "replace")
        return lines_around(self.file, text, self.line)


def lines_around(file: str, text: str, line: int) -> SourceLines:
    """The lines near ``line``, without the indentation that all of them have. A line beyond the end gives the last lines."""
    text = text.expandtabs(4)
    lines = text.splitlines()
    marked = max(1, min(line, len(lines)))
    first = max(1, marked - CONTEXT)
    near = lines[first - 1 : marked + CONTEXT]
    indent = min((len(each) - len(each.lstrip()) for each in near if each.strip()), default=0)
    spans = python_spans(lines, first - 1, first - 1 + len(near))
    moved = tuple(tuple(_cut(spans_of, indent)) for spans_of in spans)
    return SourceLines(file, line, first, marked, tuple(each[indent:] for each in near), moved, indent)


def _cut(spans: tuple[Span, ...], indent: int) -> Iterator[Span]:
    return (moved for moved in (span.moved(-indent) for span in spans) if moved.length > 0)


class SourceView(QWidget):
    """A place and the lines around it; the place is a link."""

    opened = Signal(str, int)

    def __init__(self, place: SourcePlace) -> None:
        super().__init__()
        self.place = place
        self.label = QLabel(wordWrap=True)
        self.label.setAccessibleName(self.tr("Source place"))
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.label.setToolTip(f"{place}\n" + self.tr("Opens in the editor"))
        self.label.linkActivated.connect(lambda _link: self.opened.emit(place.file, place.line))
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName(self.tr("Source around {0}").format(place))
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setFont(fixed_font())
        self.lines.setTabChangesFocus(True)
        self.lines.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.lines.setVisible(False)
        self._colors = PythonColors(self.lines.document())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.2))
        box.addWidget(self.label)
        box.addWidget(self.lines)
        self._say()

    def show_lines(self, source: SourceLines) -> None:
        """Show lines with the marked one on a coloured ground."""
        notes = self.place.notes if source.marked == source.wanted else ()
        rows = len(written_over(notes))
        self._colors.set_spans(source.spans_with(notes), source.margin)
        self.lines.setPlainText(source.as_text(notes))
        marked = QTextEdit.ExtraSelection()
        marked.format.setBackground(tint("accent", MARKED))
        marked.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        marked.cursor = QTextCursor(self.lines.document().findBlockByNumber(source.marked - source.first + rows))
        self.lines.setExtraSelections([marked])
        self.lines.setFixedHeight(self._height_of(len(source.lines) + rows))
        self.lines.setVisible(True)

    def _height_of(self, line_count: int) -> int:
        edges = 2 * (self.lines.frameWidth() + round(self.lines.document().documentMargin()))
        line = self.lines.blockBoundingRect(self.lines.document().firstBlock()).height()
        return round(line * line_count) + edges + self.lines.horizontalScrollBar().sizeHint().height()

    def show_failure(self, sentence: str) -> None:
        """The lines cannot be shown, and why."""
        self._say(sentence)

    def _say(self, sentence: str = "") -> None:
        place = self.place
        name = f"{os.path.basename(place.file)}:{place.line}"
        link = f"<a href='source' style='color:{color('accent').name()}'>{escape(name)}</a>"
        below = f"<br>{escape(sentence)}" if sentence else ""
        self.label.setText(f"{escape(place.what)}: {link}{below}")
