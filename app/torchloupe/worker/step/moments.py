"""Several steps, one after the other: after each how far every weight went, and how large its gradient was."""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch

from ...wire.steps import BACKWARD, StepEvent, StepMoment
from .motion import motion_between
from .step_watch import StepWatch

MOST_MOMENTS = 1000

Numbers = Tuple[Optional[float], ...]


class _Taken(NamedTuple):
    """What was measured of the parameters of then, after so many events."""

    events: int
    parameters: Tuple[torch.Tensor, ...]
    ratios: Numbers
    norms: Numbers


class Moments:
    """Looks at the weights each time that an optimizer has stepped; ``watch`` calls. A second copy of the weights is kept meanwhile."""

    def __init__(self, parameters: Dict[str, torch.Tensor], watch: StepWatch) -> None:
        self._parameters = tuple(parameters.values())
        self._last = {id(each): each.detach().clone() for each in self._parameters}
        self._watch = watch
        self._gradients: object = None
        self._taken: List[_Taken] = []
        watch.on_step = self._take

    def _take(self) -> None:
        if len(self._taken) >= MOST_MOMENTS:
            return
        self._look_up()
        ratios = tuple([self._ratio(each) for each in self._parameters])
        at_step = self._watch.at_step or {}
        gradients = [at_step.get(id(each)) for each in self._parameters]
        norms = tuple([each.norm if each is not None else None for each in gradients])
        if self._taken and self._watch.after_backward and self._watch.after_backward is self._gradients:
            ratios = tuple([now or before for now, before in zip(ratios, self._taken.pop().ratios)])  # of another optimizer
        self._gradients = self._watch.after_backward
        self._taken.append(_Taken(len(self._watch.events), self._parameters, ratios, norms))

    def _look_up(self) -> None:
        """Layers may have been replaced."""
        now = self._watch.parameters
        if [id(each) for each in now] != [id(each) for each in self._parameters]:
            self._parameters = tuple(now)
            self._last = {id(each): self._last[id(each)] for each in now if id(each) in self._last}

    def _ratio(self, tensor: torch.Tensor) -> Optional[float]:
        last = self._last.get(id(tensor))
        if tensor.layout is not torch.strided or last is None or tensor.shape != last.shape:
            self._last[id(tensor)] = tensor.detach().clone()
            return None
        motion = motion_between(last, tensor)
        last.copy_(tensor.detach())
        return motion.update_norm / motion.weight_norm if motion.weight_norm else None

    def taken(self, events: Sequence[StepEvent], losses: Sequence[float] = ()) -> Tuple[StepMoment, ...]:
        """A moment for each step: with its loss of ``losses``, else that of the backward pass before it. Of a layer that was replaced
        since there are no numbers."""
        self._look_up()
        found = []
        for number, each in enumerate(self._taken):
            loss = next((event.value for event in reversed(events[: each.events]) if event.kind == BACKWARD), None)
            ratios, norms = (self._in_order(values, each.parameters) for values in (each.ratios, each.norms))
            found.append(StepMoment(losses[number] if number < len(losses) else loss, ratios, norms))
        return tuple(found)

    def _in_order(self, values: Numbers, parameters: Tuple[torch.Tensor, ...]) -> Numbers:
        """The values of some parameters for those that the model has in the end."""
        if parameters is self._parameters:
            return values
        known = {id(tensor): value for tensor, value in zip(parameters, values)}
        return tuple([known.get(id(each)) for each in self._parameters])
