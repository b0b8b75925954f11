"""The parameters and buffers of the selected module, or of everything below it, as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from torchloupe.analysis.wording import counted
from torchloupe.gui.column_choice import ColumnChoice
from torchloupe.gui.copied_table import Cells, CopiedTable
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.modules import parameters as rows
from torchloupe.gui.modules.reading import READING, LookedAt, ReadParameters
from torchloupe.gui.settings import ALL_BELOW, Settings
from torchloupe.gui.text_table import FilterTable, Row
from torchloupe.gui.theme import em
from torchloupe.wire.loading import LOADED
from torchloupe.wire.modules import BUFFER, ParameterEntry
from torchloupe.wire.steps import ParameterMotion

ROOM_FOR_KEY = "layers.10.attention.out_proj.weight"
"""Keys get the room that shapes leave, up to that of such a key: at their ends, which differ, most can be told apart."""


class ParameterTable(QWidget):
    """Shows the entries that it is given, and what is known of them beside."""

    all_below_changed = Signal()

    def __init__(self, jobs: Jobs, settings: Settings) -> None:
        super().__init__()
        self._jobs, self._settings = jobs, settings
        self._facts, self._owner = rows.Facts(), ""
        self._chosen: str | None = None
        self.heading = ElidedLabel()
        self.all_below = QCheckBox(self.tr("All below"))
        self.all_below.setToolTip(self.tr("Also those of everything below the selected module"))
        self.all_below.setChecked(settings.text(ALL_BELOW, "1") == "1")
        self.model = LazyTableModel(
            [each.column for each in rows.COLUMNS],
            lambda entry: rows.parameter_row(entry, self._facts, self._owner),
            lambda entry: rows.parameter_haystack(entry, self._facts),
            lambda entry, column: rows.parameter_order(entry, column, self._facts),
            lambda entry: entry.key,
            self,
        )
        self.table = FilterTable((), self.tr("Parameters and buffers"), model=self.model)
        self.table.one = self.tr("parameter")
        self.columns = ColumnChoice(self.table, rows.HIDDEN_AT_FIRST, settings, "parameters")
        FittedColumns(self.table.view, [rows.KEY], rows.BESIDE_KEY).fit([ROOM_FOR_KEY])
        self.table.set_empty(self.tr("No parameters and no buffers here."))
        self.table.written_out = _with_whole_keys
        top = QHBoxLayout()
        top.setContentsMargins(em(self, 0.25), 0, em(self, 0.25), 0)
        top.addWidget(self.heading, 1)
        top.addWidget(self.all_below)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, em(self, 0.25), 0, 0)
        box.setSpacing(em(self, 0.25))
        box.addLayout(top)
        box.addWidget(self.table)
        self.all_below.toggled.connect(self._switched)

    def set_statuses(self, statuses: dict[str, str]) -> None:
        """Another diff of the keys."""
        self._facts = replace(self._facts, statuses=statuses)
        self.model.refresh()

    def set_motions(self, motions: Mapping[str, ParameterMotion]) -> None:
        """What a training step did, by key; empty when there was none."""
        self._facts = replace(self._facts, motions=motions)
        self.model.refresh()

    def show_motions(self) -> None:
        """The columns that say it."""
        self.columns.show_columns(rows.FROM_A_STEP)

    def forget(self, loaded: Sequence[str] = ()) -> None:
        """Another model, or other values in it: what was read of the old ones is of no use. ``loaded`` are keys whose values came from
        a checkpoint."""
        self._jobs.drop(READING)
        self._facts = replace(self._facts, stats={}, initialised=dict.fromkeys(loaded, LOADED))
        if loaded:
            self.columns.show_columns((rows.INITIALISATION,))
        self.model.refresh()

    def show_entries(self, entries: Sequence[ParameterEntry], owner: str, where: str) -> None:
        """Those of ``owner``, whose path the keys are shown without; ``where`` is what the heading calls it."""
        self._owner = owner
        self.model.take_items(entries)
        self.table.find_rows(lambda: self.table.select_key(self._chosen))
        buffers = sum(entry.kind == BUFFER for entry in entries)
        self.heading.setText(f"{where}: {counted(len(entries) - buffers, 'parameter')}, {counted(buffers, 'buffer')}")

    def select(self, key: str | None) -> None:
        """This parameter is selected, or none; its row is the current one as soon as it is there."""
        self._chosen = key
        self.table.select_key(key)

    def lists(self, key: str | None) -> bool:
        """Is this one shown?"""
        return bool(key) and self.model.position_of(key) >= 0

    def copied_table(self) -> CopiedTable:
        """The selected rows, all when none is."""
        return self.table.copied_table()

    def read_values(self) -> None:
        """Statistics and initialisation of the selected parameters, when several are, else of all that are listed."""
        selected = self.table.view.selectionModel().selectedRows()
        shown = self.model.shown.items
        wanted: list[Any] = [shown[index.row()] for index in selected] if len(selected) > 1 else shown
        self.columns.show_columns(rows.FROM_VALUES)
        self.table.view.scrollTo(self.model.index(0, len(rows.COLUMNS) - 1))
        keys = tuple(entry.key for entry in wanted if entry.shape is not None)
        label = self.tr("reading the values of {0}").format(counted(len(keys), "tensor"))
        work = ReadParameters(self._jobs.ask, keys)
        self._jobs.start(work, tag=READING, label=label, events=self._heard, owner=self)

    def _heard(self, news: list[LookedAt]) -> None:
        for each in news:
            self._facts.stats.update(each.stats)
            self._facts.initialised.update(each.initialised)
        self.model.refresh()

    def _switched(self, below: bool) -> None:
        self._settings.set_text(ALL_BELOW, "1" if below else "0")
        self.all_below_changed.emit()


def _with_whole_keys(shown: CopiedTable, whole: Sequence[Row]) -> CopiedTable:
    """Beside other rows, the name within its module does not say enough."""
    return CopiedTable(shown.titles, Cells(range(len(whole)), lambda at: (str(whole[at].key), *shown.rows[at][1:])))
