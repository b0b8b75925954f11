"""The checkpoints of a folder in the order in which they fit the open model. The chosen one is opened."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from torchloupe.analysis.fitting import Fit, fit_name, fit_text, verdict
from torchloupe.analysis.wording import count_text, counted
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.fitting.job import RankFolder
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em, size_to
from torchloupe.wire.requests import Failed, OpenedTarget

RANKING = "ranking"
"""Tag of the job."""


class FittingDialog(QDialog):
    """``open_path`` is given the file that was chosen."""

    def __init__(
        self, parent: QWidget, jobs: Jobs, model: OpenedTarget, folder: Path, open_path: Callable[[Path], object]
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Checkpoints that fit {0}").format(model.class_name))
        self._model, self._open_path, self._folder = model, open_path, folder
        self._fits: list[Fit] = []
        self.said = QLabel(self.tr("Looking through {0} …").format(folder), wordWrap=True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        columns = [Column(self.tr("Checkpoint"), 17), Column(self.tr("Folder"), 8), Column(self.tr("Tensors"), 5, right=True)]
        self.table = FilterTable([*columns, Column(self.tr("Fits"), 26, True)], self.tr("Checkpoints"))
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.buttons = DialogButtons(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Close)
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(False)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.table.activated.connect(lambda _key: self.accept())
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.5))
        layout.addWidget(self.said)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        size_to(self, 60, 28)
        label = self.tr("looking through {0}").format(folder.name)
        jobs.start(RankFolder(folder, model.tree), self._show, self._failed, tag=RANKING, label=label, owner=self)

    def _show(self, found: tuple[list[Fit], list[str]]) -> None:
        self._fits, notes = found
        self.table.set_rows([_row(number, fit, self._folder) for number, fit in enumerate(self._fits)])
        self.table.set_empty(self.tr("There is no checkpoint in this folder."))
        more = self.tr(" {0} could not be read.").format(counted(len(notes), "file")) if notes else ""
        self.said.setText(verdict(self._fits, self._model.class_name) + more)
        self.said.setToolTip("\n".join(notes))
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(bool(self._fits))
        if self._fits:
            self.table.select_key(0)

    def _failed(self, failed: Failed) -> None:
        said = " ".join(f"{problem.message} {problem.hint}" for problem in failed.problems)
        self.said.setText(plain_text(said) or self.tr("Cancelled."))

    def accept(self) -> None:
        """Open the current one."""
        number = self.table.current_key()
        if self._fits and number is not None:
            self._open_path(Path(self._fits[number].path))
            super().accept()


def _row(number: int, fit: Fit, folder: Path) -> Row:
    place = Path(fit.path).parent
    shown = str(place.relative_to(folder)) if place != folder and place.is_relative_to(folder) else ""
    cells = (fit_name(fit), shown, count_text(fit.tensors), fit_text(fit))
    return Row(cells, number, (None, "muted", None, "matched" if fit.share > 0.99 else "muted"), (fit.path,))
