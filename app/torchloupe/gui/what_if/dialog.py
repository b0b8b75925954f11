"""The what-if: choose a device and a dtype, and see which tensors would stay behind. It stands beside the window, not over it."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import size_to
from torchloupe.gui.what_if import model as rows
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.registration import MovedModel, MoveModel
from torchloupe.wire.requests import Failed

MOVING = "what if"
"""Tag of the job."""


class WhatIfDialog(QDialog):
    """Asks the worker whenever another device or dtype is chosen; a chosen row leads to its line."""

    def __init__(self, parent: QWidget, workbench: Workbench, jobs: Jobs, device: str | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What would stay behind"))
        self.workbench, self._jobs = workbench, jobs
        self._moved = MovedModel((), 0)
        self.device = self._choice(self.tr("Device"), rows.DEVICES, device or rows.DEVICES[0])
        self.dtype = self._choice(self.tr("Dtype"), rows.DTYPES, rows.DTYPES[0])
        self.answer = RoleLabel()
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        columns = [
            Column(self.tr("Tensor"), 11),
            Column(self.tr("Why"), 20, True),
            Column(self.tr("Shape"), 6),
            Column(self.tr("Is"), 7),
            Column(self.tr("Would be"), 9),
            Column(self.tr("Place"), 8),
        ]
        self.table = FilterTable(columns, self.tr("Left behind"))
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._build()
        self.table.chosen.connect(self._show_place)
        self.table.activated.connect(self._open_in_editor)
        for choice in (self.device, self.dtype):
            choice.currentTextChanged.connect(lambda _text: self.ask())
        workbench.model_changed.connect(self.ask)
        self.ask()

    def _choice(self, name: str, choices: tuple[str, ...], first: str) -> QComboBox:
        box = QComboBox(editable=False)
        box.setAccessibleName(name)
        box.addItems(list(dict.fromkeys((first, *choices))))
        return box

    def _build(self) -> None:
        top = QHBoxLayout()
        for name, box in ((self.tr("&Device"), self.device), (self.tr("D&type"), self.dtype)):
            label = QLabel(name)
            label.setBuddy(box)
            top.addWidget(label)
            top.addWidget(box)
        top.addStretch(1)
        note = QLabel(self.tr("Tried on a copy without data; the device need not exist here."))
        note.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        top.addWidget(note)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.answer)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        size_to(self, 62, 24)

    def ask(self) -> None:
        """What would stay behind after this move?"""
        asked = rows.question(self.device.currentText(), self.dtype.currentText())
        self._jobs.drop(MOVING)
        self._list(MovedModel((), 0))
        if self.workbench.model is None:
            self.answer.say(self.tr("No model is open."))
        elif asked == MoveModel():
            self.answer.say(self.tr("Choose a device or a dtype to move to."))
        else:
            self.answer.say(self.tr("Moving a copy …"))
            label = self.tr("moving a copy")
            self._jobs.start(asked, partial(self._show, asked), self._failed, tag=MOVING, label=label, owner=self)

    def _show(self, asked: MoveModel, moved: MovedModel) -> None:
        self._list(moved)
        self.answer.say(rows.answer_text(asked, moved), "error" if moved.left_behind else "matched")

    def _list(self, moved: MovedModel) -> None:
        self._moved = moved
        self.table.set_rows(rows.left_rows(moved))
        self.table.set_empty(self.tr("Nothing is left behind.") if moved.moved else "")

    def _failed(self, failed: Failed) -> None:
        said = " ".join(f"{problem.message} {problem.hint}" for problem in failed.problems)
        self.answer.say(plain_text(said) or self.tr("Cancelled."), "error" if failed.problems else "text")

    def _show_place(self, number: int) -> None:
        """Select what holds it, and show the line."""
        left, model = self._moved.left_behind[number], self.workbench.model
        parts = model.tree.hidden if model else ()
        holder = next((part for part in parts if left.path == part.path or left.path.startswith(f"{part.path}.")), None)
        if holder is not None:
            self.workbench.select_hidden(holder)
        else:
            self.workbench.select_module(left.owner)
        if left.file:
            self.workbench.source_wanted.emit(left.file, left.line or 1)

    def _open_in_editor(self, number: int) -> None:
        left = self._moved.left_behind[number]
        if left.file:
            self.workbench.editor_wanted.emit(left.file, left.line or 1)
