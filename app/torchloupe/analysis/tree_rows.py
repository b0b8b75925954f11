"""The rows of a module tree, whatever draws them: modules, their tensors, and in place what they hold unregistered."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Counter as CounterOf
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..wire.modules import BUFFER, PARAMETER, ModuleEntry, ModuleTree, ParameterEntry
from ..wire.registration import TENSOR, HiddenPart
from ..wire.traces import LayerCall
from .registration.equal_blocks import FEWEST, equal_blocks
from .wording import bytes_text, count_text, counted, shape_text

ROOT = "(model)"
UNREGISTERED = "NOT REGISTERED"


Owned = TypeVar("Owned", ParameterEntry, HiddenPart)


@dataclass(frozen=True)
class TreeRow:
    """One row. ``what`` is a class or a shape. A number is None where it says nothing. ``role`` is a colour of the terminal."""

    depth: int
    name: str
    what: str
    own: Optional[int] = None
    total: Optional[int] = None
    bytes: Optional[int] = None
    notes: Tuple[str, ...] = ()
    role: str = ""
    settings: str = ""

    @property
    def in_full(self) -> str:
        """The class with its settings."""
        return f"{self.what}({self.settings})" if self.settings else self.what

    @property
    def numbers(self) -> Tuple[str, str, str]:
        """Own elements, total elements, bytes as text."""
        size = "" if self.bytes is None else bytes_text(self.bytes)
        own, total = ("" if count is None else count_text(count) for count in (self.own, self.total))
        return own, total, size


@dataclass(frozen=True)
class TreeView:
    """What to show of a tree. ``calls`` are those of a run, ``initialised`` how tensors were initialised by key; equal modules side
    by side are one row, followed by what is in one of them, unless they are to be ``unfolded``."""

    tree: ModuleTree
    calls: Optional[Sequence[LayerCall]] = None
    initialised: Mapping[str, str] = field(default_factory=dict)
    unfolded: bool = False

    def rows(self) -> Iterator[TreeRow]:
        """Parents first; below a module its tensors, then what it hides, then its children."""
        runs = {} if self.unfolded else {run[0]: run for run in equal_blocks(self.tree)}
        passed_over = {path for run in runs.values() for path in run[1:]}
        for module in self.tree.modules:
            above = _above(module.path)
            if module.path in passed_over or above in passed_over:
                passed_over.add(module.path)
                continue
            yield self._folded(runs[module.path]) if module.path in runs else self._module(module)
            if module.same_as is None:
                yield from (self._tensor(entry) for entry in self._tensors.get(module.path, ()))
                yield from self._hidden_rows(self._hidden.get(module.path, []))

    def totals(self) -> List[str]:
        """Sentences about the whole."""
        return list(_totals(self.tree))

    @cached_property
    def _modules(self) -> Dict[str, ModuleEntry]:
        return {module.path: module for module in self.tree.modules}

    @cached_property
    def _tensors(self) -> Dict[str, List[ParameterEntry]]:
        return _by_owner(self.tree.parameters)

    @cached_property
    def _hidden(self) -> Dict[str, List[HiddenPart]]:
        return _by_owner(self.tree.hidden)

    @cached_property
    def _called(self) -> "CounterOf[str]":
        return Counter(call.module for call in self.calls or ())

    @cached_property
    def _usual(self) -> Tuple[str, str]:
        """The dtype and the device of most tensors: only others are worth a word."""
        parameters = [entry for entry in self.tree.parameters if entry.kind == PARAMETER] or self.tree.parameters
        dtypes, devices = Counter(entry.dtype for entry in parameters), Counter(entry.device for entry in parameters)
        return max(dtypes, key=dtypes.__getitem__, default=""), max(devices, key=devices.__getitem__, default="")

    def _module(self, module: ModuleEntry) -> TreeRow:
        own = module.numel if 0 < module.numel < module.total_numel else None
        name, notes = _last(module.path) or ROOT, tuple(self._module_notes(module))
        row = TreeRow(_depth(module.path), name, module.class_name, notes=notes, settings=module.settings)
        if not module.total_bytes:
            return row
        return replace(row, own=own, total=module.total_numel, bytes=module.total_bytes)

    def _folded(self, run: Tuple[str, ...]) -> TreeRow:
        row = self._module(self._modules[run[0]])
        blocks = [self._modules[path] for path in run]
        never = [block for block in blocks if "never called" in self._module_notes(block)]
        notes = [note for note in row.notes if note != "never called"]
        notes += [f"{count_text(len(never))} never called"] if never else []
        total = sum(block.total_numel for block in blocks) if row.total is not None else None
        size = sum(block.total_bytes for block in blocks) if row.bytes is not None else None
        each = [f"{count_text(blocks[0].total_numel)} each"] if blocks[0].total_numel else []
        name = f"{_last(run[0])}-{_last(run[-1])}"
        what = f"{count_text(len(run))} x {row.what}"
        return replace(row, name=name, what=what, own=None, total=total, bytes=size, notes=(*each, *notes))

    def _module_notes(self, module: ModuleEntry) -> Iterator[str]:
        above = self._modules.get(_above(module.path) or "") if module.path else None
        if module.same_as is not None:
            yield f"the same module as {module.same_as or ROOT}"
            return
        if self._never_called(module) and not (above and self._never_called(above)):
            yield "never called"
        if above is not None and module.training != above.training:
            yield "train" if module.training else "eval"
        if module.is_lazy:
            yield "lazy: sizes of the sample run" if module.numel else "lazy: sizes come with --calls"
        if module.hooks:
            yield f"hooks: {', '.join(module.hooks)}"
        if module.parametrized:
            yield f"parametrized: {', '.join(module.parametrized)}"

    def _never_called(self, module: ModuleEntry) -> bool:
        return self.calls is not None and module.forward_line is not None and not self._called[module.path]

    def _hidden_rows(self, parts: List[HiddenPart]) -> Iterator[TreeRow]:
        for _, group in groupby(parts, lambda part: replace(part, name="")):
            alike = list(group)
            if self.unfolded or len(alike) < FEWEST:
                yield from map(_hidden, alike)
                continue
            row, numel = _hidden(alike[0]), sum(part.numel for part in alike)
            name = _span(alike[0].name, alike[-1].name)
            yield replace(row, name=name, what=f"{count_text(len(alike))} x {row.what}", own=numel)

    def _tensor(self, entry: ParameterEntry) -> TreeRow:
        what = shape_text(entry.shape) + ("" if entry.dtype == self._usual[0] else f" {entry.dtype}")
        notes = ["buffer"] if entry.kind == BUFFER else [] if entry.requires_grad else ["frozen"]
        notes += [] if entry.persistent else ["not in the state_dict"]
        notes += [entry.device] if entry.device != self._usual[1] else []
        notes += [f"stride {shape_text(entry.stride)}"] if entry.stride else []
        notes += [f"tied to {_some(entry.tied_to)}"] if entry.tied_to else []
        notes += [f"shares memory with {_some(entry.shares_with)}"] if entry.shares_with else []
        notes += [self.initialised[entry.key]] if self.initialised.get(entry.key) else []
        row = TreeRow(_depth(entry.owner) + 1, f".{_last(entry.key)}", what, notes=tuple(notes))
        return row if entry.shape is None else replace(row, own=entry.numel, bytes=entry.bytes)


def _hidden(part: HiddenPart) -> TreeRow:
    what = f"{shape_text(part.shape)} {part.dtype}" if part.shape is not None else part.class_name
    notes = [UNREGISTERED + (f", in a {part.held_by}" if part.held_by else "")]
    notes += [part.device] if part.device not in ("", "cpu") else []
    notes += [f"{part.file.replace(chr(92), '/').rpartition('/')[2]}:{part.line}"] if part.file and part.line else []
    lost = part.kind != TENSOR or part.requires_grad or part.from_parameter
    return TreeRow(_depth(part.owner) + 1, part.name, what, part.numel, None, None, tuple(notes), "warning" if lost else "")


def _totals(tree: ModuleTree) -> Iterator[str]:
    tensors = counted(len(tree.parameters), "parameter or buffer", "parameters and buffers")
    yield f"{counted(len(tree.modules), 'module')}, {tensors}"
    if not tree.modules:
        return
    root = tree.modules[0]
    share = (
        ""
        if root.trainable_numel == root.total_numel
        else f", {_percent(root.trainable_numel, root.total_numel)} of them trainable"
    )
    yield f"{counted(root.total_numel, 'element')} in parameters{share}"
    buffers = [entry for entry in tree.parameters if entry.kind == BUFFER]
    if buffers:
        yield f"{counted(sum(entry.numel for entry in buffers), 'element')} in {counted(len(buffers), 'buffer')}"
    lazy = sum(entry.shape is None for entry in tree.parameters)
    if lazy:
        yield f"{counted(lazy, 'lazy tensor')} not counted: --calls runs the sample input, which gives them sizes"
    if tree.hidden:
        elements = counted(sum(part.numel for part in tree.hidden), "element")
        yield f"{UNREGISTERED}: {counted(len(tree.hidden), 'part')} with {elements}"
    modes = {module.training for module in tree.modules}
    mode = "some modules in train mode, some in eval mode" if len(modes) > 1 else "train mode" if modes == {True} else "eval mode"
    place = f"{root.dtype} on {root.device}" if root.dtype else ""
    yield ", ".join(part for part in (bytes_text(root.total_bytes), place, mode) if part)


def _by_owner(parts: Sequence[Owned]) -> Dict[str, List[Owned]]:
    found: Dict[str, List[Owned]] = {}
    for part in parts:
        found.setdefault(part.owner, []).append(part)
    return found


def _span(first: str, last: str) -> str:
    """``layers[0-47]`` for ``layers[0]`` and ``layers[47]``."""
    if first.endswith("]") and first.rpartition("[")[0] == last.rpartition("[")[0]:
        return f"{first[:-1]}-{last.rpartition('[')[2]}"
    return f"{first} … {last}"


def _percent(part: int, whole: int) -> str:
    return "none" if not part else f"{100 * part / whole:.3g} %"


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:3])
    return f"{shown} and {len(keys) - 3} more" if len(keys) > 3 else shown


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _above(path: str) -> Optional[str]:
    return path.rpartition(".")[0] if path else None
