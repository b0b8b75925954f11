"""What is inside a checkpoint, as text for a person."""

from collections.abc import Sequence
from functools import cache

from torchloupe.analysis.containers import OPTIMIZER, OTHER, Container, containers_of, model_container
from torchloupe.analysis.optimizer_state import ParamGroup, param_groups
from torchloupe.analysis.stored_facts import StoredFacts, settings_text, stored_facts, tensor_note
from torchloupe.analysis.stored_totals import Totals, below_prefixes, totals_by_dtype, totals_of
from torchloupe.analysis.wording import bytes_text, count_text, counted, shape_text
from torchloupe.checkpoints.importable_verdicts import DANGEROUS, HARMLESS, UNKNOWN, judged_names
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.wire.contents import CheckpointContents, StoredTensor

from .terminal import Terminal
from .text_columns import columns, cut_middle, printable

PREFIXES_SHOWN = 40
_COLOURS = {DANGEROUS: "error", UNKNOWN: "warning", HARMLESS: "good"}


def contents_lines(contents: CheckpointContents, terminal: Terminal) -> list[str]:
    """The file, its totals, its containers with their tensors, its other values, the names in its pickle."""
    facts, groups = stored_facts(contents, optimizer_steps(contents)), param_groups(contents)
    chosen = model_container(contents)
    held: dict[str, list[StoredTensor]] = {}
    for tensor in contents.tensors:
        held.setdefault(tensor.container, []).append(tensor)
    lines = _head_lines(contents, terminal)
    for container in containers_of(contents):
        lines += ["", _title(container, totals_of(held[container.path]), container.path == chosen)]
        if container.kind == OPTIMIZER:
            lines += [_group_line(group) for group in groups if group.container == container.path]
        else:
            lines += _prefix_lines(held[container.path], terminal)
        lines += _tensor_lines(held[container.path], facts, terminal)
    if contents.about:
        lines += ["", "the file: " + ", ".join(f"{value.path} {_one_line(value.value)}" for value in contents.about)]
    if contents.values:
        lines += ["", f"{counted(len(contents.values), 'other value')}:"]
        values = [("  " + value.path, value.type, _one_line(value.value)) for value in contents.values]
        lines += columns(values, width=terminal.width, elastic=(0, 2))
    return lines + _name_lines(contents, terminal)


def _head_lines(contents: CheckpointContents, terminal: Terminal) -> list[str]:
    dtypes = totals_by_dtype(contents.tensors)
    totals = next(iter(dtypes.values())) if len(dtypes) == 1 else totals_of(contents.tensors)
    read = f"{bytes_text(contents.bytes_read)} of it read, nothing executed"
    lines = [
        terminal.paint(printable(contents.path), "strong"),
        f"{contents.format}, {bytes_text(contents.file_bytes)}, {read}",
        _totals_text(totals),
    ]
    return lines + [f"  {printable(dtype)}: {_totals_text(each)}" for dtype, each in dtypes.items() if len(dtypes) > 1]


def _totals_text(totals: Totals) -> str:
    again = f" ({count_text(totals.again)} shared, counted once)" if totals.again else ""
    return f"{counted(totals.tensors, 'tensor')}{again}, {counted(totals.numbers, 'number')}, {bytes_text(totals.bytes)}"


def _title(container: Container, totals: Totals, is_model: bool) -> str:
    words = "weights" if container.kind == OTHER else container.kind
    kind = f"the model's {words}" if is_model else container.kind
    named = f"{printable(container.path)} ({kind})" if container.path else f"({kind})"
    return f"{named}: {_totals_text(totals)}"


def _group_line(group: ParamGroup) -> str:
    held = "" if group.parameters is None else f"{counted(group.parameters, 'parameter')}, "
    return f"  param group {group.place}: {held}{printable(settings_text(group.settings))}"


def _prefix_lines(tensors: Sequence[StoredTensor], terminal: Terminal) -> list[str]:
    """How much lies below each prefix; nothing where that would say every key twice."""
    prefixes = below_prefixes(tensors)
    if not 1 < len(prefixes) < len(tensors):
        return []
    rows = [
        (f"  {prefix}.*", counted(each.tensors, "tensor"), counted(each.numbers, "number"), bytes_text(each.bytes))
        for prefix, some in list(prefixes.items())[:PREFIXES_SHOWN]
        for each in [totals_of(some)]
    ]
    more = len(prefixes) - PREFIXES_SHOWN
    lines = columns(rows, right=(1, 2, 3), width=terminal.width)
    return [*lines, *([f"  … and {counted(more, 'more prefix', 'more prefixes')}"] if more > 0 else []), ""]


def _tensor_lines(tensors: Sequence[StoredTensor], facts: StoredFacts, terminal: Terminal) -> list[str]:
    shape_said, size_said = cache(shape_text), cache(bytes_text)  # many are the same, and there may be 100,000
    rows = [
        ("  " + tensor.key, shape_said(tensor.shape), tensor.dtype, size_said(tensor.bytes), _note(tensor, facts))
        for tensor in tensors
    ]
    return columns(rows, right=(3,), width=terminal.width, elastic=(0, 4))


def _note(tensor: StoredTensor, facts: StoredFacts) -> str:
    note = tensor_note(tensor, facts)
    return "; ".join(part for part in (tensor.broken, note) if part) if tensor.broken else note


def _name_lines(contents: CheckpointContents, terminal: Terminal) -> list[str]:
    """What loading the file with pickle would import, the worst first."""
    names = judged_names(contents.globals)
    if not names:
        return []
    rows = [(f"  {each.verdict.word}", each.name, each.verdict.reason) for each in names]
    lines = columns(rows, width=terminal.width, elastic=(1, 2))
    painted = [
        f"  {terminal.paint(each.verdict.word, _COLOURS[each.verdict.word])}{line[2 + len(each.verdict.word) :]}"
        for each, line in zip(names, lines, strict=True)
    ]
    return ["", "Loading this file with pickle would import these names; none of them was called here:", *painted]


def _one_line(value: object) -> str:
    return cut_middle(" ".join(str(value).split()), 120)
