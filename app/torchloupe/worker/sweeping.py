"""The sample input with other sizes, on shapes alone: which ones the model runs with, and what refuses the nearest of the others."""

import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.overrides import TorchFunctionMode

from ..analysis.axis_names import BATCH, AxisNames
from ..analysis.sweep import axes_to_sweep, first_sizes, next_size, sizes_to_explain
from ..wire.problems import INFO, Problem
from ..wire.requests import RunForward
from ..wire.sweeps import SizesSwept, SizeTried, SweepSizes, SweptAxis
from ..wire.traces import LayerCall
from .context import Context
from .explain import problem_of
from .failure import layer_problem, operation_problem
from .forward import chosen_device, on_device
from .index_ranges import IndexRanges, PastTheTable, mark_as_given
from .input_values import SampleInput
from .lazy_parts import has_lazy_parts
from .model_state import ModelState
from .module_facts import settings_of
from .module_tree import tensors_of, walk_modules
from .nested import map_tensors, metas_of, tensors_in
from .operations import FailingOperation
from .places import Place, Places
from .quiet import quiet
from .repetition import Repetition
from .run_conditions import RunConditions
from .sample_input import sample_input
from .side_effects import SideEffects
from .target import Target
from .torch_compat import uncompiled
from .trace import ForwardTrace
from .without_data import data_needed, needs_data, without_data

_RESHAPES = ("view", "reshape", "expand", "unflatten")
Shape = Tuple[int, ...]


class _TimeIsOver(BaseException):
    """The time of an axis is over, in the middle of a pass."""


def sweep_sizes(target: Target, model: nn.Module, request: SweepSizes, context: Context) -> SizesSwept:
    """Every axis of the sample input; the model is put back. Raises ``CouldNotRun`` or ``UsageError`` where there is no input."""
    started = time.perf_counter()
    state = ModelState(model)
    try:
        context.progress(0, 0, "making the sample input")
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        device = chosen_device(request.device, model)
        runner, given = on_device(model, device), given.on(device)
        if has_lazy_parts(runner):
            _made_for(given, runner, target.places)
        sweep = _Sweep(target.places, runner, given, request, context)
        axes = sweep.axes()
    finally:
        context.state["spoiled"] = bool(state.restore())
    seconds = time.perf_counter() - started
    return SizesSwept(axes, given.specs, given.source, tuple(sweep.problems), tuple(sweep.notes), seconds)


def _made_for(given: SampleInput, lazy: nn.Module, places: Places) -> None:
    """Lazy parts get the sizes that the sample input gives them: only a pass with data can do that. What fails here fails again where it
    is explained."""
    with suppress(Exception, SystemExit), quiet(), SideEffects(places, diverted=True), torch.no_grad():
        lazy(*given.positional, **given.keywords)


