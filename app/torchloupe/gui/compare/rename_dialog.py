"""Many keys at once: a regular expression over one side, with every key that it touches before it is done."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from torchloupe.analysis.mapping_edits import CHECKPOINT, MODEL, Renamed, RenamePreview, pairs_of, rename_steps
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.wording import count_text, counted
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.slices import Slices, last_of
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em, size_to
from torchloupe.gui.workbench import Workbench

Pair = Callable[[Sequence[tuple[str, str]]], object]


class RenameDialog(QDialog):
    """``pair`` is given the pairs of the preview: the checkpoint's key, the model's."""

    def __init__(self, parent: QWidget, workbench: Workbench, pair: Pair) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Rename by pattern"))
        self._workbench, self._pair = workbench, pair
        self.preview = RenamePreview()
        self._slices = Slices(self)
        self.side = QComboBox()
        self.side.addItem(self.tr("keys of the checkpoint"), CHECKPOINT)
        self.side.addItem(self.tr("keys of the model"), MODEL)
        self.pattern, self.replacement = QLineEdit(), QLineEdit()
        self.pattern.setPlaceholderText(r"layers\.(\d+)\.attention\.wq")
        self.replacement.setPlaceholderText(r"model.layers.\1.self_attn.q_proj")
        self.said = RoleLabel()
        columns = [Column(self.tr("Key"), 22), Column(self.tr("Becomes"), 22), Column(self.tr("Note"), 12, True)]
        self.rows = LazyTableModel(columns, _row, haystack, Renamed.__getitem__, attrgetter("key"))
        self.table = FilterTable(
            (), self.tr("Preview"), self.tr("Every key that the pattern matches stands here."), model=self.rows
        )
        self.rows.setParent(self.table)
        self.buttons = DialogButtons(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._build()
        for field in (self.pattern, self.replacement):
            field.textChanged.connect(self.look)
        self.side.currentIndexChanged.connect(self.look)
        workbench.diff_changed.connect(self.look)
        self.look()

    def _build(self) -> None:
        form = QFormLayout()
        for text, field in (
            (self.tr("I&n the"), self.side),
            (self.tr("&Pattern"), self.pattern),
            (self.tr("&Becomes"), self.replacement),
        ):
            form.addRow(text, field)
            field.setAccessibleName(text.replace("&", ""))
        self.pattern.setToolTip(self.tr("A regular expression of Python, found anywhere in a key"))
        self.replacement.setToolTip(self.tr("What stands in its place; \\1 is the first group"))
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.5))
        layout.addLayout(form)
        layout.addWidget(self.said)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        self.pattern.setFocus()
        size_to(self, 56, 32)

    @property
    def chosen_side(self) -> str:
        """The side whose keys the pattern is applied to."""
        side: str = self.side.currentData()
        return side

    def look(self, *_anything: object) -> None:
        """Show what the pattern does, a slice at a time."""
        diff = self._workbench.diff
        if diff is None:
            self.reject()
            return
        steps = rename_steps(diff, self.chosen_side, self.pattern.text(), self.replacement.text())
        self._slices.run(last_of(steps, RenamePreview()), self._show)

    def _show(self, preview: RenamePreview) -> None:
        self.preview = preview
        self.table.keeping(lambda: self.rows.set_items(preview.rows))
        count = len(preview.pairs)
        self.said.say(self._sentence(), "error" if preview.error else "text")
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(bool(count))
        ok.setText(self.tr("Pair {0}").format(count_text(count)) if count else self.tr("Pair"))

    def _sentence(self) -> str:
        preview = self.preview
        if preview.error or not self.pattern.text():
            return preview.error or self.tr("Type a pattern; nothing is changed before you say so.")
        other = MODEL if self.chosen_side == CHECKPOINT else CHECKPOINT
        becomes = self.tr("{0} of them become a key of the {1}").format(count_text(len(preview.pairs)), other)
        return self.tr("{0} matched; {1}.").format(counted(len(preview.rows), "key is", "keys are"), becomes)

    def accept(self) -> None:
        """Pair and lock those that become a key of the other side."""
        pairs = pairs_of(self.preview, self.chosen_side)
        if pairs:
            self._pair(pairs)
            super().accept()


def _row(row: Renamed) -> Row:
    return Row(tuple(row), row.key, (None, "muted" if row.note else "accent", "warning"))
