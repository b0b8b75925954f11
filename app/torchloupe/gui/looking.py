"""Commands about what is selected: copy its dotted path, its source place in the editor, entries to go to."""

from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

from torchloupe.analysis.wording import shape_text
from torchloupe.gui.entries import Entry
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.workbench import Selection, Workbench

translate = QCoreApplication.translate

ENTRY_COUNT = 200_000


def dotted_path(selection: Selection) -> str:
    """The key or module path of what is selected; empty for nothing (and for the root module)."""
    if selection.stored is not None:
        parts = (selection.stored.container, selection.stored.key)
        return ".".join(part for part in parts if part)
    return selection.parameter or selection.module or ""


def source_place(workbench: Workbench) -> tuple[str, int] | None:
    """File and line of what is selected: of the problem, else of the call, else of the module's class; None without one."""
    here = workbench.selection
    if here.problem and here.problem.file:
        return here.problem.file, here.problem.line or 1
    call = workbench.calls.get(here.call) if here.call is not None else None
    if call and call.file:
        return call.file, call.line or 1
    modules = workbench.model.tree.modules if workbench.model else ()
    entry = next((module for module in modules if module.path == here.module), None)
    if entry and entry.file:
        return entry.file, entry.line or 1
    if workbench.model and workbench.model.file:
        return workbench.model.file, 1
    return None


def show_source(workbench: Workbench) -> str:
    """Open the selected place in the editor; the sentence for the status bar."""
    place = source_place(workbench)
    if place is None:
        return translate("looking", "What is selected has no place in the source.")
    from torchloupe.gui.editor import open_in_editor  # needs the modules that start processes: not before they are used

    text = f"{place[0]}:{place[1]}"
    if open_in_editor(*place):
        return translate("looking", "Opened {0} in the editor.").format(text)
    QGuiApplication.clipboard().setText(text)
    return translate("looking", "No editor was found (set VISUAL). {0} was copied.").format(text)


def copy_path(workbench: Workbench) -> str:
    """Copy the dotted path of what is selected; the sentence for the status bar."""
    path = dotted_path(workbench.selection)
    if not path:
        return translate("looking", "Nothing with a path is selected.")
    QGuiApplication.clipboard().setText(path)
    return translate("looking", "Copied {0}").format(path)


def entries_to_go_to(workbench: Workbench) -> list[Entry]:
    """Everything with a name: problems, modules, parameters and buffers, tensors of the checkpoint."""
    entries = [
        Entry(plain_text(problem.message), problem.severity, partial(workbench.select_problem, problem))
        for problem in workbench.problems
    ]
    if workbench.model:
        tree = workbench.model.tree
        entries += [Entry(m.path, m.class_name, partial(workbench.select_module, m.path)) for m in tree.modules if m.path]
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
