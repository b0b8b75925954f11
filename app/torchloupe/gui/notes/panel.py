"""The Notes panel: all notes and bookmarks on what is open, and a field for that of what is selected."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.notes import Note
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.notes.model import EMPTY, NAMELESS, note_rows
from torchloupe.gui.reaching import reach
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench


class NoteField(QPlainTextEdit):
    """``left``: what was typed is to be kept, because the field lost the focus, or Ctrl+Enter was pressed."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Somewhere else."""
        super().focusOutEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class NotesPanel(TablePanel):
    """Follows the notes and the selection of the workbench."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.workbench, self._notes = workbench, workbench.notes
        self._shown: Note | None = None
        columns = [
            Column(self.tr("Mark"), 3),
            Column(self.tr("Name"), 18),
            Column(self.tr("Kind"), 6),
            Column(self.tr("Note"), 24, stretch=True),
        ]
        self.table = FilterTable(columns, self.tr("Notes and bookmarks"), EMPTY)
        self.table.one = self.tr("note")
        self.about, self.field = ElidedLabel(), NoteField()
        self.field.setAccessibleName(self.tr("Note on what is selected"))
        self.field.setTabChangesFocus(True)
        right = QWidget()
        box = QVBoxLayout(right)
        box.setContentsMargins(em(self, 0.25), em(self, 0.2), em(self, 0.25), em(self, 0.25))
        box.setSpacing(em(self, 0.2))
        box.addWidget(self.about)
        box.addWidget(self.field)
        splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        splitter.addWidget(self.table)
        splitter.addWidget(right)
        splitter.setSizes([em(self, 40), em(self, 24)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.table.chosen.connect(lambda key: reach(workbench, *key))
        self.field.left.connect(self.keep)
        self._notes.changed.connect(self._show)
        workbench.selection_changed.connect(lambda _selection: self._show())
        self._show()

    def write(self) -> None:
        """The cursor goes into the field."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keep(self) -> None:
        """What was typed is the note now."""
        if self._shown is not None:
            self._notes.write(self._notes.of(self._shown.kind, self._shown.name), self.field.toPlainText())

    def _show(self) -> None:
        notes, chosen = self._notes.listed(), self._notes.of_selection()
        if self._shown is not None and (chosen is None or (chosen.kind, chosen.name) != (self._shown.kind, self._shown.name)):
            typed, before, self._shown = self.field.toPlainText(), self._shown, None
            self._notes.write(self._notes.of(before.kind, before.name), typed)
            notes = self._notes.listed()
        self.table.set_rows(note_rows(notes))
        self.table.select_key((chosen.kind, chosen.name) if chosen else None)
        if self._shown is None or chosen is None or chosen.text != self._shown.text:
            with QSignalBlocker(self.field):
                self.field.setPlainText(chosen.text if chosen else "")
        self._shown = chosen
        self.field.setEnabled(chosen is not None)
        nothing = self.tr("Select a module, a parameter or a tensor to write about it.")
        self.about.setText(f"{chosen.kind} {chosen.name or NAMELESS}" if chosen else nothing)
        self.field.setPlaceholderText(self.tr("What you want to remember. Kept when you leave the field.") if chosen else "")
