"""One pass with data in which every value is watched: what it shows, as problems."""

import copy
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.numerics.facts import NAN, Birth, Operand, ValueFacts
from ...analysis.numerics.origin_findings import failure_problem
from ...analysis.numerics.value_findings import value_problems
from ...wire.numerics import LookAtValues, ValuesLookedAt
from ...wire.problems import Problem
from ..context import Context
from ..explain import CouldNotRun
from ..forward import chosen_device, on_device
from ..input_values import SampleInput
from ..model_state import ModelState
from ..module_tree import walk_modules
from ..nested import map_tensors, tensors_in
from ..places import Places
from ..registration.call_watch import CallWatch
from ..registration.modes import PATIENCE_SECONDS, TooSlow, patient
from ..registration.watch_forward import copied, named_inputs, set_mode
from ..sample_input import sample_input
from ..target import Target
from ..torch_compat import uncompiled
from .behind_failure import FailedRun
from .input_facts import input_facts
from .tried_repairs import with_tried_fix
from .unit_watch import UnitWatch
from .value_watch import ValueWatch, module_names

_MADE_UP = "worked_out"


class ValuePass:
    """One pass of the model in which values are watched."""

    def __init__(self, model: nn.Module, given: SampleInput, places: Places, check: Callable[[], None]) -> None:
        walked = list(walk_modules(model))
        paths: Dict[int, str] = {id(module): path for path, module in reversed(walked)}
        self._model = model
        self._given = SampleInput(copied(given.positional), copied(given.keywords), given.source)
        self._calls = CallWatch(check)
        named = named_inputs(model, self._given)
        names = {**module_names(walked), **{id(tensor): name for name, tensor in named}}
        self._units = UnitWatch(paths, input_facts(named))
        self._values = ValueWatch(places, self._calls, names, paths, self._units.seen)
        self._units.watch = self._values

    def facts(self, seed: int, within: "AbstractContextManager[Any]" = nullcontext()) -> ValueFacts:
        """Run it once. Raises what the model raises."""
        torch.manual_seed(seed)
        trains = self._model.training
        with ExitStack() as inside:
            for each in (uncompiled(), within, self._calls, self._units, self._values):
                inside.enter_context(each)
            output = self._model(*self._given.positional, **self._given.keywords)
        outputs = [tensor for _, tensor in tensors_in(output)]
        return ValueFacts(
            self._values.births_reaching(outputs),
            self._units.quiet(outputs),
            self._units.ones,
            self._units.inputs(outputs),
            self._units.norms,
            self._given.source != _MADE_UP,
            trains,
        )

    def behind(self, error: BaseException, failed: FailedRun) -> Optional[Problem]:
        """NaN or Inf without which the pass would not have raised ``error``."""
        came_in = tuple(each for each in self._units.inputs([]) if each.nan)
        births = [Birth(NAN, "", "", "", operands=(Operand(each.shape, "", each.name),)) for each in came_in]
        cause = failed.cause_among([*births, *self._values.births], error)
        found = next((facts for facts, birth in zip(came_in, births) if birth is cause), None)
        return None if cause is None else failure_problem(cause, found)


def looked_at_values(
    model: nn.Module,
    given: SampleInput,
    before: ModelState,
    places: Places,
    mode: Optional[str] = None,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Tuple[List[Problem], str]:
    """The problems, and a note when it could not be looked at. The model is in the state ``before`` when this ends."""
    checked = patient(check)

    def put_back(runner: nn.Module = model) -> None:
        before.restore()
        if mode is not None:
            set_mode(runner, mode == "train")

    def facts(runner: nn.Module, mine: SampleInput, within: "AbstractContextManager[Any]" = nullcontext()) -> ValueFacts:
        put_back(runner)
        return ValuePass(runner, mine, places, checked).facts(seed, within)

    def run(fill: Callable[[Any], Any]) -> object:
        torch.manual_seed(seed)
        with CallWatch(checked):
            return model(*fill(copied(given.positional)), **fill(copied(given.keywords)))

    def is_finite(within: "AbstractContextManager[Any]") -> bool:
        return not any(birth.reaches_output for birth in facts(model, given, within).births)

    def in_float32() -> bool:
        before.restore()
        return not any(birth.reaches_output for birth in facts(copy.deepcopy(model).float(), _single(given)).births)

    put_back()
    watched = ValuePass(model, given, places, checked)
    try:
        try:
            problems = value_problems(watched.facts(seed))
        except (Exception, SystemExit) as error:
            behind = watched.behind(error, FailedRun(model, places, run, put_back, checked))
            problems = [] if behind is None else [behind]
        return [with_tried_fix(problem, places, is_finite, in_float32) for problem in problems], ""
    except TooSlow:
        return [], f"A pass takes longer than {PATIENCE_SECONDS:g} s: its values were not watched."
    except (Exception, SystemExit):
        return [], ""  # it does not run, which the run has told
    finally:
        before.restore()


def _single(given: SampleInput) -> SampleInput:
    def single(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.float() if tensor.is_floating_point() else tensor

    return SampleInput(map_tensors(given.positional, single), map_tensors(given.keywords, single), given.source)


def look_at_values(target: Target, model: nn.Module, request: LookAtValues, context: Context) -> ValuesLookedAt:
    """The answer to the request. Without an input that runs there is nothing to be seen: a note says so."""
    check = context.cancel.raise_if_requested
    device = chosen_device(request.device, model)
    state = ModelState(model)
    try:
        given = sample_input(target, model, request.inputs, request.seed, request.mode, check)
        runner = on_device(model, device)
        before = state if runner is model else ModelState(runner)
        problems, note = looked_at_values(runner, given.on(device), before, target.places, request.mode, request.seed, check)
    except CouldNotRun as error:
        problems, note = [], f"The values were not watched: {error}"
    finally:
        context.state["spoiled"] = bool(state.restore())
    return ValuesLookedAt(tuple(problems), (note,) if note else ())
