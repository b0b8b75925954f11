"""Builds the rows of a checkpoint, as a tree of the parts of its keys or flat. For a thread: 100,000 tensors take a moment."""

import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from torchloupe.analysis.containers import OPTIMIZER, Container, containers_of
from torchloupe.analysis.key_tree import key_tree
from torchloupe.analysis.optimizer_state import OptimizedParameter, ParamGroup, param_groups
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.stored_facts import step_text, stored_facts
from torchloupe.analysis.stored_totals import Totals, record_of, totals_of
from torchloupe.analysis.wording import bytes_text, counted, shape_text
from torchloupe.checkpoints.importable_verdicts import DANGEROUS, VERDICTS, JudgedName, judged_names
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.gui.checkpoint.model import (
    ABOUT,
    GLOBALS,
    TOP,
    VALUES,
    CheckpointRows,
    Entry,
    Group,
    container_choice,
    container_note,
    haystack_of,
    totals_line,
    totals_note,
)
from torchloupe.gui.jobs import Progress
from torchloupe.gui.outline import Outline
from torchloupe.wire.contents import CheckpointContents, StoredTensor

AT_ONCE = 1_000
"""Up to so many tensors rows are built in less than a blink and need no thread."""
STEPS_AT_ONCE = 50
"""Steps of an optimizer each are read from the file."""
OPEN_AT_FIRST = 2_000
"""Flat groups that hold no more than this are shown open."""
ROWS_AT_FIRST = 45
"""So many rows of a tree are opened at first, level by level."""
MIXED = "mixed"


@dataclass(frozen=True)
class BuildRows:
    """Job: the rows of a checkpoint. ``model`` is the container that is the model's."""

    contents: CheckpointContents
    model: str
    as_tree: bool

    def __call__(self, _progress: Progress | None = None) -> CheckpointRows:
        if not self.is_large:
            return _Building(self).finish()
        was_on = gc.isenabled()
        gc.disable()  # all of it stays: going through it again and again would stop the window each time
        try:
            return _Building(self).finish()
        finally:
            gc.freeze()
            if was_on:
                gc.enable()

    @property
    def is_large(self) -> bool:
        """It takes long enough to be done on a thread."""
        tensors = self.contents.tensors
        return len(tensors) > AT_ONCE or sum(tensor.key.endswith(".step") for tensor in tensors) > STEPS_AT_ONCE


