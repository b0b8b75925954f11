"""The pinned tensors in a row, each with a button that lets it go, and the button that compares them."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.flowed import pin_title
from torchloupe.gui.pinning import MOST, Pin, Pins
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench

LETTERS = "AB"


class PinBar(QWidget):
    """Hidden while nothing is pinned. ``pin`` is the button that pins what is looked at; it stands elsewhere."""

    def __init__(self, bench: Workbench, pin: Callable[[], object], compare: Callable[[], object]) -> None:
        super().__init__()
        self._bench = bench
        self._pins = pins = bench.pins
        self.pin = QPushButton(self.tr("Pin"))
        self.pin.setCheckable(True)
        self.pin.setToolTip(self.tr("Keep this tensor, to hold another one against it; it stays through the next runs"))
        self.pin.clicked.connect(lambda: pin())
        self.compare = QPushButton(self.tr("Compare"))
        self.compare.setToolTip(self.tr("How far the two pinned tensors differ"))
        self.compare.clicked.connect(lambda: compare())
        self.names: list[ElidedLabel] = []
        self.unpin: list[QToolButton] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(em(self, 0.6))
        for letter in LETTERS[:MOST]:
            self._add(letter)
        self._layout.addStretch(1)
        self._layout.addWidget(self.compare)
        pins.changed.connect(self._show)
        bench.trace_changed.connect(self._show)
        self._show()

    def set_pinned(self, pinned: bool) -> None:
        """What is looked at is one of them."""
        self.pin.setChecked(pinned)
        self.pin.setText(self.tr("Unpin") if pinned else self.tr("Pin"))

    def _add(self, letter: str) -> None:
        number, name, button = len(self.names), ElidedLabel(), QToolButton(autoRaise=True)
        button.setText("×")
        button.setAccessibleName(self.tr("Unpin {0}").format(letter))
        button.setToolTip(self.tr("Unpin {0}").format(letter))
        button.clicked.connect(partial(self._unpin, number))
        self.names.append(name)
        self.unpin.append(button)
        self._layout.addWidget(name)
        self._layout.addWidget(button)

    def _unpin(self, number: int) -> None:
        self._pins.unpin(self._pins.items[number].activation)

    def _show(self) -> None:
        items = self._pins.items
        for number, (name, button) in enumerate(zip(self.names, self.unpin, strict=True)):
            there = number < len(items)
            name.setVisible(there)
            button.setVisible(there)
            name.setText(f"{LETTERS[number]}: {pin_title(items[number], self._bench)}" if there else "")
        self.compare.setVisible(self._pins.pair is not None)
        self.setVisible(bool(items))


def pinned_sentence(pin: Pin, pins: Pins) -> str:
    """What came of it."""
    if not pins.has(pin.activation):
        return f"{pin.title} is no longer pinned."
    if pins.pair is None:
        return f"{pin.title} is pinned. Pin another one to compare the two."
    return f"{pins.items[0].title} and {pins.items[1].title} are pinned."
