"""A text field for source: line numbers beside it, the line that is meant on a coloured ground with an arrow before it."""

from collections.abc import Collection

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QTextBlock, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from torchloupe.gui.python_colors import PythonColors
from torchloupe.gui.source.model import SourceText
from torchloupe.gui.theme import color, em, fixed_font

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
        self._colors = PythonColors(self.document())
        self.numbers = LineNumbers(self)
        self.updateRequest.connect(self._move_numbers)

    def show_text(self, text: SourceText) -> None:
        """Show other lines."""
        self.text = text
        self._colors.set_spans(text.spans)
        self.setPlainText("\n".join(text.lines))
        self.setViewportMargins(self.numbers.sizeHint().width(), 0, 0, 0)

    def mark(self, line: int, also: Collection[int] = ()) -> None:
        """Go to a line of the file and mark it; ``also`` are others that belong to it."""
        if self.text is None:
            return
        first, last = self.text.first, self.text.first + len(self.text.lines) - 1
        self.marked, self._also = max(first, min(line, last)), also
        self._show_marks()
        cursor = QTextCursor(self._block(self.marked))
        self.setTextCursor(cursor)
        self.centerCursor()
        self.numbers.update()

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
        return self.document().findBlockByNumber(line - self.text.first)

    def _show_marks(self) -> None:
        assert self.text is not None
        marks = []
        for line in (self.marked, *(other for other in self._also if other != self.marked)):
            if self.text.first <= line < self.text.first + len(self.text.lines):
                mark = QTextEdit.ExtraSelection()
                ground = QColor(color("accent"))
                ground.setAlpha(45 if line == self.marked else 20)
                mark.format.setBackground(ground)
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
            line, here = block.blockNumber() + text.first, QRect(room, round(top), self.width() - 2 * room, height)
            painter.setPen(color("accent" if line == code.marked else "muted"))
            painter.drawText(here, Qt.AlignmentFlag.AlignRight, str(line))
            if line == code.marked:
                painter.drawText(here, Qt.AlignmentFlag.AlignLeft, ARROW)
            top += code.blockBoundingRect(block).height()
            block = block.next()
