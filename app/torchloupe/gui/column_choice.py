"""Which columns of a table are shown: a person chooses, on the header or by a command, and the choice is remembered."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu

from torchloupe.gui.settings import Settings
from torchloupe.gui.text_table import FilterTable


class ColumnChoice(QObject):
    """Hides and shows columns of a table by their titles. The first one always stays."""

    def __init__(self, table: FilterTable, hidden: Sequence[str], settings: Settings | None = None, name: str = "") -> None:
        """``hidden`` are not shown at first; ``name`` is that of the setting."""
        super().__init__(table)
        self._table, self._settings, self._name = table, settings, f"columns/{name}"
        self.titles = [column.title for column in table.model.columns]
        known = settings is not None and settings.text(self._name) != ""
        self._set_hidden(settings.texts(self._name) if known and settings else hidden)
        header = table.view.horizontalHeader()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda place: self.open_menu(header.mapToGlobal(place)))

    @property
    def hidden(self) -> list[str]:
        """The titles of the columns that are not shown."""
        return [title for number, title in enumerate(self.titles) if self._table.view.isColumnHidden(number)]

    def show_columns(self, titles: Sequence[str], shown: bool = True) -> None:
        """Show (or hide) columns, and remember it."""
        changed = {title for title in self.hidden if not (shown and title in titles)} | set(() if shown else titles)
        self._set_hidden(sorted(changed))
        if self._settings is not None:
            self._settings.set_texts(self._name, self.hidden)

    def open_menu(self, place: QPoint | None = None) -> None:
        """All columns to choose from, at a place of the screen or below the header."""
        menu = StayingMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title in self.titles[1:]:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(title not in self.hidden)
            action.toggled.connect(lambda shown, title=title: self.show_columns([title], shown))
        header = self._table.view.horizontalHeader()
        menu.popup(place or header.mapToGlobal(header.rect().bottomLeft()))

    def _set_hidden(self, titles: Sequence[str]) -> None:
        for number, title in enumerate(self.titles):
            self._table.view.setColumnHidden(number, number > 0 and title in titles)


class StayingMenu(QMenu):
    """A menu of switches that stays open while they are switched."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a switch."""
        if not self._switch():
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space or Enter on a switch."""
        chosen = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not (chosen and self._switch()):
            super().keyPressEvent(event)

    def _switch(self) -> bool:
        action = self.activeAction()
        if action is None or not action.isEnabled():
            return False
        action.trigger()
        return True
