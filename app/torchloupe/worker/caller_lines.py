"""At which line of the user's code is a module called? Asked before every call, so what is known of a piece of code is kept."""

import os
from types import CodeType, FrameType
from typing import Dict, Optional, Tuple

from .places import Place, is_foreign

_USERS, _LAYERS, _OTHERS = 1, 2, 3
_LAYERS_FOLDER = os.path.join("torch", "nn", "modules", "")


class CallerLines:
    """``own_code`` is that of the function that every call goes through: beyond it lies what the call around this one has to say."""

    def __init__(self) -> None:
        self._kinds: Dict[CodeType, int] = {}
        self._places: Dict[Tuple[CodeType, int], Place] = {}
        self.own_code: Optional[CodeType] = None

    def place(self, frame: Optional[FrameType], around: Optional[Place], is_inside: bool) -> Optional[Place]:
        """The nearest line of the user's code outwards from ``frame``. Between a call and the one that it is inside of there may be
        none: then it is the line of that one, ``around``."""
        while frame is not None:
            code = frame.f_code
            kind = self._kinds.get(code)
            if kind is None:
                kind = self._kinds[code] = _kind_of(code)
            if kind is _USERS:
                at = code, frame.f_lasti
                place = self._places.get(at)
                if place is None:
                    place = self._places[at] = code.co_filename, frame.f_lineno  # which counts through the lines of the code
                return place
            if is_inside and (kind is _LAYERS or code is self.own_code):
                return around
            frame = frame.f_back
        return None


def _kind_of(code: CodeType) -> int:
    """Whose code it is: the user's, the forward of a layer of torch, which is called for that layer alone, or another's."""
    if not is_foreign(code.co_filename):
        return _USERS
    return _LAYERS if code.co_name == "forward" and _LAYERS_FOLDER in code.co_filename else _OTHERS
