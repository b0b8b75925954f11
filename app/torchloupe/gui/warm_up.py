"""Panels are made ready one by one after the window's first picture, so that the first file does not wait for all of them."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject, QTimer

from torchloupe.gui.panels import LazyPanel

PAUSE_MS = 25
"""Between two steps: keys and clicks come first."""
_PARTS = ("model", "panel")


class WarmUp(QObject):
    """Imports and builds the panels in steps that are too short to be noticed."""

    def __init__(self, panels: "dict[str, LazyPanel]", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps = _steps(panels)
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        """Begin; it ends by itself."""
        self._timer.start()

    @property
    def is_done(self) -> bool:
        """Every panel is there."""
        return not self._timer.isActive()

    def _step(self) -> None:
        step = next(self._steps, None)
        if step is not None:
            step()
            self._timer.start()


def _steps(panels: "dict[str, LazyPanel]") -> Iterator[Callable[[], object]]:
    for name, panel in panels.items():
        if not panel.is_built:
            for part in _PARTS:
                yield partial(_import, f"torchloupe.gui.{name}.{part}")
            yield panel.inside


def _import(name: str) -> None:
    with contextlib.suppress(ModuleNotFoundError):  # a panel without a part of that name
        importlib.import_module(name)
