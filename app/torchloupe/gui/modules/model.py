"""The module tree as arrays, what stands in its rows, and the list of rows that are visible now. No Qt here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torchloupe.analysis.state_dict_diff import StateDictDiff
from torchloupe.analysis.wording import count_text, shape_text
from torchloupe.gui.marks import DIFF_MARKS, SEVERITY_MARKS, Mark
from torchloupe.gui.outline import Outline
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.text_table import Row
from torchloupe.wire.modules import PARAMETER, ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import ERROR, WARNING, Problem
from torchloupe.wire.traces import LayerCall

MODULE_COLUMNS = ("Module", "Class", "Output", "Parameters", "Own", "Calls", "State")
MODULE_NUMBERS = ("Parameters", "Own", "Calls")
PARAMETER_COLUMNS = ("Key", "Shape", "Dtype", "Kind", "Grad", "Checkpoint", "Numel", "Device", "Tied to")
PARAMETER_NUMBERS = ("Numel",)
HAYSTACK_TITLES = ("Module", "Class", "Output", "Shape dtype")
ROOT = "(model)"
NEVER_CALLED = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
"""Classes that only hold others: that they are not called says nothing."""


def module_outline(modules: Sequence[ModuleEntry]) -> Outline:
    """Which module lies under which, by position."""
    position = {module.path: number for number, module in enumerate(modules)}
    return Outline([_around(module.path, position) for module in modules])


def _around(path: str, position: Mapping[str, int]) -> int:
    while path:
        path = path.rpartition(".")[0]
        if path in position:
            return position[path]
    return -1


class ModuleCalls:
    """How often each module was called in a run, and its last call, by module path."""

    def __init__(self, calls: Iterable[LayerCall] = ()) -> None:
        self.count: dict[str, int] = {}
        self.last: dict[str, LayerCall] = {}
        self.add(calls)

    def add(self, calls: Iterable[LayerCall]) -> None:
        """More calls that ended."""
        for call in calls:
            self.count[call.module] = self.count.get(call.module, 0) + 1
            last = self.last.get(call.module)
            if last is None or last.index < call.index:
                self.last[call.module] = call


def worst_severities(problems: Iterable[Problem]) -> dict[str, str]:
    """The worst severity of the problems in each module, by module path."""
    rank = {ERROR: 2, WARNING: 1}
    worst: dict[str, str] = {}
    for problem in problems:
        if problem.module is not None:
            known = worst.get(problem.module)
            if known is None or rank.get(problem.severity, 0) > rank.get(known, 0):
                worst[problem.module] = problem.severity
    return worst


def module_mark(path: str, severities: dict[str, str], inside: set[str]) -> Mark | None:
    """The mark of a module: of a problem in it, else of an error further down (``inside`` holds the paths above errors)."""
    if path in severities:
        return SEVERITY_MARKS[severities[path]]
    return Mark(SEVERITY_MARKS[ERROR].glyph, "inside", "error") if path in inside else None


def paths_above_errors(severities: dict[str, str]) -> set[str]:
    """The module paths that have an error somewhere below them."""
    above = set()
    for path, severity in severities.items():
        while severity == ERROR and path:
            path = path.rpartition(".")[0]
            above.add(path)
    return above


def module_name(path: str) -> str:
    """The last part of a module path; the root has none of its own."""
    return path.rpartition(".")[2] or ROOT


def module_cells(entry: ModuleEntry, calls: ModuleCalls | None, mark: Mark | None) -> tuple[str, ...]:
    """One row of the tree; ``calls`` is None before the first run."""
    last = calls.last.get(entry.path) if calls else None
    name = module_name(entry.path)
    return (
        f"{name}  {mark.glyph}" if mark else name,
        entry.class_name,
        ", ".join(shape_text(output.shape) for output in last.outputs) if last else "",
        count_text(entry.total_numel),
        count_text(entry.numel),
        count_text(calls.count.get(entry.path, 0)) if calls and entry.class_name not in NEVER_CALLED else "",
        mark.text if mark else "",
    )


def module_haystacks(tree: ModuleTree, calls: ModuleCalls | None) -> list[str]:
    """What a filter finds a module by: path, class, settings, the shapes and dtypes of what it owns, its outputs."""
    owned = {
        owner: " ".join(f"{parameter_shape(entry)} {entry.dtype}" for entry in entries)
        for owner, entries in parameters_by_owner(tree).items()
    }
    last = calls.last if calls else {}
    rows = []
    for module in tree.modules:
        outputs = " ".join(shape_text(output.shape) for output in last[module.path].outputs) if module.path in last else ""
        made_of = f"{module.class_name} {module.settings}"
        rows.append(haystack((module.path, made_of, outputs, owned.get(module.path, ""))))
    return rows


def parameters_by_owner(tree: ModuleTree) -> dict[str, list[ParameterEntry]]:
    """The parameters and buffers of each module alone, by module path."""
    owned: dict[str, list[ParameterEntry]] = {}
    for entry in tree.parameters:
        owned.setdefault(entry.owner, []).append(entry)
    return owned


def parameter_shape(entry: ParameterEntry) -> str:
    """Its shape, or that it has none yet."""
    return shape_text(entry.shape)


def parameter_kind(entry: ParameterEntry) -> str:
    """``parameter`` or ``buffer``, and whether the state_dict leaves it out."""
    return entry.kind if entry.persistent else f"{entry.kind}, not in state_dict"


def parameter_row(entry: ParameterEntry, statuses: Mapping[str, str], owner: str = "") -> Row:
    """One row of the parameters of ``owner``; ``statuses`` are those of the diff by key, empty without a checkpoint."""
    mark = DIFF_MARKS.get(statuses.get(entry.key, ""))
    cells = (
        entry.key.removeprefix(f"{owner}.") if owner else entry.key,
        parameter_shape(entry),
        entry.dtype,
        parameter_kind(entry),
        "yes" if entry.requires_grad else "no",
        mark.text if mark else "",
        count_text(entry.numel),
        entry.device,
        ", ".join(entry.tied_to),
    )
    frozen = entry.kind == PARAMETER and not entry.requires_grad
    roles = (None, None, None, "muted", "info" if frozen else None, mark.role if mark else None)
    return Row(cells, entry.key, roles, (entry.key,))


def parameter_haystack(entry: ParameterEntry, statuses: Mapping[str, str]) -> str:
    """What a filter finds a parameter by."""
    grad = "yes" if entry.requires_grad else "no"
    status = statuses.get(entry.key, "")
    return haystack((entry.key, parameter_shape(entry), entry.dtype, entry.kind, grad, status, "", entry.device, *entry.tied_to))


def parameter_order(entry: ParameterEntry, column: int) -> Any:
    """What a column of the parameters sorts by."""
    by_column = (entry.key, entry.shape or (), entry.dtype, entry.kind, entry.requires_grad, "", entry.numel, entry.device)
    return by_column[column] if column < len(by_column) else entry.tied_to


def statuses_by_key(diff: StateDictDiff | None) -> dict[str, str]:
    """The status of every key of the model, empty while nothing is compared."""
    return {row.expected.key: row.status for row in diff.rows if row.expected} if diff else {}


def module_tips(entry: ModuleEntry, never_called: bool) -> tuple[str, ...]:
    """What the mouse is told over the cells of a module."""
    made_of = f"{entry.class_name}({entry.settings})" if entry.settings else entry.class_name
    again = f"\nThe same module as {entry.same_as}" if entry.same_as is not None else ""
    place = f"\n{entry.file}:{entry.line}" if entry.file else ""
    calls = "Registered, but not called in the last run." if never_called else ""
    return f"{entry.path or ROOT}{again}", made_of + place, "", "In it and below it", "In it alone", calls, ""
