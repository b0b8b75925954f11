"""The module tree and the calls of a run as text."""

from collections.abc import Sequence

from torchloupe.analysis.wording import ABSENT, count_text, counted, number_text, seconds_text, shape_text
from torchloupe.wire.modules import BUFFER, ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import DONE, LayerCall

from .terminal import Terminal
from .text_columns import columns

ROOT = "(model)"


def tree_lines(tree: ModuleTree, terminal: Terminal) -> list[str]:
    """Every module with the parameters and buffers that it owns."""
    owned: dict[str, list[ParameterEntry]] = {}
    for entry in tree.parameters:
        owned.setdefault(entry.owner, []).append(entry)
    rows = [("MODULE", "CLASS OR SHAPE", "ELEMENTS", "NOTES")]
    for module in tree.modules:
        rows.append(_module_row(module))
        depth = _depth(module.path) + 1
        rows += [_parameter_row(entry, depth) for entry in owned.get(module.path, ()) if module.same_as is None]
    total = tree.modules[0].total_numel if tree.modules else 0
    lines = columns(rows, right=(2,), width=terminal.width, elastic=(0, 1, 3))
    summary = f"{counted(len(tree.modules), 'module')}, {counted(len(tree.parameters), 'parameter or buffer', 'parameters and buffers')}"
    return [terminal.paint(lines[0], "dim"), *lines[1:], "", f"{summary}, {counted(total, 'element')} in parameters"]


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0


def _module_row(module: ModuleEntry) -> tuple[str, str, str, str]:
    name = "  " * _depth(module.path) + (module.path.rpartition(".")[2] or ROOT)
    settings = f"({module.settings})" if module.settings else ""
    notes = f"the same module as {module.same_as or ROOT}" if module.same_as is not None else ""
    return name, module.class_name + settings, count_text(module.total_numel), notes


def _parameter_row(entry: ParameterEntry, depth: int) -> tuple[str, str, str, str]:
    name = "  " * depth + "." + entry.key.rpartition(".")[2]
    notes = ["buffer"] if entry.kind == BUFFER else [] if entry.requires_grad else ["frozen"]
    notes += [] if entry.persistent else ["not in the state_dict"]
    notes += [entry.device] if entry.device != "cpu" else []
    notes += [f"tied to {', '.join(entry.tied_to)}"] if entry.tied_to else []
    return name, f"{shape_text(entry.shape)} {entry.dtype}", count_text(entry.numel), ", ".join(notes)


def call_lines(calls: Sequence[LayerCall], terminal: Terminal) -> list[str]:
    """Every call in execution order: shapes, time, what the values look like."""
    rows = [("CALL", "MODULE", "CLASS", "INPUT", "OUTPUT", "TIME", "MEAN", "STD", "NOTES")]
    for call in sorted(calls, key=lambda each: each.index):
        stats = next((each for each in call.stats if each is not None), None)
        mean, std = (number_text(stats.mean), number_text(stats.std)) if stats else ("", "")
        name = "  " * call.depth + (call.module or ROOT)
        shapes = _shapes(call.inputs), _shapes(call.outputs)
        rows.append((str(call.index), name, call.class_name, *shapes, seconds_text(call.seconds), mean, std, _notes(call, stats)))
    lines = columns(rows, right=(0, 5, 6, 7), width=terminal.width, elastic=(1, 2, 3, 4))
    bad = {str(call.index) for call in calls if call.status != DONE}
    painted = [terminal.paint(line, "error") if row[0] in bad else line for row, line in zip(rows[1:], lines[1:], strict=True)]
    return [terminal.paint(lines[0], "dim"), *painted]


def _shapes(metas: Sequence[TensorMeta]) -> str:
    return " ".join(shape_text(meta.shape) for meta in metas) or ABSENT


def _notes(call: LayerCall, stats: TensorStats | None) -> str:
    notes = [] if call.status == DONE else [call.status]
    notes += [f"call {call.call_number + 1} of this module"] if call.call_number else []
    if stats is not None:
        notes += [f"{count_text(count)} {word}" for count, word in ((stats.nan, "NaN"), (stats.inf, "Inf")) if count]
        notes += ["all zero"] if stats.count and stats.zeros == stats.count else []
    return ", ".join(notes)
