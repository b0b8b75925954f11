"""A context in which a pass goes on: a layer that refuses its input gives what it was built to give, an operation what it was meant to."""

import math
import sys
import time
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.mismatch_chain import GOES_ON, Mismatch, producer_of
from ...analysis.origins import with_origin
from ...wire.problems import Problem
from ...wire.traces import LayerCall
from ..call_record import Arguments
from ..failure import layer_problem, operation_problem, torch_layer
from ..operations import FailingOperation
from ..places import Places
from ..quiet import quiet
from ..repetition import Repetition
from ..source_trial import Spot, spot_of
from ..torch_compat import call_modules_by, uncompiled, what_calls_modules
from ..trace import ForwardTrace, OpenFailure
from .guarded import is_guarded
from .makers import Makers
from .stand_ins import ATTENTION, WHOLE, stand_in, whole_stand_in
from .substitutes import substitutes
from .wrong_parameters import with_parameters

MOST_MISMATCHES = 25
_READS_VALUES = {"__bool__", "__int__", "__float__", "__index__", "item", "tolist", "numpy", "nonzero", "equal", "allclose"}
"""After these Python decides by values, and those behind a failure are made up."""
_NONE = object()


class TookTooLong(Exception):
    """A pass that was to be quick."""


class Recovered:
    """One failure that was got over, in the call of index ``call`` or before it.

    ``choices``: in how many ways; ``guessed``: the line that read values behind an earlier one, so that nobody knows whether the pass
    comes here; ``repaired``: the result is that of the repaired operation; ``spot``: where it was called.
    """

    def __init__(
        self, mismatch: Mismatch, part: nn.Module, call: int, spot: Optional[Spot], choices: int = 1, repaired: bool = False
    ) -> None:
        self.guessed: Optional[int] = None
        self.mismatch = mismatch
        self.part = part
        self.call = call
        self.spot = spot
        self.choices = choices
        self.repaired = repaired


