"""A stand-in for a file manager, in a process of its own: press on the label and move, and its files are dragged."""

import json
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QLabel


class Files(QLabel):
    def __init__(self, files):
        super().__init__("\n".join(Path(file).name for file in files))
        self.setWindowTitle("drag-source")
        self.setFixedSize(220, 90)
        self._files = files
        self._pressed = None

    def mousePressEvent(self, event):
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event):
        if self._pressed is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() < QApplication.startDragDistance():
            return
        self._pressed = None
        content = QMimeData()
        content.setUrls([QUrl.fromLocalFile(file) for file in self._files])
        drag = QDrag(self)
        drag.setMimeData(content)
        drag.setHotSpot(QPoint(4, 4))
        action = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.LinkAction, Qt.DropAction.CopyAction)
        say("dragged", action=action.name)


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


app = QApplication(sys.argv[:1])
label = Files([str(Path(file).resolve()) for file in sys.argv[1:]])
label.move(40, 40)
label.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
label.show()
QTimer.singleShot(0, lambda: say("ready"))
sys.exit(app.exec())
