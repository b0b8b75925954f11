"""Notice the modules and Parameters that are made while a constructor runs, each with the user's line, and keep none of them."""

import sys
import weakref
from dataclasses import dataclass
from functools import wraps
from types import CodeType, FrameType
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, Type

from torch import nn

from ..places import Place, is_foreign
from . import raw

_Spot = Tuple[str, int]


@dataclass(frozen=True)
class LostModule:
    """A module that was made and does not belong to the model: it is gone, or nothing of the model leads to it."""

    kind: Type[nn.Module]
    place: Optional[Place]


@dataclass(frozen=True)
class WipedModule:
    """``Module.__init__`` ran a second time on a module and forgot what it had registered."""

    class_name: str
    forgotten: Tuple[str, ...]
    place: Optional[Place]


class ConstructionWatch:
    """``with watch: model = make()``. Nothing stays patched, and no module is kept alive."""

    def __init__(self) -> None:
        self.wiped: List[WipedModule] = []
        self._modules: List[Tuple["weakref.ref[nn.Module]", Type[nn.Module], Optional[_Spot]]] = []
        self._parameters: Dict[int, Optional[_Spot]] = {}
        self._own_codes: Dict[Type[Any], Set[CodeType]] = {}
        self._is_foreign: Dict[str, bool] = {}
        self._put_back: List[Callable[[], None]] = []
        self._on = False

    def __enter__(self) -> "ConstructionWatch":
        self._on = True
        self._patch(nn.Module, "__init__", self._watched_init)
        self._patch(nn.Parameter, "__new__", self._watched_new)
        return self

    def __exit__(self, *raised: Any) -> None:
        self._on = False
        while self._put_back:
            self._put_back.pop()()

    def place_of(self, value: Any) -> Optional[Place]:
        """The line that made a module or a Parameter which still exists; None for anything else."""
        if isinstance(value, nn.Parameter) and id(value) in self._parameters:  # a plain tensor may lie where one was thrown away
            return self._parameters[id(value)]
        return next((spot for made, _, spot in self._modules if made() is value), None)

    def lines(self) -> Iterator[Tuple["weakref.ref[nn.Module]", Optional[Place]]]:
        """Every module that was made, with the line that place_of gives for it."""
        return ((made, spot) for made, _, spot in self._modules)

    def lost(self, reachable: Set[int]) -> List[LostModule]:
        """The modules that were made and are none of those whose ids are given."""
        found = []
        for made, kind, spot in self._modules:
            module = made()
            if module is None or id(module) not in reachable:
                found.append(LostModule(kind, spot))
        return found

    def _patch(self, kind: Any, name: str, watched: Callable[[Any], Any]) -> None:
        before = vars(kind)[name]
        after = watched(before)
        setattr(kind, name, after)

        def put_back() -> None:
            # When somebody has wrapped ours meanwhile, theirs stays: ours in it does nothing any more.
            if vars(kind).get(name) is after:
                setattr(kind, name, before)

        self._put_back.append(put_back)

    def _watched_init(self, original: Any) -> Any:
        modules, own_codes, spot_of = self._modules, self._own_codes, self._spot

        @wraps(original)
        def __init__(module: Any, *arguments: Any, **keywords: Any) -> None:
            if self._on:
                kind = type(module)
                codes = own_codes.get(kind)
                if codes is None:
                    own_codes[kind] = codes = _init_codes(kind)
                spot = spot_of(sys._getframe(1), codes)
                forgotten = _registered_names(module)
                if forgotten:
                    self.wiped.append(WipedModule(kind.__name__, forgotten, spot_of(sys._getframe(1), set())))
                modules.append((weakref.ref(module), kind, spot))
            original(module, *arguments, **keywords)

        return __init__

    def _watched_new(self, original: Any) -> Any:
        new, parameters, spot_of = original.__func__, self._parameters, self._spot
        nothing: Set[CodeType] = set()

        @wraps(new)
        def __new__(kind: Any, *arguments: Any, **keywords: Any) -> Any:
            made = new(kind, *arguments, **keywords)
            if self._on:
                parameters[id(made)] = spot_of(sys._getframe(1), nothing)
            return made

        return staticmethod(__new__)

    def _spot(self, frame: Optional[FrameType], own: Set[CodeType]) -> Optional[_Spot]:
        """The line that called the constructor: past the constructors of the object's own classes, and past torch."""
        last = None
        while frame is not None:
            code = frame.f_code
            if code in own and code is not last:
                last = code
            else:
                file = code.co_filename
                foreign = self._is_foreign.get(file)
                if foreign is None:
                    self._is_foreign[file] = foreign = is_foreign(file)
                if not foreign:
                    return file, frame.f_lineno
            frame = frame.f_back
        return None


def _init_codes(kind: Type[Any]) -> Set[CodeType]:
    found = (raw.class_members(base).get("__init__") for base in raw.bases_of(kind))
    return {function.__code__ for function in found if hasattr(function, "__code__")}


def _registered_names(module: nn.Module) -> Tuple[str, ...]:
    own = raw.module_vars(module)
    if "_modules" not in own:
        return ()
    return tuple(name for kind in ("_modules", "_parameters", "_buffers") for name in raw.registered(module, kind))
