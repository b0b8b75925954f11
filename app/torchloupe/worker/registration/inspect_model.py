"""A closer look at the open model: watched passes on shapes alone or on data, then its modes on data. Nothing of it stays."""

import ast
import os
import time
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ...analysis.registration.early_optimizer import left_out_problems
from ...analysis.registration.forward_facts import ForwardFacts
from ...analysis.registration.forward_findings import forward_problems
from ...analysis.registration.mode_findings import mode_problems
from ...analysis.registration.source_reads import SourceReads
from ...analysis.silent_mismatches import without_consequences
from ...wire.errors import TorchloupeError
from ...wire.problems import Problem
from ...wire.registration import InspectedModel, InspectModel
from ...wire.requests import RunForward
from ..collector import collector_at_rest
from ..context import Context
from ..explain import CouldNotRun, said_by
from ..forward import chosen_device, on_device
from ..input_values import SampleInput
from ..model_state import COPY_LIMIT_BYTES, ModelState
from ..nested import tensors_in
from ..numerics.look import looked_at_values
from ..places import Places
from ..quiet import quiet
from ..repetition import Repetition
from ..sample_input import sample_input
from ..source_loader import parsed
from ..target import Target
from ..torch_compat import is_lazy
from ..walked import Walked
from ..without_data import needs_data, without_data
from .forward_seen import seen_in_forward
from .modes import EvalPasses, looked_at_modes
from .moves import stays_behind
from .silent import PathOf, silent_behind, silent_mismatches
from .watch_forward import ForwardWatch, graphs_on, set_mode

_MOST_INPUT_ELEMENTS = 1 << 22
_STEPS = 3
_MOST_EFFECTS = 3


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
    effects = context.state.get("side_effects", ())
    if effects:
        return [], [_not_run_again(effects)]
    device = chosen_device(request.device, model)
    walked = Walked(model)
    state = ModelState(model, walked=walked)
    problems: List[Problem] = []
    notes: List[str] = []
    try:
        context.progress(0, _STEPS, "working out an input")
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        before, here = state, next((tensor.device for tensor in walked.tensors), device)
        if here != device or any(map(is_lazy, walked.tensors)):
            walked = Walked(on_device(model, device))
            before = ModelState(walked.model, walked=walked)
        request = replace(request, shapes_only=request.shapes_only or device.type == "meta")
        look = _Look(target, walked, given.on(device), before, request, context)
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


def _not_run_again(effects: Sequence[str]) -> str:
    done = f"{', '.join(effects[:_MOST_EFFECTS])} and more" if len(effects) > _MOST_EFFECTS else " and ".join(effects)
    return f"The model's forward {done}: it was not run again for the closer look."


