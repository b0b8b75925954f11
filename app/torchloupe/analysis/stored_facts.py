"""What the tensors of a checkpoint have to do with each other: who shares memory with whom, which moments belong to which parameter."""

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from .optimizer_state import OptimizedParameter, optimizer_state
from .stored_names import full_key
from .stored_totals import Record, has_usual_strides, record_of, sharing
from .wording import count_text, shape_text

Place = Tuple[str, str]
"""A stored tensor by its container and key."""


@dataclass(frozen=True)
class StoredFacts:
    """``shared`` are the tensors of each storage that has several; ``kept_for`` says which entry of an optimizer a tensor is part
    of, ``optimized`` which entries belong to a parameter."""

    shared: Dict[Record, List[StoredTensor]]
    kept_for: Dict[Place, OptimizedParameter]
    optimized: Dict[Place, List[OptimizedParameter]]

    def partners(self, tensor: StoredTensor) -> List[StoredTensor]:
        """The others in its storage."""
        return [other for other in self.shared.get(record_of(tensor), ()) if other is not tensor and other != tensor]


NO_FACTS = StoredFacts({}, {}, {})


def stored_facts(contents: CheckpointContents, steps: Optional[Mapping[Place, float]] = None) -> StoredFacts:
    """All of them; ``steps`` are those that were read from tensors, by container and number."""
    kept_for: Dict[Place, OptimizedParameter] = {}
    optimized: Dict[Place, List[OptimizedParameter]] = {}
    for entry in optimizer_state(contents, steps):
        kept_for.update({(entry.container, f"state.{entry.number}.{name}"): entry for name in entry.kept})
        if entry.parameter is not None:
            optimized.setdefault((entry.model, entry.parameter), []).append(entry)
    return StoredFacts(sharing(contents.tensors), kept_for, optimized)


def tensor_note(tensor: StoredTensor, facts: StoredFacts) -> str:
    """What is special about a tensor, on one line: shared, of an optimizer, with gaps or turned around, in another file."""
    notes = []
    entry = facts.kept_for.get((tensor.container, tensor.key)) if facts.kept_for else None
    if entry is not None and entry.parameter is not None:
        step = f", {step_text(entry.step)}" if entry.step is not None else ""
        notes.append(f"of {entry.parameter}{step}" + ("" if entry.is_certain else " (by its shape)"))
    partners = facts.partners(tensor) if facts.shared else []
    if partners:
        more = f" and {count_text(len(partners) - 1)} more" if len(partners) > 1 else ""
        notes.append(f"shares memory with {full_key(partners[0])}{more}")
    if not has_usual_strides(tensor):
        notes.append(f"strides {shape_text(tensor.strides)}")
    if tensor.offset:
        notes.append(f"from element {count_text(tensor.offset)} of its record")
    if tensor.file:
        notes.append(f"in {tensor.file}")
    return "; ".join(notes)


def step_text(step: Optional[float]) -> str:
    """``step 1,200``; empty when it is not known."""
    if step is None:
        return ""
    return f"step {count_text(int(step))}" if step == int(step) else f"step {step}"


def settings_text(settings: Mapping[str, object]) -> str:
    """``lr 0.001, weight_decay 0.01, betas (0.9, 0.999)``: what a person asks for first, then the rest that is set."""
    first = [name for name in ("lr", "initial_lr", "weight_decay", "betas", "momentum", "eps") if name in settings]
    rest = [name for name, value in settings.items() if name not in first and value not in (None, False)]
    return ", ".join(f"{name} {settings[name]}" for name in first + rest)
