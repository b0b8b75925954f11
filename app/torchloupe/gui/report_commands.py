"""Commands that hand over what was found: the report of everything as a file or on the clipboard."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QGuiApplication

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.actions import Action
from torchloupe.gui.figure import Figure, svg_of
from torchloupe.gui.reporting import HTML, JSON, MARKDOWN, MakeReport, WriteReport, found_in, other_colors
from torchloupe.gui.shell import Shell
from torchloupe.wire.reproducers import MadeReproducer, MakeReproducer
from torchloupe.wire.traces import LayerCall

if TYPE_CHECKING:
    from torchloupe.analysis.report.document import Figure as Drawing


class ReportCommands(QObject):
    """The window's thread gathers, a job writes."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell

    def reporting(self) -> tuple[Action, ...]:
        """Save, copy, reproduce."""
        menu, opened = self.tr("&File"), self._shell.anything_open
        save_tip = self.tr("Write everything that was found into one file: a page, Markdown for an issue, or JSON")
        copy_tip = self.tr("Put everything that was found on the clipboard, as Markdown for an issue and for a mail")
        save = Action("report.save", self.tr("Save report o&f everything…"), self._save, ("Ctrl+Shift+E",), menu, save_tip)
        copy = Action("report.copy", self.tr("Co&py report of everything"), self._copy, (), menu, copy_tip)
        reproducer_tip = self.tr("Write the module that fails, its input and a script to a new folder, tried in a fresh process")
        reproducer = Action(
            "report.reproducer",
            self.tr("Save reproducer of the pro&blem…"),
            self._reproduce,
            (),
            menu,
            reproducer_tip,
            when=self._failed,
        )
        return (replace(save, when=opened, group=True), replace(copy, when=opened), reproducer)

    # the reproducer

    def _failed(self) -> bool:
        report = self._shell.workbench.report
        return report is not None and bool(report.problems)

    def _reproduce(self) -> None:
        call = self._failed_call()
        if call is None:
            self._shell.say(self.tr("Nothing failed in this run, so there is nothing to reproduce."))
        elif self._shell.worker.is_remote:
            self._shell.say(self.tr("The model runs on another machine. There, torchloupe run with --reproducer writes one."))
        else:
            self._shell.dialogs.open_folder(self.tr("Put the reproducer into a new folder in"), partial(self.reproduce, call))

    def _failed_call(self) -> LayerCall | None:
        from torchloupe.analysis.reproducer_script import failed_call

        bench = self._shell.workbench
        return failed_call(list(bench.calls.values()), bench.selection.problem)

    def reproduce(self, call: LayerCall, beside: Path) -> None:
        """Into a folder of its own beside what is there."""
        bench, name = self._shell.workbench, f"reproducer-{call.module or 'model'}"
        folder = next(
            each for each in (beside / f"{name}{end}" for end in ("", *(f"-{n}" for n in range(2, 999)))) if not each.exists()
        )
        report, run = bench.report, bench.asked
        if report is not None and report.input_source == "worked_out":
            run = replace(run, inputs=report.input_specs)
        work, label = MakeReproducer(str(folder), call.module, call.call_number, run), self.tr("making the reproducer")
        self._shell.jobs.start(work, partial(self._reproduced, call.module), tag="reproducer", label=label)

    def _reproduced(self, module: str, made: MadeReproducer) -> None:
        from torchloupe.analysis.reproducer_script import reproducer_lines

        lines = reproducer_lines(made, module)
        self._shell.say(" ".join(lines[:2]).replace("`", ""))
        for line in lines:
            self._shell.book.add("app", line)

    # the report

    def _save(self) -> None:
        bench, target = self._shell.workbench, self._shell.opening.target
        opened = bench.checkpoint.path if bench.checkpoint is not None else "torchloupe"
        place = split_target(target.target)[0] if target is not None else opened
        suggested = Path(place).with_suffix(".report.html")
        filters = (self.tr("Page (*.html)"), self.tr("Markdown (*.md)"), self.tr("JSON (*.json)"))
        self._shell.dialogs.save_as(self.tr("Save report"), suggested, filters, self.write)

    def write(self, path: Path) -> None:
        """As its suffix says."""
        kind = {".md": MARKDOWN, ".json": JSON}.get(path.suffix.lower(), HTML)
        label = self.tr("writing {0}").format(path.name)
        self._shell.jobs.start(WriteReport(self._report((kind,)), path), self._shell.say, tag=f"write {path}", label=label)

    def _copy(self) -> None:
        made = self._report((MARKDOWN, HTML))
        self._shell.jobs.start(made, self._put, tag="report", label=self.tr("writing the report"))

    def _put(self, made: dict[str, str]) -> None:
        data = QMimeData()
        data.setText(made[MARKDOWN])
        data.setHtml(made[HTML])
        QGuiApplication.clipboard().setMimeData(data)
        self._shell.say(self.tr("The report is on the clipboard."))

    def _report(self, formats: tuple[str, ...]) -> MakeReport:
        shell = self._shell
        drawn = tuple(_drawn_of(each) for each in self._plots()) if HTML in formats else ()
        found = found_in(shell.workbench, shell.opening.target, shell.worker.hello, f"PySide6 {PySide6.__version__}", drawn)
        return MakeReport(found, formats, other_colors())

    def _plots(self) -> list[Figure]:
        """Those that can be seen now."""
        built = [panel.inside() for panel in self._shell.docks.panels.values() if panel.is_built]
        figures = [figure for panel in built for figure in panel.findChildren(Figure)]
        return [figure for figure in figures if figure.isVisible() and figure.numbers().rows]


def _drawn_of(figure: Figure) -> "Drawing":
    """Without what stands before the drawing in a file of its own."""
    from torchloupe.analysis.report.document import Figure as Drawing

    text = svg_of(figure).decode("utf-8")
    return Drawing(figure.title, text[text.index("<svg") :].strip())
