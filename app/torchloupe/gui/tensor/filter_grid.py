"""The filters of a convolution as a grid of small images, a page at a time."""

from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QVBoxLayout

from torchloupe.analysis.wording import count_text, counted, number_text
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.filter_canvas import FilterCanvas
from torchloupe.gui.tensor.readings import ReadFilters
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import em
from torchloupe.wire.values import FilterTiles

PAGE = 64
RGB_CHANNELS = 3


class FilterGrid(ValueView):
    """One input channel of every filter, or the three of a first layer as colours; by number or the largest norm first."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Filters")
        self.channel, self.order, self.mode = QSpinBox(), QComboBox(), QComboBox()
        self.back, self.forward, self.where = QPushButton(self.tr("&Previous")), QPushButton(self.tr("&Next")), QLabel()
        self.mode.addItems([self.tr("As red, green, blue"), self.tr("One input channel")])
        self.mode.setAccessibleName(self.tr("What is drawn of a filter"))
        self.order.addItems([self.tr("By number"), self.tr("Largest norm first")])
        self.order.setAccessibleName(self.tr("Order of the filters"))
        self.channel.setPrefix(self.tr("input channel  "))
        self.channel.setAccessibleName(self.tr("Input channel"))
        self.canvas, self.note = FilterCanvas(), QLabel(" ")
        self.tiles: FilterTiles | None = None
        self.where.setMinimumHeight(self.order.sizeHint().height())
        self._first = 0
        for widget in (self.mode, self.channel, self.order, self.back, self.forward, self.where):
            self.flow.addWidget(widget)
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.3))
        box.addWidget(self.canvas, 1)
        box.addWidget(self.note)
        self.mode.activated.connect(self._again)
        self.order.activated.connect(self._again)
        self.channel.valueChanged.connect(self.read)
        self.back.clicked.connect(lambda: self._turn(-PAGE))
        self.forward.clicked.connect(lambda: self._turn(PAGE))
        self.canvas.pointed.connect(self._point)

    def begin(self, source: ValueSource) -> None:
        """The first page."""
        channels = source.shape[1]
        self._first = 0
        with QSignalBlocker(self.channel):
            self.channel.setRange(0, channels - 1)
            self.channel.setValue(0)
        self.mode.setVisible(channels == RGB_CHANNELS)

    def work(self, source: ValueSource) -> Any:
        """The page."""
        as_rgb = source.shape[1] == RGB_CHANNELS and self.mode.currentIndex() == 0
        self.channel.setVisible(not as_rgb)
        return ReadFilters(source, None if as_rgb else self.channel.value(), self.order.currentIndex() == 1, self._first, PAGE)

    def arrived(self, result: FilterTiles) -> None:
        """Draw them."""
        self.tiles = result
        shown = len(result.numbers)
        self.back.setEnabled(self._first > 0)
        self.forward.setEnabled(self._first + shown < result.count)
        several = result.count > PAGE
        for button in (self.back, self.forward):
            button.setVisible(several)
        place = f"{self._first + 1} to {self._first + shown} of {count_text(result.count)}"
        self.where.setText(self.tr("filters {0}").format(place) if several else counted(result.count, "filter"))
        self.note.setText(tiles_sentence(result))
        self.canvas.show_tiles(result, with_norms=self.order.currentIndex() == 1)

    def copied_text(self) -> str:
        """Number and norm of each filter that is shown."""
        return self.canvas.numbers().as_text()

    def _again(self) -> None:
        self._first = 0
        self.read()

    def _turn(self, by: int) -> None:
        self._first = max(0, self._first + by)
        self.read()

    def _point(self, at: int) -> None:
        if self.tiles is not None:
            number, norm = self.tiles.numbers[at], self.tiles.norms[at]
            self.note.setText(self.tr("Filter {0}: norm {1}").format(number, number_text(norm)))


def tiles_sentence(tiles: FilterTiles) -> str:
    """What the colours mean."""
    marks = f" ✖ {count_text(tiles.nan)} NaN and {count_text(tiles.inf)} Inf on this page." if tiles.nan or tiles.inf else ""
    if tiles.is_rgb:
        return f"{tiles.height} x {tiles.width}; each filter is stretched to its own range.{marks}"
    return f"{tiles.height} x {tiles.width}; blue is negative, orange positive, colours reach ±{number_text(tiles.limit)}.{marks}"
