"""The views of one tensor behind tabs: the histogram, and what can be seen of the values themselves."""

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.filter_grid import FilterGrid
from torchloupe.gui.tensor.heat_map import HeatMap
from torchloupe.gui.tensor.readings import fits_filters
from torchloupe.gui.tensor.singular_view import SingularView
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_table import ValueTable
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import em

HISTOGRAM, VALUES, HEAT_MAP, SINGULAR, FILTERS = range(5)
_MADE: dict[int, Callable[[Jobs], ValueView]] = {
    VALUES: ValueTable,
    HEAT_MAP: HeatMap,
    FILTERS: FilterGrid,
    SINGULAR: SingularView,
}


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
        self._source: ValueSource | None = None
        self._why = ""
        self._chosen = HISTOGRAM
        for text in (
            self.tr("Histogram"), self.tr("Values"), self.tr("Heat map"), self.tr("Singular values"), self.tr("Filters"),
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

    def set_source(self, source: ValueSource | None, why: str) -> None:
        """Another tensor; without a source ``why`` says why its values cannot be seen."""
        self._source, self._why = source, why
        shape = source.shape if source is not None else ()
        with QSignalBlocker(self.tabs):
            self.tabs.setTabVisible(FILTERS, fits_filters(shape))
            self.tabs.setTabVisible(SINGULAR, len(shape) > 1)
            self.tabs.setCurrentIndex(self._chosen if self.tabs.isTabVisible(self._chosen) else HISTOGRAM)
        self._show()

    def forget(self) -> None:
        """What was read is out of date."""
        for view in self._views.values():
            view.forget()

    def _choose(self, number: int) -> None:
        self._chosen = number
        self._show()

    def _show(self) -> None:
        number = self.tabs.currentIndex()
        if number in _MADE and number not in self._views:
            self._views[number] = _MADE[number](self.jobs)
            self._stack.addWidget(self._views[number])
        view = self._views.get(number)
        self._stack.setCurrentWidget(view or self._histogram)
        if view is not None:
            view.set_source(self._source, self._why)
        self.changed.emit()
