"""Commands of the menu Mapping: what a person decides about which key is which, and the way back."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from torchloupe.analysis.diff_rows import DiffRow
from torchloupe.gui.actions import Action
from torchloupe.gui.mapping_files import ReadMapping, WriteText, mapping_text
from torchloupe.gui.shell import Shell
from torchloupe.wire.requests import Failed

if TYPE_CHECKING:
    from torchloupe.gui.compare.panel import ComparePanel

READING = "mapping"
"""Tag of the jobs."""


class MappingCommands(QObject):
    """About the rows that are selected in Compare, or the key that is selected anywhere."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._edits = shell.workbench.mapping
        self._menu = self.tr("M&apping")

    def deciding(self) -> tuple[Action, ...]:
        """Pair by pair, by a pattern, and back."""
        menu, edits, bench = self._menu, self._edits, self._shell.workbench
        map_tip = self.tr("Choose the key that the selected one belongs to; a row can also be dragged onto another")
        rename_tip = self.tr("Pair many keys at once by a regular expression, and see which before it is done")
        lock_tip = self.tr("Keep the selected pairs, whatever else is decided")
        unlock_tip = self.tr("Let the selected keys be solved again")
        out_tip = self.tr("The selected keys of the checkpoint belong to no key of the model")
        clear_tip = self.tr("Forget everything that was decided by hand")

        def compared() -> bool:
            return bench.diff is not None

        def locked() -> bool:
            return compared() and bool(edits.locked)

        return (
            Action("mapping.map_to", self.tr("&Map to…"), self._map_to, ("Ctrl+M",), menu, map_tip, when=self._has_key),
            Action("mapping.rename", self.tr("&Rename by pattern…"), self._rename, ("Ctrl+H",), menu, rename_tip, when=compared),
            Action("mapping.lock", self.tr("&Lock pair"), self._lock, ("Ctrl+Shift+L",), menu, lock_tip, when=self._has_key),
            Action("mapping.unlock", self.tr("&Unlock"), self._unlock, (), menu, unlock_tip, when=locked),
            Action("mapping.leave_out", self.tr("Leave &out"), self._leave_out, (), menu, out_tip, when=self._has_key),
            Action(
                "mapping.other_choice",
                self.tr("Ta&ke the other choice"),
                self._other_choice,
                (),
                menu,
                self.tr("Where two places fit equally: pair the selected key, and all that goes with it, with the other one"),
                when=self._has_key,
            ),
            Action("mapping.clear", self.tr("Unlock &all"), self._clear, (), menu, clear_tip, when=locked, group=True),
        )

    def keeping(self) -> tuple[Action, ...]:
        """The mapping as a file, as code, as a report."""
        menu, bench = self._menu, self._shell.workbench
        open_tip = self.tr('Read pairs from a JSON file, {"key of the checkpoint": "key of the model"}, and lock them')
        save_tip = self.tr("Write all pairs to a new JSON file that this menu and diff --map read")
        code_tip = self.tr("Put Python with plain torch on the clipboard that makes the checkpoint fit the model")
        report_tip = self.tr("Put the comparison on the clipboard, as Markdown and for a browser")

        def compared() -> bool:
            return bench.diff is not None

        fit_tip = self.tr("Look through a folder for the checkpoint that belongs to the open model")
        fitting = Action("mapping.fitting", self.tr("&Find the checkpoint that fits…"), self._find, (), menu, fit_tip, group=True)
        fitting = replace(fitting, when=lambda: bench.model is not None)
        opening = Action("mapping.open", self.tr("O&pen mapping…"), self._open, (), menu, open_tip, when=compared, group=True)
        saving = Action("mapping.save", self.tr("&Save mapping…"), self._save, (), menu, save_tip, when=compared)
        code = Action("mapping.code", self.tr("&Copy as Python"), self._copy_code, (), menu, code_tip, when=compared, group=True)
        report = replace(
            code, id="mapping.report", text=self.tr("Copy repor&t"), run=self._copy_report, tip=report_tip, group=False
        )
        return (opening, saving, code, report, fitting)

    # which rows

    def _has_key(self) -> bool:
        bench = self._shell.workbench
        return bench.diff is not None and (bench.selection.parameter is not None or bench.selection.stored is not None)

    def _panel(self) -> "ComparePanel":
        from torchloupe.gui.compare.panel import ComparePanel

        panel = self._shell.docks.panels["compare"].inside()
        assert isinstance(panel, ComparePanel)
        return panel

    def _rows(self) -> list[DiffRow]:
        """Those that are selected in Compare when the selected key is among them, else the one of that key."""
        bench = self._shell.workbench
        chosen = bench.selection
        row = self._edits.row_of(bench.diff, chosen.parameter, chosen.stored.key if chosen.stored else None)
        rows = [each for group in self._panel().selected_groups() for each in group.rows]
        return rows if row is None or any(each is row for each in rows) else [row]

    def _pairs(self, rows: Sequence[DiffRow]) -> list[tuple[str, str]]:
        from torchloupe.analysis.mapping_edits import can_be_locked

        return [(row.found.key, row.expected.key) for row in rows if can_be_locked(row) and row.found and row.expected]

    # deciding

    def _map_to(self) -> None:
        from torchloupe.gui.compare.map_dialog import MapDialog

        rows, diff = self._rows(), self._shell.workbench.diff
        if rows and diff is not None:
            self._shell.docks.raise_panel("compare")
            MapDialog(self._shell.window, diff, rows[0], self._edits.pair).open()

    def _rename(self) -> None:
        from torchloupe.gui.compare.rename_dialog import RenameDialog

        if self._shell.workbench.diff is not None:
            self._shell.docks.raise_panel("compare")
            RenameDialog(self._shell.window, self._shell.workbench, self._edits.pair).open()

    def _lock(self) -> None:
        rows = self._rows()
        pairs = self._pairs(rows)
        if pairs:
            self._edits.pair(pairs)
        else:
            self._shell.say(self.tr("There is no pair of one key and one other to lock. Map the key to another first."))

    def _unlock(self) -> None:
        self._edits.unlock([row.found.key for row in self._rows() if row.found])

    def _leave_out(self) -> None:
        found = list(dict.fromkeys(row.found.key for row in self._rows() if row.found))
        if found:
            self._edits.leave_out(found)
        else:
            self._shell.say(self.tr("The selected key is one of the model, and missing already."))

    def _other_choice(self) -> None:
        from torchloupe.analysis.other_choice import other_choice

        diff = self._shell.workbench.diff
        found = next((row.found.key for row in self._rows() if row.found), "")
        pairs = other_choice(diff, found) if diff is not None else []
        if pairs:
            self._edits.pair(pairs)
        else:
            self._shell.say(self.tr("There was no choice: no other place fits as well."))

    def _clear(self) -> None:
        self._edits.decide(self.tr("unlock all"), {})

    # keeping

    def _open(self) -> None:
        title, filters = self.tr("Open mapping"), (self.tr("Mappings (*.json)"), self.tr("All files (*)"))
        self._shell.dialogs.open_file(title, filters, self._read)

    def _read(self, path: Path) -> None:
        bench = self._shell.workbench
        if bench.diff is not None:
            label = self.tr("reading {0}").format(path.name)
            self._shell.jobs.start(ReadMapping(path, bench.diff), partial(self._was_read, path), tag=READING, label=label)

    def _was_read(self, path: Path, locked: dict[str, str]) -> None:
        self._edits.decide(self.tr("open {0}").format(path.name), {**self._edits.locked, **locked})
        self._shell.say(self.tr("{0} pairs of {1} are locked.").format(f"{len(locked):,}", path.name))

    def _save(self) -> None:
        bench = self._shell.workbench
        if bench.diff is None or bench.checkpoint is None:
            return
        suggested = Path(bench.checkpoint.path).with_suffix(".mapping.json")
        text = mapping_text(bench.diff, bench.mapping.locked)
        filters = (self.tr("Mappings (*.json)"),)
        self._shell.dialogs.save_as(self.tr("Save mapping"), suggested, filters, partial(self._write, text))

    def _write(self, text: str, path: Path) -> None:
        self._shell.jobs.start(WriteText(text, path), self._shell.say, self._failed, tag=f"write {path}", label=path.name)

    def _failed(self, failed: Failed) -> None:
        self._shell.jobs.went_wrong.emit(failed)

    def _find(self) -> None:
        self._shell.dialogs.open_folder(self.tr("Folder of checkpoints"), self._look_through)

    def _look_through(self, folder: Path) -> None:
        from torchloupe.gui.fitting.dialog import FittingDialog

        shell = self._shell
        if shell.workbench.model is not None:
            FittingDialog(shell.window, shell.jobs, shell.workbench.model, folder, shell.opening.open_checkpoint).open()

    def _copy_code(self) -> None:
        from torchloupe.analysis.converted_export import sure_part
        from torchloupe.analysis.rename_code import rename_code

        diff = self._shell.workbench.diff
        if diff is not None:
            code = rename_code(sure_part(diff))
            QGuiApplication.clipboard().setText(code)
            self._shell.say(self.tr("{0} lines of Python are on the clipboard.").format(code.count("\n")))

    def _copy_report(self) -> None:
        from PySide6.QtCore import QMimeData

        from torchloupe.analysis.report.diff_section import diff_document
        from torchloupe.analysis.report.html import document_html
        from torchloupe.analysis.report.markdown import document_markdown

        bench = self._shell.workbench
        if bench.diff is not None and bench.model is not None:
            sides = bench.model.class_name, bench.checkpoint_name()
            data, document = QMimeData(), diff_document(bench.diff, sides)
            data.setText(document_markdown(document))
            data.setHtml(document_html(document))
            QGuiApplication.clipboard().setMimeData(data)
            self._shell.say(self.tr("The comparison is on the clipboard."))
