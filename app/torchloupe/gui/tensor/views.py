"""The views of one tensor behind tabs: the histogram, and what can be seen of the values themselves."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from torchloupe.analysis.activation_views import ATTENTION, IMAGE, LINE, MAPS, TABLE, TOKENS, channel_dimension
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.activation_source import DifferenceSource
from torchloupe.gui.tensor.channels_view import ChannelsView
from torchloupe.gui.tensor.filter_grid import FilterGrid
from torchloupe.gui.tensor.heat_map import HeatMap
from torchloupe.gui.tensor.line_view import LineView
from torchloupe.gui.tensor.map_grid import MapGrid
from torchloupe.gui.tensor.readings import fits_filters
from torchloupe.gui.tensor.singular_view import SingularView
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_table import ValueTable
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import em

HISTOGRAM, VALUES, HEAT_MAP, SINGULAR, FILTERS, MAP_GRID, LINE_PLOT, CHANNELS = range(8)
_MADE: dict[int, Callable[[Jobs], ValueView]] = {
    VALUES: ValueTable,
    HEAT_MAP: HeatMap,
    FILTERS: FilterGrid,
    SINGULAR: SingularView,
    MAP_GRID: MapGrid,
    LINE_PLOT: LineView,
    CHANNELS: ChannelsView,
}
BEST = {MAPS: MAP_GRID, ATTENTION: MAP_GRID, IMAGE: MAP_GRID, TOKENS: HEAT_MAP, LINE: LINE_PLOT, TABLE: VALUES}


@dataclass(frozen=True)
class Subject:
    """What is looked at. Without a ``source`` the sentence ``why`` says why its values cannot be seen, and the ``button`` what can be
    done about that. ``kind`` is the best view of a tensor that flowed, empty for others."""

    source: ValueSource | None = None
    why: str = ""
    kind: str = ""
    shape: tuple[int, ...] = ()
    axes: tuple[str, ...] = ()
    button: str = ""
    clicked: Callable[[], object] | None = None


class TensorViews(QWidget):
    """A view is made when it is first chosen, and reads when it can be seen. What does not fit the tensor has no tab; the view
    that was chosen comes back with the next tensor that it fits."""

    changed = Signal()

    def __init__(self, jobs: Jobs, histogram: QWidget) -> None:
        super().__init__()
        self.jobs = jobs
        self.tabs = QTabBar(documentMode=True, drawBase=False, expanding=False)
        self.tabs.setAccessibleName(self.tr("Views of the tensor"))
        self._stack = QStackedWidget()
        self._stack.addWidget(histogram)
        self._views: dict[int, ValueView] = {}
        self._subject = Subject()
        self._chosen, self._wants_best, self._with_histogram = HISTOGRAM, False, True
        for text in (
            self.tr("Histogram"), self.tr("Values"), self.tr("Heat map"), self.tr("Singular values"), self.tr("Filters"),
            self.tr("Feature maps"), self.tr("Line"), self.tr("Channels"),
        ):  # fmt: skip
            self.tabs.addTab(text)
        self._histogram = histogram
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.4))
        box.addWidget(self.tabs)
        box.addWidget(self._stack, 1)
        self.tabs.currentChanged.connect(self._choose)

    @property
    def current(self) -> ValueView | None:
        """The view that is shown; None for the histogram."""
        return self._views.get(self.tabs.currentIndex())

    def show_view(self, number: int) -> None:
        """Choose a view by hand, where it fits the tensor."""
        if self.tabs.isTabVisible(number):
            self.tabs.setCurrentIndex(number)

    def hide_histogram(self) -> None:
        """The numbers stand elsewhere: the values alone are looked at."""
        self._with_histogram = False

    def show_best(self) -> None:
        """The view that fits what flowed best, for this tensor and for those that follow."""
        self._wants_best = True
        self._show_subject()

    def set_subject(self, subject: Subject) -> None:
        """Look at another tensor."""
        self._subject = subject
        self._show_subject()

    def _show_subject(self) -> None:
        subject, fits = self._subject, fitting_views(self._subject)
        fits -= set() if self._with_histogram else {HISTOGRAM}
        with QSignalBlocker(self.tabs):
            self.tabs.setTabText(MAP_GRID, self._title_of_maps(subject.kind))
            for number in range(self.tabs.count()):
                self.tabs.setTabVisible(number, number in fits)
            wanted = BEST[subject.kind] if subject.kind and self._wants_best else self._chosen
            self.tabs.setCurrentIndex(wanted if wanted in fits else HISTOGRAM)
        self._show()

    def _title_of_maps(self, kind: str) -> str:
        return {ATTENTION: self.tr("Attention"), IMAGE: self.tr("Image")}.get(kind, self.tr("Feature maps"))

    def forget(self) -> None:
        """What was read is out of date."""
        for view in self._views.values():
            view.forget()

    def _choose(self, number: int) -> None:
        self._chosen, kind = number, self._subject.kind
        self._wants_best = bool(kind) and number == BEST[kind]
        self._show()

    def _show_one(self, index: str) -> None:
        """One map alone, with its numbers at the edges."""
        self.show_view(HEAT_MAP)
        view = self.current
        if isinstance(view, HeatMap):
            view.slice.field.setText(index)

    def _show(self) -> None:
        number, subject = self.tabs.currentIndex(), self._subject
        if number in _MADE and number not in self._views:
            made = self._views[number] = _MADE[number](self.jobs)
            self._stack.addWidget(made)
            if isinstance(made, MapGrid):
                made.one_wanted.connect(self._show_one)
        view = self._views.get(number)
        self._stack.setCurrentWidget(view or self._histogram)
        if isinstance(view, MapGrid):
            view.set_kind(subject.kind, subject.axes)
        if isinstance(view, (HeatMap, ValueTable)):
            view.slice.names = subject.axes
        if isinstance(view, LineView):
            view.steppers.names = subject.axes
        if view is not None:
            view.set_source(subject.source, subject.why, subject.button, subject.clicked)
        self.changed.emit()


def fitting_views(subject: Subject) -> set[int]:
    """The views that make sense for a tensor."""
    shape = subject.source.shape if subject.source is not None else subject.shape
    fits = {HISTOGRAM, VALUES, HEAT_MAP}
    if not subject.kind:
        return fits | ({FILTERS} if fits_filters(shape) else set()) | ({SINGULAR} if len(shape) > 1 else set())
    if subject.kind in (MAPS, ATTENTION, IMAGE):
        fits.add(MAP_GRID)
    if shape and 0 not in shape and shape[-1] > 1:
        fits.add(LINE_PLOT)
    if channel_dimension(shape, subject.axes) is not None and not isinstance(subject.source, DifferenceSource):
        fits.add(CHANNELS)
    return fits
