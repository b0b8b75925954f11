"""Why keys differ: a line for each cause, all of it in its tool tip. The list of problems has them in full."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from torchloupe.gui.elided import ElidedLabel


class CauseLines(QWidget):
    """As many lines as there are causes; what does not fit is elided."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[ElidedLabel] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)

    def text(self) -> str:
        """All lines."""
        return "\n".join(line.text() for line in self.lines)

    def show_causes(self, causes: Sequence[tuple[str, str]]) -> None:
        """Other causes, each with what its tool tip says beside it."""
        for line in self.lines[len(causes) :]:
            self._box.removeWidget(line)
            line.deleteLater()
        self.lines = self.lines[: len(causes)]
        while len(self.lines) < len(causes):
            self.lines.append(ElidedLabel())
            self._box.addWidget(self.lines[-1])
        for line, (text, more) in zip(self.lines, causes, strict=True):
            line.setText(f"• {text}", more)
        self.setVisible(bool(causes))
