"""Which numbers a plot shows: a label and a box to choose from."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget


class SeriesChoice(QWidget):
    """``name`` is the name of the series that is chosen; it is kept while it can be chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("What the plot shows"))
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        label = QLabel(self.tr("&Show"))
        label.setBuddy(self.box)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label)
        layout.addWidget(self.box)
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit())

    @property
    def name(self) -> str:
        """Of the series that is chosen; empty before there are any."""
        return self.box.currentData() or ""

    def offer(self, series: Sequence[tuple[str, str]]) -> None:
        """What can be chosen: titles and names."""
        chosen = self.box.currentData()
        with QSignalBlocker(self.box):
            self.box.clear()
            for title, name in series:
                self.box.addItem(title, name)
            self.box.setCurrentIndex(max(0, self.box.findData(chosen)))
