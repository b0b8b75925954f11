"""The fields in which one argument is typed or chosen. All speak text: an empty one means that nothing is given."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from torchloupe.gui.target_dialog.field_values import choices_of, default_text, placeholder
from torchloupe.gui.theme import color
from torchloupe.wire.arguments import ArgumentField


class TypedEditor(QLineEdit):
    """A line of text."""

    edited = Signal()

    def __init__(self, field: ArgumentField) -> None:
        super().__init__(placeholderText=placeholder(field))
        self.textEdited.connect(lambda _text: self.edited.emit())

    def value_text(self) -> str:
        """What is typed."""
        return self.text()

    def show_text(self, text: str) -> None:
        """Another text, without ``edited``."""
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)


class ChosenEditor(QComboBox):
    """A value of a list. The first item is the default, or asks to choose; where other words are allowed they can be typed."""

    edited = Signal()

    def __init__(self, field: ArgumentField) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if field.kind in ("class", "module", "str"):
            self.setEditable(True)
            self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            line = QLineEdit()
            self.setLineEdit(line)
            line.setPlaceholderText(placeholder(field) or self.tr("choose or type"))
            line.textEdited.connect(lambda _text: self.edited.emit())
        else:
            default = default_text(field)
            self.addItem(self.tr("{0} by default").format(default) if default else self.tr("choose …"), "")
        for word in choices_of(field):
            self.addItem(word, word)
        self.show_text("")
        self.activated.connect(lambda _number: self.edited.emit())

    def value_text(self) -> str:
        """The chosen word, or what is typed."""
        return self.currentText() if self.isEditable() else str(self.currentData() or "")

    def show_text(self, text: str) -> None:
        """Another value, without ``edited``; a word that is not in the list is added to it, to be seen."""
        if self.isEditable():
            if text != self.currentText() or not text:
                self.setCurrentIndex(self.findText(text) if text else -1)
                self.setEditText(text)
            return
        number = self.findData(text)
        if number < 0:
            self.addItem(text, text)
            number = self.count() - 1
        self.setCurrentIndex(number)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling the form changes no value."""
        event.ignore()


Editor = TypedEditor | ChosenEditor


def editor_for(field: ArgumentField) -> Editor:
    """The field that fits the kind of an argument."""
    return ChosenEditor(field) if choices_of(field) else TypedEditor(field)


class FoldButton(QToolButton):
    """The row of an object whose fields follow as rows: shows and hides them."""

    def __init__(self, name: str, field: ArgumentField) -> None:
        super().__init__()
        self._name = name
        self.setText(f"{field.name}  {field.annotation.rpartition('.')[2]}".rstrip())
        self.setAutoRaise(True)
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_open(True)

    def show_open(self, is_open: bool) -> None:
        """Its rows are shown, or are not."""
        self.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        said = self.tr("{0}, unfolded object") if is_open else self.tr("{0}, folded object")
        self.setAccessibleName(said.format(self._name))


class NoteLabel(QLabel):
    """One line that is cut at its end when there is no room; the whole is in the tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.note = ""

    def show_note(self, note: str, role: str) -> None:
        """Another line, in the colour of a role."""
        self.note = note
        self.setToolTip(note)
        self.setAccessibleName(note)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(color(role)))
        self.setPalette(palette)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut it anew."""
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.note, Qt.TextElideMode.ElideRight, self.width()))
