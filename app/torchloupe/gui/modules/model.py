"""What stands in the rows of the module tree: of a module, of equal blocks, of what is hidden from PyTorch. No Qt here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.shape_strip import consequences_by_module
from torchloupe.analysis.wording import count_text, counted, describe_hidden, flops_text, seconds_text, shape_text
from torchloupe.gui.marks import SEVERITY_MARKS, Mark
from torchloupe.gui.modules.arranging import Blocks, Entry, HiddenBlocks
from torchloupe.gui.modules.columns import FACTS, mode_text
from torchloupe.gui.outline import Outline
from torchloupe.wire.modules import ModuleEntry, ParameterEntry
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import LayerCall

_RANK = {ERROR: 2, WARNING: 1}
HAYSTACK_TITLES = ("Module", "Class", "Output", "Shape", "Dtype", "Device", "Mode", "State")
ROOT = "(model)"
NEVER_CALLED = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
"""Classes that only hold others: that they are not called says nothing."""


class ModuleCalls:
    """How often each module was called in a run, its last call, and what its calls took, by module path. FLOPs come when the run has
    ended."""

    def __init__(self, calls: Iterable[LayerCall] = ()) -> None:
        self.count: dict[str, int] = {}
        self.last: dict[str, LayerCall] = {}
        self.seconds: dict[str, float] = {}
        self.flops: Mapping[str, int] = {}
        self.total = 0
        self.add(calls)

    def add(self, calls: Iterable[LayerCall]) -> None:
        """More calls that ended."""
        for call in calls:
            self.total += 1
            self.count[call.module] = self.count.get(call.module, 0) + 1
            if call.seconds is not None:
                self.seconds[call.module] = self.seconds.get(call.module, 0.0) + call.seconds
            last = self.last.get(call.module)
            if last is None or last.index < call.index:
                self.last[call.module] = call

    def costs_of(self, path: str) -> tuple[str, str]:
        """Time and FLOPs of a module."""
        flops = self.flops.get(path)
        return seconds_text(self.seconds[path]) if path in self.seconds else "", flops_text(flops) if flops else ""


@dataclass(frozen=True)
class PlacedProblems:
    """Where problems lie in the tree, by position: the ``worst`` severity of each row, how many errors are ``inside`` those around, and
    ``because`` of what a row refuses what arrives, where the mismatch is another's."""

    worst: Mapping[int, str] = field(default_factory=dict)
    inside: Mapping[int, int] = field(default_factory=dict)
    because: Mapping[int, str] = field(default_factory=dict)

    def mark(self, position: int) -> Mark | None:
        """That of a problem in it, else of errors further down."""
        if position in self.worst:
            return SEVERITY_MARKS[self.worst[position]]
        if position in self.because:
            return Mark("↳", self.because[position], "muted")
        return Mark(SEVERITY_MARKS[ERROR].glyph, "inside", "contained") if position in self.inside else None


def place_problems(
    problems: Collection[Problem], rows_of: Callable[[Problem], Sequence[int]], outline: Outline, row_at: Callable[[str], int]
) -> PlacedProblems:
    """``rows_of`` says in which rows a problem is: one, or those of all parts that it is about; ``row_at`` where a module is, or -1."""
    worst: dict[int, str] = {}
    inside: dict[int, int] = {}
    for problem in problems:
        positions = rows_of(problem)
        for position in positions:
            if position not in worst or _RANK.get(problem.severity, 0) > _RANK.get(worst[position], 0):
                worst[position] = problem.severity
        if problem.severity == ERROR:
            for around in {around for position in positions for around in outline.ancestors(position)}:
                inside[around] = inside.get(around, 0) + 1
    follows = [(row_at(path), text) for problem in problems for path, text in consequences_by_module(problem).items()]
    return PlacedProblems(worst, inside, {position: text for position, text in follows if position >= 0})


def module_name(path: str) -> str:
    """The last part of a module path; the root has none of its own."""
    return path.rpartition(".")[2] or ROOT


def class_text(entry: ModuleEntry) -> str:
    """Its class; of a module that is registered several times also where it was met first."""
    return entry.class_name if entry.same_as is None else f"{entry.class_name} = {entry.same_as or ROOT}"


def name_of(entry: Entry) -> str:
    """What a row is called."""
    if isinstance(entry, ModuleEntry):
        return module_name(entry.path)
    if isinstance(entry, Blocks):
        return f"{module_name(entry.first)}–{module_name(entry.last)}"
    return entry.name if isinstance(entry, HiddenPart) else range_text(entry.first.name, entry.last.name)


_NO_COSTS = ("", "")


def module_cells(entry: ModuleEntry, calls: ModuleCalls | None, mark: Mark | None) -> tuple[str, ...]:
    """One row of the tree; ``calls`` is None before the first run."""
    last = calls.last.get(entry.path) if calls else None
    counted_here = calls is not None and entry.class_name not in NEVER_CALLED
    return (
        _marked(name_of(entry), mark),
        class_text(entry),
        count_text(entry.total_numel),
        ", ".join(shape_text(output.shape) for output in last.outputs) if last else "",
        count_text(calls.count.get(entry.path, 0)) if calls and counted_here else "",
        mark.text if mark else "",
        *(fact.text(entry) for fact in FACTS),
        *(calls.costs_of(entry.path) if calls else _NO_COSTS),
    )


