"""The chooser of a slice: an index as in Python, checked while it is typed, and a stepper for each leading dimension."""

from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSpinBox, QWidget

from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.tensor.plane import Plane, first_index, plane_of, stepped
from torchloupe.gui.tensor.steppers import prefix_of
from torchloupe.gui.theme import em
from torchloupe.wire.errors import UsageError


class SliceBar(QWidget):
    """``plane`` is what is chosen, None while what is typed means nothing; ``changed`` is sent with each other one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.shape: tuple[int, ...] = ()
        self.names: tuple[str, ...] = ()  # of the dimensions, as far as they are known
        self.plane: Plane | None = None
        self.field, self.reason = QLineEdit(), RoleLabel()
        self.field.setAccessibleName(self.tr("Slice"))
        self.field.setToolTip(self.tr("An index as in Python: 3, :, 0:64"))
        self.steppers: list[QSpinBox] = []
        label = QLabel(self.tr("&Slice"))
        label.setBuddy(self.field)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(em(self, 0.4))
        for widget in (label, self.field, self.reason):
            self._layout.addWidget(widget)
        self.field.textChanged.connect(self._typed)

    def set_shape(self, shape: tuple[int, ...]) -> None:
        """Choose from another tensor: at first 0 in the leading dimensions, all of the last two."""
        self.shape = shape
        for stepper in self.steppers:
            self._layout.removeWidget(stepper)
            stepper.hide()
            stepper.deleteLater()
        self.steppers = [self._stepper(dimension, length) for dimension, length in enumerate(shape[:-2])]
        self.field.setEnabled(bool(shape))
        self.field.setMinimumWidth(em(self, 7 + 1.5 * len(shape)))
        with QSignalBlocker(self.field):
            self.field.setText(first_index(shape))
        self._understand()

    def _stepper(self, dimension: int, length: int) -> QSpinBox:
        made = QSpinBox(maximum=max(0, length - 1), prefix=prefix_of(self.names, dimension))
        made.setAccessibleName(self.tr("Index in dimension {0} of {1}").format(dimension, length))
        made.setEnabled(length > 1)
        made.valueChanged.connect(partial(self._step, dimension))
        self._layout.insertWidget(self._layout.count() - 1, made)
        return made

    def _step(self, dimension: int, number: int) -> None:
        self.field.setText(stepped(self.shape, self.field.text(), dimension, number))

    def _typed(self) -> None:
        self._understand()
        self.changed.emit()

    def _understand(self) -> None:
        try:
            self.plane, reason = plane_of(self.shape, self.field.text()), ""
        except UsageError as error:
            self.plane, reason = None, str(error)
        if self.plane is not None and not (self.plane.height and self.plane.width):
            self.plane, reason = None, self.tr("This slice is empty.")
        self.reason.say(reason and f"✖ {reason}", "error")
        self.reason.setVisible(bool(reason))
        for dimension, stepper in enumerate(self.steppers):
            part = self.plane.parts[dimension] if self.plane else None
            if part is not None and part.count is None:
                with QSignalBlocker(stepper):
                    stepper.setValue(part.begin)
