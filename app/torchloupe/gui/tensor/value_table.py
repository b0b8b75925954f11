"""The values of a slice as a table, numbered as in the tensor."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QLabel, QTableView, QVBoxLayout

from torchloupe.analysis.wording import number_text
from torchloupe.gui.copy_sources import COPIED_ROLE
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.plane import Plane
from torchloupe.gui.tensor.readings import Cells, ReadCells
from torchloupe.gui.tensor.slice_bar import SliceBar
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.text_table import ROW_LINES
from torchloupe.gui.theme import color, em

MOST = 200
"""Rows and columns that are shown, at most."""
MOST_STANDING = 2_000
"""Values of a tensor of one dimension that are shown, at most."""
_ROLE = Qt.ItemDataRole
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
Index = QModelIndex | QPersistentModelIndex


def full_text(value: Any, dtype: str) -> str:
    """A value with all of its digits: as many as its dtype can tell apart."""
    if not isinstance(value, float) or dtype == "float64":
        return str(value)
    return f"{value:.9g}"


def short_text(value: Any, dtype: str) -> str:
    """A value in four digits; whole numbers in all of theirs."""
    if dtype.startswith("complex"):
        number = complex(value)
        sign = "" if number.imag < 0 else "+"
        return f"{number_text(number.real)}{sign}{number_text(number.imag)}j"
    return number_text(value) if isinstance(value, float) else str(value)


class CellsModel(QAbstractTableModel):
    """Shows cells; four digits of a float, all of them in the tool tip."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: Cells | None = None

    def set_cells(self, cells: Cells) -> None:
        """Show others."""
        self.beginResetModel()
        self.cells = cells
        self.endResetModel()

    def value_at(self, row: int, column: int) -> Any:
        """One value."""
        assert self.cells is not None
        return self.cells.values[row * self.cells.plane.width + column]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        """Rows of the plane."""
        return 0 if self.cells is None or parent.isValid() else self.cells.plane.height

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        """Columns of the plane."""
        return 0 if self.cells is None or parent.isValid() else self.cells.plane.width

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        """Numbers as in the tensor."""
        if self.cells is None or role != _ROLE.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal and self.cells.plane.stands:
            return ""
        part = self.cells.plane.columns if orientation == Qt.Orientation.Horizontal else self.cells.plane.rows
        return str(part.begin + section * part.step) if 0 <= section < (part.count or 0) else None

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        """Text, all digits as a tool tip, NaN and Inf in another colour."""
        if not index.isValid() or self.cells is None:
            return None
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT
        value = self.value_at(index.row(), index.column())
        if role == _ROLE.DisplayRole:
            return short_text(value, self.cells.dtype)
        if role == COPIED_ROLE:
            return full_text(value, self.cells.dtype)
        if role in (_ROLE.ToolTipRole, _ROLE.AccessibleTextRole):
            return f"{self.cells.plane.place(index.row(), index.column())}  {full_text(value, self.cells.dtype)}"
        if role == _ROLE.ForegroundRole and isinstance(value, float):
            return color("error") if value != value or abs(value) == float("inf") else (color("muted") if not value else None)
        return None


class ValueTable(ValueView):
    """A slice of at most two hundred rows and columns, read when it is looked at."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Values")
        self.slice, self.note, self.model, self.view = SliceBar(), QLabel(wordWrap=True), CellsModel(), QTableView()
        self.flow.addWidget(self.slice)
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Values"))
        self.view.setAlternatingRowColors(True)
        self.view.setTabKeyNavigation(False)
        self.view.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.view.verticalHeader().setDefaultSectionSize(em(self, ROW_LINES))
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.4))
        box.addWidget(self.note)
        box.addWidget(self.view, 1)
        self.slice.changed.connect(self.read)

    def begin(self, source: ValueSource) -> None:
        """Its first slice."""
        self.slice.set_shape(source.shape)
        if self.slice.plane is None:
            self.say(self.tr("It has no values."))

    def work(self, source: ValueSource) -> Any:
        """The slice, cut."""
        plane = self.slice.plane
        if plane is None:
            return None
        plane = plane.standing()
        self.note.setText(plane.cut_sentence(_most(plane)))
        self.note.setVisible(bool(self.note.text()))
        return ReadCells(source, plane.cut(_most(plane)))

    def arrived(self, result: Cells) -> None:
        """Show them."""
        self.model.set_cells(result)
        self.view.horizontalHeader().setDefaultSectionSize(em(self, 10 if result.dtype.startswith("complex") else 6))

    def copied_text(self) -> str:
        """The selected values with all digits, row by row; all shown ones when none is selected."""
        cells = self.model.cells
        if cells is None:
            return ""
        chosen = [(index.row(), index.column()) for index in self.view.selectionModel().selectedIndexes()]
        places = chosen or [(row, column) for row in range(cells.plane.height) for column in range(cells.plane.width)]
        columns = sorted({column for _, column in places})
        taken = set(places)
        return "\n".join(
            "\t".join(full_text(self.model.value_at(row, c), cells.dtype) if (row, c) in taken else "" for c in columns)
            for row in sorted({row for row, _ in places})
        )


def _most(plane: Plane) -> int:
    return MOST_STANDING if plane.stands else MOST
