"""The worker in one place: its state, where it runs, what it does and for how long, and after its death the cause and its last words."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
)

from torchloupe.gui.interpreter.model import last_lines, worker_facts
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.theme import color, em, fixed_font
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.gui.worker_state import STATE_GLYPHS, state_text

BUTTONS = ("run.cancel", "worker.restart", "worker.interpreter", "panel.log")
"""The actions that it offers, the same as in the menus."""
_ROLES = {"died": "error", "ready": "matched", "busy": "warning"}


class WorkerPopup(QDialog):
    """Follows the worker while it is open."""

    def __init__(self, window: QMainWindow, worker: WorkerLink, book: LogBook, actions: Sequence[QAction]) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setWindowTitle(self.tr("Worker"))
        self.setAccessibleName(self.tr("Worker"))
        self._worker, self._book, self._window = worker, book, window
        self.state = RoleLabel()
        font = self.state.font()
        font.setBold(True)
        self.state.setFont(font)
        self.form = QFormLayout(fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.facts: dict[str, QLabel] = {}
        self.cause = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.log = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setFont(fixed_font())
        self.log.setAccessibleName(self.tr("Last lines of the log"))
        self.log.setFixedHeight(em(self, 11))
        buttons = QHBoxLayout()
        self.buttons = [self._button(action) for action in actions]
        for button in self.buttons:
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.state)
        layout.addLayout(self.form)
        layout.addWidget(self.cause)
        layout.addWidget(self.log)
        layout.addLayout(buttons)
        self.setFixedWidth(em(self, 46))
        worker.changed.connect(self._show)
        worker.jobs.busy_changed.connect(self._show)
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self._show)
        self._tick.start()
        self._show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A popup has no frame of its own."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(color("border"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def show_above_status_bar(self) -> None:
        """Open it where the status bar tells of the worker."""
        self.adjustSize()
        corner = self._window.statusBar().mapToGlobal(QPoint(em(self, 0.3), 0))
        self.move(corner.x(), corner.y() - self.height() - em(self, 0.3))
        self.show()
        next((button for button in self.buttons if button.isEnabled()), self.log).setFocus()

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if action.objectName() == "panel.log":
            button.setText(self.tr("Show log"))
        if action.objectName() != "run.cancel":  # each further rung of cancelling is a further click
            button.clicked.connect(self.close)
        return button

    def _show(self, *_anything: object) -> None:
        worker = self._worker
        state = f"{STATE_GLYPHS.get(worker.state, '')}  {self.tr('Worker')}: {state_text(worker.state)}"
        self.state.say(state, _ROLES.get(worker.state, "muted"))
        facts = worker_facts(worker)
        for name, text in facts.items():
            if name not in self.facts:
                self.facts[name] = label = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self.form.addRow(name, label)
            self.facts[name].setText(text)
        for name, label in self.facts.items():
            self.form.setRowVisible(label, name in facts)
        problem = worker.problem
        self.cause.setVisible(problem is not None)
        self.cause.setText(f"{problem.message} {problem.hint}".strip() if problem else "")
        lines = "\n".join(last_lines(self._book.lines))
        if lines != self.log.toPlainText():
            self.log.setPlainText(lines)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())
