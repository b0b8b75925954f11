"""One instrumented training step of the open model: run and measured, explained where a weight did not move, and undone."""

import math
import time
from dataclasses import replace
from typing import Any, Callable, ContextManager, Iterable, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ...analysis.numerics.origin_findings import INF_ORIGIN, NAN_ORIGIN
from ...analysis.step.facts import StepFacts
from ...analysis.step.failed_step import failure_problems, kind_of_failure
from ...analysis.step.findings import motions_of, step_problems, with_proofs
from ...analysis.step.gradient_scale import scale_problems
from ...analysis.step.proofs import PERTURB
from ...analysis.step.reasons import needs_a_trace
from ...wire.errors import TorchloupeError
from ...wire.problems import Problem
from ...wire.steps import BACKWARD, RunStep, StepReport
from ..context import Context
from ..explain import CouldNotRun, problem_of
from ..forward import chosen_device, on_device
from ..input_values import SampleInput
from ..lazy_parts import has_lazy_parts
from ..lost_gpu import gpu_loss
from ..model_state import ModelState
from ..module_tree import walk_modules
from ..numerics.behind_failure import may_be_of_values
from ..numerics.origin import nan_problem
from ..registration.modes import TooSlow, patient
from ..sample_input import sample_input
from ..side_effects import SideEffects
from ..target import Target
from ..torch_compat import uncompiled
from .batch_axis import lost_batch
from .buffers import BufferWatch
from .changes import Change, Replay, afterwards, made
from .gathering import Gathered, gather
from .kept_optimizers import KeptOptimizers
from .loss_patches import with_loss_patches
from .moments import Moments
from .own_backward import of_own_backward
from .parameters import parameters_of
from .proving import Replayed, proved
from .step_watch import StepWatch
from .tracing import layers_running, trace_step
from .training import Done, Training


def run_step(target: Target, model: nn.Module, request: RunStep, context: Context, sources: Iterable[str]) -> StepReport:
    """Train one step on ``model`` and say what it did. ``sources`` are the files of the project.

    Raises ``CouldNotRun`` or ``UsageError`` before it starts. The model is put back bit for bit; if that fails it is ``spoiled`` in the
    state of the context.
    """
    device = chosen_device(request.device, model)
    if device.type == "meta":
        hint = "Choose a device that has data: --device cpu."
        raise CouldNotRun(Problem("step-failed", "A training step needs data, and the model is on the meta device.", hint=hint))
    runner = on_device(model, device)
    state = ModelState(model, keep_all=runner is model)
    try:
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        given = given.on(device)
        if has_lazy_parts(runner):
            with torch.no_grad():
                runner(*given.positional, **given.keywords)
        before = state if runner is model else ModelState(runner, keep_all=True)
        step = _Step(target, runner, given, request, context, before)
        report = step.report(str(device), sources)
    finally:
        lost = state.restore()
        context.state["spoiled"] = bool(lost)
    return replace(report, state_restored=not lost, kept=runner is model and step.keep())


