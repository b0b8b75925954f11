"""A closer look at the open model: watched passes on shapes alone or on data, then its modes on data. Nothing of it stays."""

import ast
import os
import time
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import Any, Iterable, List, Tuple

from torch import nn

from ...analysis.registration.early_optimizer import left_out_problems
from ...analysis.registration.forward_facts import ForwardFacts
from ...analysis.registration.forward_findings import forward_problems
from ...analysis.registration.mode_findings import mode_problems
from ...analysis.registration.source_reads import SourceReads
from ...wire.errors import TorchloupeError
from ...wire.problems import Problem
from ...wire.registration import InspectedModel, InspectModel
from ..context import Context
from ..explain import CouldNotRun, said_by
from ..forward import chosen_device, on_device
from ..input_values import SampleInput
from ..model_state import COPY_LIMIT_BYTES, ModelState
from ..module_tree import tensors_of
from ..nested import tensors_in
from ..sample_input import sample_input
from ..source_loader import parsed
from ..target import Target
from ..torch_compat import is_lazy
from ..without_data import needs_data, without_data
from .forward_seen import seen_in_forward
from .modes import looked_at_modes
from .moves import stays_behind
from .watch_forward import ForwardWatch, set_mode

_MOST_INPUT_ELEMENTS = 1 << 22
_STEPS = 3


def inspect_model(
    target: Target, model: nn.Module, request: InspectModel, context: Context, files: Iterable[str]
) -> InspectedModel:
    """What the passes show. ``files`` are the sources of the project. A model that is not again what it was is ``spoiled`` in the state.

    Without an input that runs there is nothing to be seen, which is no problem of the model's: a note says so. What the model prints
    was printed by the run that a person asked for, and is not printed again. Raises ``UsageError`` for an input or a device that makes
    no sense.
    """
    started = time.perf_counter()
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        problems, notes = _looked(target, model, request, context, files)
    context.progress(_STEPS, _STEPS, "inspected")
    return InspectedModel(tuple(problems), tuple(notes), time.perf_counter() - started)


def _looked(
    target: Target, model: nn.Module, request: InspectModel, context: Context, files: Iterable[str]
) -> Tuple[List[Problem], List[str]]:
    """Problems and notes."""
    device = chosen_device(request.device, model)
    state = ModelState(model)
    problems: List[Problem] = []
    notes: List[str] = []
    try:
        context.progress(0, _STEPS, "working out an input")
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        runner = on_device(model, device)
        before = state if runner is model else ModelState(runner)
        request = replace(request, shapes_only=request.shapes_only or device.type == "meta")
        look = _Look(target, runner, given.on(device), before, request, context)
        problems, notes = look.problems([(file, tree) for file in files for tree in [parsed(file)] if tree is not None])
    except CouldNotRun as error:
        notes = [f"The model was not run, so that what shows only then was not looked for: {error}"]
    except TorchloupeError:
        raise
    except (Exception, SystemExit) as error:
        notes = [f"The model's own code stands in the way of a closer look: {said_by(error)}"]
    finally:
        context.state["spoiled"] = bool(state.restore())
    return problems, notes


class _Look:
    """One closer look at a model that may be used up by it: its state is put back between the steps, and by the caller at the end."""

    def __init__(
        self, target: Target, model: nn.Module, given: SampleInput, before: ModelState, request: InspectModel, context: Context
    ) -> None:
        self._target = target
        self._model = model
        self._given = given
        self._before = before
        self._request = request
        self._context = context
        self._notes: List[str] = []

    def problems(self, sources: List[Tuple[str, ast.Module]]) -> Tuple[List[Problem], List[str]]:
        """What was found, and what could not be looked at. ``sources`` are the project's files, parsed."""
        self._context.progress(0, _STEPS, "watching the forward pass")
        reads = SourceReads(tree for _, tree in sources)
        watch = self._watched(reads)
        facts = seen_in_forward(watch)
        error = watch.passes[0].error
        self._before.restore()
        if any(not each.is_global for each in facts.foreign):
            self._context.progress(1, _STEPS, "moving a copy")
            stays = stays_behind(self._model)
            facts = replace(
                facts, foreign=tuple(replace(each, stays=each.is_global or each.part.path in stays) for each in facts.foreign)
            )
        if error is not None:
            self._notes.append(f"The forward pass failed, what comes after was not looked at: {said_by(error)}")
        elif not self._request.shapes_only:
            self._context.progress(2, _STEPS, "comparing the modes")
            facts = self._modes(facts)
        return forward_problems(facts) + left_out_problems(facts.modules, sources) + mode_problems(facts), self._notes

    def _watched(self, reads: SourceReads) -> ForwardWatch:
        """Both modes. With data where that is quick; without where there is much of it, as long as the model can do without."""
        if self._request.shapes_only or self._is_large():
            watch = self._passes(reads, is_without=True)
            error = watch.passes[0].error
            if self._request.shapes_only or error is None or not needs_data(error):
                return watch
            self._before.restore()
        return self._passes(reads, is_without=False)

    def _passes(self, reads: SourceReads, is_without: bool) -> ForwardWatch:
        if self._request.mode is not None:
            set_mode(self._model, self._request.mode == "train")
        given, flow = self._flow(is_without)
        watch = ForwardWatch(self._model, self._target.places, reads, self._context.cancel.raise_if_requested)
        training = self._model.training
        first = watch.run(given, self._request.seed, None, flow)
        if first.error is None:
            second = watch.run(given, self._request.seed, not training, flow)
            if second.error is not None and not is_without:
                mode = "eval" if training else "train"
                self._notes.append(f"A second call, in {mode} mode, does not run: {said_by(second.error)}")
        return watch

    def _flow(self, is_without: bool) -> "Tuple[SampleInput, AbstractContextManager[Any]]":
        if not is_without:
            return self._given, nullcontext()
        device = next((tensor.device for tensor in tensors_of(self._model)), None)
        return without_data(self._given, device)

    def _is_large(self) -> bool:
        weights = sum(each.numel() * each.element_size() for each in tensors_of(self._model) if not is_lazy(each))
        inputs = [*tensors_in(self._given.positional), *tensors_in(self._given.keywords)]
        return weights > COPY_LIMIT_BYTES or sum(tensor.numel() for _, tensor in inputs) > _MOST_INPUT_ELEMENTS

    def _modes(self, facts: ForwardFacts) -> ForwardFacts:
        facts, note = looked_at_modes(
            facts,
            self._model,
            self._given,
            self._before,
            self._target.places,
            self._request.seed,
            self._context.cancel.raise_if_requested,
        )
        self._notes += [note] if note else []
        return facts
