"""A sample input worked out: candidates are tried, nearly always without data, and changed where they are refused."""

import copy
import heapq
import inspect
import re
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn

from ..analysis.input_candidates import Argument, Candidate, Path, start
from ..analysis.input_proposals import proposals, usual_pictures
from ..analysis.input_specs import InputSpec, format_input_spec
from ..wire.problems import Problem
from .explain import CouldNotRun
from .input_probe import InputProbe, Trial
from .input_values import SampleInput, input_of
from .model_state import ModelState
from .module_tree import tensors_of
from .places import Places
from .quiet import quiet
from .side_effects import SideEffects
from .target import Target
from .torch_compat import is_lazy, uncompiled
from .without_data import needs_data, without_data

MOST_TRIALS = 240
MOST_SECONDS = 8.0
"""Of this process's own work: what else the machine has to do shall not decide which input is found."""
MOST_SECONDS_WAITED = 30.0
_EACH_FURTHER, _STALE = 0.15, 0.6
"""How much less likely each further proposal for the same candidate is, and one whose parent changed nothing."""
_AFTER_A_WISH, _AFTER_A_FAULT = 40, 10
_ENOUGH_ALIKE = 12
_SMALL_ELEMENTS = 16 << 20


def work_out_input(target: Target, model: nn.Module, mode: Optional[str], check: Callable[[], None]) -> Tuple[InputSpec, ...]:
    """Specs on which ``model`` runs; those that reach its fault when it has one. Raises ``CouldNotRun`` when neither was found."""
    arguments = _arguments(model)
    state = ModelState(model)
    try:
        if mode is not None:
            model.train(mode == "train")
        search = _Search(model, arguments, state, check, target.places)
        candidate = search.found()
    finally:
        state.restore()
    if candidate is None:
        raise CouldNotRun(_nothing_found(target, model, search))
    return candidate.specs(arguments)


def _arguments(model: nn.Module) -> Tuple[Argument, ...]:
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return (Argument("input"),)
    found = []
    for each in parameters:
        if each.kind is each.VAR_KEYWORD:
            continue
        note = "" if each.annotation is each.empty else each.annotation
        text = note if isinstance(note, str) else note.__name__ if isinstance(note, type) else str(note)
        star = each.kind is each.VAR_POSITIONAL
        required = each.default is each.empty and (not star or len(parameters) <= 2)
        found.append(Argument(each.name, text.replace("torch.", ""), required, each.kind is each.KEYWORD_ONLY, star))
    return tuple(found)


@dataclass(frozen=True, order=True)
class _Waiting:
    """What else to try in place of one candidate. ``stale`` counts the generations in which nothing changed."""

    order: float
    number: int
    reason: Tuple[Any, ...] = field(compare=False)
    stale: int = field(compare=False)
    source: Iterator[Candidate] = field(compare=False)


