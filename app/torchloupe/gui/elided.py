"""Texts that end in "…" where they do not fit, with all of it in the tool tip; Qt's own label and combo box just cut them off."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QLabel, QStyle, QStyleOptionComboBox, QStylePainter, QWidget


class ElidedLabel(QLabel):
    """One line of plain text. It takes the room that it needs, and less where there is less."""

    def __init__(self, parent: QWidget | None = None, indent: int = 0) -> None:
        self._more = ""
        super().__init__(parent, textFormat=Qt.TextFormat.PlainText, indent=indent)

    @property
    def shown(self) -> str:
        """What can be seen of the text."""
        room = self.contentsRect().width() - max(0, self.indent())
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)

    def setText(self, text: str, more: str = "") -> None:
        """Another text; the tool tip also says ``more``."""
        super().setText(text)
        self._more = more
        self._say_the_rest()

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().height() * 3), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or less of the text fits."""
        super().resizeEvent(event)
        self._say_the_rest()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """What fits."""
        painter = QPainter(self)
        room = self.contentsRect().adjusted(max(0, self.indent()), 0, 0, 0)
        align = self.alignment() | Qt.AlignmentFlag.AlignVCenter
        self.style().drawItemText(painter, room, align, self.palette(), self.isEnabled(), self.shown, self.foregroundRole())

    def _say_the_rest(self) -> None:
        hidden = self.text() if self.shown != self.text() else ""
        self.setToolTip("\n".join(filter(None, (hidden, self._more))))


class ElidedCombo(QComboBox):
    """Its choices may be longer than it is wide. A screen reader calls it by its value, so a ``tip`` says what is chosen there."""

    def __init__(self, name: str = "", tip: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """The chosen text, as much of it as fits."""
        super().initStyleOption(option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room.width() - 2)

    def showPopup(self) -> None:
        """The list is as wide as its choices."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * self.fontMetrics().height())
        super().showPopup()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As Qt does it, with the text that fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
