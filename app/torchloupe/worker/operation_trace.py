"""The operations between the calls: what runs in the user's own code and belongs to no layer of torch."""

import sys
import time
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..analysis.operation_wording import DIRECT_FORWARD, RESULT
from ..analysis.wording import count_text
from ..wire.problems import INFO, Problem
from ..wire.requests import OperationsFinished
from ..wire.tensors import TensorMeta
from ..wire.traces import DONE, FAILED, Operation, PlainValue
from .call_record import CallRecord
from .context import Context
from .module_facts import attributes_of
from .nested import metas_of, tensors_in
from .operation_names import Spoken, spoken
from .operation_places import Direct, OperationPlaces
from .places import Place
from .plain_values import plain_text
from .telling import Telling
from .trace import ForwardTrace

MOST_OPERATIONS = 50_000
"""So many are told: a list of millions is not read."""

_Told = Tuple[str, Tuple[TensorMeta, ...], Tuple[PlainValue, ...]]
"""Its name, what goes in, and what else it is given."""
_Tensors = List[Tuple[str, torch.Tensor]]


class _Here:
    """Where an operation runs: inside which call, for which module (another one when it was called past ``__call__``), how deep."""

    __slots__ = ("depth", "path", "place", "record")

    def __init__(self, record: CallRecord, path: str, depth: int, place: Optional[Place]) -> None:
        self.record = record
        self.path = path
        self.depth = depth
        self.place = place


class OperationTrace(TorchFunctionMode):
    """A context, inside that of ``trace``, in which operations are told by ``report`` as they end. ``check`` may raise to stop.

    ``left_out`` counts those beyond the most that are told.
    A module that is called past ``__call__`` has no call of its own: it is told as an operation by the name of ``DIRECT_FORWARD``.
    """

    def __init__(
        self,
        trace: ForwardTrace,
        report: Callable[[List[Operation]], None],
        check: Callable[[], None],
    ) -> None:
        super().__init__()
        self._trace = trace
        self._check = check
        self._telling = Telling(report)
        self._places = OperationPlaces()
        self._spoken: Dict[Any, Optional[Spoken]] = {}
        self._direct: Set[Tuple[int, str]] = set()
        self._last_call = -1
        self._count = 0
        self.left_out = 0

    def __enter__(self) -> "OperationTrace":
        mode: Any = super()
        self._telling.__enter__()
        mode.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        mode: Any = super()
        mode.__exit__(*raised)
        self._telling.__exit__(*raised)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation, and tell it when it is one of the user's code."""
        kwargs = kwargs or {}
        started = time.perf_counter()
        known = self._known(func)
        here = self._here() if known is not None else None
        if known is None or here is None:
            return func(*args, **kwargs)
        self._check()
        # Before it runs: it may change their shapes.
        told = known.written(args, kwargs), metas_of(known.tensors(args, kwargs)), known.values(args, kwargs)
        began = time.perf_counter()
        try:
            result = func(*args, **kwargs)
        except Exception:
            self._tell(here, told, [], None, FAILED)
            raise
        ended = time.perf_counter()
        outputs = tensors_in(args[0] if known.writes else result)
        if outputs or known.reads:
            name, inputs, values = told
            read = () if outputs else (PlainValue(RESULT, plain_text(result)),)
            self._tell(here, (name, inputs, values + read), outputs, ended - began)
        self._trace.spend(began - started + time.perf_counter() - ended)
        return result

    def _known(self, func: Callable[..., Any]) -> Optional[Spoken]:
        try:
            return self._spoken[func]
        except KeyError:
            known = self._spoken[func] = spoken(func)
            return known

    def _here(self) -> Optional[_Here]:
        """Where the operation of the calling frame runs; None when it is not to be told."""
        calls = self._trace.open_calls()
        if not calls:
            return None
        record = calls[-1]
        is_new, is_quiet = record.index > self._last_call, _owns_its_operations(record.part)
        if is_quiet and not is_new:
            return None
        around = self._places.around(sys._getframe(2), calls, is_new)
        if around is None:
            return None
        self._last_call = max(self._last_call, record.index)
        path, below = record.module, 0
        for direct in around.direct:
            owner = self._trace.path_of(direct.module)
            if owner is not None:
                inside = calls[direct.level]
                self._tell_direct(inside, owner, direct, calls[direct.level + 1 :])
                if inside is record:
                    path, below = owner, below + 1
        return None if is_quiet else _Here(record, path, record.depth + 1 + below, around.place)

    def _tell_direct(self, inside: CallRecord, path: str, direct: Direct, begun_in_it: List[CallRecord]) -> None:
        """Once for every module inside a call."""
        if (inside.index, path) not in self._direct:
            self._direct.add((inside.index, path))
            before = begun_in_it[0].index if begun_in_it else self._trace.next_index
            file, line = direct.place or (None, None)
            self._add(Operation(self._count, DIRECT_FORWARD, path, before, inside.index, inside.depth + 1, file=file, line=line))

    def _tell(self, here: _Here, told: _Told, outputs: _Tensors, seconds: Optional[float] = None, status: str = DONE) -> None:
        name, inputs, values = told
        self._add(
            Operation(
                self._count,
                name,
                here.path,
                self._trace.next_index,
                here.record.index,
                here.depth,
                inputs,
                metas_of(outputs),
                self._trace.stats_of(outputs),
                values,
                seconds,
                status,
                *(here.place or (None, None)),
            )
        )

    def _add(self, operation: Operation) -> None:
        if self._count < MOST_OPERATIONS:
            self._count += 1
            self._telling.add(operation)
        else:
            self.left_out += 1


def left_out_notes(operations: object) -> Tuple[Problem, ...]:
    """What is said when there were more than are told."""
    count = operations.left_out if isinstance(operations, OperationTrace) else 0
    if not count:
        return ()
    message = f"{count_text(MOST_OPERATIONS)} operations are shown; {count_text(count)} more ran after them."
    hint = "Give a smaller input, or look at a part of the model by itself."
    return (Problem("operations-left-out", message, INFO, hint=hint),)


def watched_operations(trace: ForwardTrace, context: Context) -> OperationTrace:
    """The operations of a pass, told as events."""

    def report(operations: List[Operation]) -> None:
        context.emit(OperationsFinished(tuple(operations)))

    return OperationTrace(trace, report, context.cancel.raise_if_requested)


def _owns_its_operations(module: nn.Module) -> bool:
    """Whether it is one of torch's own layers: what runs in a Linear is the Linear's; but one that calls parts is looked into."""
    if not type(module).__module__.startswith("torch."):
        return False
    return isinstance(module, nn.MultiheadAttention) or not attributes_of(module).get("_modules")
