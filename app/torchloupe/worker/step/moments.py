"""Several steps, one after the other: after each how far every weight went, and how large its gradient was."""

from typing import Dict, List, Optional, Sequence, Tuple

import torch

from ...wire.steps import BACKWARD, StepEvent, StepMoment
from .motion import motion_between
from .step_watch import StepWatch

MOST_MOMENTS = 1000


class Moments:
    """Looks at the weights each time that an optimizer has stepped; ``watch`` calls. A second copy of the weights is kept meanwhile."""

    def __init__(self, parameters: Dict[str, torch.Tensor], watch: StepWatch) -> None:
        self._parameters = list(parameters.values())
        self._last = [each.detach().clone() for each in self._parameters]
        self._watch = watch
        self._taken: List[Tuple[int, Tuple[Optional[float], ...], Tuple[Optional[float], ...]]] = []
        watch.on_step = self._take

    def _take(self) -> None:
        if len(self._taken) >= MOST_MOMENTS:
            return
        ratios: List[Optional[float]] = []
        for number, each in enumerate(self._parameters):
            last = self._last[number]
            if each.layout is not torch.strided or each.shape != last.shape:
                ratios.append(None)
                continue
            motion = motion_between(last, each)
            ratios.append(motion.update_norm / motion.weight_norm if motion.weight_norm else motion.update_norm or None)
            last.copy_(each.detach())
        at_step = self._watch.at_step or {}
        gradients = [at_step.get(id(each)) for each in self._parameters]
        norms = tuple([each.norm if each is not None else None for each in gradients])
        self._taken.append((len(self._watch.events), tuple(ratios), norms))

    def taken(self, events: Sequence[StepEvent], losses: Sequence[float] = ()) -> Tuple[StepMoment, ...]:
        """A moment for each step: with its loss of ``losses``, else that of the backward pass before it."""
        found = []
        for number, (count, ratios, norms) in enumerate(self._taken):
            loss = next((each.value for each in reversed(events[:count]) if each.kind == BACKWARD), None)
            found.append(StepMoment(losses[number] if number < len(losses) else loss, ratios, norms))
        return tuple(found)
