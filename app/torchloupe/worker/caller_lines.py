"""At which line of the user's code is a module called? Asked before every call, so what is known of a piece of code is kept."""

import os
from types import CodeType, FrameType
from typing import Dict, Optional

from .places import Place, is_foreign

_USERS, _LAYERS, _OTHERS = 1, 2, 3
_LAYERS_FOLDER = os.path.join("torch", "nn", "modules", "")


class _Code:
    """A piece of code: whose it is, and the places of its lines that were asked for. It is held, so that its identity stays its own."""

    __slots__ = ("code", "kind", "places")

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.kind = _kind_of(code)
        self.places: Dict[int, Place] = {}


class CallerLines:
    """``own_code`` is that of the function that every call goes through: beyond it lies what the call around this one has to say."""

    def __init__(self) -> None:
        self._known: Dict[int, _Code] = {}  # by identity: the hash of a piece of code is made of all that is in it, each time
        self.own_code: Optional[CodeType] = None

    def place(self, frame: Optional[FrameType], around: Optional[Place], is_inside: bool) -> Optional[Place]:
        """The nearest line of the user's code outwards from ``frame``. Between a call and the one that it is inside of there may be
        none: then it is the line of that one, ``around``."""
        while frame is not None:
            code = frame.f_code
            known = self._known.get(id(code))
            if known is None:
                known = self._known[id(code)] = _Code(code)
            if known.kind is _USERS:
                place = known.places.get(frame.f_lasti)
                if place is None:  # the number of the line counts through all lines of the code
                    place = known.places[frame.f_lasti] = code.co_filename, frame.f_lineno
                return place
            if is_inside and (known.kind is _LAYERS or code is self.own_code):
                return around
            frame = frame.f_back
        return None


def _kind_of(code: CodeType) -> int:
    """Whose code it is: the user's, the forward of a layer of torch, which is called for that layer alone, or another's."""
    if not is_foreign(code.co_filename):
        return _USERS
    return _LAYERS if code.co_name == "forward" and _LAYERS_FOLDER in code.co_filename else _OTHERS
