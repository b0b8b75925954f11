"""What has the focus goes to the clipboard or into a file: small tables at once, large ones by a job."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from torchloupe.gui.copied_table import CHOSEN, CopiedTable, Drawing
from torchloupe.gui.copy_sources import CopySource, source_in
from torchloupe.gui.docks import Docks
from torchloupe.gui.figure import Figure
from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.gui.panels import LazyPanel

translate = QCoreApplication.translate

MOST_AT_ONCE = 1000
"""Rows whose texts are made without a pause that a person notices."""


@dataclass(frozen=True)
class Copying:
    """Copies and says so."""

    docks: Docks
    jobs: Jobs
    say: Callable[[str], None]
    versions: Callable[[], str] = str
    """What runs, in a line: it goes along with what is pasted into an issue."""

    def copy(self, focused: QWidget | None, draw: Drawing) -> None:
        """The text that is marked in a field, else what the panel calls its rows, else the rows of its table as text."""
        if isinstance(focused, (QLineEdit, QPlainTextEdit)):
            focused.copy()
            self.say("")
            return
        source, own = self.source(focused), getattr(self.panel(), "copy_rows", None)
        if source is not None and not (callable(own) and self._panel_says_it(source)):
            self.copy_table(source, draw)
        else:
            text = str(own()) if callable(own) else ""
            is_for_issues = bool(text) and getattr(self.panel(), "is_for_issues", False)
            self._put_lines("\n\n".join(part for part in (text, self.versions()) if part) if is_for_issues else text)

    def copy_table(self, source: CopySource | None, draw: Drawing, which: str = CHOSEN) -> None:
        """Rows of a table to the clipboard: the selected ones (all, when none is) unless others are wanted."""
        table = source.table(which) if source is not None else None
        if table is None or not table.rows:
            self.say(translate("copying", "There is no table to copy here."))
        elif len(table.rows) <= MOST_AT_ONCE:
            self._put_rows(len(table.rows), draw(table))
        else:
            count = len(table.rows)
            label = translate("copying", "Copying {0} rows").format(f"{count:,}")
            self.jobs.start(_Drawn(table, draw), partial(self._put_rows, count), tag="copy", label=label)

    def write_table(self, source: CopySource, draw: Drawing, which: str, path: Path) -> None:
        """The same into a file."""
        label = translate("copying", "Writing {0}").format(path.name)
        self.jobs.start(_Written(source.table(which), draw, path), self.say, tag=f"write {path}", label=label)

    def panel(self) -> QWidget | None:
        """The panel that has the focus."""
        name = self.docks.focused_panel()
        return self.docks.panels[name].inside() if name else None

    def source(self, focused: QWidget | None) -> CopySource | None:
        """The table or plot that is meant: the one that has the focus, else the first of the focused panel."""
        return source_in(self.panel(), focused)

    def panel_in_front(self) -> QWidget | None:
        """The panel that has the focus, else the view in the middle."""
        current = self.docks.tabs.currentWidget()
        return self.panel() or (current.inside() if isinstance(current, LazyPanel) else None)

    def _panel_says_it(self, source: CopySource) -> bool:
        """Few rows of a table that stands in a panel; a plot and a dialog have their own."""
        stands_in_panel = source.widget.window() is self.docks.window and not isinstance(source.widget, Figure)
        return stands_in_panel and len(source.table(CHOSEN).rows) <= MOST_AT_ONCE

    def _put_rows(self, count: int, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        several = translate("copying", "Copied {0} rows.").format(count)
        self.say(translate("copying", "Copied 1 row.") if count == 1 else several)

    def _put_lines(self, text: str) -> None:
        if not text:
            self.say(translate("copying", "Nothing is selected."))
            return
        QGuiApplication.clipboard().setText(text)
        lines = text.count("\n") + 1
        several = translate("copying", "Copied {0} lines.").format(lines)
        self.say(translate("copying", "Copied 1 line.") if lines == 1 else several)


@dataclass(frozen=True)
class _Drawn:
    """The texts of many rows, made on a thread."""

    table: CopiedTable
    draw: Drawing

    def __call__(self, _progress: Progress) -> str:
        return self.draw(self.table)


@dataclass(frozen=True)
class _Written:
    """Writes them to a file, whole or not at all; what stands there was asked about before."""

    table: CopiedTable
    draw: Drawing
    path: Path

    def __call__(self, _progress: Progress) -> str:
        from torchloupe.checkpoints.writing.new_file import new_file

        data = (self.draw(self.table) + "\n").encode("utf-8")
        with new_file(self.path, len(data), True) as file:
            file.write(data)
        rows = len(self.table.rows)
        return f"Wrote {'1 row' if rows == 1 else f'{rows:,} rows'} to {self.path}."
