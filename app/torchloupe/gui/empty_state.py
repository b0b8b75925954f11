"""What stands in a panel that has nothing to show: one sentence and the one next step as a button."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from torchloupe.gui.theme import em


class EmptyState(QWidget):
    """A sentence in the middle, and below it a button when there is a next step."""

    def __init__(self, text: str = "", button: str = "", clicked: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.label = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self._clicked: Callable[[], object] | None = None
        self._action_id = ""
        self._action: QAction | None = None
        self.button.clicked.connect(lambda: self._clicked and self._clicked())
        layout = self._box = QVBoxLayout(self)
        layout.setContentsMargins(em(self), em(self), em(self), em(self))
        layout.setSpacing(em(self, 0.75))
        layout.addStretch(1)
        layout.addWidget(self.label)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        self.set_text(text, button, clicked)

    def set_text(self, text: str, button: str = "", clicked: Callable[[], object] | None = None) -> None:
        """Say something else. Without a text for the button there is none."""
        self._action_id = ""
        self.label.setText(text)
        self._clicked = clicked
        self.button.setText(button)
        self.button.setVisible(bool(button))

    def set_low(self) -> None:
        """A line high, where there is no more room."""
        self._box.setContentsMargins(em(self), em(self, 0.2), em(self), em(self, 0.2))
        self.label.setMinimumHeight(em(self))

    def offer(self, text: str, action_id: str) -> None:
        """Say something, with a command of the window as the next step; its button says the command's text and key."""
        self.set_text(text)
        self._action_id = action_id
        self._show_action()

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the window is known."""
        super().showEvent(event)
        self._show_action()

    def _show_action(self) -> None:
        action = self.window().findChild(QAction, self._action_id) if self._action_id else None
        if action is not None:
            if action is not self._action:  # the button comes and goes with what can be done
                if self._action is not None:
                    self._action.changed.disconnect(self._show_action)
                self._action = action
                action.changed.connect(self._show_action)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            name = action.text().replace("&", "")
            self.button.setText(f"{name}  {keys}".rstrip())
            self.button.setVisible(action.isEnabled())
            self._clicked = action.trigger