class _Search:
    """Best first: what came furthest is changed first; among equals what is nearest to the size that was wanted."""

    def __init__(
        self, model: nn.Module, arguments: Tuple[Argument, ...], state: ModelState, check: Callable[[], None], places: Places
    ) -> None:
        self._places = places
        self._model = model
        self._arguments = arguments
        self._state = state
        self._check = check
        tensors = list(tensors_of(model))
        self._lazy = any(is_lazy(tensor) for tensor in tensors)
        self._device = next((tensor.device for tensor in tensors if not is_lazy(tensor)), torch.device("cpu"))
        self._small = self._lazy or sum(tensor.numel() for tensor in tensors if not is_lazy(tensor)) < _SMALL_ELEMENTS
        self._with_data = self._lazy
        self._began = time.monotonic(), time.process_time()
        self._trials = 0
        self._most = MOST_TRIALS
        self.wrote: Tuple[str, ...] = ()
        self.best: Optional[Tuple[Candidate, Trial]] = None
        self._refused: Dict[Tuple[Any, ...], Set[Candidate]] = {}

    def found(self) -> Optional[Candidate]:
        """A candidate that runs, else one that reaches a fault of the model's own, else None."""
        seen: Set[Any] = set()
        fallback: Optional[Candidate] = None
        candidate = start(self._arguments)
        queue: List[_Waiting] = [_Waiting(0.0, 0, (), 0, iter((candidate,)))]
        while queue and self._trials < self._most and not self._time_is_over():
            waiting = heapq.heappop(queue)
            tried = next((each for each in waiting.source if each not in seen), None)
            if tried is None:
                continue
            heapq.heappush(queue, replace(waiting, order=waiting.order + _EACH_FURTHER))
            seen.add(tried)
            trial = self._try(tried)
            if self.wrote:
                return tried if trial.error is None else None
            if trial.error is None:
                bounded = self._within_bounds(tried, trial)
                tried = bounded if self._verified(bounded) else tried
                if self._last.error is not None and bounded != tried:
                    self._verified(tried)
                if self._last.error is None and trial.wish is None:
                    return self._usual(tried)
                if self._last.error is None and trial.wish is not None:
                    fallback = fallback or tried
                    self._most = min(self._most, self._trials + _AFTER_A_WISH)
                    heapq.heappush(queue, _Waiting(-1e6, self._trials, (), 0, proposals(trial.wish, tried, self._arguments)))
                    continue
                trial = self._last
            self._keep(tried, trial)
            if trial.refusal.own_fault or self._alike_at_best() >= _ENOUGH_ALIKE:
                self._most = min(self._most, self._trials + _AFTER_A_FAULT)
            reason = (trial.progress, trial.refusal.wanted, re.sub(r"\d+", "", trial.refusal.sentence))
            stale = waiting.stale + 1 if reason == waiting.reason else 0
            order = 0.5 * trial.refusal.distance + _STALE * stale - trial.progress
            heapq.heappush(queue, _Waiting(order, self._trials, reason, stale, proposals(trial.refusal, tried, self._arguments)))
        if fallback is not None:
            return fallback
        return self.best[0] if self.best and self._is_the_models_own_fault() else None

    def _keep(self, candidate: Candidate, trial: Trial) -> None:
        before = self.best[1] if self.best is not None else None
        is_plainer = before is not None and trial.refusal.own_fault and not before.refusal.own_fault
        if before is None or trial.progress > before.progress or (trial.progress == before.progress and is_plainer):
            self.best = candidate, trial
        self._refused.setdefault(_why(trial), set()).add(candidate)

    def _is_the_models_own_fault(self) -> bool:
        """Other inputs came as far and were refused for the very same sizes; or it failed where no input plays a part."""
        assert self.best is not None
        trial = self.best[1]
        if trial.progress == 0 and not (trial.refusal.wanted or trial.refusal.own_fault):
            return False
        if trial.progress and "NoneType" in str(trial.error):
            return True
        if isinstance(trial.error, (ValueError, AssertionError)) and not trial.refusal.wanted:
            return False  # the model says itself that it wants another input
        return trial.refusal.own_fault or not trial.refusal.leaves or self._alike_at_best() > 2

    def _alike_at_best(self) -> int:
        """How many candidates were refused where the best one was, for the same sizes."""
        assert self.best is not None
        trial = self.best[1]
        return len(self._refused[_why(trial)]) if trial.refusal.wanted else 0

    def _within_bounds(self, candidate: Candidate, trial: Trial) -> Candidate:
        for path, below in trial.refusal.bounds.items():
            spec = candidate.at(path)
            if spec is not None and spec.dtype == "float32":  # the model makes whole numbers of it, and an index of those
                candidate = candidate.with_leaf(path, InputSpec(None, None, "int64", spec.shape, None, below))
            elif spec is not None and spec.dtype in ("int64", "int32") and spec.high is None:
                candidate = candidate.with_leaf(path, InputSpec(None, None, spec.dtype, spec.shape, spec.low, below))
        return candidate

    def _time_is_over(self) -> bool:
        waited, worked = (now - then for now, then in zip((time.monotonic(), time.process_time()), self._began))
        return worked > MOST_SECONDS or waited > MOST_SECONDS_WAITED

    def _usual(self, candidate: Candidate) -> Candidate:
        """A picture of the usual size in place of one that happened to run."""
        for usual in usual_pictures(candidate):
            if self._time_is_over() or self.wrote:
                break
            trial = self._try(usual)
            if trial.error is None and trial.wish is None and self._verified(usual):
                return usual
        return candidate

    def _verified(self, candidate: Candidate) -> bool:
        """Whether it runs with data too: only values show an index that is too large."""
        if self._device.type == "meta":
            return True
        before, self._with_data = self._with_data, True
        self._last = self._try(candidate)
        self._with_data = before
        return self._last.error is None

    def _try(self, candidate: Candidate) -> Trial:
        self._check()
        self._trials += 1
        trial = self._run(candidate, self._with_data)
        if self.wrote:
            return trial
        if trial.error is not None and not self._with_data and (needs_data(trial.error) or ".numpy()" in str(trial.error)):
            self._with_data = self._device.type != "meta"
            return self._run(candidate, self._with_data)
        return trial

    def _run(self, candidate: Candidate, with_data: bool) -> Trial:
        model = copy.deepcopy(self._model) if self._lazy else self._model
        torch.manual_seed(0)
        given = input_of(candidate.specs(self._arguments), "worked_out", ())
        if self._device.type != "cpu":
            given = given.on(self._device)
        flow: AbstractContextManager[Any] = nullcontext()
        if not with_data:
            given, flow = without_data(given, self._device)
        probe = InputProbe(model, self._tensors(candidate, given), frozenset(path for path, _ in candidate.spatial), self._check)
        effects = SideEffects(self._places, diverted=True, files=self._state.files)
        try:
            with quiet(), effects, flow, uncompiled(), torch.no_grad():
                return probe.trial(lambda: model(*given.positional, **given.keywords))
        finally:
            self.wrote = effects.happened
            if self._small and not self._lazy:
                self._state.restore()

    def _tensors(self, candidate: Candidate, given: SampleInput) -> Dict[Path, torch.Tensor]:
        """The tensors of the input by where they stand in the candidate."""
        positional = [each.name for each in self._arguments if any(path[0] == each.name for path, _ in candidate.leaves)]
        values = {**dict(zip(positional, given.positional)), **given.keywords}
        found: Dict[Path, torch.Tensor] = {}
        for path, spec in candidate.leaves:
            value: Any = values.get(str(path[0]))
            for key in path[1:]:
                value = value[key]
            if spec.dtype:
                found[path] = value
        return found


