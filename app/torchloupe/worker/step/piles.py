"""Gradients that were used already and that nobody cleared: the next backward pass adds to them."""

from typing import Any, Dict, List, Optional

import torch

from ...wire.steps import StepEvent
from .motion import Gradient, is_same_gradient


class Piles:
    """``found`` is the first backward pass that added to gradients which a step had used, and which were used again then.

    It is a mistake only when they are used again: a generator's loss leaves gradients in the discriminator, which clears them.
    """

    def __init__(self) -> None:
        self._used: Dict[int, Gradient] = {}
        self._piling: Dict[int, StepEvent] = {}
        self.found: Optional[StepEvent] = None

    def stepped(self, parameters: List[torch.Tensor], known: Dict[int, Gradient]) -> None:
        """An optimizer has used the gradients of its ``parameters``, as far as they are those that are ``known``."""
        for each in parameters:
            gradient = known.get(id(each))
            if gradient is not None and is_same_gradient(each, gradient):
                self._used[id(each)] = gradient

    def before_backward(self, parameters: List[torch.Tensor], event: StepEvent) -> None:
        """A backward pass begins; ``event`` is that."""
        for each in parameters:
            used = self._used.get(id(each))
            if used is not None and not used.is_zero and each.grad is not None and is_same_gradient(each, used):
                self._piling.setdefault(id(each), event)
            elif each.grad is None:
                self._piling.pop(id(each), None)

    def before_step(self, optimizer: Any, after_backward: Dict[int, Gradient]) -> None:
        """An optimizer is about to use its gradients."""
        ours = [each for group in optimizer.param_groups for each in group["params"] if id(each) in self._piling]
        for each in ours:
            known = after_backward.get(id(each))
            is_old = known is not None and each.grad is not None and id(each.grad) == known.identity
            if is_old and bool(each.grad.any()):
                self.found = self.found or self._piling[id(each)]
