"""The Qt model of the module tree."""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject

from torchloupe.gui.letting_go import let_go
from torchloupe.gui.modules import columns
from torchloupe.gui.modules import model as rows
from torchloupe.gui.modules.arranging import Blocks, Entry, HiddenBlocks, key_of
from torchloupe.gui.modules.building import BuildTree, BuiltTree
from torchloupe.gui.outline_table import OutlineModel
from torchloupe.gui.text_table import Row
from torchloupe.gui.tree_index import index_of
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import LayerCall

NO_FLOPS: Mapping[str, int] = {}


class ModuleTreeModel(OutlineModel):
    """The modules with their class, parameters, output, calls and problems, and what they hold unregistered. Keys are module paths,
    hidden parts, and those of ``key_of`` for equal blocks."""

    filter_titles = rows.HAYSTACK_TITLES

    def __init__(self, tree: ModuleTree | None = None, parent: QObject | None = None) -> None:
        super().__init__(columns.COLUMNS, parent)
        self.tree = ModuleTree((), ())
        self.folded = True
        self.calls: rows.ModuleCalls | None = None
        self.entries: Sequence[Entry] = ()
        self._complete = False
        self._position: Mapping[Hashable, int] = {}
        self._haystacks_before_a_run: Sequence[str] = ()
        self._index = index_of(self.tree)
        self._problems: Collection[Problem] = ()
        self._placed = rows.PlacedProblems()
        if tree is not None:
            self.set_tree(tree)

    def set_tree(self, tree: ModuleTree) -> None:
        """Show another model's modules, arranged here and now."""
        self.show(self.question(tree)())

    def question(self, tree: ModuleTree, ahead: bool = False) -> BuildTree:
        """What has to be arranged to show another model; what is open stays open by its key."""
        return BuildTree(tree, folded=self.folded, ahead=ahead, was_open=(self.entries, bytes(self._open)))

    def show(self, built: BuiltTree) -> None:
        """Show another model's modules."""
        let_go(self.entries, self._haystacks_before_a_run, self._position, self._index, self.outline)
        self.tree, self.entries, self._position, self._index = built.tree, built.entries, built.position, built.index
        self._haystacks_before_a_run = built.haystacks
        self._placed = rows.place_problems(self._problems, self._rows_of, built.outline, self.position_of_key)
        self.set_outline(built.outline, built.is_open)

    def set_calls(self, calls: Collection[LayerCall] | None, complete: bool = False, flops: Mapping[str, int] = NO_FLOPS) -> None:
        """The calls of a run; None before the first. Only a ``complete`` run says which modules are never called. ``flops`` says by
        module path what they computed."""
        if calls is None or self.calls is None or len(calls) != self.calls.total:  # else they came bit by bit
            let_go(self.entries, self.calls)
            self.calls = None if calls is None else rows.ModuleCalls(calls)
        if self.calls is not None:
            self.calls.flops = flops
        self._complete = complete
        self.refresh()

    def add_calls(self, calls: Iterable[LayerCall]) -> None:
        """More calls that ended."""
        self.calls = self.calls or rows.ModuleCalls()
        self.calls.add(calls)
        self.refresh()

    def set_problems(self, problems: Collection[Problem]) -> None:
        """Mark the modules and hidden parts that problems are in."""
        self._problems = problems
        self._placed = rows.place_problems(problems, self._rows_of, self.outline, self.position_of_key)
        self.refresh()

    def _rows_of(self, problem: Problem) -> list[int]:
        """Those of the hidden parts that it is about, else that of its module."""
        if problem.module is None:
            return []
        about = self._index.about(problem) if problem.attribute else ()
        places = [self.position_of_key(part) for part in about] or [self.position_of_key(problem.module)]
        return [place for place in places if place >= 0]

    def modules_in(self, key: Any) -> list[ModuleEntry]:
        """A module with everything below it; of equal blocks all of them; all modules for the root or None."""
        position = self.position_of_key(key)
        if not key or position < 0:
            return list(self.tree.modules)
        inside = self.entries[position : self.outline.end[position]]
        return [entry for entry in inside if isinstance(entry, ModuleEntry)]

    def parameters_of(self, key: Any, below: bool = True) -> list[ParameterEntry]:
        """The parameters and buffers of a module (or of equal blocks) and of everything ``below`` it, else of it alone."""
        if not below and isinstance(key, str):
            return list(self._index.owned.get(key, ()))
        if not key:
            return list(self.tree.parameters)
        return [entry for module in self.modules_in(key) for entry in self._index.owned.get(module.path, ())]

    def title_of(self, key: Any) -> str:
        """What a row is called where its path stands alone; the root has no name of its own."""
        position = self.position_of_key(key)
        entry = self.entries[position] if position >= 0 else None
        return f"{entry.first} to {entry.last}" if isinstance(entry, Blocks) else str(key or "")

    def describe(self, position: int) -> Row:
        """The row of an entry."""
        entry, mark = self.entries[position], self._placed.mark(position)
        errors = self._placed.inside.get(position, 0)
        if isinstance(entry, ModuleEntry):
            cells, tips = rows.module_cells(entry, self.calls, mark), rows.module_tips(entry, self._never(entry), errors)
        elif isinstance(entry, Blocks):
            counts = self._call_counts(position)
            cells, tips = rows.blocks_cells(entry, counts, mark), rows.blocks_tips(entry, errors)
        else:
            mark = rows.hidden_mark(self._placed.worst.get(self._part_of(entry, position)))
            cells, tips = rows.hidden_cells(entry, mark), rows.hidden_tips(entry)
        role = mark.role if mark else None
        registered = isinstance(entry, (ModuleEntry, Blocks))
        stands_out = self._complete and cells[columns.CALLS].startswith("0")
        roles = (role, "muted", None if registered else role, None, "warning" if stands_out else None, role)
        return Row(cells, key_of(entry), roles, tips)

    def _part_of(self, entry: HiddenPart | HiddenBlocks, position: int) -> int:
        return position + 1 if isinstance(entry, HiddenBlocks) else position

    def _never(self, entry: ModuleEntry) -> bool:
        calls = self.calls
        return (
            self._complete and calls is not None and entry.class_name not in rows.NEVER_CALLED and entry.path not in calls.count
        )

    def _call_counts(self, position: int) -> set[int]:
        if self.calls is None:
            return set()
        around = self.outline.parent
        inside = range(position + 1, self.outline.end[position])
        members = (self.entries[place] for place in inside if around[place] == position)
        return {self.calls.count.get(entry.path, 0) for entry in members if isinstance(entry, ModuleEntry)}

    def haystack_at(self, position: int) -> str:
        """Path, class, settings, shapes."""
        if self._haystacks_before_a_run and self.calls is None:
            return self._haystacks_before_a_run[position]
        return rows.haystack_of(self.entries[position], self._index.owned, self.calls)

    def position_of_key(self, key: Any) -> int:
        """By module path, or by hidden part."""
        return self._position.get(key, -1)

    def spoken(self, position: int) -> str:
        """The whole path, the class, the worst problem."""
        entry, mark = self.entries[position], self._placed.mark(position)
        if isinstance(entry, ModuleEntry):
            return ", ".join([entry.path or rows.ROOT, entry.class_name] + ([mark.word] if mark else []))
        if isinstance(entry, Blocks):
            said = [f"{entry.first} to {entry.last}", f"{entry.count} {entry.together.class_name}"]
            return ", ".join(said + ([mark.word] if mark else []))
        part = entry if isinstance(entry, HiddenPart) else entry.first
        count = "" if isinstance(entry, HiddenPart) else f"{entry.count} "
        return f"{part.path}, {count}{part.class_name}, not registered"
