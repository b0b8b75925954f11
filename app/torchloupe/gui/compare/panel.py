"""The Compare panel: the keys of the checkpoint beside those of the model, what differs and why."""

import os

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.analysis.diff_folding import RowGroup, grouping
from torchloupe.analysis.explained import explained, explained_text
from torchloupe.analysis.wording import counted
from torchloupe.gui.command_menu import TABLE_MENU
from torchloupe.gui.compare import model as rows
from torchloupe.gui.compare.cause_lines import CauseLines
from torchloupe.gui.compare.explained_bar import ExplainedBar
from torchloupe.gui.compare.key_delegate import KeyDelegate
from torchloupe.gui.compare.key_drag import KeyDrag
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.marks import DIFF_MARKS
from torchloupe.gui.slices import Slices
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench

SHOWN_CAUSES = 4
LOW = 34
"""So many heights of the font are not enough for the causes and the rows; the list of problems has them, too."""
ROW_ACTIONS = (
    *("mapping.map_to", "mapping.lock", "mapping.unlock", "mapping.leave_out", "mapping.other_choice"),
    *("", "mapping.rename", "", "edit.undo"),
)
"""What the menu of a row offers; "" is a line."""


class ComparePanel(TablePanel):
    """Follows the workbench's diff and selection."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.workbench = workbench
        self.model = rows.CompareModel()
        self.table = FilterTable((), self.tr("Comparison of model and checkpoint"), model=self.model)
        self.table.one = self.tr("key")
        self.model.setParent(self.table)
        self.headline, self.causes = QLabel(wordWrap=True), CauseLines()
        self.only_differences = QCheckBox(self.tr("&Only differences"))
        self.only_differences.setChecked(True)
        self.fold = QCheckBox(self.tr("Fold e&qual layers"))
        self.fold.setChecked(True)
        self.fold.setToolTip(self.tr("One row for what is the same in all layers of a list"))
        self.bar, self.explained = ExplainedBar(), QLabel(wordWrap=True)
        self.chips: dict[str, QToolButton] = {}
        self.header, self._chip_row = QWidget(), QWidget()
        self._slices = Slices(self)
        self._build()
        self.only_differences.toggled.connect(self._show_rows)
        self.fold.toggled.connect(self._show_rows)
        self.model.dropped.connect(self._pair)
        self.table.chosen.connect(self._choose)
        workbench.diff_changed.connect(self._show_diff)
        workbench.selection_changed.connect(self._follow)
        self._show_diff()

    def _build(self) -> None:
        for column in (rows.MODEL_KEY, rows.CHECKPOINT_KEY):
            self.table.view.setItemDelegateForColumn(column, KeyDelegate(self.table.view))
        view = self.table.view
        view.horizontalHeader().setStretchLastSection(True)
        self.drag = KeyDrag(view, self.model)
        self.table.menu = (*ROW_ACTIONS, "", *TABLE_MENU)
        self._columns = FittedColumns(self.table.view, [rows.MODEL_KEY, rows.CHECKPOINT_KEY], rows.BESIDE_KEYS)
        for label in (self.headline, self.explained):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._chips_layout = FlowLayout(self._chip_row, em(self, 0.25))
        self._chip_row.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        switches = QHBoxLayout()
        switches.setContentsMargins(0, 0, 0, 0)
        switches.addWidget(self._chip_row, 1)
        switches.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        switches.addWidget(self.only_differences, 0, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self.header)
        box.setContentsMargins(em(self, 0.4), em(self, 0.3), em(self, 0.4), em(self, 0.15))
        box.setSpacing(em(self, 0.3))
        for widget in (self.headline, self.bar, self.explained, self.causes):
            box.addWidget(widget)
        box.addLayout(switches)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.header)
        layout.addWidget(self.table, 1)

    # following the workbench

    def _show_diff(self) -> None:
        bench, diff = self.workbench, self.workbench.diff
        self.header.setVisible(diff is not None)
        self._show_chips()
        if diff is not None and bench.checkpoint and bench.model:
            name = os.path.basename(bench.checkpoint.path)
            self.headline.setText(rows.headline(diff, bench.container, name, bench.model.class_name))
            self.causes.show_causes(self._cause_lines())
            told = bench.explained or explained(diff)
            self.bar.show_explained(told)
            self.explained.setText(f"{explained_text(told)} {bench.also_fitting}".strip())
            self.only_differences.setVisible(0 < rows.difference_count(diff) < len(diff.rows))
        self._show_empty()
        self._show_rows()

    def _show_empty(self) -> None:
        bench, empty = self.workbench, self.table.empty
        if bench.other is not None and bench.model is None:
            empty.set_text(
                self.tr(
                    "Two checkpoints are open: Checkpoints has their keys and values side by side. Here stand those of a model."
                )
            )
        elif bench.model is not None:
            empty.offer(self.tr("One side is open: the model. Drop a checkpoint."), "open.checkpoint")
        elif bench.checkpoint is not None:
            empty.offer(self.tr("One side is open: the checkpoint. Drop the model's file, or choose one."), "open.model")
        else:
            nothing = self.tr("Nothing to compare yet. Open a checkpoint and a model, and their keys stand here side by side.")
            empty.offer(nothing, "open.checkpoint")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The causes stand here where there is room for them."""
        super().resizeEvent(event)
        if self.workbench.diff is not None and (event.oldSize().height() > em(self, LOW)) is not (self.height() > em(self, LOW)):
            self.causes.show_causes(self._cause_lines())

    def _cause_lines(self) -> list[tuple[str, str]]:
        causes = self.workbench.diff.causes if self.workbench.diff else ()
        shown = SHOWN_CAUSES if self.height() > em(self, LOW) else 0
        lines = [(cause.text, cause.hint) for cause in causes[:shown]]
        more = len(causes) - shown
        if not shown and causes:
            return [(self.tr("{0}, told in the list of problems.").format(counted(more, "cause")), "")]
        return lines + ([(self.tr("{0} more causes stand in the list of problems.").format(more), "")] if more > 0 else [])

    def _show_chips(self) -> None:
        checked = {status for status, chip in self.chips.items() if chip.isChecked()}
        for chip in self.chips.values():
            self._chips_layout.removeWidget(chip)
            chip.deleteLater()
        self.chips = {}
        for status, count in rows.status_counts(self.workbench.diff):
            chip = QToolButton()
            chip.setText(rows.chip_text(status, count))
            chip.setCheckable(True)
            chip.setChecked(status in checked)
            chip.setAccessibleName(self.tr("Show {0}: {1} rows").format(DIFF_MARKS[status].word, count))
            chip.setToolTip(self.tr("Show only {0}").format(DIFF_MARKS[status].word))
            chip.toggled.connect(self._show_rows)
            self.chips[status] = chip
            self._chips_layout.addWidget(chip)

    def _show_rows(self) -> None:
        diff = self.workbench.diff
        statuses = {status for status, chip in self.chips.items() if chip.isChecked()}
        only = self.only_differences.isChecked() and diff is not None and rows.difference_count(diff) > 0
        self.only_differences.setEnabled(not statuses)
        self._slices.run(grouping(rows.rows_with_status(diff, statuses, only), self.fold.isChecked()), self._use)

    def _use(self, groups: list[RowGroup]) -> None:
        self.model.take_items(groups)
        self.table.find_rows(self._rows_found)

    @property
    def busy(self) -> bool:
        """Rows are still being made."""
        return self._slices.busy or self.table.is_finding

    def _rows_found(self) -> None:
        groups = self.model.items
        longest = [longer("", (group.expected for group in groups)), longer("", (group.found for group in groups))]
        self._columns.fit([text + "m" * (1 + len(text) // 10) for text in longest])  # what is new is bold, and wider
        self._follow(self.workbench.selection)

    # deciding

    def selected_groups(self) -> list[RowGroup]:
        """The rows that a command is about: the selected ones."""
        chosen = sorted({index.row() for index in self.table.view.selectionModel().selectedRows()})
        items: list[RowGroup] = self.model.shown.items
        return [items[number] for number in chosen if number < len(items)]

    def _pair(self, pairs: list[tuple[str, str]]) -> None:
        self.workbench.mapping.pair(pairs)

    def _choose(self, key: rows.RowKey) -> None:
        expected, found = key
        if expected is not None:
            self.workbench.select_parameter(expected)
            return
        contents, container = self.workbench.checkpoint, self.workbench.container
        for tensor in contents.tensors if contents else ():
            if tensor.key == found and tensor.container == container:
                self.workbench.select_stored(tensor)

    def _follow(self, selection: Selection) -> None:
        stored = selection.stored.key if selection.stored and selection.stored.container == self.workbench.container else None
        if selection.parameter is None and stored is None:
            return
        side, key = ("found", stored) if selection.parameter is None else ("expected", selection.parameter)
        for group in self.model.shown.items:
            for row in group.rows:
                entry = getattr(row, side)
                if entry is not None and entry.key == key:
                    self.table.select_key(rows.row_key(group))
                    return
        self.table.select_key(None)
