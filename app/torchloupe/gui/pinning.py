"""Two activations that are held against each other: what is pinned outlives the selection and the next run."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.wording import shape_text
from torchloupe.wire.tensors import TensorMeta, TensorStats

if TYPE_CHECKING:
    from torchloupe.wire.activations import Activation

MOST = 2


@dataclass(frozen=True)
class Pin:
    """One tensor of a call of a run. ``axes`` are the names of its dimensions, as far as they are known."""

    activation: "Activation"
    meta: TensorMeta
    stats: TensorStats | None = None
    axes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def title(self) -> str:
        """``encoder.fc1, output [2, 128]``."""
        from torchloupe.analysis.activation_views import activation_name  # after the first picture

        return f"{activation_name(self.activation)} {shape_text(self.meta.shape)}"


class Pins(QObject):
    """The pinned ones, the older first; a third takes the place of the oldest."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: tuple[Pin, ...] = ()

    @property
    def activations(self) -> "tuple[Activation, ...]":
        """What the worker is to keep."""
        return tuple(pin.activation for pin in self.items)

    @property
    def pair(self) -> tuple[Pin, Pin] | None:
        """Both, once there are two."""
        return (self.items[0], self.items[1]) if len(self.items) == MOST else None

    def has(self, activation: "Activation | None") -> bool:
        """It is pinned."""
        return activation in self.activations

    def toggle(self, pin: Pin) -> None:
        """Pin it, or unpin it when it is pinned."""
        if self.has(pin.activation):
            self.unpin(pin.activation)
        else:
            self._set((*self.items, pin)[-MOST:])

    def unpin(self, activation: "Activation") -> None:
        """Let it go."""
        self._set(tuple(pin for pin in self.items if pin.activation != activation))

    def clear(self) -> None:
        """The model is another one, or has other weights."""
        self._set(())

    def _set(self, items: tuple[Pin, ...]) -> None:
        if items != self.items:
            self.items = items
            self.changed.emit()