class _Building:
    def __init__(self, question: BuildRows) -> None:
        contents = question.contents
        self.contents, self.as_tree = contents, question.as_tree
        self.rows = CheckpointRows()
        self.rows.contents = contents
        self.rows.facts = stored_facts(contents, optimizer_steps(contents))
        self.rows.totals = totals_line(contents.tensors)
        self.parents: list[int] = []
        self._told: set[str] = set()
        self._add_containers(question.model)
        self._add_values()
        self._add_about()
        self._add_names()

    def finish(self) -> CheckpointRows:
        """All of it."""
        rows = self.rows
        rows.outline = Outline(self.parents)
        _fill_groups(rows, self.parents)
        rows.positions = {
            (entry.container, entry.key): place for place, entry in enumerate(rows.entries) if isinstance(entry, StoredTensor)
        }
        containers = [entry for entry in rows.entries if isinstance(entry, Group) and entry.path is not None]
        rows.choices = [(group.path or "", container_choice(group)) for group in containers]
        rows.haystacks = [self._haystack(place, entry) for place, entry in enumerate(rows.entries)]
        rows.longest = max(zip(rows.outline.depth, rows.labels, strict=True), key=_length, default=rows.longest)
        rows.is_open = _open_tree(rows, self.parents) if self.as_tree else _open_flat(rows)
        return rows

    def _haystack(self, place: int, entry: Entry) -> str:
        """Groups are found only by what is in them."""
        if isinstance(entry, StoredTensor):
            return haystack_of(entry, self.rows.facts)
        if isinstance(entry, Group):
            return ""
        around = self.rows.outline.ancestors(place)
        return haystack((*self.rows.copied(place), self.rows.labels[around[-1]]))

    def _add(self, label: str, entry: Entry, parent: int = -1) -> int:
        self.rows.labels.append(label)
        self.rows.entries.append(entry)
        self.parents.append(parent)
        return len(self.parents) - 1

    def _add_containers(self, model: str) -> None:
        held: dict[str, list[StoredTensor]] = {}
        for tensor in self.contents.tensors:
            held.setdefault(tensor.container, []).append(tensor)
        groups = param_groups(self.contents)
        for container in containers_of(self.contents):
            title, is_model = container.path or TOP, container.path == model
            place = self._add(title, Group(title, "", "", "", container_note(container, is_model), container.path, is_model))
            for group in groups:
                if group.container == container.path:
                    self._add_param_group(group, place)
            self._add_tensors(container, held[container.path], place)

    def _add_param_group(self, group: ParamGroup, above: int) -> None:
        """A param group; in the tree its settings lie under it, and not among the other values."""
        place = self._add(f"Param group {group.place}", group, above)
        start = f"{group.container}." if group.container else ""
        start = f"{start}param_groups.{group.place}."
        for value in self.contents.values if self.as_tree else ():
            if value.path.startswith(start):
                self._add(value.path[len(start) :], value, place)
                self._told.add(value.path)

    def _add_tensors(self, container: Container, tensors: list[StoredTensor], place: int) -> None:
        if not self.as_tree:
            self.rows.labels += [tensor.key for tensor in tensors]
            self.rows.entries += tensors
            self.parents += [place] * len(tensors)
            return
        if container.kind == OPTIMIZER:
            tensors = self._add_optimized(tensors, place)
        self._add_tree([tensor.key for tensor in tensors], tensors, place)

    def _add_optimized(self, tensors: Sequence[StoredTensor], place: int) -> list[StoredTensor]:
        """The tensors of each parameter under its name; the others are handed back."""
        others: list[StoredTensor] = []
        held: dict[str, list[StoredTensor]] = {}
        entries: dict[str, OptimizedParameter] = {}
        for tensor in tensors:
            entry = self.rows.facts.kept_for.get((tensor.container, tensor.key))
            if entry is None:
                others.append(tensor)
            else:
                entries[entry.number] = entry
                held.setdefault(entry.number, []).append(tensor)
        for number, entry in entries.items():
            above = self._add(entry_title(entry), entry_group(entry), place)
            for tensor in held[number]:
                self._add(tensor.key.rpartition(".")[2], tensor, above)
        return others

    def _add_tree(self, keys: Sequence[str], entries: Sequence[Entry], place: int) -> None:
        first = len(self.parents)
        for label, parent, leaf in key_tree(keys):
            above = place if parent < 0 else first + parent
            self._add(label, entries[leaf] if leaf >= 0 else Group(label), above)

    def _add_values(self) -> None:
        values = [value for value in self.contents.values if value.path not in self._told]
        if values:
            place = self._add(VALUES, Group(VALUES, counted(len(values), "value")))
            if self.as_tree:
                self._add_tree([value.path for value in values], values, place)
            else:
                for value in values:
                    self._add(value.path, value, place)

    def _add_about(self) -> None:
        about = self.contents.about
        if about:
            place = self._add(ABOUT, Group(ABOUT, counted(len(about), "fact")))
            for value in about:
                self._add(value.path, value, place)

    def _add_names(self) -> None:
        names = judged_names(self.contents.globals)
        if names:
            counts = Counter(name.verdict.word for name in names)
            words = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts[word])
            place = self._add(GLOBALS, Group(GLOBALS, counted(len(names), "name"), note=f"{words}; never called"))
            for name in names:
                self._add(name.name, name, place)


def _length(cell: tuple[int, str]) -> int:
    """About how many letters wide it is."""
    depth, label = cell
    return 2 * depth + len(label)


def entry_title(entry: OptimizedParameter) -> str:
    """The parameter that an entry of an optimizer is kept for."""
    return entry.parameter if entry.parameter is not None else f"parameter {entry.number} (name not known)"


