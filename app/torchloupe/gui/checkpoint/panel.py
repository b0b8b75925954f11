"""The Checkpoint panel: what lies in the file, and which of its containers is compared with the model."""

import os
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from torchloupe.analysis.notes import TENSOR
from torchloupe.analysis.stored_names import full_key
from torchloupe.gui.checkpoint import model as rows
from torchloupe.gui.checkpoint.building import BuildRows
from torchloupe.gui.copied_table import Cells, CopiedTable
from torchloupe.gui.elided import ElidedCombo
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.outline_table import OutlineModel, OutlineTable, first_cell_width
from torchloupe.gui.text_table import Column, Row
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.contents import StoredTensor

_WIDTHS = (14, 7, 4.5, 4.5, 16)
_NARROWEST_KEY = 9
TREE_ACTION = "view.checkpoint_tree"


class CheckpointModel(OutlineModel):
    """The entries of a checkpoint; keys are their positions."""

    filter_titles = rows.HAYSTACK_TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        columns = zip(rows.COLUMNS, _WIDTHS, strict=True)
        super().__init__([Column(title, width, right=title == "Size") for title, width in columns], parent)
        self.checkpoint_rows = rows.CheckpointRows()

    def set_checkpoint_rows(self, checkpoint_rows: rows.CheckpointRows) -> None:
        """Show another checkpoint, or the same one in another way."""
        self.checkpoint_rows = checkpoint_rows
        self.set_outline(checkpoint_rows.outline, checkpoint_rows.is_open)

    def describe(self, position: int) -> Row:
        """The row of an entry."""
        return self.checkpoint_rows.row(position)

    def haystack_at(self, position: int) -> str:
        """All cells, and the container."""
        return self.checkpoint_rows.haystacks[position]

    def position_of_key(self, key: Any) -> int:
        """Keys are positions."""
        return key if isinstance(key, int) and key < len(self.outline) else -1

    def spoken(self, position: int) -> str:
        """The key, how much is in it, whether it is broken."""
        row, is_group = self.checkpoint_rows.row(position), self.outline.has_children(position)
        cells = (row.cells[0], row.cells[1] if is_group else "", row.cells[4])
        return ", ".join(cell for cell in cells if cell)


