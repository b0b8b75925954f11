"""The field above a table: green while what is typed filters, red with the reason while it cannot be meant, and how many rows are left."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QLineEdit

from torchloupe.analysis.row_filter import filter_trouble
from torchloupe.gui.theme import color, em

_MOST = 0.6
"""Of the width of the field is for the verdict."""


class FilterField(QLineEdit):
    """``trouble`` is the reason, empty while there is none; ``said`` is the verdict in words, which stands at the right: state is never
    colour alone."""

    focused = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(placeholderText=self.tr("Filter"), clearButtonEnabled=True)
        self.setAccessibleName(self.tr("Filter {0}").format(name))
        self.trouble = self.said = ""
        self._finds = False
        self._help = self.tr(
            "Words that must occur; -word must not; (a | b) one of them; [*,768] a shape; dtype:bf16 in one column; size>1M a number"
        )
        self.verdict = QLabel(self)
        self.verdict.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.verdict.hide()
        self.setToolTip(self._help)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Somebody is about to type."""
        super().focusInEvent(event)
        self.focused.emit()

    def judge(self, columns: Sequence[str], shown: int, total: int) -> None:
        """Say what the filter does to a table of these columns."""
        typed = self.text().strip()
        self.trouble = filter_trouble(typed, columns) if typed else ""
        self._finds = bool(typed) and not self.trouble and shown > 0
        count = f"{'✓' if shown else '▲'} {shown:,} of {total:,}"
        self.said = f"✖ {self.trouble}" if self.trouble else count if typed else ""
        self.setAccessibleDescription(self.said.lstrip("✖✓▲ "))
        self.setToolTip(self.trouble or self._help)
        self._color()
        self._place()

    def _color(self) -> None:
        role = "error" if self.trouble else "matched" if self._finds else "text"
        if self.palette().text().color() != color(role):
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.Text, color(role))
            self.setPalette(palette)
        words = QPalette()
        words.setColor(QPalette.ColorRole.WindowText, color("error" if self.trouble else "muted"))
        self.verdict.setPalette(words)

    def _place(self) -> None:
        shown, gap, metrics = bool(self.said), em(self, 2.0), self.fontMetrics()
        width = min(metrics.horizontalAdvance(self.said + " "), round(self.width() * _MOST)) if shown else 0
        self.verdict.setText(metrics.elidedText(self.said, Qt.TextElideMode.ElideRight, width))
        self.verdict.setGeometry(self.width() - width - gap, 0, width, self.height())
        self.verdict.setVisible(shown)
        self.setTextMargins(0, 0, width + em(self, 0.5) if shown else 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The verdict stays at the right."""
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "verdict"):
            self._color()
        super().changeEvent(event)
