"""The folders that are searched, too, for what a model imports: a line of text, and a button that adds one."""

import os
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from torchloupe.gui.target_dialog.model import folders_of, folders_trouble


class FoldersField(QWidget):
    """What is typed counts when it is finished; a folder that is not there is said at once."""

    edited = Signal()  # at every key
    changed = Signal(object)  # tuple[str, ...]: the folders, all of them there

    def __init__(self) -> None:
        super().__init__()
        self.is_remote = False  # they lie on another machine, and are not looked at
        self._known: tuple[str, ...] = ()
        self.line = QLineEdit(placeholderText=self.tr("none; several with “{0}” between them").format(os.pathsep))
        self.line.setToolTip(self.tr("Folders that are searched, too, for what the model imports; remembered for its file"))
        self.line.setAccessibleName(self.tr("Import folders"))
        self.setFocusProxy(self.line)
        self.add = QPushButton(self.tr("&Add folder…"), autoDefault=False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.add)
        self.add.clicked.connect(self._choose)
        self.line.textChanged.connect(self.edited)
        self.line.editingFinished.connect(self._finished)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are typed."""
        return folders_of(self.line.text(), self.is_remote)

    @property
    def trouble(self) -> str:
        """What is wrong with them, as a sentence; empty when nothing is."""
        return "" if self.is_remote else folders_trouble(self.line.text())

    def show_folders(self, folders: Sequence[str]) -> None:
        """Other folders, without ``changed``."""
        self._known = tuple(folders)
        self.line.setText(os.pathsep.join(folders))

    def add_folder(self, folder: str) -> None:
        """One more, behind the others."""
        self.line.setText(os.pathsep.join((*self.folders, folder)))
        self._finished()

    def _choose(self) -> None:
        chooser = QFileDialog(self, self.tr("A folder that the model imports from"))
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.fileSelected.connect(self.add_folder)
        chooser.open()

    def _finished(self) -> None:
        folders = self.folders
        if folders != self._known and not self.trouble:
            self._known = folders
            self.changed.emit(folders)
