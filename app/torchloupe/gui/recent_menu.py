"""The menu of recently opened files."""

from collections.abc import Callable

from PySide6.QtWidgets import QMenu, QWidget

from torchloupe.gui.settings import Settings

SHOWN = 9


class RecentMenu(QMenu):
    """Filled anew whenever it is opened."""

    def __init__(self, settings: Settings, opened: Callable[[str], object], parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Open recen&t"))
        self._settings, self._opened = settings, opened
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        for file in self._settings.recent()[:SHOWN]:
            entry = self.addAction(file.path.replace("&", "&&"))  # one alone would mark a key
            entry.triggered.connect(lambda _checked=False, path=file.path: self._opened(path))
        if self.isEmpty():
            self.addAction(self.tr("Nothing was opened yet")).setEnabled(False)
