"""Which modules a pass calls, what it makes while it runs, and whose forward it runs past ``__call__``."""

import functools
import sys
from types import FrameType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ...analysis.registration.forward_facts import Spot
from ..places import Places, is_foreign


class EveryCall:
    """A context in which ``began`` is told of each call of a module, and ``ended`` of each that did not raise.

    It stands in ``nn.Module`` itself, before and behind all hooks, and costs half of what a hook of all modules does. The compiler keeps
    a way past it: where that is loaded, there are hooks.
    """

    def __init__(self, began: Callable[[nn.Module], None], ended: Optional[Callable[[nn.Module], None]] = None) -> None:
        self._began = began
        self._ended = ended
        self._handles: List[Any] = []
        self._original: Any = None

    def __enter__(self) -> None:
        began, ended = self._began, self._ended
        if "torch._dynamo" in sys.modules:
            self._handles.append(register_module_forward_pre_hook(lambda module, _args: began(module)))
            if ended is not None:
                self._handles.append(register_module_forward_hook(lambda module, _args, _output: ended(module)))
            return
        original = self._original = vars(nn.Module)["_call_impl"]

        @functools.wraps(original)
        def called(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            began(module)
            output = original(module, *args, **kwargs)
            if ended is not None:
                ended(module)
            return output

        self._replace(called)

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self._original is not None:
            self._replace(self._original)
            self._original = None

    def _replace(self, call: Any) -> None:
        module_class: Any = nn.Module
        module_class._call_impl = call


class CallWatch:
    """A context that knows which modules were called and which one runs now."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.check = check
        self._every = EveryCall(self._began, self._ended)
        self._running: List[nn.Module] = []
        self.called: Set[int] = set()

    def __enter__(self) -> "CallWatch":
        self._every.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._every.__exit__()

    @property
    def running(self) -> Optional[nn.Module]:
        """The innermost module that runs."""
        return self._running[-1] if self._running else None

    def owner(self) -> Optional[nn.Module]:
        """The innermost module that runs and is not one of torch's own layers."""
        return next((each for each in reversed(self._running) if not type(each).__module__.startswith("torch.")), self.running)

    def _began(self, module: nn.Module) -> None:
        self.check()
        self.called.add(id(module))
        self._running.append(module)

    def _ended(self, module: nn.Module) -> None:
        if self._running and self._running[-1] is module:
            self._running.pop()
        elif any(each is module for each in self._running):
            while self._running.pop() is not module:
                pass  # the model caught the failure of a part and went on without it


class Birth:
    """A module or a Parameter that was made while the pass ran. ``owner`` is the module that ran then."""

    def __init__(self, value: Any, owner: Optional[nn.Module], made_at: Spot) -> None:
        self.value = value
        self.owner = owner
        self.made_at = made_at


class BirthWatch:
    """A context in which every outermost module and every lone Parameter that is made is kept, with the user's line."""

    def __init__(self, places: Places, calls: CallWatch) -> None:
        self._places = places
        self._calls = calls
        self._made: Dict[int, nn.Module] = {}  # kept, so that no other gets the identity of one
        self.modules: List[Birth] = []
        self.parameters: List[Birth] = []

    def __enter__(self) -> "BirthWatch":
        self._init, self._new = nn.Module.__init__, nn.Parameter.__new__
        init, new = self._init, self._new

        @functools.wraps(init)
        def watched_init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            if id(module) not in self._made and self._calls.running is not None:
                self._module(module, sys._getframe(1))
            init(module, *args, **kwargs)

        @functools.wraps(new)
        def watched_new(kind: Any, *args: Any, **kwargs: Any) -> Any:
            made = new(kind, *args, **kwargs)
            if self._calls.running is not None and not is_foreign(sys._getframe(1).f_code.co_filename):
                self._parameter(made, sys._getframe(1))
            return made

        self._replace(watched_init, watched_new)
        return self

    def __exit__(self, *_: object) -> None:
        self._replace(self._init, self._new)

    def _replace(self, init: Any, new: Any) -> None:
        module_class: Any = nn.Module
        parameter_class: Any = nn.Parameter
        module_class.__init__ = init
        parameter_class.__new__ = staticmethod(new)

    def _module(self, module: nn.Module, frame: Optional[FrameType]) -> None:
        self._made[id(module)] = module
        while frame is not None and _constructs(frame) is module:
            frame = frame.f_back
        if not self._inside_another(frame, module):
            self.modules.append(Birth(module, self._calls.owner(), self._spot(frame)))

    def _parameter(self, made: Any, frame: FrameType) -> None:
        if not self._inside_another(frame, None):
            self.parameters.append(Birth(made, self._calls.owner(), self._spot(frame)))

    def _inside_another(self, frame: Optional[FrameType], module: Optional[nn.Module]) -> bool:
        """Whether a module that is made right now makes this for itself."""
        while frame is not None:
            outer = _constructs(frame)
            if outer is not None and outer is not module and id(outer) in self._made:
                return True
            frame = frame.f_back
        return False

    def _spot(self, frame: Optional[FrameType]) -> Spot:
        place = self._places.of_caller(frame)
        return Spot(*place) if place else Spot()


def _constructs(frame: FrameType) -> Optional[nn.Module]:
    """The module whose ``__init__`` a frame runs."""
    if frame.f_code.co_name != "__init__" or not frame.f_code.co_varnames:
        return None
    maker = frame.f_locals.get(frame.f_code.co_varnames[0])
    return maker if isinstance(maker, nn.Module) else None


class DirectWatch:
    """A context in which the forward of the given classes says when it was not ``__call__`` that ran it."""

    def __init__(self, kinds: List[Any], places: Places, calls: CallWatch) -> None:
        self._kinds = kinds
        self._places = places
        self._calls = calls
        self._original: List[Tuple[Any, Any]] = []
        self._running: List[nn.Module] = []
        self.found: Dict[int, Tuple[nn.Module, Spot]] = {}

    def __enter__(self) -> "DirectWatch":
        for kind in self._kinds:
            forward = vars(kind)["forward"]
            self._original.append((kind, forward))
            kind.forward = self._watched(forward)
        return self

    def __exit__(self, *_: object) -> None:
        for kind, forward in reversed(self._original):
            kind.forward = forward

    def _watched(self, forward: Any) -> Any:
        @functools.wraps(forward)
        def watched(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            known = self._calls.running is module or any(each is module for each in self._running)
            if not known and self._calls.running is not None:
                self._note(module, sys._getframe(1))
            self._running.append(module)
            try:
                return forward(module, *args, **kwargs)
            finally:
                self._running.pop()

        return watched

    def _note(self, module: nn.Module, frame: FrameType) -> None:
        file = frame.f_code.co_filename
        if not is_foreign(file) and self._places.is_project(file):
            self.found.setdefault(id(module), (module, Spot(file, frame.f_lineno)))
