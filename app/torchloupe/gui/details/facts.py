"""Facts that the details of several kinds of things have: modules, tensors, statistics."""

from collections.abc import Sequence

from torchloupe.analysis.axis_names import Axes, named_shape_text
from torchloupe.analysis.wording import count_text, number_text, shape_text
from torchloupe.gui.details.model import Fact
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleEntry, ParameterEntry
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import PlainValue

ROOT = "(model)"


def module_entry(workbench: Workbench, path: str | None) -> ModuleEntry | None:
    """A module of the open model by its path."""
    return workbench.index.modules.get(path) if path is not None else None


def module_fact(name: str, path: str) -> Fact:
    """A module that one can go to."""
    return Fact(name, path or ROOT, link=f"module:{path}")


def kind_text(entry: ParameterEntry) -> str:
    """What is special about a parameter, for one line."""
    words = [] if entry.kind == "parameter" else [entry.kind]
    words += ["frozen"] if entry.kind == "parameter" and not entry.requires_grad else []
    words += ["tied"] if entry.tied_to else []
    return f" ({', '.join(words)})" if words else ""


def tensor_fact(tensor: TensorMeta, name: str) -> Fact:
    """``x  [2, 3] float32 cpu``."""
    return Fact(tensor.name or name, f"{shape_text(tensor.shape)} {tensor.dtype} {tensor.device}")


def tensor_facts(tensors: Sequence[TensorMeta], axes: Sequence[Axes], name: str = "") -> tuple[Fact, ...]:
    """``x  [batch 2, features 3] float32 cpu``; without a name of its own each has ``name``, else its number."""
    shapes = [named_shape_text(tensor.shape, axes[at] if at < len(axes) else ()) for at, tensor in enumerate(tensors)]
    return tuple(
        Fact(tensor.name or name or str(at), f"{shape} {tensor.dtype} {tensor.device} {tensor.memory_format}".rstrip())
        for at, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True))
    )


def value_facts(values: Sequence[PlainValue]) -> tuple[Fact, ...]:
    """Arguments that are no tensors."""
    return tuple(Fact(value.name, value.text) for value in values)


def statistics_facts(stats: TensorStats) -> list[Fact]:
    """Statistics in four lines; NaN and Inf only when there are some."""
    facts = [
        Fact("Mean, std", f"{number_text(stats.mean)}, {number_text(stats.std)}"),
        Fact("Min, max", f"{number_text(stats.min)}, {number_text(stats.max)}"),
        Fact("Zeros", f"{count_text(stats.zeros)} of {count_text(stats.count)}"),
    ]
    for name, count in (("NaN", stats.nan), ("Inf", stats.inf)):
        if count:
            facts.append(Fact(name, f"✖ {count_text(count)} of {count_text(stats.count)}", "error"))
    return facts
