"""A slice of any size as a picture: blue below zero, orange above, NaN and Inf marked."""

from functools import partial
from typing import Any

from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout

from torchloupe.analysis.wording import count_text, number_text
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.picture_canvas import PictureCanvas
from torchloupe.gui.tensor.plane import Plane
from torchloupe.gui.tensor.readings import DrawPicture
from torchloupe.gui.tensor.slice_bar import SliceBar
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import em
from torchloupe.wire.values import Picture

MEAN, FURTHEST = "mean", "furthest"


class HeatMap(ValueView):
    """Large slices are reduced to blocks; the mouse or the arrow keys say index and value of a cell."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Heat map")
        self.slice, self.how = SliceBar(), QComboBox()
        self.how.addItem(self.tr("Mean of each block"), MEAN)
        self.how.addItem(self.tr("Furthest from zero in each block"), FURTHEST)
        self.how.setAccessibleName(self.tr("What a block of values becomes"))
        self.note, self.readout, self.canvas = QLabel(wordWrap=True), QLabel(" "), PictureCanvas()
        self.picture: Picture | None = None
        self.plane: Plane | None = None
        self.flow.addWidget(self.slice)
        self.flow.addWidget(self.how)
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.3))
        box.addWidget(self.note)
        box.addWidget(self.canvas, 1)
        box.addWidget(self.readout)
        self.slice.changed.connect(self.read)
        self.how.activated.connect(self.read)
        self.canvas.pointed.connect(self._read_out)

    def begin(self, source: ValueSource) -> None:
        """Its first slice."""
        self.slice.set_shape(source.shape)
        if self.slice.plane is None:
            self.say(self.tr("It has no values."))

    def work(self, source: ValueSource) -> Any:
        """The picture of the slice."""
        return None if self.slice.plane is None else DrawPicture(source, self.slice.plane, self.how.currentData())

    def arrived(self, result: Picture) -> None:
        """Draw it."""
        self.picture, self.plane = result, self._wanted.plane  # in the slice something else may stand by now
        is_reduced = result.block_rows * result.block_columns > 1
        self.how.setEnabled(is_reduced)
        self.note.setText(picture_sentence(result, self.how.currentData()))
        self.readout.setText(self.tr("Point at a cell to read its value."))
        assert self.plane is not None
        rows, columns = self.plane.rows, self.plane.columns
        ends = partial(_ends, rows.begin, rows.step), partial(_ends, columns.begin, columns.step)
        names = [self._name(dimension) for dimension in self.plane.dimensions]
        self.canvas.show_picture(result, ends[0](result.rows), ends[1](result.columns), (names[0], names[1]))

    def copied_text(self) -> str:
        """The cells as tab-separated text."""
        return "\n".join("\t".join(row[1:]) for row in self.canvas.numbers().rows)

    def _name(self, dimension: int | None) -> str:
        if dimension is None:
            return ""
        name = self.slice.names[dimension] if dimension < len(self.slice.names) else ""
        return name or self.tr("dimension {0}").format(dimension)

    def _read_out(self, row: int, column: int) -> None:
        if self.picture is not None and self.plane is not None:
            self.readout.setText(cell_text(self.picture, self.plane, row, column, self.how.currentData()))


def _ends(begin: int, step: int, count: int) -> tuple[int, int]:
    return begin, begin + (count - 1) * step


def picture_sentence(picture: Picture, how: str) -> str:
    """What the picture is made of, and how far its colours reach."""
    whole = f"{count_text(picture.rows)} x {count_text(picture.columns)} values"
    if picture.block_rows * picture.block_columns > 1:
        what = "the mean" if how == MEAN else "the value furthest from zero"
        whole += f"; each cell is {what} of {picture.block_rows} x {picture.block_columns}"
    words = [f"{whole}. Colours reach ±{number_text(picture.limit)}"]
    if picture.low is not None:
        words.append(f"values from {number_text(picture.low)} to {number_text(picture.high)}")
    return f"{', '.join(words)}."


def cell_text(picture: Picture, plane: Plane, row: int, column: int, how: str) -> str:
    """Index and value of a cell, of a block the first and the last index."""
    value, code = picture.value_at(row, column), picture.codes[row * picture.width + column]
    said = number_text(value) if value == value else "no finite value"
    top, left = row * picture.block_rows, column * picture.block_columns
    bottom, right = min(top + picture.block_rows, picture.rows) - 1, min(left + picture.block_columns, picture.columns) - 1
    first, last = plane.place(top, left), plane.place(bottom, right)
    if first == last:
        return f"{first}  {('NaN' if code == 254 else 'Inf') if code > 253 else said}"
    marks = {254: ", with NaN", 255: ", with Inf"}.get(code, "")
    return f"{first} to {last}  {'mean' if how == MEAN else 'furthest from zero'} {said}{marks}"