class _Look:
    """One closer look at a model that may be used up by it: its state is put back between the steps, and by the caller at the end."""

    def __init__(
        self, target: Target, walked: Walked, given: SampleInput, before: ModelState, request: InspectModel, context: Context
    ) -> None:
        self._target = target
        self._model = walked.model
        self._walked = walked
        self._has_data = False
        self._given = given
        self._before = before
        self._request = request
        self._context = context
        self._notes: List[str] = []

    def problems(self, sources: List[Tuple[str, ast.Module]]) -> Tuple[List[Problem], List[str]]:
        """What was found, and what could not be looked at. ``sources`` are the project's files, parsed."""
        self._context.progress(0, _STEPS, "watching the forward pass")
        reads = SourceReads(tree for _, tree in sources)
        watch, facts = self._seen(reads)
        error, effects = watch.passes[0].error, watch.passes[0].side_effects
        values: List[Problem] = []
        silent: List[Problem] = []
        if any(not each.is_global for each in facts.foreign):
            self._context.progress(1, _STEPS, "moving a copy")
            stays = stays_behind(self._model)
            facts = replace(
                facts, foreign=tuple(replace(each, stays=each.is_global or each.part.path in stays) for each in facts.foreign)
            )
        if error is not None:
            self._note(f"The forward pass failed, what comes after was not looked at: {said_by(error)}")
            silent = [] if effects else self._of_repetition(watch, silent_behind)
            values = [] if effects or self._request.shapes_only else self._values()
        elif effects:
            self._note(_not_run_again(effects))
        else:
            silent = self._silent(watch)
        if error is None and not effects and not self._request.shapes_only:
            self._context.progress(2, _STEPS, "comparing the modes")
            facts = self._modes(facts, self._eval_output(watch))
            values = self._values()
        modes = without_consequences(mode_problems(facts), silent)
        return forward_problems(facts) + left_out_problems(facts.modules, sources) + modes + silent + values, self._notes

    def _seen(self, reads: SourceReads) -> Tuple[ForwardWatch, ForwardFacts]:
        """What watched passes showed; the model is as it was before them."""
        for is_thorough in (False, True):
            watch = self._watched(reads, is_thorough)
            with collector_at_rest():
                facts, graphs = seen_in_forward(watch), graphs_on(watch.walked)
            self._before.restore()
            if watch.passes[0].side_effects or not watch.is_in_doubt(self._before.changed, graphs):
                break
        return watch, facts

    def _watched(self, reads: SourceReads, is_thorough: bool) -> ForwardWatch:
        """Both modes. With data where that is quick; without where there is much of it, as long as the model can do without."""
        if self._request.shapes_only or self._is_large():
            watch = self._passes(reads, is_thorough, is_without=True)
            error, effects = watch.passes[0].error, watch.passes[0].side_effects
            if self._request.shapes_only or error is None or not needs_data(error) or effects:
                return watch
            self._before.restore()
        return self._passes(reads, is_thorough, is_without=False)

    def _passes(self, reads: SourceReads, is_thorough: bool, is_without: bool) -> ForwardWatch:
        if self._request.mode is not None:
            set_mode(self._model, self._request.mode == "train", self._walked)
        given, flow = self._flow(is_without)
        self._has_data = not is_without
        check = self._context.cancel.raise_if_requested
        watch = ForwardWatch(self._walked, self._target.places, reads, check, self._before.files, is_thorough)
        training = self._model.training
        first = watch.run(given, self._request.seed, None, flow)
        if first.error is None and not first.side_effects:
            second = watch.run(given, self._request.seed, not training, flow)
            if second.error is not None and not is_without:
                mode = "eval" if training else "train"
                self._note(f"A second call, in {mode} mode, does not run: {said_by(second.error)}")
        return watch

    def _flow(self, is_without: bool) -> "Tuple[SampleInput, AbstractContextManager[Any]]":
        if not is_without:
            return self._given, nullcontext()
        device = next((tensor.device for tensor in self._walked.tensors), None)
        return without_data(self._given, device)

    def _silent(self, watch: ForwardWatch) -> List[Problem]:
        """Sizes that go together by chance, tried again on shapes alone where that can be."""
        seen = watch.passes[0].axes
        if not seen.reshaped and not seen.met:
            return []
        return self._of_repetition(watch, partial(silent_mismatches, seen))

    def _of_repetition(self, watch: ForwardWatch, look: "Callable[[Repetition, Places, PathOf], List[Problem]]") -> List[Problem]:
        given, flow = self._flow(not self._has_data)
        check = self._context.cancel.raise_if_requested
        repetition = Repetition(
            self._model, given, flow, self._before, RunForward(mode=self._request.mode, seed=self._request.seed), check
        )
        by_identity = watch.walked.by_identity
        with quiet():
            found = look(repetition, self._target.places, lambda part: by_identity.get(id(part), ("",))[0])
        self._before.restore()
        return found

    def _is_large(self) -> bool:
        weights = sum(each.numel() * each.element_size() for each in self._walked.tensors if not is_lazy(each))
        inputs = [*tensors_in(self._given.positional), *tensors_in(self._given.keywords)]
        return weights > COPY_LIMIT_BYTES or sum(tensor.numel() for _, tensor in inputs) > _MOST_INPUT_ELEMENTS

    def _values(self) -> List[Problem]:
        """Of the numbers that flow, in the mode of the run."""
        asked, check = self._request, self._context.cancel.raise_if_requested
        if not asked.values:
            return []
        problems, note = looked_at_values(
            self._model, self._given, self._before, self._target.places, asked.mode, asked.seed, check
        )
        self._note(note)
        return problems

    def _eval_output(self, watch: ForwardWatch) -> Optional[List[torch.Tensor]]:
        """What came out of a watched pass in eval mode that began with the model as it was. Its state has just been put back."""
        if not self._has_data:
            return None
        good = [seen for seen in watch.passes[: None if not self._before.had_changed else 1] if seen.error is None]
        return next((seen.outputs for seen in good if seen.is_all_eval), None)

    def _modes(self, facts: ForwardFacts, once: Optional[List[torch.Tensor]]) -> ForwardFacts:
        passes = EvalPasses(self._walked, self._before, self._request.seed, self._context.cancel.raise_if_requested)
        facts, note = looked_at_modes(facts, passes, self._given, self._target.places, once)
        self._note(note)
        return facts

    def _note(self, note: str) -> None:
        if note and note not in self._notes:
            self._notes.append(note)
