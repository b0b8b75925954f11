"""The Source panel: the file of what is selected, coloured, with its line marked."""

import os
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.events_trace import trace
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.source.model import ReadSourceText, SourceText
from torchloupe.gui.source.view import SourceCode
from torchloupe.gui.source_places import SourcePlace, source_places
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.requests import Failed

READING = "source"
"""Tag of the job."""


class SourcePanel(QWidget):
    """Follows the workbench's selection; ``show_place`` shows another line until the next one."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self.places: tuple[SourcePlace, ...] = ()
        self.place: SourcePlace | None = None
        self._wanted = ""
        self.empty = EmptyState()
        self.code = SourceCode(self.tr("Source"))
        self.name = ElidedLabel(indent=em(self, 0.25))
        self.buttons = QWidget()
        self._row = FlowLayout(self.buttons, em(self, 0.25))
        self.editor = QToolButton()
        self.editor.setText(self.tr("Editor"))
        self.editor.setToolTip(self.tr("Open the marked line in the editor (Ctrl+E)"))
        self._pages = QStackedWidget()
        self._build()
        self.editor.clicked.connect(self._open_in_editor)
        for signal in (workbench.selection_changed, workbench.model_changed, workbench.trace_changed):
            signal.connect(self._follow)
        self._follow()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(em(self, 0.25), em(self, 0.25), em(self, 0.25), 0)
        top.addWidget(self.name, 1)
        top.addWidget(self.editor)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.25))
        box.addLayout(top)
        box.addWidget(self.buttons)
        box.addWidget(self.code, 1)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # what the shell asks of every panel

    def copy_rows(self) -> str:
        """The marked text, else the place."""
        return self.code.selected_source() or str(self.place or "")

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is worth reading the file."""
        super().showEvent(event)
        self._read()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the line in the editor."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_in_editor()
        else:
            super().keyPressEvent(event)

    def show_place(self, file: str, line: int) -> None:
        """Show this line, also when it is not one of the selection."""
        known = [each for each in self.places if (each.file, each.line) == (file, line)]
        self._offer(self.places if known else (SourcePlace("", file, line),), known[0] if known else None)

    # following the workbench

    def _follow(self, *_anything: object) -> None:
        places = source_places(self.workbench)
        if places != self.places or not places:
            alike = [each for each in places if each.what == self._wanted and self.workbench.selection.problem is None]
            self._offer(places, alike[0] if alike else None)

    def _offer(self, places: tuple[SourcePlace, ...], chosen: SourcePlace | None = None) -> None:
        self.places = places
        chosen = chosen or (places[0] if places else None)
        while item := self._row.takeAt(0):
            if widget := item.widget():
                widget.hide()  # it is deleted only when the event loop turns
                widget.deleteLater()
        for place in places if len(places) > 1 else ():
            self._row.addWidget(self._button(place, place == chosen))
        self.buttons.setVisible(len(places) > 1)
        self._go_to(chosen)

    def _button(self, place: SourcePlace, is_chosen: bool) -> QToolButton:
        button = QToolButton()
        button.setText(f"{place.what}: {place.line}")
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.setToolTip(str(place))
        button.setAccessibleName(f"{place.what}, {os.path.basename(place.file)} line {place.line}")
        button.setChecked(is_chosen)
        button.clicked.connect(partial(self._choose, place))
        return button

    def _choose(self, place: SourcePlace, *_clicked: object) -> None:
        """A person wants to see the classes, say, also of what is selected next."""
        self._wanted = place.what
        self._go_to(place)

    def _go_to(self, place: SourcePlace | None) -> None:
        self.place = place
        if place is None:
            if self.workbench.selection.module is None and self.workbench.selection.problem is None:
                self.empty.offer(self.tr("Nothing is selected. Choose a module, a call or a problem."), "go.to")
                self._pages.setCurrentWidget(self.empty)
            else:
                self._say(self.tr("What is selected has no place in your source: its class is part of a package."))
        elif self.isVisible():
            self._read()

    def _read(self) -> None:
        place, text = self.place, self.code.text
        if place is None:
            return
        self.name.setText(f"{place.file}:{place.line}")
        work = ReadSourceText(place.file, place.line)
        self._jobs.start(work, partial(self._show, place), partial(self._failed, place), tag=READING, owner=self)
        if text is not None and text.file == place.file and text.shows(place.line):
            self._mark(place)  # at once; the file may be another one by now, which the job finds out

    def _show(self, place: SourcePlace, text: SourceText) -> None:
        if place == self.place:
            trace("source", file=place.file, line=place.line)
            before = self.code.text
            if before is None or (text.file, text.first, text.lines) != (before.file, before.first, before.lines):
                self.code.show_text(text)
            self._mark(place)

    def _mark(self, place: SourcePlace) -> None:
        also = [other.line for other in self.places if other.file == place.file]
        self._pages.setCurrentIndex(1)
        self.code.mark(place.line, also, place.notes)

    def _failed(self, place: SourcePlace, failed: Failed) -> None:
        if place == self.place and failed.problems:
            self._say(f"{failed.problems[0].message} {failed.problems[0].hint}")

    def _say(self, sentence: str) -> None:
        self.empty.set_text(sentence)
        self._pages.setCurrentWidget(self.empty)

    def _open_in_editor(self) -> None:
        if self.place is not None:
            self.workbench.editor_wanted.emit(self.place.file, self.place.line)
