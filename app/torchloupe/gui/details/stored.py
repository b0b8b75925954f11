"""What a stored tensor has to do with others: who shares its memory, what the optimizer keeps for it or whom it is kept for."""

from dataclasses import dataclass

from torchloupe.analysis.optimizer_state import OptimizedParameter
from torchloupe.analysis.stored_facts import StoredFacts, settings_text, step_text, stored_facts
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.stored_totals import has_usual_strides
from torchloupe.analysis.wording import bytes_text, count_text, counted, shape_text
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.gui.details.model import Fact, Section
from torchloupe.gui.jobs import Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor

AT_ONCE = 1_000
"""Tensors whose facts are found in less than a blink."""
SHOWN_PARTNERS = 8


@dataclass(frozen=True)
class FindFacts:
    """Job: what the tensors of a checkpoint have to do with each other."""

    contents: CheckpointContents

    def __call__(self, _progress: Progress | None = None) -> StoredFacts:
        return stored_facts(self.contents, optimizer_steps(self.contents))

    @property
    def is_large(self) -> bool:
        """It takes long enough to be done on a thread."""
        return len(self.contents.tensors) > AT_ONCE


def own_facts(tensor: StoredTensor, facts: StoredFacts) -> tuple[Fact, ...]:
    """The tensor by itself: where it lies, how large it is, with whom it shares that."""
    found = [Fact("Container", tensor.container)] if tensor.container else []
    found += [Fact("Shape", shape_text(tensor.shape)), Fact("Dtype", tensor.dtype), Fact("Size", bytes_text(tensor.bytes))]
    found += [] if has_usual_strides(tensor) else [Fact("Strides", f"{shape_text(tensor.strides)}, not one behind the other")]
    found += [Fact("File", tensor.file)] if tensor.file else []
    if tensor.stored_at:
        found.append(Fact("Record", tensor.stored_at + (f", from element {count_text(tensor.offset)}" if tensor.offset else "")))
    found += [Fact("Pieces", counted(len(tensor.pieces), "piece"))] if tensor.pieces else []
    partners = facts.partners(tensor)
    found += [Fact("Shares memory", full_key(other), link=stored_link(other)) for other in partners[:SHOWN_PARTNERS]]
    if len(partners) > SHOWN_PARTNERS:
        found.append(Fact("", f"and with {count_text(len(partners) - SHOWN_PARTNERS)} more"))
    found += [Fact("Saved as", "a parameter")] if tensor.is_parameter else []
    found += [Fact("Broken", tensor.broken, "error")] if tensor.broken else []
    return tuple(found)


def optimizer_sections(tensor: StoredTensor, facts: StoredFacts) -> list[Section]:
    """What optimizers keep for this parameter; of a moment the parameter that it is kept for."""
    place = tensor.container, tensor.key
    kept_for = facts.kept_for.get(place)
    sections = [Section("Kept by the optimizer for", (*_parameter_facts(kept_for), *_step_facts(kept_for)))] if kept_for else []
    for entry in facts.optimized.get(place, ()):
        names = [name for name in entry.kept if name != "step" or entry.step is None]  # else its value is told
        kept = [Fact(name, f"state.{entry.number}.{name}", link=_entry_link(entry, name)) for name in names]
        sections.append(Section(f"In {entry.container or 'the optimizer'}", (*kept, *_step_facts(entry))))
    return sections


def _parameter_facts(entry: OptimizedParameter) -> list[Fact]:
    if entry.parameter is None:
        return [Fact("Parameter", f"number {entry.number}; its name is not known")]
    name = f"{entry.model}.{entry.parameter}" if entry.model else entry.parameter
    guessed = [] if entry.is_certain else [Fact("Joined", "by its shape and order; others have the same shape", "warning")]
    return [Fact("Parameter", entry.parameter, link=f"tensor:{name}"), *guessed]


def _step_facts(entry: OptimizedParameter) -> list[Fact]:
    facts = []
    if entry.step is not None:
        link = _entry_link(entry, "step") if "step" in entry.kept else ""
        facts.append(Fact("Step", step_text(entry.step).removeprefix("step "), link=link))
    if entry.group is not None:
        facts.append(Fact(f"Param group {entry.group}", settings_text(entry.settings)))
    return facts


def stored_link(tensor: StoredTensor) -> str:
    """A tensor of any container that one can go to."""
    return f"tensor:{full_key(tensor)}"


def _entry_link(entry: OptimizedParameter, name: str) -> str:
    key = f"state.{entry.number}.{name}"
    return f"tensor:{entry.container}.{key}" if entry.container else f"tensor:{key}"
