"""Python source in the colours of the theme, in a text field: the letters of each kind were found beforehand."""

from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument

from torchloupe.gui.python_spans import ROLES, Spans
from torchloupe.gui.theme import color


class PythonColors(QSyntaxHighlighter):
    """Colours the lines of a document. Ask it to ``rehighlight`` after the theme has changed."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._spans: Spans = ()
        self._offset = 0

    def set_spans(self, spans: Spans, offset: int = 0) -> None:
        """Those of the text that is shown next; ``offset`` letters stand before each line."""
        self._spans, self._offset = spans, offset

    def highlightBlock(self, _text: str) -> None:
        """One line."""
        number = self.currentBlock().blockNumber()
        for span in self._spans[number] if number < len(self._spans) else ():
            form = QTextCharFormat()
            form.setForeground(color(ROLES[span.kind]))
            self.setFormat(span.start + self._offset, span.length, form)
