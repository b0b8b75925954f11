"""Spin boxes that choose a place in some dimensions of a tensor."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from torchloupe.analysis.axis_names import BATCH


class Steppers(QWidget):
    """``places`` are what is chosen, in the order of the dimensions; ``changed`` is sent with each other one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[QSpinBox] = []
        self.names: tuple[str, ...] = ()  # of all dimensions, as far as they are known
        self._dimensions: tuple[tuple[int, int], ...] = ()
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @property
    def places(self) -> tuple[int, ...]:
        """One number for each dimension."""
        return tuple(box.value() for box in self.boxes)

    def set_dimensions(self, dimensions: Sequence[tuple[int, int]]) -> None:
        """Choose in others (number, length); among those of the same numbers, the places stay as far as there are so many."""
        places = self.places if [number for number, _ in dimensions] == [number for number, _ in self._dimensions] else ()
        for box in self.boxes:
            self._layout.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._dimensions = tuple(dimensions)
        self.boxes = [self._box(number, length) for number, length in dimensions]
        for box, place in zip(self.boxes, places, strict=False):
            with QSignalBlocker(box):
                box.setValue(place)
        self.setVisible(bool(self.boxes))

    def _box(self, dimension: int, length: int) -> QSpinBox:
        made = QSpinBox(maximum=max(0, length - 1), prefix=self._prefix(dimension))
        made.setAccessibleName(self.tr("Index in dimension {0} of {1}").format(dimension, length))
        made.setEnabled(length > 1)
        made.valueChanged.connect(self.changed)
        self._layout.addWidget(made)
        return made

    def _prefix(self, dimension: int) -> str:
        return prefix_of((BATCH,) if dimension == 0 and not any(self.names[:1]) else self.names, dimension)


def prefix_of(names: Sequence[str], dimension: int) -> str:
    """What stands before the number in one dimension: its name, where it has one."""
    name = names[dimension] if dimension < len(names) else ""
    if name:
        return f"{'sample' if name == BATCH else name}  "
    return f"dim {dimension}:  "