class _Step:
    """The run, and a second one under a trace where the first leaves questions. ``before`` is the model as it was; its owner puts it
    back in the end."""

    def __init__(
        self, target: Target, model: nn.Module, given: SampleInput, request: RunStep, context: Context, before: ModelState
    ) -> None:
        self._target = target
        self._model = model
        self._given = given
        self._request = request
        self._check, self._progress = context.cancel.raise_if_requested, context.progress
        self._training = Training(target, model, given, request)
        self._before = before
        self._optimizers = KeptOptimizers()
        self._optimizers.keep_all(list(vars(target.module).values()))
        self._failed: Optional[BaseException] = None
        self._kept: List[Tuple[torch.Tensor, torch.Tensor]] = []

    def keep(self) -> bool:
        """Give the model the values that the step left, where that was asked for. All that was put back stays so but these."""
        with torch.no_grad():
            for tensor, value in self._kept:
                if tensor.shape != value.shape:
                    tensor.data = value
                elif all(
                    stride for stride, size in zip(tensor.stride(), tensor.shape) if size > 1
                ):  # else nobody can write there
                    tensor.copy_(value)
        return bool(self._kept)

    def report(self, device: str, sources: Iterable[str]) -> StepReport:
        """Run, gather, explain."""
        try:
            return self._report(device, sources)
        finally:
            self._optimizers.restore()

    def _report(self, device: str, sources: Iterable[str]) -> StepReport:
        watch = StepWatch(self._model, self._optimizers, self._target.places, self._check, self._target.module)
        self._set_mode()
        buffers = BufferWatch(self._model)
        moments = Moments(parameters_of(self._model), watch) if self._request.steps > 1 else None
        mode = "train" if self._model.training else "eval"
        started = time.perf_counter()
        with SideEffects(self._target.places, files=self._before.files) as effects:
            done = self._run(watch)
        ended = time.perf_counter()
        undo = not (self._request.keep or self._training.has_loss_again)
        gathered = gather(self._model, self._before, watch, self._target.places, sources, undo)
        moved_buffers = buffers.motions(self._before.copies)
        if self._request.keep and self._failed is None:
            copies = self._before.copies
            there = {id(each): each for each in (*self._model.parameters(), *self._model.buffers())}
            self._kept = [(each, each.detach().clone()) for each in there.values() if id(each) in copies]
        with SideEffects(self._target.places, diverted=True, files=self._before.files):  # one step was asked for, not several
            after, facts = self._loss_after(), self._explained(gathered)
            problems = self._problems(facts)
            motions = motions_of(facts, gathered.measured)
            if self._request.prove:
                motions = proved(facts, motions, self._request.prove, self._replay(sources), self._progress)
                problems = tuple(with_proofs(problems, motions))
        seen = [each.value for each in watch.events if each.kind == BACKWARD and each.value is not None]
        losses = (done.losses or seen) if self._training.is_own_loop else (seen or done.losses)
        same_batch = [*losses, *([] if after is None else [after])] if self._training.is_own_loop else []
        problems += tuple(scale_problems(motions, same_batch, facts.own_loss, facts.own_optimizer))
        return StepReport(
            parameters=motions,
            loss_before=losses[0] if losses else None,
            loss_after=losses[-1] if after is None and len(losses) > 1 else after,
            loss_source=done.loss_source,
            optimizer=", ".join(dict.fromkeys(type(each).__name__ for each in watch.optimizers)),
            optimizer_source=done.optimizer_source,
            inputs=self._given.specs,
            input_source=self._given.source,
            mode=mode,
            device=device,
            events=tuple(watch.events),
            problems=problems,
            seconds=ended - started,
            watching_seconds=time.perf_counter() - ended,
            buffers=moved_buffers,
            side_effects=effects.noted,
            moments=moments.taken(watch.events, done.losses if self._training.is_own_loop else ()) if moments is not None else (),
        )

    def _set_mode(self) -> None:
        """A ``train_step`` finds the model as it was constructed, unless a mode was asked for."""
        if self._request.mode is not None or self._training.is_own_loop:
            self._model.train(self._request.mode != "eval")

    def _run(self, watch: StepWatch) -> Done:
        try:
            with torch.enable_grad(), uncompiled(), watch:
                return self._training.run(watch=watch)
        except (CouldNotRun, TorchloupeError):
            raise
        except (Exception, SystemExit) as error:
            if gpu_loss(error):
                raise
            self._failed = error
            return Done([], self._training.loss_source, self._training.optimizer_source)

    def _loss_after(self) -> Optional[float]:
        if self._failed is not None:
            return None
        try:
            with uncompiled():
                return self._training.loss_again()
        except Exception:  # a model whose second call fails is told of by the closer look at its registration
            return None

    def _explained(self, gathered: Gathered) -> StepFacts:
        """The facts of the first run; those that only a trace tells are asked for when they are needed."""
        training = self._training
        failure = "" if self._failed is None else kind_of_failure(str(self._failed))
        facts = gathered.facts(training.is_own_loop, not training.has_loss, not training.has_optimizer, failure)
        facts = replace(facts, meeting=training.meeting)
        finite = all(each.value is None or math.isfinite(each.value) for each in facts.events)
        if self._failed is None and finite and not needs_a_trace(facts):
            return facts
        self._put_back()
        return trace_step(self._model, training, gathered, facts, self._target.places, self._check)

    def _put_back(self) -> None:
        self._before.restore()
        self._optimizers.restore()
        self._set_mode()

    def _replay(self, sources: Iterable[str]) -> Callable[[Sequence[Change]], Replayed]:
        """Run the step again with changes; the facts of that, with causes where something still does not move."""
        places = self._target.places
        paths = {id(module): path for path, module in reversed(list(walk_modules(self._model)))}

        def replay(changes: Sequence[Change]) -> Replayed:
            self._put_back()
            running: List[str] = []
            watch = StepWatch(self._model, self._optimizers, places, self._check, self._target.module)
            around = Replay(self._model, places, running, watch.optimizers, set(), [])
            with made(changes, around):
                before = ModelState(self._model, keep_all=True) if any(each.kind == PERTURB for each in changes) else self._before
                with layers_running(paths, running, set()), torch.enable_grad(), uncompiled(), watch:
                    done = self._training.run(watch=watch)
                    afterwards(changes, around, done.returned)
                gathered = gather(self._model, before, watch, places, sources)
            training = self._training
            facts = gathered.facts(training.is_own_loop, not training.has_loss, not training.has_optimizer, "")
            if needs_a_trace(facts):
                self._put_back()
                with made(changes, around):
                    facts = trace_step(self._model, training, gathered, facts, places, self._check)
            return Replayed(facts, gathered.measured, frozenset(around.acted))

        return replay

    def _with_origin(self, problems: List[Problem]) -> List[Problem]:
        """NaN and Inf told of with their operands and a repair that was tried, where a closer look finds where they begin."""
        if not any(each.code in (NAN_ORIGIN, INF_ORIGIN) and "operation" in each.data for each in problems):
            return problems

        found = self._origin(self._check)
        others = [each for each in problems if each.code not in (NAN_ORIGIN, INF_ORIGIN)]
        return problems if found is None else [found, *others]

    def _origin(self, check: Callable[[], None]) -> Optional[Problem]:
        try:
            return nan_problem(self._model, self._target.places, self._training.run, self._put_back, check)
        except TooSlow:
            return None

    def _lost_batch(self, facts: StepFacts) -> Optional[Problem]:
        """The way of the batch through the model, where the loss was given other samples than targets."""

        def put_back() -> None:
            self._before.restore()
            self._set_mode()

        if facts.meeting is None:
            return None
        put_back()
        return lost_batch(self._model, self._given, facts.meeting, self._target.places, put_back)

    def _again(self, within: ContextManager[Any]) -> Optional[BaseException]:
        """The step once more, and what it raises."""
        self._put_back()
        try:
            with torch.enable_grad(), uncompiled(), within:
                self._training.run()
        except Exception as error:
            return error
        return None

    def _problems(self, facts: StepFacts) -> Tuple[Problem, ...]:
        if self._failed is None:
            return tuple(with_loss_patches(self._with_origin(step_problems(facts)), self._target.places))
        eaten = self._lost_batch(facts)
        if eaten is not None:
            return (eaten,)
        places = self._target.places
        raised = problem_of(self._failed, "step-failed", "The training step failed", places)
        raised = of_own_backward(raised, self._failed, places, self._again) or raised
        problems = with_loss_patches(failure_problems(facts, raised), places)
        behind = self._origin(patient(self._check)) if raised in problems and may_be_of_values(self._failed) else None
        return (*problems, *([] if behind is None else [behind]))
