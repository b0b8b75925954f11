"""Which rows of a table, in which format, with titles or without: to the clipboard or into a file. The first lines are shown."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.copied_table import ALL, CHOSEN, FORMATS, SHOWN, CopiedTable, Drawing, Format
from torchloupe.gui.copy_sources import CopySource
from torchloupe.gui.copying import Copying
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.theme import fixed_font, size_to

PREVIEW_ROWS = 6
SaveAs = Callable[[str, Path, Sequence[str], Callable[[Path], object]], object]


class CopyTableDialog(QDialog):
    """Offers only what differs: no choice of rows where all of them are shown and none is selected."""

    def __init__(self, parent: QWidget, source: CopySource, copying: Copying, save_as: SaveAs) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Copy or save: {0}").format(source.name))
        self._source, self._copying, self._save_as = source, copying, save_as
        self.rows: dict[str, QRadioButton] = {}
        self.format, self.titled, self.preview = QComboBox(), QCheckBox(self.tr("&Titles of the columns")), QPlainTextEdit()
        self._tables = self._different_tables()
        self._build()
        self._show()

    def _different_tables(self) -> dict[str, CopiedTable]:
        found: dict[str, CopiedTable] = {}
        for which in (SHOWN, CHOSEN, ALL):
            table = self._source.table(which)
            if len(table.rows) not in [len(other.rows) for other in found.values()]:
                found[which] = table
        return found

    def _build(self) -> None:
        words = {SHOWN: self.tr("All &shown: {0}"), CHOSEN: self.tr("S&elected: {0}"), ALL: self.tr("&Without the filter: {0}")}
        choices, group = QHBoxLayout(), QButtonGroup(self)
        for which, table in self._tables.items():
            button = self.rows[which] = QRadioButton(words[which].format(f"{len(table.rows):,}"))
            group.addButton(button)
            choices.addWidget(button)
        choices.addStretch(1)
        self.rows[SHOWN].setChecked(True)
        group.buttonToggled.connect(self._show)
        for each in FORMATS:
            self.format.addItem(each.name, each)
        self.format.setAccessibleName(self.tr("Format"))
        self.format.currentIndexChanged.connect(self._show)
        self.titled.setChecked(True)
        self.titled.toggled.connect(self._show)
        self.preview.setReadOnly(True)
        self.preview.setAccessibleName(self.tr("First lines"))
        self.preview.setFont(fixed_font())
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.preview.setTabChangesFocus(True)
        form = QFormLayout()
        form.addRow(self.tr("Rows"), choices)
        form.addRow(self.tr("&Format"), self.format)
        form.addRow("", self.titled)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.preview, 1)
        layout.addWidget(self._buttons())
        self.copy.setDefault(True)  # only now it belongs to the dialog
        size_to(self, 46, 24)

    def _buttons(self) -> QDialogButtonBox:
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton(self.tr("&Copy"), QDialogButtonBox.ButtonRole.AcceptRole)
        save = buttons.addButton(self.tr("Sa&ve…"), QDialogButtonBox.ButtonRole.ActionRole)
        save.clicked.connect(self._save)
        buttons.accepted.connect(self._copy)
        buttons.rejected.connect(self.reject)
        return buttons

    @property
    def which(self) -> str:
        """The rows that are wanted."""
        return next(which for which, button in self.rows.items() if button.isChecked())

    @property
    def drawing(self) -> Drawing:
        """How they are wanted."""
        chosen: Format = FORMATS[self.format.currentIndex()]
        return Drawing(chosen, self.titled.isChecked() or not chosen.may_lack_titles)

    def _show(self, *_changed: object) -> None:
        self.titled.setEnabled(FORMATS[self.format.currentIndex()].may_lack_titles)
        table = self._tables[self.which]
        few = CopiedTable(table.titles, table.rows[:PREVIEW_ROWS])
        more = "\n…" if len(table.rows) > PREVIEW_ROWS else ""
        text = self.drawing(few)
        self._set_tabs(text)
        self.preview.setPlainText(text + more)

    def _set_tabs(self, text: str) -> None:
        """Columns stand below each other, whatever is in them."""
        cells = [line.split("\t") for line in text.splitlines()]
        letter, place, stops = self.preview.fontMetrics().averageCharWidth(), 0, []
        for column in zip_longest(*cells, fillvalue=""):
            place += (max(map(len, column)) + 2) * letter
            stops.append(QTextOption.Tab(place, QTextOption.TabType.LeftTab))
        option = self.preview.document().defaultTextOption()
        option.setTabs(stops)
        self.preview.document().setDefaultTextOption(option)

    def _copy(self) -> None:
        self._copying.copy_table(self._source, self.drawing, self.which)
        self.accept()

    def _save(self) -> None:
        suffix = self.drawing.format.suffix
        name = "".join(each if each.isalnum() else "-" for each in self._source.name.lower()).strip("-") or "table"
        filters = (f"{self.drawing.format.name} (*{suffix})",)
        write = partial(self._copying.write_table, self._source, self.drawing, self.which)
        self._save_as(self.tr("Save table"), Path(name + suffix), filters, write)
        self.accept()
