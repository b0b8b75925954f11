"""NaN or Inf behind a failure: the pass is run again with finite values where they begin, and comes to its end then."""

import sys
from contextlib import contextmanager
from typing import AbstractSet, Any, Callable, Dict, Iterator, Optional, Sequence, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.numerics.facts import Birth
from ...analysis.registration.forward_facts import Spot
from ..nested import map_tensors
from ..places import Places
from ..registration.operation_watch import said
from ..torch_compat import uncompiled
from .value_watch import is_finite

Filling = Callable[[torch.Tensor], torch.Tensor]
_OF_OTHERS = (NameError, AttributeError, TypeError, LookupError, ImportError, OSError, NotImplementedError)
"""What is raised for a name, a type or a file; the last is a ``RuntimeError``, and what torch raises where it lacks an operation."""
_MOST_ALONE = 4
_LARGEST_UNIT = 1 << 20


def _unit(tensor: torch.Tensor) -> torch.Tensor:
    """The unit matrix, which has what many decompositions want."""
    if tensor.dim() < 2 or tensor.shape[-1] != tensor.shape[-2] or tensor.numel() > _LARGEST_UNIT:
        return torch.ones_like(tensor)
    return torch.eye(tensor.shape[-1], dtype=tensor.dtype, device=tensor.device).expand_as(tensor)


_FILLINGS: Tuple[Filling, ...] = (torch.ones_like, torch.zeros_like, _unit)
"""Finite values in place of bad ones, each for what asks for more than that."""


def may_be_of_values(error: BaseException) -> bool:
    """Whether values can be why it was raised at all."""
    return not isinstance(error, _OF_OTHERS)


def filled(value: Any, filling: Filling) -> Any:
    """The same with finite values in every tensor."""

    def fill(tensor: torch.Tensor) -> torch.Tensor:
        return tensor if is_finite(tensor) else torch.where(torch.isfinite(tensor), tensor, filling(tensor.detach()))

    return map_tensors(value, fill)


class _FiniteThere(TorchFunctionMode):
    """A mode in which the operations of ``births`` give finite values."""

    def __init__(self, births: Sequence[Birth], filling: Filling, places: Places, check: Callable[[], None]) -> None:
        super().__init__()
        self._spots = {(birth.operation, birth.spot) for birth in births if birth.function}
        self._operations = {operation for operation, _ in self._spots}
        self._filling = filling
        self._places = places
        self._check = check

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation; at one of the places, with finite values in its result."""
        self._check()
        result = func(*args, **(kwargs or {}))
        operation = said(func)
        if operation not in self._operations:
            return result
        place = self._places.of_caller(sys._getframe(1))
        if place is None or (operation, Spot(*place)) not in self._spots:
            return result
        finite = filled(result, self._filling)
        if args and result is args[0] and finite is not result:  # in place: whoever else has it sees it, too
            with torch.no_grad():
                result.copy_(finite)
            return result
        return finite


class FailedRun:
    """A ``run`` that fails, by itself and not because it is watched: the same way ``again``. ``put_back`` brings everything to the state
    before; ``run`` takes how its input is filled."""

    def __init__(
        self,
        model: nn.Module,
        places: Places,
        run: Callable[[Callable[[Any], Any]], Any],
        put_back: Callable[[], object],
        check: Callable[[], None],
    ) -> None:
        self._model = model
        self._places = places
        self._run = run
        self._put_back = put_back
        self._check = check

    def cause_among(self, births: Sequence[Birth], error: BaseException) -> Optional[Birth]:
        """The first of the births without which ``run``, that raised ``error``, comes to its end; None where it fails all the same."""
        births = [birth for birth in births if birth.function or any(each.name for each in birth.operands)]
        if not births or not may_be_of_values(error):
            return None
        again = self._error(())
        if type(again) is not type(error) or self._places.of_error(again) != self._places.of_error(error):
            return None
        filling = next((each for each in _FILLINGS if self._error(births, each) is None), None)
        if filling is None:
            return None
        alone = births[:_MOST_ALONE] if len(births) > 1 else ()
        cause = next((birth for birth in alone if self._error((birth,), filling) is None), births[0])
        return next((birth for birth in births if birth.because is cause), cause)

    def _error(self, births: Sequence[Birth], filling: Filling = torch.ones_like) -> Optional[BaseException]:
        """What it raises with finite values where these begin."""
        self._put_back()
        came_in = {birth.operands[0].name for birth in births if not birth.function and birth.operands}
        there = _FiniteThere(births, filling, self._places, self._check)
        try:
            with self._finite_weights(came_in, filling), uncompiled(), there:
                self._run(lambda given: filled(given, filling) if came_in else given)
        except (Exception, SystemExit) as error:
            return error
        return None

    @contextmanager
    def _finite_weights(self, names: AbstractSet[str], filling: Filling) -> Iterator[None]:
        """The weights of these names have other memory inside: of a large model nobody has a copy to put back."""
        weights = (*self._model.named_parameters(), *self._model.named_buffers()) if names else ()
        lent = [(tensor, tensor.data) for name, tensor in weights if name in names]
        try:
            for tensor, own in lent:
                tensor.data = filled(own, filling)
            yield
        finally:
            for tensor, own in lent:
                tensor.data = own