def _why(trial: Trial) -> Tuple[Any, ...]:
    """Where it was refused, and how the sizes relate: those of a view grow with the batch."""
    pairs = [(wanted.got, wanted.size, gcd(wanted.got, wanted.size) or 1) for wanted in trial.refusal.wanted]
    return (trial.place and trial.place[0], *((got // common, size // common) for got, size, common in pairs))


def runs_on(model: nn.Module, given: SampleInput, mode: Optional[str]) -> bool:
    """Whether the model runs on an input, on shapes alone. What only values or sizes to come can tell counts as running."""
    tensors = list(tensors_of(model))
    if any(is_lazy(tensor) for tensor in tensors):
        return True
    state = ModelState(model)
    device = next((tensor.device for tensor in tensors), torch.device("cpu"))
    try:
        if mode is not None:
            model.train(mode == "train")
        bare, flow = without_data(given.on(device), device)
        effects = SideEffects(diverted=True, files=state.files)
        with quiet(), effects, flow, uncompiled(), torch.no_grad():
            model(*bare.positional, **bare.keywords)
    except (Exception, SystemExit) as error:
        return needs_data(error)
    finally:
        state.restore()
    return True


def _nothing_found(target: Target, model: nn.Module, search: _Search) -> Problem:
    try:
        shown = f"forward{inspect.signature(model.forward)}"
    except (TypeError, ValueError):
        shown = "forward"
    what = "No input was found that runs"
    if search.wrote:
        what = (
            f"No input was looked for any further: the model's forward {', '.join(search.wrote)}, and is not run again and again"
        )
    elif search.best is not None:
        candidate, trial = search.best
        tried = ", ".join(format_input_spec(spec) for spec in candidate.specs(search._arguments))
        leaves = trial.refusal.leaves or tuple(path for path, _ in candidate.leaves)
        name = f"`{leaves[0][0]}`: " if leaves else ""
        what += (
            f": {name}{trial.refusal.sentence.rstrip('.')} (with {tried})" if tried else f": {trial.refusal.sentence.rstrip('.')}"
        )
    return Problem(
        "input-failed",
        f"{what}.",
        hint=f"Give one with --input for each argument of `{shown}`, such as float32[1,3,224,224] or int64[2,16]<1000.",
        file=target.file,
        module="",
    )