def blocks_cells(blocks: Blocks, counts: Collection[int], mark: Mark | None) -> tuple[str, ...]:
    """Equal modules in one row; ``counts`` are how often each was called, empty before the first run."""
    few, many = min(counts, default=0), max(counts, default=0)
    calls = f"{count_text(few)}–{count_text(many)}" if few < many else count_text(few)
    return (
        _marked(name_of(blocks), mark),
        f"{blocks.count} × {class_text(blocks.together)}",
        count_text(blocks.together.total_numel),
        "",
        calls if counts and blocks.together.class_name not in NEVER_CALLED else "",
        mark.text if mark else "",
        *(fact.text(blocks.together) for fact in FACTS),
        *_NO_COSTS,
    )


def hidden_cells(entry: HiddenPart | HiddenBlocks, mark: Mark) -> tuple[str, ...]:
    """What a module holds and PyTorch does not see."""
    part, count = (entry, 1) if isinstance(entry, HiddenPart) else (entry.first, entry.count)
    facts = {"Dtype": part.dtype, "Device": part.device, "Settings": shape_text(part.shape) if part.shape is not None else ""}
    return (
        _marked(name_of(entry), mark),
        f"{count} × {part.class_name}" if count > 1 else part.class_name,
        mark.word,
        "",
        "",
        mark.text,
        *(facts.get(fact.column.title, "") for fact in FACTS),
        *_NO_COSTS,
    )


def range_text(first: str, last: str) -> str:
    """``layers[0]`` and ``layers[3]`` as ``layers[0–3]``."""
    before, _, start = first.rpartition("[")
    return f"{before}[{start[:-1]}–{last[len(before) + 1 :]}" if before and last.startswith(f"{before}[") else f"{first} – {last}"


def hidden_mark(severity: str | None) -> Mark:
    """Not registered, as grave as the problem about it; a part that nobody complains of is only told of."""
    known = SEVERITY_MARKS[severity or INFO]
    return Mark(known.glyph, "not registered", known.role)


def _marked(name: str, mark: Mark | None) -> str:
    return f"{name}  {mark.glyph}" if mark else name


def haystack_of(entry: Entry, owned: Mapping[str, Sequence[ParameterEntry]], calls: ModuleCalls | None) -> str:
    """What a filter finds a row by: path, class, settings, the shapes and dtypes of what it owns, its outputs. Equal blocks are
    found by what the first of them is."""
    if isinstance(entry, (HiddenPart, HiddenBlocks)):
        part = entry if isinstance(entry, HiddenPart) else entry.first
        words = (part.path, part.class_name, "", shape_text(part.shape), part.dtype, part.device, "", "not registered")
        return haystack(words)
    module = entry if isinstance(entry, ModuleEntry) else entry.together
    own, last = owned.get(module.path, ()), calls.last.get(module.path) if calls else None
    outputs = " ".join(shape_text(output.shape) for output in last.outputs) if last else ""
    shapes = " ".join([shape_text(each.shape) for each in own])
    dtypes = " ".join(dict.fromkeys([each.dtype for each in own])) or module.dtype
    made_of = f"{module.class_name} {module.settings}"
    return haystack((module.path, made_of, outputs, shapes, dtypes, module.device, mode_text(module), ""))


def module_tips(entry: ModuleEntry, never_called: bool, errors: int = 0) -> tuple[str, ...]:
    """What the mouse is told over the cells of a module; ``errors`` are further down."""
    made_of = f"{entry.class_name}({entry.settings})" if entry.settings else entry.class_name
    again = f"\nThe same module as {entry.same_as}" if entry.same_as is not None else ""
    place = f"\n{entry.file}:{entry.line}" if entry.file else ""
    calls = "Registered, but not called in the last run." if never_called else ""
    name = "\n".join(filter(None, (f"{entry.path or ROOT}{again}", _contains(errors))))
    return name, made_of + place, "In it and below it, what is shared once", "", calls, _contains(errors)


def blocks_tips(blocks: Blocks, errors: int = 0) -> tuple[str, ...]:
    """What the mouse is told over equal blocks."""
    together = blocks.together
    name = f"{blocks.first} to {blocks.last}\nEqual; open the row to see each of them"
    return "\n".join(filter(None, (name, _contains(errors)))), f"{blocks.count} × {together.class_name}", "All of them together"


def hidden_tips(entry: HiddenPart | HiddenBlocks) -> tuple[str, ...]:
    """What the mouse is told over what is not registered."""
    part = entry if isinstance(entry, HiddenPart) else entry.first
    path = part.path if isinstance(entry, HiddenPart) else f"{part.path} to {entry.last.path}"
    place = f"\n{part.file}:{part.line}" if part.file else ""
    sentence, count = describe_hidden(part), 1 if isinstance(entry, HiddenPart) else entry.count
    numel = f"{counted(part.numel * count, 'number')}, not counted in the model" if part.numel else ""
    return f"{path}\n{sentence}{place}", f"{part.class_name}{place}", numel, "", "", sentence


def _contains(errors: int) -> str:
    return f"Contains {counted(errors, 'problem')}" if errors else ""
