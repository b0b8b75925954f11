"""One forward pass of the open model: watched, explained when it fails, and without a trace left in the model."""

import copy
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Callable, Collection, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.errors import UsageError
from ..wire.mismatches import MismatchSeen
from ..wire.problems import WARNING, Problem
from ..wire.requests import CallsFinished, CallsMeasured, RunForward
from ..wire.traces import DONE, FAILED, UNFINISHED, ForwardReport, LayerCall
from .autograd_graph import AutogradGraph
from .cancel import Cancelled
from .certificate import Certificate
from .compiled_parts import compile_problem, compiled_parts
from .context import Context
from .device_clock import clock_of
from .explain import CouldNotRun
from .failure import ForwardFailure, generator_problem, is_own_generator, no_return_problem
from .kept_for_backward import kept_bytes
from .lazy_parts import has_lazy_parts, materialised_tree
from .lost_gpu import gpu_loss
from .model_state import ModelState
from .module_tree import tensors_of
from .nested import metas_of, tensors_in
from .operation_trace import left_out_notes, watched_operations
from .recovery import Mismatches, every_mismatch
from .recovery.input_patches import with_input_patches
from .repetition import Repetition
from .run_conditions import RunConditions, run_dtype
from .sample_input import SampleInput, sample_input
from .side_effects import SideEffects
from .stopping import Stopped, TimeLimit, where_it_was
from .target import Target
from .torch_compat import is_lazy, uncompiled
from .trace import ForwardTrace, input_metas
from .trying import Repairs
from .without_data import needs_data, without_data

SLOW = 0.05
"""A pass of so many seconds is repeated as rarely as can be."""


@dataclass
class ForwardRun:
    """What one pass gave: what came out, the problems, how long the model itself took."""

    outputs: Any = None
    problems: Tuple[Problem, ...] = ()
    seconds: float = 0.0
    call_count: int = 0
    kept_bytes: Tuple[int, ...] = ()
    graph: Optional[AutogradGraph] = None
    side_effects: Tuple[str, ...] = ()
    assumed: Tuple[LayerCall, ...] = ()


def run_forward(
    target: Target, model: nn.Module, request: RunForward, context: Context, repairs: Repairs = Repairs()
) -> ForwardReport:
    """Run ``request`` on ``model``, with these ``repairs`` made for that run, and report each call as it ends.

    Raises ``CouldNotRun`` or ``UsageError`` before it starts.
    """
    device = chosen_device(request.device, model)
    if device.type == "meta":
        request = replace(request, shapes_only=True)
    state, certificate = ModelState(model), Certificate(model)
    lost: List[str] = []
    try:
        if not request.inputs and target.function("example_inputs") is None:
            context.progress(0, 0, "working out an input")
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        given, dtype = repairs.given(given), run_dtype(request.dtype)
        runner = on_device(model, device, dtype)
        with repairs.made(runner):
            before = state if runner is model and not repairs else ModelState(runner)
            run = _run(target, runner, given.on(device, dtype), request, context, before)
    finally:
        lost = state.restore()
        context.state["spoiled"] = bool(lost)
    outputs, run.outputs = metas_of(tensors_in(run.outputs)), None
    if run.graph is not None:
        run.graph.let_go()
    return ForwardReport(
        inputs=input_metas(given.positional, given.keywords),
        input_source=given.source,
        outputs=outputs,
        call_count=run.call_count,
        seconds=run.seconds,
        device="meta" if request.shapes_only else str(device),
        problems=run.problems + tuple(_mutation(name) for name in lost) + given.notes,
        state_restored=not lost,
        certificate=certificate.told(state, lost),
        side_effects=run.side_effects,
        input_specs=given.specs,
        materialised=materialised_tree(model, runner),
        kept_bytes=run.kept_bytes,
        assumed=run.assumed,
    )


def _run(
    target: Target, model: nn.Module, given: SampleInput, request: RunForward, context: Context, before: ModelState
) -> ForwardRun:
    if request.mode is not None:
        model.train(request.mode == "train")
    compiled = compiled_parts(model, request)
    trace = _trace_of(model, request, context, compiled.identities if compiled else ())
    run = ForwardRun()
    flow = None
    if request.shapes_only:
        given, flow = without_data(given, _device_of(model))
    conditions = RunConditions(request, _device_of(model), flow)
    torch.manual_seed(request.seed)
    # A watched call takes more of Python's stack than a call: what runs unwatched has to run here. Restored with the rest.
    sys.setrecursionlimit(2 * sys.getrecursionlimit())
    limit = TimeLimit(context, request.time_limit)
    effects = SideEffects(target.places, files=before.files)
    context.state["side_effects"] = ()
    operations = watched_operations(trace, context) if request.operations else nullcontext()
    started = time.perf_counter()
    try:
        with limit, effects, trace, conditions, compiled or uncompiled(), operations:
            run.outputs = model(*given.positional, **given.keywords)
    except (Exception, SystemExit) as error:
        run.seconds = _since(started, trace)
        if gpu_loss(error):
            raise
        repetition = Repetition(model, given, conditions, before, request, context.cancel.raise_if_requested)
        run.problems = _given_up(error, request, trace)

        def tell(problem: Problem) -> None:
            context.emit(MismatchSeen(problem))

        if not run.problems:
            run.problems, run.assumed = _mismatches(error, run.seconds, trace, repetition, target, tell)
    except Cancelled as error:
        run.seconds = _since(started, trace)
        run.problems = (_stopped(error, trace, target, limit, context),)
    else:
        run.seconds = _since(started, trace)
    finally:
        trace.abandon()
        late = trace.late_calls()
        if late:
            context.emit(CallsMeasured(tuple(late)))
            run.seconds = (late[0].seconds if late[0].index == 0 else None) or run.seconds
        run.side_effects = context.state["side_effects"] = effects.noted
    run.call_count = len(trace.calls)
    if not run.problems and run.outputs is None and trace.calls:
        run.problems = (no_return_problem(model, trace.calls[-1]),)
    if not run.problems and trace.calls and is_own_generator(run.outputs, model):
        run.problems = (generator_problem(model, trace.calls[-1]),)
    run.problems += left_out_notes(operations)
    if request.statistics and not request.shapes_only:
        run.graph = AutogradGraph([tensor for _, tensor in tensors_in(run.outputs)])
        run.kept_bytes = kept_bytes(model, run.graph, trace.nodes, run.call_count)
    return run


