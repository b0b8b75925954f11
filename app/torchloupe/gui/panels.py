"""The table of panels: what each is called, where it stands, and how it is built when it is first shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from torchloupe.gui.reading_order import order_tabs

Build = Callable[[], QWidget]


@dataclass(frozen=True)
class PanelPlace:
    """``area`` is ``left``, ``centre``, ``right`` or ``bottom``; ``build`` imports and makes the panel.

    ``always``: it is shown with whatever is opened, else only when it has something to say.
    """

    id: str
    title: str
    area: str
    build: Build
    always: bool = True


class LazyPanel(QWidget):
    """Stands for a panel until it is first shown; then the panel is built inside it."""

    def __init__(self, place: PanelPlace, built: Callable[[QWidget], None]) -> None:
        super().__init__()
        self.place = place
        self._built = built
        self._inside: QWidget | None = None
        self.setObjectName(f"panel {place.id}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def is_built(self) -> bool:
        """The panel is there."""
        return self._inside is not None

    def inside(self) -> QWidget:
        """The panel; built now when it was not yet."""
        if self._inside is None:
            self._inside = self.place.build()
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self._inside)
            self.setFocusProxy(self._inside)
            self._built(self._inside)
        return self._inside

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab, pressed anywhere in the panel."""
        order_tabs(self)
        return super().focusNextPrevChild(forward)

    def showEvent(self, event: Any) -> None:
        """First shown: build."""
        self.inside()
        super().showEvent(event)
