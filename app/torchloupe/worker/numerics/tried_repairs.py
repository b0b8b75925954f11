"""Try the repair of a NaN or Inf: do to the operand what the hint says, at that line alone, and see whether all is finite then."""

import sys
from dataclasses import replace
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch.overrides import TorchFunctionMode

from ...analysis.numerics import origin_causes as causes
from ...analysis.registration.forward_facts import Spot
from ...wire.problems import Problem
from ..places import Places
from ..registration.modes import TooSlow
from ..registration.operation_watch import said

ALL_FINITE = "every value is finite then"
IN_FLOAT32 = "in float32 every value is finite"
_EPS = 1e-8

_CHANGES: Dict[str, Tuple[int, Callable[[Any], Any]]] = {
    causes.ADD_EPS: (0, lambda value: value + _EPS),
    causes.ADD_EPS_BELOW: (1, lambda value: value + _EPS),
    causes.AT_LEAST_ZERO: (0, lambda value: value.clamp(min=0)),
    causes.ABOVE_ZERO: (0, lambda value: value.clamp(min=_EPS)),
    causes.WITHIN_ONE: (0, lambda value: value.clamp(-1 + 1e-6, 1 - 1e-6)),
    causes.FINITE_MASK: (0, lambda value: value.clamp(min=torch.finfo(value.dtype).min)),
}
"""Which operand each repair changes, and how."""


class RepairedOperation(TorchFunctionMode):
    """A mode in which one operation at one line gets its operand changed."""

    def __init__(self, repair: str, operation: str, spot: Spot, places: Places) -> None:
        super().__init__()
        self._number, self._change = _CHANGES[repair]
        self._operation = operation
        self._spot = spot
        self._places = places

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation, at the place with its operand changed."""
        number = min(self._number, len(args) - 1)
        if (
            number >= 0
            and isinstance(args[number], (torch.Tensor, int, float))
            and said(func) == self._operation
            and self._is_here()
        ):
            args = (*args[:number], self._change(args[number]), *args[number + 1 :])
        return func(*args, **(kwargs or {}))

    def _is_here(self) -> bool:
        place = self._places.of_caller(sys._getframe(1))
        return place is not None and Spot(*place) == self._spot


def with_tried_fix(
    problem: Problem, places: Places, is_finite: Callable[[Any], bool], in_float32: Optional[Callable[[], bool]] = None
) -> Problem:
    """The problem with its fix tried, where that can be done. ``is_finite`` runs the model within a mode, ``in_float32`` a copy of it."""
    fix = problem.fixes[0] if problem.fixes else None
    if fix is None or not isinstance(fix.value, str):
        return problem
    try:
        if fix.value == causes.OTHER_DTYPE:
            if in_float32 is None:
                return problem
            works = in_float32()
        else:
            spot = Spot(problem.file, problem.line)
            works = is_finite(RepairedOperation(fix.value, str(problem.data["operation"]), spot, places))
    except (Exception, SystemExit, TooSlow):
        return problem  # the model does not run so, or not in time: that says nothing of the repair
    good = ALL_FINITE if fix.value != causes.OTHER_DTYPE else IN_FLOAT32
    fixes = (replace(fix, verified=works, outcome=good if works else "there is still NaN or Inf"), *problem.fixes[1:])
    return replace(problem, fixes=fixes)
