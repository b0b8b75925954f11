"""What meets in the user's ``loss_fn``: the shapes of outputs and targets."""

import sys
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode

from ...analysis.registration.forward_facts import NOWHERE, Spot
from ...analysis.step.facts import Meeting
from ...analysis.step.loss_shapes import CLASS_LOSSES, EQUAL_LOSSES, is_silent_broadcast
from ..operations import short_name
from ..places import Places

_ELEMENTWISE = ("+", "-", "*", "/", "add", "sub", "mul", "div", "eq", "maximum", "minimum", *EQUAL_LOSSES)


class LossWatch(TorchFunctionMode):
    """A mode that remembers the first meeting of two tensors that is refused, or that silently makes pairs of all with all."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places
        self.found: Optional[Meeting] = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and look at what met."""
        kwargs = kwargs or {}
        name = short_name(func)
        tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, torch.Tensor)][:2]
        meets = len(tensors) == 2 and self.found is None
        try:
            result = func(*args, **kwargs)
        except Exception:
            if meets and name in (*CLASS_LOSSES, *EQUAL_LOSSES):
                self._remember(name, tensors[0], tensors[1], None)
            raise
        if meets and name in _ELEMENTWISE:
            broadcast: Any = torch.broadcast_shapes
            together = tuple(broadcast(tensors[0].shape, tensors[1].shape))
            if is_silent_broadcast(tuple(tensors[0].shape), tuple(tensors[1].shape), together):
                self._remember(name, tensors[0], tensors[1], together)
        return result

    def _remember(self, name: str, output: torch.Tensor, target: torch.Tensor, result: Optional[Tuple[int, ...]]) -> None:
        place = self._places.of_caller(sys._getframe(2))
        at = Spot(*place) if place else NOWHERE
        self.found = Meeting(name, tuple(output.shape), tuple(target.shape), result or (), result is None, at)
