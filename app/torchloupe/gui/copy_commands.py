"""Commands that copy and save what is shown: the rows of every table, and every plot as a picture or as a table."""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from torchloupe.gui.actions import Action
from torchloupe.gui.copied_table import FORMATS, Drawing
from torchloupe.gui.figure import Figure, image_of, png_of, svg_of
from torchloupe.gui.jobs import Progress
from torchloupe.gui.shell import Shell

if TYPE_CHECKING:
    from torchloupe.gui.copy_sources import CopySource
    from torchloupe.gui.copying import Copying

TEXT, MARKDOWN, CSV, JSON = FORMATS


class CopyCommands(QObject):
    """Each works on the table or plot that has the focus, else on the first of the panel that has it."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&Edit")

    @cached_property
    def _copying(self) -> "Copying":
        from torchloupe.gui.copying import Copying  # after the first picture

        return Copying(self._shell.docks, self._shell.jobs, self._shell.say, self._versions)

    # tables

    def copying(self) -> tuple[Action, ...]:
        """Rows to the clipboard."""
        menu, keys = self._menu, (QKeySequence.StandardKey.Copy,)
        tip = self.tr("Copy the selected rows as tab-separated text")
        titled_tip = self.tr("Copy the selected rows, or all, as tab-separated text with the titles of the columns")
        markdown_tip = self.tr("Copy the selected rows, or all, as a table of Markdown")
        csv_tip = self.tr("Copy the selected rows, or all, for a spreadsheet")
        json_tip = self.tr("Copy the selected rows, or all, as a list of JSON objects")
        table_tip = self.tr("Choose rows, format and titles, then copy the table or save it to a file")
        as_text, with_titles = partial(self._copy, Drawing(TEXT, False)), partial(self._copy_table, Drawing(TEXT, True))
        return (
            Action("edit.copy", self.tr("&Copy"), as_text, keys, menu, tip, "copy"),
            Action("edit.copy_titled", self.tr("Copy with &titles"), with_titles, (), menu, titled_tip),
            self._as("markdown", self.tr("Copy as &Markdown"), Drawing(MARKDOWN, True), markdown_tip),
            self._as("csv", self.tr("Copy as C&SV"), Drawing(CSV, True), csv_tip),
            self._as("json", self.tr("Copy as &JSON"), Drawing(JSON, True), json_tip),
            Action("edit.copy_table", self.tr("Copy or save ta&ble…"), self._choose, ("Ctrl+Alt+C",), menu, table_tip),
        )

    def _as(self, name: str, text: str, draw: Drawing, tip: str) -> Action:
        return Action(f"edit.copy_{name}", text, partial(self._copy_table, draw), (), self._menu, tip)

    def _versions(self) -> str:
        from torchloupe.gui.reporting import versions

        facts = versions(self._shell.worker.hello, f"PySide6 {PySide6.__version__}")
        return ", ".join(f"{name} {value}" for name, value in facts)

    @property
    def _focused(self) -> QWidget | None:
        """In the window, or in a dialog over it."""
        return QApplication.focusWidget() or self._shell.window.focusWidget()

    def _copy(self, draw: Drawing) -> None:
        self._copying.copy(self._focused, draw)

    def _copy_table(self, draw: Drawing) -> None:
        self._copying.copy_table(self._copying.source(self._focused), draw)

    def _choose(self) -> None:
        from torchloupe.gui.copy_sources import sources_of

        focused = self._focused
        source = self._copying.source(focused)
        panel = self._copying.panel_in_front()
        source = source or (next(sources_of(panel), None) if panel is not None else None)
        if source is None:
            self._shell.say(self.tr("There is no table to copy here."))
        else:
            self._open_copy_dialog(source)

    def _open_copy_dialog(self, source: "CopySource") -> None:
        from torchloupe.gui.table_copy.dialog import CopyTableDialog

        CopyTableDialog(source.widget.window(), source, self._copying, self._shell.dialogs.save_as).open()

    # plots

    def picturing(self) -> tuple[Action, ...]:
        """Plots as tables and as pictures."""
        menu = self._menu
        table_tip = self.tr("Show the numbers of the plot as a table")
        copy_tip = self.tr("Copy the plot as a picture of twice its size on the screen")
        save_tip = self.tr("Save the plot as PNG of twice its size, as SVG, or its numbers as CSV")
        return (
            Action("plot.table", self.tr("Sho&w plot as table"), self._show_table, (), menu, table_tip, group=True),
            Action("plot.copy", self.tr("Copy p&icture of plot"), self._copy_picture, (), menu, copy_tip),
            Action("plot.save", self.tr("Sa&ve plot…"), self._save_picture, (), menu, save_tip),
        )

    def _figure(self) -> Figure | None:
        """The plot that has the focus, else the largest of the panel in front."""
        widget = self._focused
        while widget is not None and not isinstance(widget, Figure):
            widget = widget.parentWidget()
        panel = self._copying.panel_in_front()
        if widget is None and panel is not None:
            shown = [each for each in panel.findChildren(Figure) if each.isVisible() and each.numbers().rows]
            widget = max(shown, key=lambda each: each.width() * each.height(), default=None)
        if widget is None:
            self._shell.say(self.tr("There is no plot here."))
        return widget

    def _show_table(self) -> None:
        from torchloupe.gui.figure_table.dialog import FigureTableDialog

        figure = self._figure()
        if figure is not None:
            FigureTableDialog(figure.window(), figure.title, figure.numbers(), self._open_copy_dialog).open()

    def _copy_picture(self) -> None:
        figure = self._figure()
        if figure is None:
            return
        data = QMimeData()
        data.setImageData(image_of(figure))
        data.setData("image/svg+xml", svg_of(figure))
        QGuiApplication.clipboard().setMimeData(data)
        self._shell.say(self.tr("The picture is on the clipboard."))

    def _save_picture(self) -> None:
        figure = self._figure()
        if figure is None:
            return
        name = "".join(each if each.isalnum() else "-" for each in figure.title.lower()).strip("-")[:60] or "plot"
        filters = (self.tr("Picture (*.png)"), self.tr("Drawing (*.svg)"), self.tr("Numbers (*.csv)"))
        self._shell.dialogs.save_as(self.tr("Save plot"), Path(f"{name}.png"), filters, partial(self._write, figure))

    def _write(self, figure: Figure, path: Path) -> None:
        """As its suffix says. What is drawn is taken now, and written by a job."""
        from torchloupe.gui.copy_sources import source_of

        source = source_of(figure)
        if path.suffix.lower() == ".csv" and source is not None:
            self._copying.write_table(source, Drawing(CSV, True), "", path)
            return
        data = svg_of(figure) if path.suffix.lower() == ".svg" else png_of(figure)
        self._shell.jobs.start(WritePicture(data, path), self._shell.say, tag=f"write {path}", label=path.name)


@dataclass(frozen=True)
class WritePicture:
    """Writes a picture, whole or not at all. What stands there was asked about before."""

    data: bytes
    path: Path

    def __call__(self, _progress: Progress) -> str:
        """The sentence about what was written."""
        from torchloupe.checkpoints.writing.new_file import new_file

        with new_file(self.path, len(self.data), True) as file:
            file.write(self.data)
        return f"Wrote {self.path}."
