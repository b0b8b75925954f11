"""The start page: open a checkpoint or a model, try the example, go on with a recent file."""

from collections.abc import Callable, Sequence
from html import escape

from PySide6.QtCore import QModelIndex, QPoint, QRectF, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.settings import Settings
from torchloupe.gui.start.model import REMOVE, FindDeadFiles, recent_rows
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import color, em

WIDTH = 50
"""Of the one column in which everything stands, in lines of text."""


class DropTarget(QLabel):
    """A sentence within a dashed line. Drawn here: a style sheet would keep the colours of the theme that it was made in."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, then the sentence."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color("muted"), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), em(self, 0.5), em(self, 0.5))
        painter.end()
        super().paintEvent(event)


class StartPanel(QWidget):
    """One column: where to drop a file, buttons for the first steps with their keys, and the recent files."""

    def __init__(self, settings: Settings, jobs: Jobs, actions: Sequence[QAction], opened: Callable[[str], object]) -> None:
        super().__init__()
        self._settings = settings
        self._jobs = jobs
        self._dead: frozenset[str] = frozenset()
        drop = self.tr("Drop a checkpoint or a model file anywhere on this window.")
        self.drop_target = DropTarget(drop, alignment=Qt.AlignmentFlag.AlignCenter)
        self.drop_target.setMinimumHeight(em(self, 6))
        self.buttons = [_button(action) for action in actions]
        columns = [
            Column(self.tr("File"), 14),
            Column(self.tr("Kind"), 9),
            Column(self.tr("Opened"), 8),
            Column(self.tr("Folder"), 14, True),
            Column(self.tr("Do"), 4.5),
        ]
        self.recent = FilterTable(columns, self.tr("Recent files"))
        self.no_recent = QLabel(self.tr("Files that you open are listed here."))
        self.recent.activated.connect(opened)
        self.recent.one = self.tr("recent file")
        self.recent.view.clicked.connect(self._clicked)
        self.recent.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.recent.view.customContextMenuRequested.connect(self._show_menu)
        self._lay_out()
        self._add_row_actions()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(em(self))
        for button in self.buttons:
            buttons.addWidget(button, 1)
        self.column = QWidget()
        self.column.setMaximumWidth(em(self, WIDTH))
        column = QVBoxLayout(self.column)
        column.setContentsMargins(0, em(self, 2), 0, em(self))
        column.setSpacing(em(self))
        column.addWidget(_heading("Torchloupe", "xx-large"))
        column.addWidget(self.drop_target)
        column.addLayout(buttons)
        column.addSpacing(em(self))
        column.addWidget(_heading(self.tr("Recent files"), "large"))
        column.addWidget(self.no_recent)
        column.addWidget(self.recent, 1)
        column.addStretch(0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(em(self, 2), 0, em(self, 2), 0)
        layout.addStretch(1)
        layout.addWidget(self.column, 100)
        layout.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        """What was opened since it was last seen is on its list."""
        super().showEvent(event)
        self.show_recent()

    def _add_row_actions(self) -> None:
        self.pin = QAction(self.tr("Pin or unpin"), self)
        self.remove = QAction(self.tr("Remove from the list"), self)
        self.remove.setShortcut("Del")
        self.remove.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.pin.triggered.connect(self._toggle_pin)
        self.remove.triggered.connect(self._forget)
        for action in (self.pin, self.remove):
            self.recent.view.addAction(action)

    def show_recent(self) -> None:
        """Read the list again; which files are gone is found out in the background."""
        files = self._settings.recent()
        self.recent.set_rows(recent_rows(files, self._dead))
        self.recent.setVisible(bool(files))
        self.no_recent.setVisible(not files)
        if files:
            paths = tuple(file.path for file in files if file.kind == "checkpoint" or ".py" in file.path)
            self._jobs.start(FindDeadFiles(paths), done=self._show_dead, tag="recent", label=self.tr("looking for recent files"))

    def _show_dead(self, dead: frozenset[str]) -> None:
        self._dead = dead
        self.recent.set_rows(recent_rows(self._settings.recent(), dead))

    def _show_menu(self, position: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self.pin, self.remove])
        menu.popup(self.recent.view.viewport().mapToGlobal(position))

    def _clicked(self, index: QModelIndex) -> None:
        """On the last cell."""
        if index.column() == self.recent.model.columnCount() - 1:
            (self._forget if index.data() == REMOVE else self._toggle_pin)()

    def _toggle_pin(self) -> None:
        path = self.recent.current_key()
        for file in self._settings.recent():
            if file.path == path:
                self._settings.pin_recent(path, not file.pinned)
        self.show_recent()

    def _forget(self) -> None:
        self._settings.forget_recent(self.recent.current_key())
        self.show_recent()


def _heading(text: str, size: str) -> QLabel:
    """In a size of HTML, which is so many times that of the application, also when that one changes."""
    label = QLabel(f"<span style='font-size:{size}'>{escape(text)}</span>")
    label.setTextFormat(Qt.TextFormat.RichText)
    return label


def _button(action: QAction) -> QToolButton:
    button = QToolButton()  # not by setDefaultAction: it would take the action's short text
    button.clicked.connect(action.trigger)
    button.setToolTip(action.toolTip())
    button.setEnabled(action.isEnabled())
    button.setIcon(action.icon())
    action.changed.connect(lambda: button.setIcon(action.icon()))
    keys = action.shortcut().toString()
    text = action.text().replace("&", "")
    button.setText(f"{text}\n{keys or button.tr('small, with faults')}")
    button.setAccessibleName(text)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    button.setIconSize(button.iconSize() * 1.6)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setMinimumHeight(em(button, 5.5))
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button
