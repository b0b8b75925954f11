"""Commands about what is selected: copy its dotted path, its source place in the editor, entries to go to."""

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

from torchloupe.analysis.wording import shape_text
from torchloupe.gui.entries import Entry
from torchloupe.gui.events_trace import trace
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.source_places import source_places
from torchloupe.gui.workbench import Selection, Workbench

translate = QCoreApplication.translate

ENTRY_COUNT = 200_000
LISTED_AT_ONCE = 5_000


def dotted_path(selection: Selection) -> str:
    """The key or module path of what is selected, registered or not; empty for nothing (and for the root module)."""
    if selection.hidden is not None:
        return selection.hidden.path
    if selection.stored is not None:
        parts = (selection.stored.container, selection.stored.key)
        return ".".join(part for part in parts if part)
    return selection.parameter or selection.module or ""


def source_place(workbench: Workbench) -> tuple[str, int] | None:
    """File and line of what is selected, else of the model; None without one."""
    places = source_places(workbench)
    if places:
        return places[0].file, places[0].line
    return (workbench.model.file, 1) if workbench.model and workbench.model.file else None


def open_place(file: str, line: int, command: str = "") -> str:
    """Open a place in the editor (the one that a person chose, by its ``command``); the sentence for the status bar."""
    from torchloupe.gui import editor  # needs the modules that start processes: not before they are used

    text = f"{file}:{line}"
    started = editor.open_in_editor(file, line, command)
    trace("editor", place=text, started=started)
    if started:
        return translate("looking", "Opened {0} in the editor.").format(text)
    QGuiApplication.clipboard().setText(text)
    if command:
        problem = editor.command_problem(command) or translate("looking", "The editor did not start: {0}.").format(command)
        return translate("looking", "{0} {1} was copied.").format(problem, text)
    return translate("looking", "No editor was found (Go, Editor command). {0} was copied.").format(text)


def copy_path(workbench: Workbench) -> str:
    """Copy the dotted path of what is selected; the sentence for the status bar."""
    path = dotted_path(workbench.selection)
    if not path:
        return translate("looking", "Nothing with a path is selected.")
    QGuiApplication.clipboard().setText(path)
    return translate("looking", "Copied {0}").format(path)


@dataclass(frozen=True)
class ListEntries:
    """Job: everything with a name. At once where that is little."""

    workbench: Workbench

    @property
    def is_large(self) -> bool:
        """It would keep the window waiting."""
        bench = self.workbench
        tensors = len(bench.checkpoint.tensors) if bench.checkpoint else 0
        return len(bench.tree.modules) + len(bench.tree.parameters) + tensors > LISTED_AT_ONCE

    def __call__(self, _progress: object = None) -> list[Entry]:
        return entries_to_go_to(self.workbench)


def entries_to_go_to(workbench: Workbench) -> list[Entry]:
    """Everything with a name: problems, modules, parameters and buffers, tensors of the checkpoint."""
    entries = [
        Entry(plain_text(problem.message), problem.severity, partial(workbench.select_problem, problem))
        for problem in workbench.problems
    ]
    if workbench.model:
        tree = workbench.model.tree
        entries += [Entry(m.path, m.class_name, partial(workbench.select_module, m.path)) for m in tree.modules if m.path]
        entries += [Entry(h.path, f"{h.class_name}, not registered", partial(workbench.select_hidden, h)) for h in tree.hidden]
        entries += [
            Entry(p.key, f"{p.kind} {shape_text(p.shape)}", partial(workbench.select_parameter, p.key)) for p in tree.parameters
        ]
    if workbench.checkpoint:
        tensors = workbench.checkpoint.tensors[:ENTRY_COUNT]
        entries += [
            Entry(dotted_path(Selection(stored=t)), f"checkpoint {shape_text(t.shape)}", partial(workbench.select_stored, t))
            for t in tensors
        ]
    return entries
