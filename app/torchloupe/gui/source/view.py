"""A text field for source: line numbers beside it, the line that is meant on a coloured ground with an arrow before it."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QMimeData, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTextBlock, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from torchloupe.analysis.source_notes import SourceNote, written_over
from torchloupe.gui.python_colors import PythonColors
from torchloupe.gui.python_spans import Span
from torchloupe.gui.source.model import SourceText
from torchloupe.gui.theme import MARKED, color, em, fixed_font, tint

ARROW = "▶"


class SourceCode(QPlainTextEdit):
    """Read-only; what is copied from it is the source alone."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(fixed_font())
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.text: SourceText | None = None
        self.marked = 0
        self._also: Collection[int] = ()
        self._rows: list[str] = []
        self._noted = 0  # the line that they stand over
        self.document().setUndoRedoEnabled(False)
        self._colors = PythonColors(self.document())
        self.numbers = LineNumbers(self)
        self.updateRequest.connect(self._move_numbers)

    def show_text(self, text: SourceText) -> None:
        """Show other lines."""
        self.text, self._rows = text, []
        self._colors.set_spans(text.spans)
        self.setPlainText("\n".join(text.lines))
        self.setViewportMargins(self.numbers.sizeHint().width(), 0, 0, 0)

    def mark(self, line: int, also: Collection[int] = (), notes: Sequence[SourceNote] = ()) -> None:
        """Go to a line of the file and mark it, with ``notes`` over it; ``also`` are others that belong to it."""
        if self.text is None:
            return
        first, last = self.text.first, self.text.first + len(self.text.lines) - 1
        self.marked, self._also = max(first, min(line, last)), also
        self._write_over(written_over(notes) if line == self.marked else [])
        self._show_marks()
        cursor = QTextCursor(self._block(self.marked))
        self.setTextCursor(cursor)
        self.centerCursor()
        self.numbers.update()

    def _write_over(self, rows: list[str]) -> None:
        """Put these rows above the marked line, and take away those that stand above another one."""
        assert self.text is not None
        if rows == self._rows and (self._noted == self.marked or not rows):
            return
        cursor = QTextCursor(self.document())
        self._colors.set_spans(self.text.spans)  # what is left is coloured again
        if self._rows:
            cursor.setPosition(self.document().findBlockByNumber(self._noted - self.text.first).position())
            cursor.setPosition(self._block(self._noted).position(), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        self._rows, self._noted = [], self.marked
        at, spans = self.marked - self.text.first, self.text.spans
        self._colors.set_spans((*spans[:at], *((Span(0, len(row), "note"),) for row in rows), *spans[at:]))
        if rows:
            cursor.setPosition(self._block(self.marked).position())
            cursor.insertText("".join(f"{row}\n" for row in rows))
        self._rows = rows

    def line_of(self, block: QTextBlock) -> int | None:
        """The line of the file that a block is; None for one that is written over a line."""
        assert self.text is not None
        line = block.blockNumber() + self.text.first
        if not self._rows or line < self._noted:
            return line
        return None if line < self._noted + len(self._rows) else line - len(self._rows)

    def selected_source(self) -> str:
        """What is selected, the source alone."""
        cursor = self.textCursor()
        start, end = cursor.selectionStart(), cursor.selectionEnd()
        block, lines = self.document().findBlock(start), []
        while self.text is not None and start < end and block.isValid() and block.position() <= end:
            if self.line_of(block) is not None:
                lines.append(block.text()[max(start - block.position(), 0) : end - block.position()])
            block = block.next()
        return "\n".join(lines)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied."""
        data = QMimeData()
        data.setText(self.selected_source())
        return data

    def is_marked(self, line: int) -> bool:
        """Is it the line that is meant, or one that belongs to it?"""
        return line == self.marked or line in self._also

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.text is not None:
            self._colors.rehighlight()
            self._show_marks()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The numbers are as high as the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self.numbers.setGeometry(QRect(inside.left(), inside.top(), self.numbers.sizeHint().width(), inside.height()))

    def _block(self, line: int) -> QTextBlock:
        assert self.text is not None
        above = len(self._rows) if line >= self._noted else 0
        return self.document().findBlockByNumber(line - self.text.first + above)

    def _show_marks(self) -> None:
        assert self.text is not None
        marks = []
        for line in (self.marked, *(other for other in self._also if other != self.marked)):
            if self.text.first <= line < self.text.first + len(self.text.lines):
                mark = QTextEdit.ExtraSelection()
                mark.format.setBackground(tint("accent", MARKED if line == self.marked else MARKED // 2))
                mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
                mark.cursor = QTextCursor(self._block(line))
                marks.append(mark)
        self.setExtraSelections(marks)

    def _move_numbers(self, rect: QRect, moved: int) -> None:
        if moved:
            self.numbers.scroll(0, moved)
        else:
            self.numbers.update(0, rect.y(), self.numbers.width(), rect.height())


class LineNumbers(QWidget):
    """The numbers beside the lines, an arrow at those that are marked."""

    def __init__(self, code: SourceCode) -> None:
        super().__init__(code)
        self._code = code
        self.setFont(code.font())

    def sizeHint(self) -> QSize:
        """As wide as the largest number and the arrow."""
        text = self._code.text
        digits = len(str(text.first + len(text.lines))) if text else 3
        return QSize(self.fontMetrics().horizontalAdvance("0" * digits + ARROW) + em(self, 0.8), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The numbers of the lines that can be seen."""
        code, text = self._code, self._code.text
        painter = QPainter(self)
        painter.fillRect(event.rect(), color("window"))
        if text is None:
            return
        block, height, room = code.firstVisibleBlock(), self.fontMetrics().height(), em(self, 0.25)
        top = code.blockBoundingGeometry(block).translated(code.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            line, here = code.line_of(block), QRect(room, round(top), self.width() - 2 * room, height)
            painter.setPen(color("accent" if line == code.marked else "muted"))
            painter.drawText(here, Qt.AlignmentFlag.AlignRight, str(line or ""))
            if line == code.marked:
                painter.drawText(here, Qt.AlignmentFlag.AlignLeft, ARROW)
            top += code.blockBoundingRect(block).height()
            block = block.next()
