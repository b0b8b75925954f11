"""The gradient and the change of one parameter in a step, which is repeated for them; the model is put back."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.step.wording import moved_rows_text
from ...wire.errors import UsageError
from ...wire.problems import Problem
from ...wire.requests import FetchedStats, FetchedValues, ValuesArrived
from ...wire.step_values import CHANGE, GRADIENT, FetchStepValues, MeasureStepValues, StepTensor
from ..context import Context
from ..explain import CouldNotRun, problem_of
from ..forward import chosen_device, on_device
from ..lazy_parts import has_lazy_parts
from ..model_state import ModelState
from ..sample_input import sample_input
from ..side_effects import SideEffects
from ..statistics import tensor_stats, why_uncountable
from ..target import Target
from ..tensor_facts import dtype_name
from ..torch_compat import uncompiled
from ..values import part_of, raw_bytes
from .kept_optimizers import KeptOptimizers
from .parameters import parameters_of
from .step_watch import StepWatch
from .training import Training

_KEPT = "step tensors"
Found = Dict[str, Optional[torch.Tensor]]


def fetch_step_values(target: Target, model: nn.Module, request: FetchStepValues, context: Context) -> FetchedValues:
    """A part of what was asked for. Raises ``CouldNotRun`` or ``UsageError``."""
    tensor, name = _tensor(target, model, request.tensor, context)
    part = part_of(tensor, name, request.index)
    context.emit(ValuesArrived(name), [raw_bytes(part)])
    return FetchedValues(name, tuple(part.shape), dtype_name(part.dtype))


def measure_step_values(target: Target, model: nn.Module, request: MeasureStepValues, context: Context) -> FetchedStats:
    """All of it in numbers. Raises ``CouldNotRun`` or ``UsageError``."""
    tensor, name = _tensor(target, model, request.tensor, context)
    stats = tensor_stats(tensor)
    if stats is None:
        raise UsageError(f"`{name}` has no statistics: it {why_uncountable(tensor)}.", "Choose another tensor.")
    return FetchedStats(name, stats, _rows(tensor) if request.tensor.what == CHANGE else "")


def _rows(change: torch.Tensor) -> str:
    """Which rows of a table moved."""
    if change.dim() < 2:
        return ""
    moved = change.flatten(1).ne(0).any(1).nonzero().flatten().tolist()
    return moved_rows_text(moved, len(change))


def _tensor(target: Target, model: nn.Module, wanted: StepTensor, context: Context) -> Tuple[torch.Tensor, str]:
    question = (id(model), wanted.key, replace(wanted.step, prove=(), keep=False))
    known: Any = context.state.get(_KEPT)
    if known is None or known[0] != question or known[2] != _written(model):
        context.state.pop(_KEPT, None)
        known = context.state[_KEPT] = (question, _repeated(target, model, wanted, context), _written(model))
    name = f"{wanted.key}, {wanted.what}"
    found: Found = known[1]
    tensor = found.get(wanted.what)
    if tensor is None:
        raise UsageError(f"`{wanted.key}` has no {wanted.what} in this step.", "See in the Step tab why.")
    return tensor, name


def _written(model: nn.Module) -> int:
    """How often somebody wrote into the weights: other values in the same model give another step."""
    return sum(each._version for each in parameters_of(model).values())


def _repeated(target: Target, model: nn.Module, wanted: StepTensor, context: Context) -> Found:
    """The step once more, for one parameter."""
    request = replace(wanted.step, prove=(), keep=False)
    device = chosen_device(request.device, model)
    runner = on_device(model, device)
    state = ModelState(model, keep_all=runner is model)
    optimizers = KeptOptimizers()
    try:
        given = sample_input(target, model, request.inputs, request.seed, request.mode, context.cancel.raise_if_requested)
        given = given.on(device)
        if has_lazy_parts(runner):
            with torch.no_grad():
                runner(*given.positional, **given.keywords)
        training = Training(target, runner, given, request)
        if request.mode is not None or training.is_own_loop:
            runner.train(request.mode != "eval")
        parameter = parameters_of(runner).get(wanted.key)
        if parameter is None:
            raise UsageError(f"The model has no parameter `{wanted.key}`.", "Choose one that it has.")
        before, gradients = parameter.detach().clone(), _Gradients(parameter)
        watch = StepWatch(runner, optimizers, target.places, context.cancel.raise_if_requested, target.module)
        watch.on_step = gradients.take
        try:
            with SideEffects(target.places, diverted=True, files=state.files), torch.enable_grad(), uncompiled(), watch:
                training.run(watch=watch)
        except (Exception, SystemExit) as error:
            raise CouldNotRun(_failure(error, target)) from error
        after = parameters_of(runner).get(wanted.key, parameter).detach()
        change = after.cpu() - before.cpu() if after.shape == before.shape else None
        return {GRADIENT: gradients.first, CHANGE: change}
    finally:
        optimizers.restore()
        lost = state.restore()
        context.state["spoiled"] = bool(lost)


def _failure(error: BaseException, target: Target) -> Problem:
    return problem_of(error, "step-failed", "The step could not be repeated", target.places)


class _Gradients:
    """The gradient of a parameter right after the first step."""

    def __init__(self, parameter: torch.Tensor) -> None:
        self._parameter = parameter
        self._taken: List[Optional[torch.Tensor]] = []

    def take(self) -> None:
        gradient = self._parameter.grad
        if not self._taken:
            dense = gradient.to_dense() if gradient is not None and gradient.layout is not torch.strided else gradient
            self._taken.append(None if dense is None else dense.detach().cpu().clone())

    @property
    def first(self) -> Optional[torch.Tensor]:
        """None where there was none, or no step."""
        return self._taken[0] if self._taken else None
