"""The Qt model of the module tree."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

from PySide6.QtCore import QObject

from torchloupe.gui.modules import model as rows
from torchloupe.gui.modules.building import BuildTree, BuiltTree
from torchloupe.gui.outline_table import OutlineModel
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.modules import ModuleTree, ParameterEntry
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall

_WIDTHS = (11, 7.5, 8, 5.5, 5.5, 3.5, 5.5)


class ModuleTreeModel(OutlineModel):
    """The modules with their class, last output, parameters, calls and problems. Keys are module paths."""

    filter_titles = rows.HAYSTACK_TITLES

    def __init__(self, tree: ModuleTree | None = None, parent: QObject | None = None) -> None:
        columns = zip(rows.MODULE_COLUMNS, _WIDTHS, strict=True)
        super().__init__([Column(title, width, right=title in rows.MODULE_NUMBERS) for title, width in columns], parent)
        self.tree = ModuleTree((), ())
        self.calls: rows.ModuleCalls | None = None
        self._complete = False
        self._position: Mapping[str, int] = {}
        self._owned: Mapping[str, Sequence[ParameterEntry]] = {}
        self._haystacks_before_a_run: Sequence[str] = ()
        self._severities: dict[str, str] = {}
        self._inside: set[str] = set()
        if tree is not None:
            self.set_tree(tree)

    def set_tree(self, tree: ModuleTree) -> None:
        """Show another model's modules, arranged here and now."""
        self.show(self.question(tree)())

    def question(self, tree: ModuleTree) -> BuildTree:
        """What has to be arranged to show another model; modules that are open stay open by their path."""
        open_now = compress(self.tree.modules, self._open)
        return BuildTree(tree, frozenset(entry.path for entry in open_now))

    def show(self, built: BuiltTree) -> None:
        """Show another model's modules."""
        self.tree, self._position, self._owned = built.tree, built.position, built.owned
        self._haystacks_before_a_run = built.haystacks
        self.set_outline(built.outline, built.is_open)

    def set_calls(self, calls: Iterable[LayerCall] | None, complete: bool = False) -> None:
        """The calls of a run; None before the first. Only a ``complete`` run says which modules are never called."""
        self.calls = None if calls is None else rows.ModuleCalls(calls)
        self._complete = complete
        self.refresh()

    def add_calls(self, calls: Iterable[LayerCall]) -> None:
        """More calls that ended."""
        self.calls = self.calls or rows.ModuleCalls()
        self.calls.add(calls)
        self.refresh()

    def set_problems(self, problems: Iterable[Problem]) -> None:
        """Mark the modules that problems are in."""
        self._severities = rows.worst_severities(problems)
        self._inside = rows.paths_above_errors(self._severities)
        self.refresh()

    def parameters_below(self, path: str | None) -> list[ParameterEntry]:
        """The parameters and buffers of a module and of everything below it; of the whole model for its root or None."""
        position = self.position_of_key(path)
        if not path or position < 0:
            return list(self.tree.parameters)
        below = self.tree.modules[position : self.outline.end[position]]
        return [entry for module in below for entry in self._owned.get(module.path, ())]

    def describe(self, position: int) -> Row:
        """The row of a module."""
        entry = self.tree.modules[position]
        mark = rows.module_mark(entry.path, self._severities, self._inside)
        cells = rows.module_cells(entry, self.calls, mark)
        never_called = self._complete and cells[5] == "0"
        name_role = mark.role if mark and mark.word != "inside" else None
        calls_role = "warning" if never_called else None
        roles = (name_role, "muted", None, None, None, calls_role, mark.role if mark else None)
        return Row(cells, entry.path, roles, rows.module_tips(entry, never_called))

    def haystacks(self) -> list[str]:
        """Path, class, settings, shapes."""
        before_a_run = self._haystacks_before_a_run
        return list(before_a_run) if before_a_run and self.calls is None else rows.module_haystacks(self.tree, self.calls)

    def position_of_key(self, key: Any) -> int:
        """By module path."""
        return self._position.get(key, -1)

    def spoken(self, position: int) -> str:
        """The whole path, the class, the worst problem."""
        entry = self.tree.modules[position]
        mark = rows.module_mark(entry.path, self._severities, self._inside)
        return ", ".join([entry.path or rows.ROOT, entry.class_name] + ([mark.word] if mark else []))
