"""The step itself: the file's own ``train_step``, or forward, loss, backward and optimizer, each from the file where it has one."""

import inspect
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Callable, ContextManager, Dict, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.step.choices import AUTOCAST, LOSS_TITLES, WITH_TARGET
from ...analysis.step.facts import Meeting
from ...wire.errors import UsageError
from ...wire.problems import Problem
from ...wire.steps import RunStep
from ..explain import CouldNotRun
from ..input_values import SampleInput
from ..target import Target
from .loss_watch import LossWatch
from .losses import SPREAD, Targets, check_loss, compared, of_outputs, scalar, targets_of
from .optimizers import DEFAULT_LR, SGD, made_optimizer
from .step_watch import StepWatch

MOST_SECONDS_AGAIN = 0.15
"""A loss that took longer is not worked out once more after the step: that would be a sixth of it."""


@dataclass
class Done:
    """What the step gave: the loss before each step, where loss and optimizer came from, and what a ``train_step`` returned last."""

    losses: List[float]
    loss_source: str
    optimizer_source: str
    returned: Any = None


class Training:
    """One way to train the model for some steps; ``run`` can be called again once the state was put back."""

    def __init__(self, target: Target, model: nn.Module, given: SampleInput, request: RunStep) -> None:
        self._target = target
        self._model = model
        self._given = given
        self._request = request
        self._loss_function = target.function("loss_fn") if request.loss is None else None
        check_loss(request.loss, request.target)
        if request.autocast not in (None, *AUTOCAST):
            raise UsageError(f"Autocast knows no `{request.autocast}`.", f"Choose one of {', '.join(AUTOCAST)}.")
        asked = request.loss or request.optimizer or request.accumulate > 1 or request.autocast
        self._own = None if asked else target.function("train_step")
        self._targets = Targets()
        if request.loss in WITH_TARGET:
            torch.manual_seed(request.seed)
            self._targets = targets_of(request.target, target.function)
        self.loss_source, self.optimizer_source = self._sources()
        self.meeting: Optional[Meeting] = None
        self._loss_seconds = 0.0

    def _sources(self) -> Tuple[str, str]:
        if self._own is not None:
            return "train_step", "train_step"
        name = self._request.loss
        loss = "loss_fn" if self._loss_function is not None else LOSS_TITLES[name or "mean_square"]
        if name in WITH_TARGET:
            loss = f"{loss} with {self._targets.source}"
        if self._request.optimizer is not None:
            return loss, "given"
        return loss, "make_optimizer" if self.has_optimizer else "default"

    @property
    def is_own_loop(self) -> bool:
        """Backward and step are made here, not in a ``train_step``."""
        return self._own is None

    @property
    def has_loss(self) -> bool:
        """Somebody said what the loss is: the file, the model by its own ``.loss``, or a person who gave its targets, too."""
        given = self._request.loss in WITH_TARGET and self._targets.value is not None
        own = self.loss_source == LOSS_TITLES["model"]  # known once it ran: it is the model's own that was found
        return self._own is not None or self._loss_function is not None or given or own

    @property
    def has_optimizer(self) -> bool:
        """Somebody said what the optimizer is: the file, or who asks."""
        return self._own is not None or self._request.optimizer is not None or self._target.function("make_optimizer") is not None

    def run(
        self, around: Callable[[], ContextManager[Any]] = nullcontext, spread: bool = False, watch: Optional[StepWatch] = None
    ) -> Done:
        """Train. ``watch`` is told of the steps of an optimizer of ours. With ``spread`` the loss is a fixed random projection in place
        of the mean square, which has no slope at zero. ``around`` surrounds what the user wrote.

        Raises what the user's code raises.
        """
        self._watch = watch
        torch.manual_seed(self._request.seed)
        with around():
            return self._run_train_step(self._own) if self._own is not None else self._run_loop(spread)

    @property
    def has_loss_again(self) -> bool:
        """Whether ``loss_again`` has anything to say of the step that was run."""
        return self._own is None and self._loss_seconds <= MOST_SECONDS_AGAIN

    def loss_again(self) -> Optional[float]:
        """The loss of the same batch with the same random numbers, without a gradient; None where that has no meaning, or takes long."""
        if not self.has_loss_again:
            return None
        torch.manual_seed(self._request.seed)
        with torch.no_grad():
            return _number(self._loss(spread=False))

    def _run_train_step(self, own: Callable[..., Any]) -> Done:
        losses, value = [], None
        for _ in range(max(self._request.steps, 1)):
            value = own(self._model)
            number = _number(value) if isinstance(value, (int, float, torch.Tensor)) else None
            losses += [] if number is None else [number]
        return Done(losses, "train_step", "train_step", value)

    def _run_loop(self, spread: bool) -> Done:
        optimizers = self._optimizers()
        with_closure = [each for each in optimizers if isinstance(each, torch.optim.LBFGS)]
        others = [each for each in optimizers if each not in with_closure]
        losses: List[float] = []
        of_step: List[float] = []
        parts = max(self._request.accumulate, 1)

        def closure() -> torch.Tensor:
            for each in optimizers:
                each.zero_grad()
            for _ in range(parts):
                loss = self._loss(spread)
                backward: Any = (loss / parts if parts > 1 else loss).backward
                backward()
            of_step.append(float(loss.detach()))
            return loss

        for _ in range(max(self._request.steps, 1)):
            torch.manual_seed(self._request.seed)
            of_step.clear()
            for each in with_closure:
                step: Any = each.step
                step(closure)
            if others:
                closure()
            for each in others:
                each.step()
            losses += of_step[:1]
        return Done(losses, self.loss_source, self.optimizer_source)

    def _loss(self, spread: bool) -> torch.Tensor:
        dtype = getattr(torch, self._request.autocast) if self._request.autocast else None
        kind = next((each.device.type for each in self._model.parameters()), "cpu")
        started = time.perf_counter()
        with torch.autocast(kind, dtype) if dtype is not None else nullcontext():
            loss = self._loss_of(self._model(*self._given.positional, **self._given.keywords), spread)
        self._loss_seconds = time.perf_counter() - started
        return loss

    def _loss_of(self, output: Any, spread: bool) -> torch.Tensor:
        name = self._request.loss

        def chosen(given: Any) -> Any:
            return compared(given, str(name), self._targets, self._request.seed)

        function = self._loss_function or (chosen if name in WITH_TARGET else None)
        if function is not None:
            watch = LossWatch(self._target.places)
            try:
                with watch:
                    loss = function(output)
            finally:
                self.meeting = self.meeting or watch.found
            return scalar(loss, "`loss_fn`")
        own = getattr(output, "loss", None)
        if name in (None, "model") and isinstance(own, torch.Tensor):
            self.loss_source = LOSS_TITLES["model"]
            return scalar(own, "the model's `.loss`")
        if name == "model":
            raise UsageError("The output has no `.loss`.", "Give the model its labels as an input, or choose another loss.")
        return of_outputs(output, SPREAD if spread else name or "mean_square")

    def _optimizers(self) -> List[Any]:
        make = self._target.function("make_optimizer") if self._request.optimizer is None else None
        parameters = list(self._model.parameters())
        if not parameters:
            hint = "Are its layers registered? See the problems of the model."
            raise CouldNotRun(Problem("no-parameters", "The model has no parameter to train.", hint=hint))
        if make is not None:
            return self._made(make)
        if self._request.optimizer is None:
            return [SGD(parameters, DEFAULT_LR if self._request.lr is None else self._request.lr, self._watch)]
        rate: Dict[str, Any] = {"lr": self._request.lr} if self._request.lr is not None else {}
        return [made_optimizer(self._request.optimizer, parameters, {**rate, **self._request.optimizer_arguments})]

    def _made(self, make: Callable[..., Any]) -> List[Any]:
        """``make_optimizer`` wants parameters, or the model: the name of its argument says which, else what works."""
        first = next(iter(_parameters_of(make)), "params")
        wants_model = "model" in first or first in ("net", "network", "module")
        made = make(self._model) if wants_model else make(self._model.parameters())
        several = made if isinstance(made, (tuple, list)) else ()
        optimizers = (
            [each for each in several if hasattr(each, "step") and hasattr(each, "param_groups")] or [*several[:1]] or [made]
        )
        if not hasattr(optimizers[0], "step"):
            problem = Problem("step-failed", f"`make_optimizer` returned a {type(made).__name__}, which has no step().")
            raise CouldNotRun(problem)
        if self._request.lr is not None:
            for group in (group for each in optimizers for group in each.param_groups):
                group["lr"] = self._request.lr
        return optimizers


def _parameters_of(function: Callable[..., Any]) -> List[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _number(value: Any) -> Optional[float]:
    try:
        return float(value.detach()) if isinstance(value, torch.Tensor) else float(value)
    except (TypeError, ValueError, RuntimeError):
        return None
