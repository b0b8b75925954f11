"""The rows of the module tree in their order: modules, what their owners hold without having registered it, equal blocks as one row."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from torchloupe.analysis.registration.equal_blocks import equal_blocks
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.registration import HiddenPart

FEWEST_FOLDED = 3
"""So many equal hidden parts in a row are folded."""


@dataclass(frozen=True)
class Blocks:
    """Equal modules side by side in one row. ``first`` and ``last`` are the paths of the outermost, ``together`` is what all of them
    are as if they were one module."""

    first: str
    last: str
    count: int
    together: ModuleEntry


@dataclass(frozen=True)
class HiddenBlocks:
    """Equal hidden parts of one attribute in one row."""

    first: HiddenPart
    last: HiddenPart
    count: int


Entry = ModuleEntry | HiddenPart | Blocks | HiddenBlocks


@dataclass(frozen=True)
class Arranged:
    """``entries`` in the order of the rows, ``parent`` the position of the entry around each, -1 at the top."""

    entries: Sequence[Entry]
    parent: Sequence[int]


def key_of(entry: Entry) -> Hashable:
    """What a row stands for: the path of a module, a hidden part; of several in one row the first, and that there are more."""
    if isinstance(entry, ModuleEntry):
        return entry.path
    return entry if isinstance(entry, HiddenPart) else (entry.first, ...)


def summed(modules: Sequence[ModuleEntry]) -> Blocks:
    """Equal modules as one entry."""
    first, last = modules[0], modules[-1]
    together = replace(
        first,
        numel=sum(each.numel for each in modules),
        total_numel=sum(each.total_numel for each in modules),
        trainable_numel=sum(each.trainable_numel for each in modules),
        total_bytes=sum(each.total_bytes for each in modules),
        dtype=_joined(each.dtype for each in modules),
        device=_joined(each.device for each in modules),
    )
    return Blocks(first.path, last.path, len(modules), together)


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(word for text in dict.fromkeys(texts) for word in text.split(", ") if word))


def arrange(tree: ModuleTree, folded: bool = True) -> Arranged:
    """All rows of a model; without ``folded`` each of the equal blocks stands for itself."""
    position = {module.path: number for number, module in enumerate(tree.modules)}
    below: dict[int, list[Entry]] = {}
    for module in tree.modules:
        below.setdefault(_around(module.path, position), []).append(module)
    for part in tree.hidden:
        _insert(below.setdefault(position.get(part.owner, 0), []), part)
    blocks = {path: run[0] for run in equal_blocks(tree) for path in run} if folded else {}
    members: dict[Hashable, list[Entry]] = {}
    entries: list[Entry] = []
    parent: list[int] = []
    stack = [(entry, -1) for entry in reversed(below.get(-1, []))]
    while stack:
        entry, around = stack.pop()
        here = len(entries)
        entries.append(entry)
        parent.append(around)
        inside = below.get(position[entry.path], []) if isinstance(entry, ModuleEntry) else members.get(key_of(entry), [])
        grouped = _grouped(inside, blocks, members) if folded and isinstance(entry, ModuleEntry) else inside
        stack.extend((each, here) for each in reversed(grouped))
    return Arranged(entries, parent)


def _around(path: str, position: Mapping[str, int]) -> int:
    while path:
        path = path.rpartition(".")[0]
        if path in position:
            return position[path]
    return -1


def _insert(siblings: list[Entry], part: HiddenPart) -> None:
    """Where its line says among what is assigned beside it; without a line at the top."""
    before = [number for number, sibling in enumerate(siblings) if _stands_before(sibling, part)]
    siblings.insert(before[-1] + 1 if before else 0, part)


def _stands_before(sibling: Entry, part: HiddenPart) -> bool:
    file, line = _assigned(sibling)
    if part.line is None:
        return isinstance(sibling, HiddenPart)
    return line is not None and file == part.file and line <= part.line


def _assigned(entry: Entry) -> tuple[str | None, int | None]:
    if isinstance(entry, ModuleEntry):
        return entry.defined_file, entry.defined_line
    return (entry.file, entry.line) if isinstance(entry, HiddenPart) else (None, None)


def _grouped(inside: list[Entry], blocks: Mapping[str, str], members: dict[Hashable, list[Entry]]) -> list[Entry]:
    """What stands under one module, with one entry in place of each run of equal ones; ``members`` is told what is in it."""
    grouped: list[Entry] = []
    for run, found in groupby(inside, key=lambda entry: _run_of(entry, blocks)):
        same = list(found)
        fold = _folded(same) if run is not None else None
        if fold is None:
            grouped += same
        else:
            members[key_of(fold)] = same
            grouped.append(fold)
    return grouped


def _run_of(entry: Entry, blocks: Mapping[str, str]) -> Hashable:
    """The same for all of a run of equal entries, None for what is like no other."""
    if isinstance(entry, ModuleEntry):
        return blocks.get(entry.path)
    if isinstance(entry, HiddenPart) and entry.held_by:
        return entry.attribute, entry.kind, entry.class_name, entry.numel, entry.shape, entry.held_by
    return None


def _folded(same: list[Entry]) -> Entry | None:
    modules = [entry for entry in same if isinstance(entry, ModuleEntry)]
    if modules:
        return summed(modules)
    parts = [entry for entry in same if isinstance(entry, HiddenPart)]
    return HiddenBlocks(parts[0], parts[-1], len(parts)) if len(parts) >= FEWEST_FOLDED else None
