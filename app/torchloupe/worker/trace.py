"""Watch a forward pass: every call in execution order, told as it ends, the model left as it is.

What is watched is ``nn.Module.__call__``, for as long as the pass takes. Hooks on every module cost four times as much as what is
noted here, and more than a whole pass of a model of many small layers to put on and take off.
"""

import itertools
import sys
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any, Callable, Collection, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.tensors import TensorMeta, TensorStats
from ..wire.traces import FAILED, UNFINISHED, LayerCall
from .call_record import Arguments, CallRecord
from .caller_lines import CallerLines
from .collector import collector_at_rest, old_objects_at_rest
from .device_clock import DeviceClock
from .module_facts import attributes_of
from .module_tree import walk_modules
from .nested import metas_of, tensors_in
from .output_notes import OutputNotes
from .plain_values import plain_values
from .telling import Telling
from .torch_compat import (
    call_modules_by,
    every_layer_by_itself,
    function_modes_are_on,
    nodes_so_far,
    past_function_modes,
    what_calls_modules,
)

_NOTHING: Tuple[Tuple[Any, ...], Dict[str, Any]] = ((), {})


def _call_unwatched(plain_call: Any, module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
    watched = what_calls_modules()
    call_modules_by(plain_call)
    try:
        return plain_call(module, *args, **kwargs)
    finally:
        call_modules_by(watched)


class _Known:
    """A module that is watched: its first path, the name of its first argument, and how often it was called. It is held: one that is
    dropped while the model runs would give its identity to another."""

    __slots__ = ("calls", "kind", "module", "name", "path")

    def __init__(self, path: str, module: nn.Module, name: str) -> None:
        self.path = path
        self.module = module
        self.name = name
        self.kind = type(module).__name__
        self.calls = 0


class ForwardTrace:
    """A context in which the calls of ``model`` are recorded. ``report`` gets them as they end; ``check`` may raise to stop.

    Each thread of the model has calls of its own inside each other. ``seconds`` of a call leave out what watching it cost.
    ``nodes`` says between which of autograd's nodes each call lay. ``as_one`` are the identities of modules inside which nothing is
    watched: the compiler of torch must not see the watching. With a ``clock``, ``late_calls`` have the seconds that a device took.
    """

    def __init__(
        self,
        model: nn.Module,
        report: Callable[[List[LayerCall]], None],
        check: Callable[[], None],
        statistics: bool = True,
        as_one: Collection[int] = (),
        clock: Optional[DeviceClock] = None,
    ) -> None:
        self._model = model
        self._as_one = as_one
        self._check = check
        self._clock = clock
        self._notes = OutputNotes(statistics, clock)
        self._arguments = Arguments()
        self._telling = Telling(self._notes.completed_for(report))
        self._known: Dict[int, _Known] = {}
        self._lines = CallerLines()
        self._inside = ExitStack()
        self._overhead = 0.0
        self._main = threading.get_ident()
        self._stacks: Dict[int, List[CallRecord]] = {self._main: []}
        self._numbers = itertools.count()
        self.nodes: Dict[int, Tuple[int, int]] = {}
        self.returned_nothing: List[LayerCall] = []

    def __enter__(self) -> "ForwardTrace":
        known, first_name = self._known, self._arguments.first_name
        with collector_at_rest():
            for path, module in walk_modules(self._model):
                if id(module) not in known:
                    known[id(module)] = _Known(path, module, first_name(module))
                    if attributes_of(module).get("_forward_pre_hooks"):
                        self._look_behind_hooks(module)
        self._telling.expect(len(known))
        for context in (old_objects_at_rest(), every_layer_by_itself(), self._telling):
            self._inside.enter_context(context)
        self._plain_call = what_calls_modules()
        call_modules_by(self._watched(self._plain_call))
        return self

    def __exit__(self, *_: object) -> None:
        call_modules_by(self._plain_call)
        self._inside.close()
        self._notes.forget()

    def _watched(self, plain_call: Callable[..., Any]) -> Callable[..., Any]:
        """``nn.Module.__call__`` with a note before and after. It runs once per layer, as what it calls before and after does: everything
        is a local, what nearly every layer gets and gives - one plain tensor - is noted there, and nothing is called that need not be."""
        trace, known_of, begin, end, as_one = self, self._known.get, self._beginning(), self._ending(), self._as_one
        frame_of, is_moded, past_modes = sys._getframe, function_modes_are_on, past_function_modes

        def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            known = known_of(id(self))
            if known is None:
                return plain_call(self, *args, **kwargs)
            if is_moded():  # each question to a tensor would go through the mode
                with past_modes():
                    record = begin(self, known, args, kwargs, frame_of(1))
            else:
                record = begin(self, known, args, kwargs, frame_of(1))
            try:
                output = plain_call(self, *args, **kwargs) if not as_one else trace._call_as_one(record, args, kwargs)
            except BaseException:
                record.failed = True
                raise
            if is_moded():
                with past_modes():
                    end(record, output)
            else:
                end(record, output)
            return output

        self._lines.own_code = call.__code__
        return call

    def _beginning(self) -> Callable[..., CallRecord]:
        """What is noted before a call: of the module, of what is known of it, of what it is given, and of the frame that calls."""
        trace, stack_of, number_of_nodes, notes, plain = self, self._stacks.get, nodes_so_far, self._notes, self._notes.plain
        main, check, numbers, device = self._stacks[self._main], self._check, self._numbers, self._clock
        place_of, note_inputs, members = self._lines.place, self._note_inputs, attributes_of
        clock, this_thread, a_tensor, strided = time.perf_counter, threading.get_ident, torch.Tensor, torch.strided

        def begin(module: nn.Module, known: _Known, args: Tuple[Any, ...], kwargs: Dict[str, Any], frame: Any) -> CallRecord:
            started = clock()
            if device is not None:
                device.arrived()
            stack = stack_of(this_thread()) or trace._stacks.setdefault(this_thread(), [])
            check()
            if stack and stack[-1].failed:
                trace._go_on(stack)
            record = CallRecord()
            record.part, record.module, record.class_name, record.stack = module, known.path, known.kind, stack
            record.call_number = known.calls
            known.calls += 1
            record.index = next(numbers)
            record.depth = len(stack) if stack is main else len(main) + len(stack)
            record.place = place = place_of(frame, stack[-1].place if stack else None, bool(stack))
            if place is not None:
                record.file, record.line = place
            record.training = members(module).get("training")
            record.args, record.kwargs = args, kwargs
            given = args[0] if len(args) == 1 and not kwargs else None
            last, shape, kind = notes.last
            if given is last and given.shape == shape:  # what in-place operations may have changed
                record.inputs = kind[known.name]
            elif type(given) is a_tensor and given.layout is strided and not given.is_nested and given.is_contiguous():
                record.inputs = (plain[given.dtype][given.shape] if given.is_cpu else plain.elsewhere(given))[known.name]
            else:
                note_inputs(record, args, kwargs)
            record.nodes = number_of_nodes()
            stack.append(record)
            if device is not None:
                device.began(record)
            record.began = now = clock()
            record.overhead = trace._overhead = trace._overhead + now - started
            return record

        return begin

    def _call_as_one(self, record: CallRecord, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """One of them is called as if nobody watched; any other module as usual."""
        if id(record.part) not in self._as_one:
            return self._plain_call(record.part, *args, **kwargs)
        record.compiled = True
        return _call_unwatched(self._plain_call, record.part, args, kwargs)

    def _go_on(self, stack: List[CallRecord]) -> None:
        """The model caught the failure of a part and goes on without it."""
        while stack and stack[-1].failed:
            self._finish(stack.pop(), FAILED)

    def _look_behind_hooks(self, module: nn.Module) -> None:
        """What the module is given in the end: hooks of the user's change it. A plain function: copies of a part copy its hooks."""

        def given(called: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
            stack = self._stacks.get(threading.get_ident())
            if stack and stack[-1].part is called:
                self._note_inputs(stack[-1], args, kwargs)

        with suppress(RuntimeError):  # nn.Module's own method: that of a scripted module refuses
            self._inside.callback(nn.Module.register_forward_pre_hook(module, given, with_kwargs=True).remove)

    def _note_inputs(self, record: CallRecord, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        record.args, record.kwargs = args, kwargs
        record.inputs = metas_of(self._arguments.tensors(record))
        record.values = plain_values(args, kwargs, self._arguments.names(record.part))

    def _ending(self) -> Callable[[CallRecord, Any], None]:
        """What is noted after a call, of what it gave."""
        trace, stacks, nodes, number_of_nodes = self, self._stacks, self.nodes, nodes_so_far
        clock, note, telling, device = time.perf_counter, self._notes.note, self._telling, self._clock

        def end(record: CallRecord, output: Any) -> None:
            ended, stack = clock(), record.stack
            if device is not None:
                device.ended(record)
            if not stack or stack[-1] is not record:
                if not any(each is record for each in stack):
                    return
                while stack[-1] is not record:
                    trace._finish(stack.pop(), FAILED)
            stack.pop()
            # Of several threads nobody knows whose watching fell into whose call.
            watching = trace._overhead - record.overhead if len(stacks) == 1 else 0.0
            seconds = ended - record.began - watching
            record.seconds = seconds if seconds > 0 else 0.0
            record.nodes_after = number_of_nodes()
            note(record, output)
            if output is None:
                trace.returned_nothing.append(record.as_call())
            record.args, record.kwargs = _NOTHING
            if record.nodes_after > record.nodes:
                nodes[record.index] = record.nodes, record.nodes_after
            telling.add(record)
            trace._overhead += clock() - ended
            if device is not None:
                device.looked_at(record)

        return end

    def late_calls(self) -> List[LayerCall]:
        """The calls of which a device tells more now, for which this waits: statistics that were made there, and how long they took."""
        return [record.as_call() for record in self._notes.late(timed=not self.is_threaded)]

    def _finish(self, record: CallRecord, status: str) -> None:
        """One that did not come to its end."""
        record.status = status
        record.args, record.kwargs = _NOTHING
        self._telling.add(record)

    def abandon(self, status: str = FAILED) -> Optional["OpenFailure"]:
        """After the model raised: report the calls that did not end, and return the innermost (it gets ``status``) with its module."""
        stacks = [stack for stack in self._stacks.values() if stack]
        if not stacks:
            return None
        innermost = max((stack[-1] for stack in stacks), key=lambda record: record.index)
        innermost.status = status
        failure = OpenFailure(innermost, [tensor for _, tensor in self._arguments.tensors(innermost)])
        for stack in stacks:
            while stack:
                record = stack.pop()
                self._finish(record, status if record is innermost else UNFINISHED)
        return failure

    def open_calls(self) -> List[CallRecord]:
        """The calls that are open in this thread, outermost first."""
        return [record for record in self._stacks.get(threading.get_ident(), ()) if not record.failed]

    def path_of(self, module: nn.Module) -> Optional[str]:
        """Where a module stands in the model; None for one that is no part of it."""
        known = self._known.get(id(module))
        return known.path if known is not None else None

    def stats_of(self, tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[Optional[TensorStats], ...]:
        """Their statistics, None where there are none to be made; what was just measured is not measured again."""
        return self._notes.stats_of(tensors)

    def spend(self, seconds: float) -> None:
        """So much was watching, and is not to count as time of the model."""
        self._overhead += seconds

    @property
    def next_index(self) -> int:
        """The index of the call that begins next."""
        return int(repr(self._numbers)[len("count(") : -1])  # a count says where it stands nowhere else

    @property
    def calls(self) -> List[LayerCall]:
        """All that were told, in the order in which they ended."""
        self._telling.flush()
        return self._telling.told

    @property
    def is_threaded(self) -> bool:
        """Whether the model called parts from threads of its own."""
        return len(self._stacks) > 1

    @property
    def overhead_seconds(self) -> float:
        """What watching has cost so far."""
        return self._overhead


class OpenFailure:
    """The innermost call that raised: its module, its record, and the tensors that went in."""

    def __init__(self, record: CallRecord, inputs: List[torch.Tensor]) -> None:
        self.module = record.part
        self.call = record.as_call()
        self.inputs = inputs


def input_metas(positional: Tuple[Any, ...], keywords: Dict[str, Any]) -> Tuple[TensorMeta, ...]:
    """The tensors of a model's input, named by position or keyword."""
    found: List[Tuple[str, torch.Tensor]] = []
    for number, value in enumerate(positional):
        found += tensors_in(value, f"[{number}]")
    for name, value in keywords.items():
        found += tensors_in(value, name)
    return metas_of(found)