class CheckpointPanel(QWidget):
    """Follows the workbench's checkpoint and its selected tensor."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self.jobs = workbench, jobs
        self.as_tree = True
        self.model = CheckpointModel()
        self.table = OutlineTable(self.model, self.tr("Checkpoint"))
        self.table.one = self.tr("tensor")
        self.table.written_out = self._with_whole_keys
        self.name, self.about, self.totals = QLabel(), QLabel(), QLabel()
        self.containers, self.tree_button = ElidedCombo(), QToolButton()
        self.header = QWidget()
        self._widths_are_ours, self._fitting = True, False
        self._asked: BuildRows | None = None
        self._build()
        self.containers.activated.connect(lambda number: workbench.use_container(self.containers.itemData(number)))
        self.tree_button.clicked.connect(self._tree_pressed)
        self.table.chosen.connect(self._choose)
        self.table.view.viewport().installEventFilter(self)
        self.table.view.horizontalHeader().sectionResized.connect(self._column_dragged)
        workbench.checkpoint_changed.connect(self._show_checkpoint)
        workbench.diff_changed.connect(self._show_container)
        workbench.selection_changed.connect(self._follow)
        self.model.sign_of = self._sign
        workbench.notes.changed.connect(self.table.view.viewport().update)
        self._show_checkpoint()

    def _build(self) -> None:
        bold = self.name.font()
        bold.setBold(True)
        self.name.setFont(bold)
        for label in (self.name, self.about, self.totals):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.containers.setAccessibleName(self.tr("Container that is compared with the model"))
        self.containers.setToolTip(
            self.tr("The part of the checkpoint that is the model's state_dict and is compared with the model")
        )
        self.containers.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.tree_button.setText(self.tr("Tree"))
        self.tree_button.setCheckable(True)
        self.tree_button.setChecked(self.as_tree)
        self.tree_button.setToolTip(self.tr("Keys as a tree of their parts, or all of them in a flat list"))
        weights = QLabel(self.tr("&Weights"))
        weights.setBuddy(self.containers)
        choice = QHBoxLayout()
        choice.addWidget(weights)
        choice.addWidget(self.containers, 1)
        choice.addWidget(self.tree_button)
        box = QVBoxLayout(self.header)
        box.setContentsMargins(em(self, 0.4), em(self, 0.25), em(self, 0.4), em(self, 0.25))
        box.setSpacing(em(self, 0.2))
        for widget in (self.name, self.about, self.totals):
            box.addWidget(widget)
        box.addLayout(choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.header)
        layout.addWidget(self.table)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F."""
        self.table.filter.setFocus()
        self.table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected rows as tab-separated text, with their whole keys."""
        return self.copied_table().as_text()

    def copied_table(self) -> CopiedTable:
        """The same with the titles of the columns."""
        return self.table.copied_table()

    def _with_whole_keys(self, _shown: CopiedTable, chosen: Sequence[Row]) -> CopiedTable:
        copied = self.model.checkpoint_rows.copied
        return CopiedTable(rows.COLUMNS, Cells(chosen, lambda row: copied(row.key)))

    def set_tree(self, as_tree: bool) -> None:
        """Show keys as a tree of their parts, or all of them flat."""
        self.as_tree = as_tree
        self.tree_button.setChecked(as_tree)
        self._show_rows()

    def _tree_pressed(self) -> None:
        """By the command where there is a window, so that the check mark in its menu goes along."""
        action = self.window().findChild(QAction, TREE_ACTION)
        if action is not None:
            action.trigger()
        else:
            self.set_tree(not self.as_tree)

    # the columns

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another width of the table."""
        if event.type() == QEvent.Type.Resize:
            self._fit_columns()
        return super().eventFilter(watched, event)

    def _fit_columns(self) -> None:
        """The key is as wide as the longest one while its shape or value stays in sight; the last column in sight takes the rest."""
        if not self._widths_are_ours:
            return
        view, (_, *others) = self.table.view, [em(self, width) for width in _WIDTHS]
        room, longest = view.viewport().width(), first_cell_width(view, *self.model.checkpoint_rows.longest)
        key = max(em(self, _NARROWEST_KEY), min(longest, room - others[0]))
        in_sight = sum(end <= room - key for end in accumulate(others))
        others[max(0, in_sight - 1)] += max(0, room - key - sum(others[:in_sight]))
        self._fitting = True
        for number, width in enumerate((key, *others)):
            view.horizontalHeader().resizeSection(number, width)
        self._fitting = False

    def _column_dragged(self, _number: int, _old: int, _new: int) -> None:
        if not self._fitting:
            self._widths_are_ours = False

    # following the workbench

    def _show_checkpoint(self) -> None:
        contents = self.workbench.checkpoint
        self.header.setVisible(contents is not None)
        if contents is not None:
            self.name.setText(os.path.basename(contents.path))
            self.name.setToolTip(contents.path)
            self.about.setText(rows.file_line(contents))
            self.totals.setText("")
            self.containers.clear()
        self.table.keeping(lambda: self.model.set_checkpoint_rows(rows.CheckpointRows()))
        self._show_rows()

    def _show_rows(self) -> None:
        """Build the rows: at once when there are few, on a thread when there are many."""
        contents = self.workbench.checkpoint
        if contents is None:
            no_checkpoint = self.tr("No checkpoint yet. Drop a file anywhere; nothing in it is executed.")
            self.table.empty.offer(no_checkpoint, "open.checkpoint")
            return
        question = self._asked = BuildRows(contents, self.workbench.container, self.as_tree)
        if question.is_large:
            self.table.set_empty(self.tr("Listing the tensors …"))
            self.jobs.start(question, done=self._rows_built, tag="checkpoint-rows", label=self.tr("listing tensors"))
        else:
            self._rows_built(question())

    def _rows_built(self, built: rows.CheckpointRows) -> None:
        if built.contents is not self.workbench.checkpoint:
            return
        self.totals.setText(built.totals)
        with QSignalBlocker(self.containers):
            self.containers.clear()
            for path, text in built.choices:
                self.containers.addItem(text, path)
            self.containers.setCurrentIndex(self.containers.findData(self.workbench.container))
        current = self._entry(self.table.current_key())
        self.table.keeping(lambda: self.model.set_checkpoint_rows(built))
        self._fit_columns()
        self.table.select_key(built.position_of(current) if isinstance(current, StoredTensor) else None)
        self._follow(self.workbench.selection)

    def _show_container(self) -> None:
        """Another container is the model's now."""
        if self.workbench.checkpoint is not None and self._asked is not None and self._asked.model != self.workbench.container:
            self._show_rows()

    def _entry(self, position: int | None) -> rows.Entry | None:
        return None if position is None else self.model.checkpoint_rows.entries[position]

    def _sign(self, position: int) -> str:
        entry = self._entry(position)
        return self.workbench.notes.sign(TENSOR, full_key(entry)) if isinstance(entry, StoredTensor) else ""

    def _choose(self, position: int) -> None:
        entry = self._entry(position)
        if isinstance(entry, StoredTensor):
            self.workbench.select_stored(entry)

    def _follow(self, selection: Selection) -> None:
        if selection.stored is None or self._entry(self.table.current_key()) == selection.stored:
            return
        position = self.model.checkpoint_rows.position_of(selection.stored)
        self.model.reveal(position)
        self.table.select_key(position)