class Recovering(TorchFunctionMode):
    """Inside, failures that are mismatches are got over and noted in ``found``; others are raised as ever.

    ``choices`` says for each of the operations with several likely results which one to take; the first where it says nothing.
    ``spared`` is a path whose layer is left to fail; after ``most`` failures it ends. ``hear`` is told of each at once. ``until`` is
    when it gives up.
    """

    def __init__(
        self,
        model: nn.Module,
        places: Places,
        choices: Sequence[int] = (),
        spared: Optional[str] = None,
        most: int = MOST_MISMATCHES,
        hear: Callable[[Recovered], object] = lambda _recovered: None,
        until: float = math.inf,
    ) -> None:
        super().__init__()
        self._hear = hear
        self._until = until
        self._decided: Optional[int] = None
        self._model = model
        self._places = places
        self._trace = ForwardTrace(model, report=lambda _calls: None, check=lambda: None, statistics=False)
        self._arguments = Arguments()
        self._makers = Makers(places)
        self._choices = list(choices)
        self._spared = spared
        self._most = most
        self._busy = False
        self._inside: Optional[BaseException] = None
        self.found: List[Recovered] = []

    def __enter__(self) -> "Recovering":
        self._plain_call = what_calls_modules()
        call_modules_by(self._recovered(self._plain_call))
        self._contexts: List[Any] = [quiet(), self._trace, uncompiled(), super()]
        for context in self._contexts:
            context.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        for context in reversed(self._contexts):
            context.__exit__(None, None, None)
        call_modules_by(self._plain_call)

    @property
    def calls(self) -> List[LayerCall]:
        """The calls of the pass."""
        return self._trace.calls

    def _recovered(self, plain_call: Callable[..., Any]) -> Callable[..., Any]:
        recovering = self

        def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            try:
                return plain_call(self, *args, **kwargs)
            except Exception as error:
                output = recovering._of_layer(self, args, kwargs, error)
                if output is _NONE:
                    raise
                return output

        return call

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        kwargs = kwargs or {}
        if time.monotonic() > self._until:
            raise TookTooLong
        try:
            output = func(*args, **kwargs)
        except Exception as error:
            output = _NONE if self._busy else self._of_operation(func, args, kwargs, error)
            if output is _NONE:
                raise
        if not self._busy:
            if self.found and self._decided is None and getattr(func, "__name__", "") in _READS_VALUES:
                place = self._places.of_caller(sys._getframe(1))
                self._decided = place[1] if place is not None else 0
            self._makers.note(func, args, kwargs, output, self._trace.open_calls())
        return output

    def _of_layer(self, part: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any], error: BaseException) -> Any:
        opened, kind = self._innermost(), torch_layer(part)
        if kind is None or opened is None or opened.module is not part or self._is_left_alone(opened.call.module):
            return _NONE
        if kind in WHOLE and self._inside is error:
            return self._carefully(lambda: whole_stand_in(part, args))
        calls = self._trace.calls
        problem = layer_problem(error, self._model, opened, calls)
        if problem is None or problem.code not in GOES_ON:
            return _NONE
        output = self._carefully(lambda: stand_in(part, kind, problem, args, kwargs))
        if output is _NONE:
            return _NONE
        self._makers.note_call(output, opened.call)
        known = with_origin(problem, self._makers.of_each(opened.inputs))
        producer = producer_of(problem.data.get("got"), opened.call.index, calls)
        self._note(Recovered(Mismatch(known, producer), part, opened.call.index, spot_of(sys._getframe(1))))
        if kind == ATTENTION and any(torch_layer(record.part) in WHOLE for record in self._trace.open_calls()[:-1]):
            self._inside = error
            return _NONE
        return output

    def _of_operation(self, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any], error: BaseException) -> Any:
        opened = self._innermost()
        if opened is None or torch_layer(opened.module) is not None or self._is_left_alone(None):
            return _NONE
        seen = FailingOperation(self._places)
        seen.remember(func, args, kwargs)
        problem = operation_problem(error, seen, opened, self._places)
        if problem is None or problem.code not in GOES_ON:
            return _NONE
        results, repaired = self._likely(problem, seen, func, args, kwargs)
        if not results:
            return _NONE
        choice = self._choices.pop(0) if len(results) > 1 and self._choices else 0
        output = self._carefully(results[choice])
        if output is not _NONE:
            spot, after = spot_of(sys._getframe(1)), self._trace.next_index
            problem, makers = with_parameters(problem, self._model, seen.tensors, self._makers.of_each(seen.tensors))
            problem = with_origin(problem, makers)
            problem = replace(problem, data={**problem.data, "before_call": after})
            self._note(Recovered(Mismatch(problem), opened.module, after, spot, len(results), repaired))
        return output

    def _note(self, recovered: Recovered) -> None:
        recovered.guessed = self._decided
        self.found.append(recovered)
        self._hear(recovered)

    def _innermost(self) -> Optional[OpenFailure]:
        """The innermost call that is open, as it would be told if it failed now."""
        opened = self._trace.open_calls()
        if not opened:
            return None
        tensors = [tensor for _, tensor in self._arguments.tensors(opened[-1])]
        return OpenFailure(opened[-1], tensors)

    def _likely(self, problem: Problem, seen: FailingOperation, *called: Any) -> Tuple[List[Callable[[], Any]], bool]:
        found = self._carefully(lambda: substitutes(problem.code, seen, *called))
        return ([], False) if found is _NONE else found

    def _carefully(self, work: Callable[[], Any]) -> Any:
        """Its result; ``_NONE`` where there is none. What it does is not watched."""
        self._busy = True
        try:
            output = work()
        except Exception:
            return _NONE
        finally:
            self._busy = False
        return _NONE if output is None else output

    def _is_left_alone(self, path: Optional[str]) -> bool:
        if self._trace.is_threaded or len(self.found) >= self._most or (path is not None and path == self._spared):
            return True
        return is_guarded(sys._getframe(2), Repetition.run.__code__)
