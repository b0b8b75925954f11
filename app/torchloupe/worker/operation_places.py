"""Where an operation runs: the line of the user's code, and the modules around it whose ``forward`` was called past ``__call__``."""

from types import CodeType, FrameType
from typing import Dict, List, NamedTuple, Optional, Sequence

from torch import nn

from .call_record import CallRecord
from .places import Place, is_foreign, is_ours

_CALL = nn.Module._call_impl.__code__
_CALLERS = {_CALL, nn.Module._slow_forward.__code__, *(each for each in _CALL.co_consts if isinstance(each, CodeType))}
"""What runs the ``forward`` of a module that was called as it should be."""
_USERS, _FOREIGN, _OURS = range(3)


class Direct(NamedTuple):
    """A module that runs without having been called: the number of the open call around it, and the line that runs its forward."""

    module: nn.Module
    level: int
    place: Optional[Place]


class Around(NamedTuple):
    """The line of an operation, and the modules around it that run without having been called, outermost first."""

    place: Optional[Place]
    direct: Sequence[Direct]


class OperationPlaces:
    """Reads the frames around an operation; remembers whose code is whose."""

    def __init__(self) -> None:
        self._known: Dict[CodeType, int] = {}

    def around(self, frame: Optional[FrameType], calls: Sequence[CallRecord], in_full: bool) -> Optional[Around]:
        """What is around ``frame``, inside the innermost of the open ``calls`` or, ``in_full``, in all of them. None when it was
        Torchloupe itself that asked for the operation."""
        place: Optional[Place] = None
        direct: List[Direct] = []
        innermost = level = len(calls) - 1
        in_module = False
        while frame is not None and level >= 0:
            code = frame.f_code
            if code is _CALL:
                in_module = True
                if frame.f_locals.get("self") is not calls[level].part:
                    frame = frame.f_back  # a module that is no part of the model
                    continue
                level -= 1
                if not in_full:
                    break
            elif level == innermost and place is None:
                whose = self._whose(code)
                if whose == _OURS and not in_module:
                    return None
                if whose == _USERS:
                    place = code.co_filename, frame.f_lineno
            if code.co_name == "forward":
                module = _called_directly(frame, calls)
                if module is not None:
                    direct.insert(0, Direct(module, level, self._line(frame.f_back)))
            frame = frame.f_back
        return Around(place or calls[-1].place, direct)

    def _line(self, frame: Optional[FrameType]) -> Optional[Place]:
        while frame is not None:
            if self._whose(frame.f_code) == _USERS:
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back
        return None

    def _whose(self, code: CodeType) -> int:
        whose = self._known.get(code)
        if whose is None:
            filename = code.co_filename
            whose = _OURS if is_ours(filename) else _FOREIGN if is_foreign(filename) else _USERS
            self._known[code] = whose
        return whose


def _called_directly(frame: FrameType, calls: Sequence[CallRecord]) -> Optional[nn.Module]:
    """The module whose ``forward`` a frame runs, when nothing says that it was called."""
    outer = frame.f_back
    if outer is not None and outer.f_code in _CALLERS:
        return None
    # Reading the variables of a frame may keep them alive until it ends: it is done for these few alone.
    module = frame.f_locals.get(frame.f_code.co_varnames[0]) if frame.f_code.co_argcount else None
    if not issubclass(type(module), nn.Module) or any(call.part is module for call in calls):
        return None
    return module
