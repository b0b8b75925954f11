"""A button that stands for a command of the window: its text, its key, its state."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QToolButton


class CommandButton(QToolButton):
    """Known by the id of an action; it finds that once it stands in a window."""

    def __init__(self, action_id: str) -> None:
        super().__init__()
        self._action_id = action_id
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the window is known."""
        super().showEvent(event)
        action = self.window().findChild(QAction, self._action_id)
        if action is not None and self.defaultAction() is not action:
            self.setDefaultAction(action)
            self.setAccessibleName(action.text().replace("&", ""))
