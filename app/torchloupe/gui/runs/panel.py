"""The Runs panel: an earlier run and a newer one, the first call that differs, and every call of both."""

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from torchloupe.analysis.run_difference import SAME, RunDifference, difference_verdict, run_difference
from torchloupe.gui.cell_painting import KeptEnd
from torchloupe.gui.elided import ElidedCombo
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.run_history import KeptRun, RunHistory
from torchloupe.gui.runs.model import BESIDE_MODULE, COLUMNS, MODULE, key_of, pair_haystack, pair_order, pair_row
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench

SHORTEST_NAME = 14


class RunsPanel(TablePanel):
    """Shows the last two runs until others are chosen; a row selects its call when the newer run is the one on screen."""

    def __init__(self, workbench: Workbench, history: RunHistory) -> None:
        super().__init__()
        self.workbench, self.history = workbench, history
        self.difference: RunDifference | None = None
        self.before, self.now = self._combo(self.tr("Earlier run")), self._combo(self.tr("Newer run"))
        self.differing = QCheckBox(self.tr("Only what &differs"))
        self.verdict = QLabel(wordWrap=True)
        self.model = LazyTableModel(COLUMNS, pair_row, pair_haystack, pair_order, key_of)
        self.table = FilterTable((), self.tr("Calls of both runs"), model=self.model)
        self.model.setParent(self.table)
        self.table.view.setItemDelegateForColumn(MODULE, KeptEnd(self.table.view))
        self._fitted = FittedColumns(self.table.view, [MODULE], BESIDE_MODULE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.35))
        self._choice = QWidget()
        row = QHBoxLayout(self._choice)
        row.setContentsMargins(em(self, 0.4), 0, em(self, 0.4), 0)
        for text, combo in ((self.tr("&Earlier"), self.before), (self.tr("&Newer"), self.now)):
            label = QLabel(text)
            label.setBuddy(combo)
            row.addWidget(label)
            row.addWidget(combo, 1)
        row.addWidget(self.differing)
        self.verdict.setContentsMargins(em(self, 0.4), 0, em(self, 0.4), 0)
        for widget in (self._choice, self.verdict, self.table):
            layout.addWidget(widget, 1 if widget is self.table else 0)
        self.before.currentIndexChanged.connect(self._compare)
        self.now.currentIndexChanged.connect(self._compare)
        self.differing.toggled.connect(self._show_rows)
        self.table.chosen.connect(self._select)
        history.changed.connect(self._show_runs)
        self._show_runs()

    # following the history

    def _combo(self, name: str) -> QComboBox:
        combo = ElidedCombo()
        combo.setAccessibleName(name)
        combo.setMinimumContentsLength(SHORTEST_NAME)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return combo

    def _show_runs(self) -> None:
        runs = self.history.runs
        for combo, place in ((self.before, len(runs) - 2), (self.now, len(runs) - 1)):
            with QSignalBlocker(combo):
                combo.clear()
                for run in runs:
                    combo.addItem(run.text, run)
                    combo.setItemData(combo.count() - 1, run.text, 3)
                combo.setCurrentIndex(max(place, 0) if runs else -1)
        self._compare()

    def chosen_runs(self) -> tuple[KeptRun, KeptRun] | None:
        """The earlier and the newer one; None when there are no two."""
        before, now = self.before.currentData(), self.now.currentData()
        return (before, now) if before is not None and now is not None and before is not now else None

    def _compare(self) -> None:
        runs = self.chosen_runs()
        self.difference = run_difference(runs[0].calls, runs[1].calls) if runs else None
        for widget in (self._choice, self.verdict):
            widget.setVisible(len(self.history.runs) > 1)
        if runs and self.difference is not None:
            self.verdict.setText(" ".join(difference_verdict(self.difference, runs[0].name, runs[1].name)))
        else:
            self.verdict.setText(self.tr("Choose two different runs."))
        self._show_rows()

    def _show_rows(self) -> None:
        pairs = self.difference.pairs if self.difference else ()
        kept = [pair for pair in pairs if pair.kind != SAME or not self.differing.isChecked()]
        self.table.keeping(lambda: self.model.set_items(kept))
        self._fitted.fit([longer("", (pair.call.module for pair in kept))])
        if len(self.history.runs) < 2:
            text = self.tr(
                "Runs are kept here. Run once more, with another input, device, mode or after a change, to see what differs."
            )
            self.table.empty.offer(text, "run.forward")
        else:
            self.table.empty.set_text(self.tr("No call differs."))
        if self.difference is not None and self.difference.first is not None:
            self.table.select_key(key_of(self.difference.first))

    def _select(self, key: tuple[str, int]) -> None:
        runs = self.chosen_runs()
        if runs is None or self.difference is None or not self.history.is_shown(runs[1]):
            return
        call = next((pair.now for pair in self.difference.pairs if key_of(pair) == key), None)
        if call is not None:
            self.workbench.select_call(call.index)
