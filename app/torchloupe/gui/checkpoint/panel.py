"""The Checkpoint panel: what lies in the file, and which of its containers is compared with the model."""

import os
from typing import Any

from PySide6.QtCore import QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from torchloupe.analysis.containers import containers_of
from torchloupe.gui.checkpoint import model as rows
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.outline_table import OutlineModel, OutlineTable
from torchloupe.gui.text_table import Column, Row
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.contents import StoredTensor

OPEN_AT_FIRST = 2000
"""Groups that hold no more than this are shown open."""

_WIDTHS = (14, 8, 5.5, 5, 16)


class CheckpointModel(OutlineModel):
    """The entries of a checkpoint; keys are their positions."""

    filter_titles = rows.HAYSTACK_TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        columns = zip(rows.COLUMNS, _WIDTHS, strict=True)
        super().__init__([Column(title, width, right=title == "Size") for title, width in columns], parent)
        self.checkpoint_rows = rows.CheckpointRows(None)

    def set_checkpoint_rows(self, checkpoint_rows: rows.CheckpointRows) -> None:
        """Show another checkpoint. The model's container is open, others while they are small."""
        self.checkpoint_rows = checkpoint_rows
        outline, entries = checkpoint_rows.outline, checkpoint_rows.entries

        def is_open(position: int) -> bool:
            entry = entries[position]
            small = outline.end[position] - position <= OPEN_AT_FIRST
            return isinstance(entry, rows.Group) and (entry.is_model or (small and entry.title != rows.GLOBALS))

        self.set_outline(outline, is_open)

    def describe(self, position: int) -> Row:
        """The row of an entry."""
        return self.checkpoint_rows.row(position)

    def haystacks(self) -> list[str]:
        """All cells, and the container."""
        return self.checkpoint_rows.haystacks()

    def position_of_key(self, key: Any) -> int:
        """Keys are positions."""
        return key if isinstance(key, int) and key < len(self.outline) else -1

    def spoken(self, position: int) -> str:
        """The key, and whether it is broken."""
        row = self.checkpoint_rows.row(position)
        return f"{row.cells[0]}, {row.cells[4]}" if row.cells[4] else row.cells[0]


class CheckpointPanel(QWidget):
    """Follows the workbench's checkpoint and its selected tensor."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:  # noqa: ARG002  # all panels are built alike
        super().__init__()
        self.workbench = workbench
        self.model = CheckpointModel()
        self.table = OutlineTable(self.model, self.tr("Checkpoint"))
        self.table.empty.offer(self.tr("No checkpoint yet. Drop a file anywhere; nothing in it is executed."), "open.checkpoint")
        self.name, self.about, self.totals = QLabel(), QLabel(), QLabel()
        self.containers = QComboBox()
        self.header = QWidget()
        self._build()
        self.containers.activated.connect(lambda number: workbench.use_container(self.containers.itemData(number)))
        self.table.chosen.connect(self._choose)
        workbench.checkpoint_changed.connect(self._show_checkpoint)
        workbench.diff_changed.connect(self._show_container)
        workbench.selection_changed.connect(self._follow)
        self._show_checkpoint()

    def _build(self) -> None:
        bold = self.name.font()
        bold.setBold(True)
        self.name.setFont(bold)
        for label in (self.name, self.about, self.totals):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setWordWrap(True)
        self.containers.setAccessibleName(self.tr("Container that is compared with the model"))
        self.containers.setToolTip(self.tr("The part of the checkpoint that is compared with the model"))
        self.containers.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        compared = QLabel(self.tr("&Compare:"))
        compared.setBuddy(self.containers)
        choice = QHBoxLayout()
        choice.addWidget(compared)
        choice.addWidget(self.containers, 1)
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
        """The selected rows as tab-separated text."""
        return self.table.copied_text()

    # following the workbench

    def _show_checkpoint(self) -> None:
        contents = self.workbench.checkpoint
        self.header.setVisible(contents is not None)
        self._show_rows()
        if contents:
            self.name.setText(os.path.basename(contents.path))
            self.name.setToolTip(contents.path)
            self.about.setText(rows.file_line(contents))
            self.totals.setText(rows.totals_line(contents.tensors))
            with QSignalBlocker(self.containers):
                self.containers.clear()
                for container in containers_of(contents):
                    self.containers.addItem(rows.container_choice(container), container.path)
            self._show_container()

    def _show_rows(self) -> None:
        bench = self.workbench
        self.table.keeping(lambda: self.model.set_checkpoint_rows(rows.CheckpointRows(bench.checkpoint, bench.container)))
        self._follow(bench.selection)

    def _show_container(self) -> None:
        position = self.containers.findData(self.workbench.container)
        if position >= 0 and position != self.containers.currentIndex():
            self.containers.setCurrentIndex(position)
            self._show_rows()

    def _entry(self, position: int | None) -> rows.Entry | None:
        return None if position is None else self.model.checkpoint_rows.entries[position]

    def _choose(self, position: int) -> None:
        entry = self._entry(position)
        if isinstance(entry, StoredTensor):
            self.workbench.select_stored(entry)

    def _follow(self, selection: Selection) -> None:
        entries = self.model.checkpoint_rows.entries
        if selection.stored is None or self._entry(self.table.current_key()) == selection.stored:
            return
        position = next((number for number, entry in enumerate(entries) if entry is selection.stored), None)
        self.model.reveal(position)
        self.table.select_key(position)