class _Sweep:
    """Passes over one model, each with sizes of its own."""

    def __init__(self, places: Places, model: nn.Module, given: SampleInput, request: SweepSizes, context: Context) -> None:
        self._places = places
        self._model = model
        self._given = given
        self._context = context
        self._limit = request.time_limit
        self._deadline = time.monotonic() + request.time_limit
        self._asked = RunForward(mode=request.mode, seed=request.seed, shapes_only=True, grad=False)
        self._before = ModelState(model)
        self._leaves: List[torch.Tensor] = []
        map_tensors((given.positional, given.keywords), self._leaf)
        self._base_outputs: Tuple[Shape, ...] = ()
        self._ranges = IndexRanges()
        self.problems: List[Problem] = []
        self.notes: List[str] = []

    def _leaf(self, tensor: torch.Tensor) -> torch.Tensor:
        self._leaves.append(tensor)
        return tensor

    def axes(self) -> Tuple[SweptAxis, ...]:
        """All axes with the sizes that were tried."""
        try:
            base, calls = self._explained({})
        except _TimeIsOver:
            self.notes.append(f"The sample input alone took longer than {self._limit:g} seconds on shapes: nothing was swept.")
            return ()
        if base is not None and base.severity == INFO:
            self.problems.append(base)
            return ()
        self._note_ids()
        metas = metas_of([("", tensor) for tensor in self._leaves])
        names = AxisNames(calls, {path: settings_of(module) for path, module in walk_modules(self._model)})
        found = axes_to_sweep(metas, [names.of(meta) for meta in metas])
        swept: List[SweptAxis] = []
        begun = time.monotonic()
        for number, axis in enumerate(found):
            self._context.progress(number, len(found), f"trying sizes of {axis.name}")
            left = begun + self._limit - time.monotonic()
            self._deadline = time.monotonic() + left / (len(found) - number)
            swept.append(self._swept(axis))
        self._before.restore()
        if base is not None and not any(each.runs for axis in swept for each in axis.tried):
            self.problems.append(base)
        if not found:
            self.notes.append("The sample input has no axis that could be of another size.")
        return tuple(swept)

    def _swept(self, axis: SweptAxis) -> SweptAxis:
        tried: Dict[int, SizeTried] = {}
        waiting = list(first_sizes(axis))
        try:
            while waiting:
                size = waiting.pop(0)
                tried[size] = SizeTried(size, self._runs(axis, size))
                more = None if waiting else next_size(_sorted(tried))
                waiting += [] if more is None else [more]
            for size in sorted(sizes_to_explain(_sorted(tried), axis.base)):
                tried[size] = replace(tried[size], problem=self._why(axis, size))
        except _TimeIsOver:
            self.notes.append(f"{axis.name}: the time was over after {len(tried)} sizes.")
        return replace(axis, tried=tuple(_sorted(tried)))

    def _runs(self, axis: SweptAxis, size: int) -> Optional[bool]:
        """Whether it runs, and what comes out is of that size where it was of the other one; None when values would decide."""
        error, outputs = self._pass(self._shapes(axis, size))
        if error is not None:
            return None if needs_data(error) else False
        if size == axis.base:
            self._base_outputs = outputs
        return not self._ignored(axis, size, outputs)

    def _ignored(self, axis: SweptAxis, size: int, outputs: Tuple[Shape, ...]) -> bool:
        """The answer has the batch of the sample input, whatever batch came in."""
        has_batch = any(len(shape) > 1 and shape[0] == axis.base for shape in outputs)
        return axis.name == BATCH and size != axis.base and has_batch and outputs == self._base_outputs

    def _why(self, axis: SweptAxis, size: int) -> Optional[Problem]:
        shapes = self._shapes(axis, size)
        fixed = _FixedBatch(self._places, size, axis.base) if axis.name.startswith(BATCH) else None
        problem, _ = self._explained(shapes, fixed)
        if fixed is not None and fixed.place is not None:
            return _hard_coded(fixed, problem)
        if problem is None:
            message = f"The answer keeps {axis.base} rows when {size} come in."
            return Problem("batch-ignored", message, INFO, "Take the batch size from the input.")
        return replace(problem, severity=INFO)

    def _explained(
        self, shapes: Dict[int, Shape], also: Optional[TorchFunctionMode] = None
    ) -> Tuple[Optional[Problem], List[LayerCall]]:
        """What refuses the input, None when nothing does, and the calls that ended."""
        calls: List[LayerCall] = []
        trace = ForwardTrace(self._model, calls.extend, self._check, statistics=False)
        seen = FailingOperation(self._places)
        error, _ = self._pass(shapes, trace, seen, *([also] if also else ()))
        opened = trace.abandon()
        if error is None:
            return None, calls
        if needs_data(error):
            return data_needed(problem_of(error, "", "", self._places), opened.call.module if opened else ""), calls
        module = opened.call.module if opened else ""
        if isinstance(error, PastTheTable):
            return self._past_the_table(error, module), calls
        found = layer_problem(error, self._model, opened, calls) if opened else None
        found = found or operation_problem(error, seen, opened, self._places)
        plain = replace(problem_of(error, "forward-failed", "It fails", self._places), module=module)
        return replace(found or plain, fixes=()), calls

    def _past_the_table(self, error: PastTheTable, module: str) -> Problem:
        name = self._name_of(error.table) or module
        place = self._places.of_error(error)
        message = f"Row {error.index} of the table `{name}` is asked for, which has only rows 0 to {error.rows - 1}."
        return Problem(
            "index-out-of-range",
            message,
            module=module,
            file=place[0] if place else None,
            line=place[1] if place else None,
            data={"rows": error.rows, "table": name, "index": error.index},
        )

    def _name_of(self, table: torch.Tensor) -> str:
        key = next((name for name, each in self._model.named_parameters() if each is table), "")
        return key[: -len(".weight")] if key.endswith(".weight") else key

    def _note_ids(self) -> None:
        """Which ids the inputs may hold: what a table has no row for it refuses, whatever the sizes are."""
        for number, table in sorted(self._ranges.tables.items()):
            rows, which = int(table.shape[0]), f" of input {number + 1}" if len(self._leaves) > 1 else ""
            self.notes.append(f"The ids{which} may be 0 to {rows - 1}: the table `{self._name_of(table)}` has {rows} rows.")

    def _shapes(self, axis: SweptAxis, size: int) -> Dict[int, Shape]:
        shapes: Dict[int, Shape] = {}
        for leaf, dimension in axis.places:
            shape = list(shapes.get(leaf, tuple(self._leaves[leaf].shape)))
            shape[dimension] = size
            shapes[leaf] = tuple(shape)
        return shapes

    def _pass(self, shapes: Dict[int, Shape], *watches: Any) -> Tuple[Optional[BaseException], Tuple[Shape, ...]]:
        """One pass on shapes alone: what it raised, and the shapes that came out."""
        self._check()
        given, flow = self._sized(shapes)
        device = next((tensor.device for tensor in tensors_of(self._model)), None)
        repetition = Repetition(
            self._model, given, RunConditions(self._asked, device, flow), self._before, self._asked, self._check
        )
        outputs: List[Shape] = []
        self._ranges = IndexRanges()
        within = _all_of(quiet(), uncompiled(), _output_of(self._model, outputs), *watches, self._ranges)
        error = repetition.run(within=within)
        return error, tuple(outputs)

    def _sized(self, shapes: Dict[int, Shape]) -> Tuple[SampleInput, Any]:
        """The input without data, in these shapes."""
        device = self._leaves[0].device if self._leaves else None
        bare, flow = without_data(self._given, device)
        number = iter(range(len(self._leaves)))

        def sized(tensor: torch.Tensor) -> torch.Tensor:
            at = next(number)
            shape = shapes.get(at)
            tensor = tensor if shape is None else tensor.new_empty(shape)
            if not tensor.is_floating_point():
                mark_as_given(tensor, at)
            return tensor

        with flow:
            positional, keywords = map_tensors((bare.positional, bare.keywords), sized)
        return replace(bare, positional=positional, keywords=keywords), flow

    def _check(self) -> None:
        self._context.cancel.raise_if_requested()
        if time.monotonic() > self._deadline:
            raise _TimeIsOver


