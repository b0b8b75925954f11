"""A bar above the views: one sentence about the whole window, and the one next step as a button."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton

from torchloupe.gui.icons import icon
from torchloupe.gui.theme import color, current, em

Step = tuple[str, Callable[[], object]]


class NoticeBar(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = current()
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.close_button = QToolButton(autoRaise=True)
        self.close_button.setAccessibleName(self.tr("Close this notice"))
        self.close_button.clicked.connect(self.hide)
        self._clicked: Callable[[], object] | None = None
        self._stays = False
        self.button.clicked.connect(self._run)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(em(self, 0.6), em(self, 0.3), em(self, 0.6), em(self, 0.3))
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        self._more = QHBoxLayout()
        layout.addLayout(self._more)
        layout.addWidget(self.close_button)
        self.refresh_icons()
        self.hide()

    def say(self, text: str, button: str, clicked: Callable[[], object], stays: bool = False, more: Sequence[Step] = ()) -> None:
        """Show a sentence and its next step, and what else can be done. One that ``stays`` is taken away by who said it, not by a
        click."""
        self._stays = stays
        while item := self._more.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        for name, run in more:
            other = QPushButton(name)
            other.clicked.connect(run)
            self._more.addWidget(other)
        self.close_button.setVisible(not stays)
        self.label.setText(f"▲  {text}")
        self.button.setText(button)
        self._clicked = clicked
        self.show()

    def refresh_icons(self) -> None:
        """Draw in the colours of the theme."""
        self._theme = current()
        self.close_button.setIcon(icon("close"))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, color("warning"))
        palette.setColor(QPalette.ColorRole.Window, color("button"))
        self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._theme is not current():
            self.refresh_icons()

    def _run(self) -> None:
        if not self._stays:
            self.hide()
        if self._clicked:
            self._clicked()