def _trace_of(model: nn.Module, request: RunForward, context: Context, as_one: Collection[int]) -> ForwardTrace:
    """The trace that tells of the calls what ``request`` asks for."""
    return ForwardTrace(
        model,
        report=lambda calls: context.emit(CallsFinished(tuple(calls))),
        check=context.cancel.raise_if_requested,
        statistics=request.statistics and not request.shapes_only,
        as_one=as_one,
        clock=None if request.shapes_only else clock_of(model),
    )


def _mismatches(
    error: BaseException,
    seconds: float,
    trace: ForwardTrace,
    repetition: Repetition,
    target: Target,
    tell: Callable[[Problem], object],
) -> Mismatches:
    """What the model raised after so many ``seconds``, and what else does not fit; ``tell`` what is known at once."""
    request = repetition.request
    # Shapes flow without data in one thread only.
    blameless = request.shapes_only and (needs_data(error) or trace.is_threaded)
    opened = trace.abandon(UNFINISHED if blameless else FAILED)
    failure = ForwardFailure(error, repetition.model, opened, trace.calls, target.places, trace.returned_nothing, blameless)
    found = every_mismatch(failure, repetition, target.places, seconds, seconds > SLOW, tell)
    ended = {call.index for call in trace.calls if call.status == DONE}
    problems = with_input_patches(found.problems, target.function("example_inputs"), repetition.given, target.places)
    return Mismatches(problems, tuple(call for call in found.assumed if call.index not in ended))


def _given_up(error: BaseException, request: RunForward, trace: ForwardTrace) -> Tuple[Problem, ...]:
    """It is the compiler that failed, not the model."""
    problem = compile_problem(error, request.compile) if request.compile else None
    if problem is None:
        return ()
    opened = trace.abandon()
    return (replace(problem, module=opened.call.module if opened else ""),)


def _stopped(error: Cancelled, trace: ForwardTrace, target: Target, limit: TimeLimit, context: Context) -> Problem:
    """The time was over: told as a problem of a pass that ended. A person's wish: raised on, with the place where it was."""
    opened = trace.abandon(UNFINISHED)
    if not limit.reached:
        raise Stopped(where_it_was(error, opened.call if opened else None, target.places, None)) from error
    context.cancel.withdraw()
    return where_it_was(error, opened.call if opened else None, target.places, limit.seconds)


def on_device(model: nn.Module, device: torch.device, dtype: Optional[torch.dtype] = None) -> nn.Module:
    """The model itself, or a copy: on another device, of another ``dtype``, or when a run would materialise its lazy parameters for
    good."""
    if not has_lazy_parts(model) and _device_of(model) in (None, device) and dtype is None:
        return model
    try:
        copied = copy.deepcopy(model, _without_data(model) if device.type == "meta" else None).to(device)
        return copied if dtype is None else copied.to(dtype)
    except Exception as error:
        message = f"The model cannot be copied to {device}: {type(error).__name__}: {error}"
        raise CouldNotRun(
            Problem("forward-failed", message, hint="Construct it on that device with --device.", module="")
        ) from error


def _without_data(model: nn.Module) -> Dict[int, Any]:
    """What a copy takes in place of the model's tensors, so that no data is copied only to be thrown away."""
    replaced: Dict[int, Any] = {}
    for tensor in tensors_of(model):
        if not is_lazy(tensor):
            bare = torch.empty_like(tensor, device="meta", requires_grad=False)
            parameter = isinstance(tensor, nn.Parameter)
            replaced[id(tensor)] = nn.Parameter(bare, tensor.requires_grad) if parameter else bare
    return replaced


def _device_of(model: nn.Module) -> Optional[torch.device]:
    return next((tensor.device for tensor in tensors_of(model)), None)


def chosen_device(name: Optional[str], model: nn.Module) -> torch.device:
    """The device that was asked for, else the one the model is on. Raises ``UsageError``."""
    if name is None:
        return _device_of(model) or torch.device("cpu")
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "meta"):
            torch.empty(0, device=device)
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"The device `{name}` cannot be used here: {text}", "Choose one of the devices that the worker names."
        ) from error
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return device


def _since(started: float, trace: ForwardTrace) -> float:
    return max(time.perf_counter() - started - trace.overhead_seconds, 0.0)


def _mutation(name: str) -> Problem:
    return Problem(
        "forward-mutates",
        f"The forward pass changed the parameter `{name}` in place.",
        severity=WARNING,
        hint="Change parameters in the optimizer step only, or make it a buffer.",
        module="",
        parameter=name,
    )
