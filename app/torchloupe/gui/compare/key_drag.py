"""A key of Compare that is dragged onto another: it hangs at the mouse as a small label, so that the rows below stay to be read."""

from PySide6.QtCore import QEvent, QObject, QPersistentModelIndex, QPoint, QSize, Qt
from PySide6.QtGui import QDrag, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView

from torchloupe.gui.compare.model import CompareModel
from torchloupe.gui.drop import INSIDE, TAKES_DROPS
from torchloupe.gui.theme import color, em


class KeyDrag(QObject):
    """Watches the mouse over a table of ``CompareModel``; where it goes down says which key is dragged."""

    def __init__(self, view: QTableView, model: CompareModel) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        self._start: QPoint | None = None
        view.setProperty(TAKES_DROPS, True)
        view.setAcceptDrops(True)
        view.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        view.setDragDropOverwriteMode(True)
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Press, move far enough, drag."""
        if isinstance(event, QMouseEvent):
            place = event.position().toPoint()
            if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                index = self._view.indexAt(place)
                self._model.pressed = QPersistentModelIndex(index)
                self._start = place if index.isValid() else None
            elif event.type() == QEvent.Type.MouseButtonRelease:
                self._start = None
            elif (
                event.type() == QEvent.Type.MouseMove and self._start is not None and event.buttons() & Qt.MouseButton.LeftButton
            ):
                if (place - self._start).manhattanLength() >= QApplication.startDragDistance():
                    self._start = None
                    self._drag()
                return True  # else the selection would grow while the key is carried
        return super().eventFilter(watched, event)

    def _drag(self) -> None:
        data = self._model.mimeData([])
        if data.hasFormat(INSIDE):
            drag = QDrag(self._view)
            drag.setMimeData(data)
            drag.setPixmap(self.picture(data.data(INSIDE).toStdString()))
            drag.setHotSpot(QPoint(-em(self._view, 0.8), -em(self._view, 0.5)))
            drag.exec(Qt.DropAction.CopyAction)

    def picture(self, key: str) -> QPixmap:
        """The label with the key."""
        metrics, ratio = self._view.fontMetrics(), self._view.devicePixelRatioF()
        size = QSize(metrics.horizontalAdvance(key) + em(self._view, 1.2), round(metrics.height() * 1.4))
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._view.font())
            painter.setPen(color("accent"))
            painter.setBrush(color("base"))
            box = pixmap.rect().size() / ratio
            painter.drawRoundedRect(0, 0, box.width() - 1, box.height() - 1, em(self._view, 0.3), em(self._view, 0.3))
            painter.setPen(color("text"))
            painter.drawText(0, 0, size.width(), size.height(), int(Qt.AlignmentFlag.AlignCenter), key)
        return pixmap
