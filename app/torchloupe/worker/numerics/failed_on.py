"""What a pass had in its hands when it failed: what an operation refused, or what is at the line that raised."""

from types import FrameType, TracebackType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import torch

from ..nested import map_tensors
from ..places import is_foreign
from ..registration.operation_watch import tensors_among

_OF_NAMES = (NameError, AttributeError, TypeError, LookupError, ImportError)


class Refusal(NamedTuple):
    """An operation that raised ``error``."""

    error: BaseException
    func: Callable[..., Any]
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]


def failed_on(error: BaseException, refusal: Optional[Refusal], is_finite: Callable[[torch.Tensor], bool]) -> List[torch.Tensor]:
    """The tensors that ``error`` may be about; none when the operation that raised it refuses finite values as well.

    Without such an operation - an ``assert``, ``int(x)``, a check of a distribution's - they are what the user's line and what it called
    have in their variables, unless it is a name that is wrong.
    """
    if refusal is None or not any(each is refusal.error for each in _chain(error)):
        frames = [] if isinstance(error, _OF_NAMES) else _last_frames(error.__traceback__)
        return [tensor for frame in frames for tensor in tensors_among(list(frame.f_locals.values()))]
    bad = [tensor for tensor in tensors_among((refusal.args, refusal.kwargs)) if not is_finite(tensor)]
    return bad if bad and any(_serves(refusal, filling, is_finite) for filling in _FILLINGS) else []


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    """It, what it was raised from, and so on."""
    seen: List[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _last_frames(step: Optional[TracebackType]) -> List[FrameType]:
    """The innermost frame of the user's code, and those that it called."""
    frames: List[FrameType] = []
    while step is not None:
        if not is_foreign(step.tb_frame.f_code.co_filename):
            frames.clear()
            frames.append(step.tb_frame)
        elif frames:
            frames.append(step.tb_frame)
        step = step.tb_next
    return frames


def _unit(tensor: torch.Tensor) -> torch.Tensor:
    """The unit matrix, which has what many decompositions want."""
    return torch.eye(*tensor.shape[-2:], dtype=tensor.dtype, device=tensor.device).expand(tensor.shape)


_FILLINGS = (torch.ones_like, torch.zeros_like, _unit)
"""Finite values that serve in place of bad ones, each for operations that ask for more than that."""


def _serves(refusal: Refusal, filling: Callable[[torch.Tensor], torch.Tensor], is_finite: Callable[[torch.Tensor], bool]) -> bool:
    """Whether the operation runs when bad tensors are filled so."""

    def filled(tensor: torch.Tensor) -> torch.Tensor:
        return tensor if is_finite(tensor) else filling(tensor)

    try:
        with torch.no_grad():
            refusal.func(*map_tensors(refusal.args, filled), **map_tensors(refusal.kwargs, filled))
    except Exception:
        return False
    return True