@contextmanager
def _all_of(*contexts: Any) -> Iterator[None]:
    # A watched call takes more of Python's stack than a call. Restored with the rest.
    sys.setrecursionlimit(2 * sys.getrecursionlimit())
    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield


def _sorted(tried: Dict[int, SizeTried]) -> List[SizeTried]:
    return [tried[size] for size in sorted(tried)]


@contextmanager
def _output_of(model: nn.Module, outputs: List[Shape]) -> Iterator[None]:
    """Inside, the shapes that the model gives are put into ``outputs``."""

    def seen(module: nn.Module, _args: Any, output: Any) -> None:
        if module is model:
            outputs[:] = [tuple(tensor.shape) for _, tensor in tensors_in(output)]

    handle = register_module_forward_hook(seen)
    try:
        yield
    finally:
        handle.remove()


class _FixedBatch(TorchFunctionMode):
    """A mode that notes the first reshape which makes a batch of ``size`` one of ``fixed``, a number that stands there."""

    def __init__(self, places: Places, size: int, fixed: int) -> None:
        super().__init__()
        self._places = places
        self._size = size
        self.fixed = fixed
        self.name = ""
        self.place: Optional[Place] = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Call ``func``; look at its arguments before."""
        name = getattr(func, "__name__", "")
        if self.place is None and name in _RESHAPES and len(args) > 1 and isinstance(args[0], torch.Tensor):
            wanted = args[1] if isinstance(args[1], (tuple, list)) else args[1:]
            if args[0].shape[:1] == (self._size,) and tuple(wanted[:1]) == (self.fixed,):
                self.name, self.place = name, self._places.of_caller(sys._getframe(1))
        return func(*args, **(kwargs or {}))


def _hard_coded(fixed: _FixedBatch, problem: Optional[Problem]) -> Problem:
    file, line = fixed.place or (None, None)
    message = f"`{fixed.name}` makes the batch {fixed.fixed}, whatever comes in."
    hint = "Take the size from the tensor, as in `x.shape[0]`."
    module = problem.module if problem is not None else ""
    return Problem("batch-hard-coded", message, INFO, hint, module=module, file=file, line=line, data={"hard_coded": fixed.fixed})
