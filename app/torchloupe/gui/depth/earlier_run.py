"""The choice of an earlier run that is drawn beside the one on screen."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.run_history import KeptRun, RunHistory
from torchloupe.gui.run_numbers import MANY_CALLS, NO_NUMBERS, ReckonNumbers, RunNumbers

RECKONING = "depth of an earlier run"


class EarlierRun(QComboBox):
    """Lists the runs that are kept, without the one on screen; ``numbers`` are those of the chosen one."""

    taken = Signal()  # its numbers are there, or there is none any more

    def __init__(self, history: RunHistory, jobs: Jobs) -> None:
        super().__init__()
        self._history, self._jobs = history, jobs
        self.numbers = NO_NUMBERS
        self.setAccessibleName(self.tr("Earlier run beside this one"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.list_runs()
        self.currentIndexChanged.connect(self._choose)
        history.changed.connect(self.list_runs)

    @property
    def run(self) -> KeptRun | None:
        """The chosen one."""
        chosen: KeptRun | None = self.currentData()
        return chosen

    def list_runs(self) -> None:
        """Other runs; the chosen one stays chosen while it is kept."""
        chosen = self.run
        with QSignalBlocker(self):
            self.clear()
            self.addItem(self.tr("no earlier run"), None)
            for run in self._history.runs:
                if not self._history.is_shown(run):
                    self.addItem(run.name, run)
                    self.setItemData(self.count() - 1, run.text, Qt.ItemDataRole.ToolTipRole)
            self.setCurrentIndex(next((at for at in range(self.count()) if self.itemData(at) is chosen), 0))
        self.setEnabled(self.count() > 1)
        if self.run is not chosen:
            self._choose()

    def _choose(self) -> None:
        run, self.numbers = self.run, NO_NUMBERS
        self._jobs.drop(RECKONING)
        if run is None:
            self.taken.emit()
            return
        question = ReckonNumbers(run.calls, run.tree, run.report.kept_bytes)
        if len(run.calls) > MANY_CALLS:
            self._jobs.start(
                question, done=self._take, tag=RECKONING, label=self.tr("working out {0}").format(run.name), owner=self
            )
        else:
            self._take(question())

    def _take(self, numbers: RunNumbers) -> None:
        self.numbers = numbers
        self.taken.emit()