def entry_group(entry: OptimizedParameter) -> Group:
    """The row above what an optimizer keeps for one parameter."""
    group = "" if entry.group is None else f"param group {entry.group}"
    guessed = "" if entry.is_certain or entry.parameter is None else "joined by its shape"
    note = ", ".join(part for part in (step_text(entry.step), group, guessed) if part)
    return Group(entry_title(entry), shape_text(entry.shape) if entry.shape is not None else "", note=note)


def _fill_groups(rows: CheckpointRows, parents: Sequence[int]) -> None:
    """Say in every group's row how much is in it: tensors, numbers, bytes, dtype; what shares memory counts once in each group."""
    count = len(parents)
    tensors, numbers, sizes, dtypes = [0] * count, [0] * count, [0] * count, [""] * count
    of_shared = _of_shared(rows)
    for place in range(count - 1, -1, -1):
        entry, above = rows.entries[place], parents[place]
        if isinstance(entry, StoredTensor):
            tensors[place], dtypes[place] = 1, entry.dtype
            if record_of(entry) not in rows.facts.shared:
                numbers[place], sizes[place] = prod(entry.shape), entry.bytes
        elif isinstance(entry, Group) and tensors[place]:
            more = of_shared.get(place, Totals())
            totals = Totals(tensors[place], numbers[place] + more.numbers, sizes[place] + more.bytes, more.again)
            rows.entries[place] = _filled(entry, totals, dtypes[place])
        if above >= 0:
            tensors[above] += tensors[place]
            numbers[above] += numbers[place]
            sizes[above] += sizes[place]
            dtypes[above] = dtypes[place] if dtypes[above] in ("", dtypes[place]) else MIXED if dtypes[place] else dtypes[above]


def _of_shared(rows: CheckpointRows) -> dict[int, Totals]:
    """What tensors that share memory with another one add to each group around them, where it may be that only one of them is."""
    below: dict[int, list[StoredTensor]] = {}
    for place, entry in enumerate(rows.entries if rows.facts.shared else ()):
        if isinstance(entry, StoredTensor) and record_of(entry) in rows.facts.shared:
            for around in rows.outline.ancestors(place):
                below.setdefault(around, []).append(entry)
    return {around: totals_of(tensors) for around, tensors in below.items()}


def _filled(group: Group, totals: Totals, dtype: str) -> Group:
    held, size = group.held or counted(totals.tensors, "tensor"), bytes_text(totals.bytes)
    note = ", ".join(part for part in (group.note, totals_note(totals)) if part)
    return replace(group, held=held, dtype=dtype, size=size, note=note)


def _open_flat(rows: CheckpointRows) -> bytearray:
    """The model's container is open, others while they are small, names when one is dangerous."""
    ends = rows.outline.end
    return bytearray(
        isinstance(entry, Group)
        and (_matters(rows, place, entry) or (ends[place] - place <= OPEN_AT_FIRST and entry.title != GLOBALS))
        for place, entry in enumerate(rows.entries)
    )


def _matters(rows: CheckpointRows, place: int, group: Group) -> bool:
    """It is open however long it is."""
    first = rows.entries[place + 1] if group.title == GLOBALS else None
    return group.is_model or (isinstance(first, JudgedName) and first.verdict.word == DANGEROUS)


def _open_tree(rows: CheckpointRows, parents: Sequence[int]) -> bytearray:
    """The model's container before others, level by level, as long as a level fits on the screen."""
    below: dict[int, list[int]] = {}
    for place, above in enumerate(parents):
        below.setdefault(above, []).append(place)
    is_open, tops = bytearray(len(parents)), below.get(-1, [])
    left = ROWS_AT_FIRST - len(tops)
    for top in sorted(tops, key=lambda place: not _matters(rows, place, _group(rows, place))):
        group = _group(rows, top)
        matters, level = _matters(rows, top, group), [top]
        if group.title in (GLOBALS, VALUES) and not matters:
            continue
        while level:
            inside = [each for place in level for each in below.get(place, ())]
            if len(inside) > left and not (matters and level == [top]):
                break
            for place in level:
                is_open[place] = 1
            left -= len(inside)
            level = [each for each in inside if isinstance(rows.entries[each], Group)]
    return is_open


def _group(rows: CheckpointRows, place: int) -> Group:
    entry = rows.entries[place]
    assert isinstance(entry, Group)
    return entry
