"""An activation as a grid of small images: the channels of one sample, the heads of an attention, the samples of a picture."""

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QVBoxLayout

from torchloupe.analysis.activation_views import ATTENTION, IMAGE, MAPS
from torchloupe.analysis.wording import count_text, counted, number_text
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.activation_readings import MapLayout, ReadMaps, map_layout
from torchloupe.gui.tensor.filter_canvas import FilterCanvas
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.steppers import Steppers
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import em
from torchloupe.wire.values import FilterTiles

SIDE = {MAPS: 14.0, ATTENTION: 20.0, IMAGE: 40.0}
"""How large a map becomes at first, in heights of the font."""
NOUNS = {MAPS: "channel", ATTENTION: "head", IMAGE: "sample"}


class MapGrid(ValueView):
    """A page at a time is read, and no more. The mouse names a map; a double click asks for that one alone."""

    one_wanted = Signal(str)  # the index of one map

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Maps")
        self.kind, self._first = MAPS, 0
        self.layout_of_maps: MapLayout | None = None
        self.tiles: FilterTiles | None = None
        self.steppers, self.what, self.scale = Steppers(), QComboBox(), QComboBox()
        self.back, self.forward, self.where = QPushButton(self.tr("&Previous")), QPushButton(self.tr("&Next")), QLabel()
        self.what.addItems([self.tr("All channels as colours"), self.tr("Channel by channel")])
        self.what.setAccessibleName(self.tr("What is drawn of a picture"))
        self.scale.addItem(self.tr("One scale for all"), "shared")
        self.scale.addItem(self.tr("Each on its own scale"), "own")
        self.scale.addItem(self.tr("Each from its lowest to its highest value"), "range")
        self.scale.setAccessibleName(self.tr("How far the colours reach"))
        self.canvas, self.note = FilterCanvas(), QLabel(" ", wordWrap=True)
        self.canvas.setAccessibleName(self.tr("Maps"))
        self.where.setMinimumHeight(self.scale.sizeHint().height())
        for widget in (self.what, self.steppers, self.scale, self.back, self.forward, self.where):
            self.flow.addWidget(widget)
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.3))
        box.addWidget(self.canvas, 1)
        box.addWidget(self.note)
        self.what.activated.connect(self._lay_out)
        self.steppers.changed.connect(self.read)
        self.scale.activated.connect(self.read)
        self.back.clicked.connect(lambda: self._turn(-1))
        self.forward.clicked.connect(lambda: self._turn(1))
        self.canvas.pointed.connect(self._point)
        self.canvas.chosen.connect(self._choose)

    def set_kind(self, kind: str, axes: tuple[str, ...] = ()) -> None:
        """What the next tensor is: ``maps``, ``attention`` or ``image``; and the names of its dimensions, as far as they are known."""
        self.kind, self.steppers.names = kind, axes
        with QSignalBlocker(self.what):
            self.what.setCurrentIndex(0)

    @property
    def shown_kind(self) -> str:
        """As it is drawn now: a picture can be looked at channel by channel, too."""
        return MAPS if self.kind == IMAGE and self.what.currentIndex() else self.kind

    def begin(self, source: ValueSource) -> None:
        """The first page."""
        self.what.setVisible(self.kind == IMAGE)
        self._set_layout(source)

    def work(self, source: ValueSource) -> Any:
        """The page."""
        assert self.layout_of_maps is not None
        self.scale.setVisible(self.shown_kind != IMAGE)
        scale = "shared" if self.shown_kind == IMAGE else self.scale.currentData()
        return ReadMaps(source, self.layout_of_maps, self.steppers.places, self._first, scale)

    def arrived(self, result: FilterTiles) -> None:
        """Draw it."""
        self.tiles = result
        shown, noun = len(result.numbers), NOUNS[self.shown_kind]
        several = shown < result.count
        self.back.setEnabled(self._first > 0)
        self.forward.setEnabled(self._first + shown < result.count)
        for button in (self.back, self.forward):
            button.setVisible(several)
        place = f"{noun}s {self._first} to {self._first + shown - 1} of {count_text(result.count)}"
        self.where.setText(place if several else counted(result.count, noun))
        self.note.setText(self._sentence())
        self.canvas.largest = SIDE[self.shown_kind]
        self.canvas.show_tiles(result, with_norms=False)

    def copied_text(self) -> str:
        """Number and norm of each map that is shown."""
        return self.canvas.numbers().as_text()

    def _set_layout(self, source: ValueSource) -> None:
        layout = self.layout_of_maps = map_layout(source.shape, self.shown_kind, self.steppers.names)
        self._first = 0
        self.steppers.set_dimensions([(dimension, source.shape[dimension]) for dimension in layout.fixed])

    def _lay_out(self) -> None:
        if self.source is not None:
            self._set_layout(self.source)
            self.read()

    def _turn(self, pages: int) -> None:
        if self.layout_of_maps is not None:
            self._first = max(0, self._first + pages * self.layout_of_maps.page)
            self.read()

    def _sentence(self) -> str:
        assert self.tiles is not None
        assert self.layout_of_maps is not None
        return maps_sentence(self.tiles, self.layout_of_maps, self.shown_kind, self.scale.currentData())

    def _choose(self, at: int) -> None:
        if self.tiles is not None and self.layout_of_maps is not None and self.layout_of_maps.colour is None:
            self.one_wanted.emit(self.layout_of_maps.one_map(self.steppers.places, self.tiles.numbers[at]))

    def _point(self, at: int) -> None:
        if self.tiles is not None:
            number, norm = self.tiles.numbers[at], self.tiles.norms[at]
            noun = NOUNS[self.shown_kind].capitalize()
            self.note.setText(f"{noun} {number}: {self.tr('norm {0}').format(number_text(norm))}. {self._sentence()}")


def maps_sentence(tiles: FilterTiles, layout: MapLayout, kind: str, scale: str) -> str:
    """How large a map is and what its colours mean."""
    rows, columns = layout.shape[layout.rows], layout.shape[layout.columns]
    words = [f"{count_text(rows)} x {count_text(columns)} each"]
    if layout.steps != (1, 1):
        words.append(f"every {layout.steps[0]}. row and {layout.steps[1]}. column is drawn")
    if tiles.is_rgb:
        words.append("each picture is stretched to its own range")
    elif scale == "range":
        words.append("colours go from the lowest value of each to its highest")
    else:
        reach = f"colours reach ±{number_text(tiles.limit)}" if tiles.limit else "colours reach as far as the values of each"
        words.append(f"blue is negative, orange positive, {reach}")
    if kind == ATTENTION:
        words.append("a row is a query, a column a key")
    marks = f" ✖ {count_text(tiles.nan)} NaN and {count_text(tiles.inf)} Inf on this page." if tiles.nan or tiles.inf else ""
    return f"{'; '.join(words)}.{marks}"
