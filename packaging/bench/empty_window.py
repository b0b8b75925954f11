"""The least a PySide6 program can do: an empty main window that says when it is painted."""

import json

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow


class EmptyWindow(QMainWindow):
    """Nothing but a frame."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say it."""
        super().paintEvent(event)
        print(json.dumps({"event": "painted"}), flush=True)


if __name__ == "__main__":
    application = QApplication([])
    window = EmptyWindow()
    window.resize(1280, 800)
    window.show()
    application.exec()
