"""A sentence in the colour of what it means: an error, a warning, something that fits."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from torchloupe.gui.theme import color


class RoleLabel(QLabel):
    """Plain text that is wrapped. Its colour is that of a role of the theme, and follows another theme."""

    def __init__(self) -> None:
        super().__init__(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._role = "text"

    def say(self, sentence: str, role: str = "text") -> None:
        """Another sentence."""
        self.setText(sentence)
        self._role = role
        self._paint_role()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_role()

    def _paint_role(self) -> None:
        palette, wanted = self.palette(), color(self._role)
        if palette.color(QPalette.ColorRole.WindowText) != wanted:
            palette.setColor(QPalette.ColorRole.WindowText, wanted)
            self.setPalette(palette)
