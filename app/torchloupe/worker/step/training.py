"""The step itself: the file's own ``train_step``, or forward, loss, backward and optimizer, each from the file where it has one."""

import inspect
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Callable, ContextManager, Dict, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.step.facts import Meeting
from ...wire.errors import UsageError
from ...wire.problems import Problem
from ...wire.steps import MEAN_SQUARE, RunStep
from ..explain import CouldNotRun
from ..input_values import SampleInput
from ..nested import tensors_in
from ..target import Target
from .loss_watch import LossWatch
from .step_watch import StepWatch

DEFAULT_LR = 1e-3
LOSSES = {
    "mean_square": MEAN_SQUARE,
    "mean": "mean of the outputs",
    "sum": "sum of the outputs",
    "model": "the model's own .loss",
}


class SGD:
    """Plain gradient descent. That of torch.optim loads the compiler first, which takes longer than the step of a small model."""

    def __init__(self, parameters: List[nn.Parameter], lr: float, watch: Optional[StepWatch]) -> None:
        self.param_groups: List[Dict[str, Any]] = [{"params": parameters, "lr": lr, "weight_decay": 0.0}]
        self.state: Dict[Any, Any] = {}
        self._watch = watch
        if watch is not None:
            watch.made(self)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def step(self) -> None:
        """Go down by ``lr`` times the gradient."""
        if self._watch is not None:
            self._watch.before_step(self)
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-self.param_groups[0]["lr"])
        if self._watch is not None:
            self._watch.after_step(self)


@dataclass
class Done:
    """What the step gave: the losses, where loss and optimizer came from, and what a ``train_step`` returned last."""

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
        asked = request.loss is not None or request.optimizer is not None
        self._own = None if asked else target.function("train_step")
        if request.loss is not None and request.loss not in LOSSES:
            raise UsageError(
                f"There is no loss `{request.loss}`.", f"Choose one of {', '.join(LOSSES)}, or write a `loss_fn(output)`."
            )
        self.loss_source, self.optimizer_source = self._sources()
        self.meeting: Optional[Meeting] = None

    def _sources(self) -> Tuple[str, str]:
        if self._own is not None:
            return "train_step", "train_step"
        loss = "loss_fn" if self._loss_function is not None else LOSSES[self._request.loss or "mean_square"]
        if self._request.optimizer is not None:
            return loss, "given"
        return loss, "make_optimizer" if self.has_optimizer else "default"

    @property
    def is_own_loop(self) -> bool:
        """Backward and step are made here, not in a ``train_step``."""
        return self._own is None

    @property
    def has_loss(self) -> bool:
        """The file says what the loss is."""
        return self._own is not None or self._loss_function is not None

    @property
    def has_optimizer(self) -> bool:
        """The file says what the optimizer is."""
        return self._own is not None or (self._request.optimizer is None and self._target.function("make_optimizer") is not None)

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

    def loss_again(self) -> Optional[float]:
        """The loss of the same batch with the same random numbers, without a gradient; None where that has no meaning."""
        if self._own is not None:
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
        optimizer = self._optimizer()
        losses: List[float] = []

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = self._loss(spread)
            losses.append(float(loss.detach()))
            backward: Any = loss.backward
            backward()
            return loss

        for _ in range(max(self._request.steps, 1)):
            torch.manual_seed(self._request.seed)
            if isinstance(optimizer, torch.optim.LBFGS):
                step: Any = optimizer.step
                step(closure)
            else:
                closure()
                optimizer.step()
        return Done(losses, self.loss_source, self.optimizer_source)

    def _loss(self, spread: bool) -> torch.Tensor:
        output = self._model(*self._given.positional, **self._given.keywords)
        if self._loss_function is not None:
            watch = LossWatch(self._target.places)
            try:
                with watch:
                    loss = self._loss_function(output)
            finally:
                self.meeting = self.meeting or watch.found
            return _scalar(loss, "`loss_fn`")
        name = self._request.loss
        own = getattr(output, "loss", None)
        if name in (None, "model") and isinstance(own, torch.Tensor):
            self.loss_source = LOSSES["model"]
            return _scalar(own, "the model's `.loss`")
        if name == "model":
            raise UsageError("The output has no `.loss`.", "Give the model its labels as an input, or choose another loss.")
        return _mean(output, "spread" if spread else name or "mean_square")

    def _optimizer(self) -> Any:
        make = self._target.function("make_optimizer") if self._request.optimizer is None else None
        parameters = list(self._model.parameters())
        if not parameters:
            hint = "Are its layers registered? See the problems of the model."
            raise CouldNotRun(Problem("no-parameters", "The model has no parameter to train.", hint=hint))
        if make is not None:
            return self._made(make)
        if self._request.optimizer is None:
            return SGD(parameters, DEFAULT_LR if self._request.lr is None else self._request.lr, self._watch)
        kind: Any = getattr(torch.optim, self._request.optimizer, None)
        if not (isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)):
            message = f"There is no optimizer `{self._request.optimizer}` in torch.optim."
            raise UsageError(message, "SGD, Adam and AdamW are some of those that there are.")
        rate: Dict[str, Any] = {"lr": self._request.lr} if self._request.lr is not None else {}
        return kind(parameters, **rate)

    def _made(self, make: Callable[..., Any]) -> Any:
        """``make_optimizer`` wants parameters, or the model: the name of its argument says which, else what works."""
        first = next(iter(_parameters_of(make)), "params")
        wants_model = "model" in first or first in ("net", "network", "module")
        made = make(self._model) if wants_model else make(self._model.parameters())
        optimizer = made[0] if isinstance(made, (tuple, list)) and made else made
        if not hasattr(optimizer, "step"):
            problem = Problem("step-failed", f"`make_optimizer` returned a {type(made).__name__}, which has no step().")
            raise CouldNotRun(problem)
        if self._request.lr is not None:
            for group in optimizer.param_groups:
                group["lr"] = self._request.lr
        return optimizer


def _parameters_of(function: Callable[..., Any]) -> List[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _scalar(loss: Any, what: str) -> torch.Tensor:
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        return loss if loss.dim() == 0 else loss.reshape(())
    given = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else f"a {type(loss).__name__}"
    hint = "Return a loss with one element, such as its mean."
    raise CouldNotRun(Problem("step-failed", f"{what} gave {given}, not one number.", hint=hint))


def _mean(output: Any, name: str) -> torch.Tensor:
    """The loss over all floating tensors of an output."""
    found = [tensor for _, tensor in tensors_in(output) if tensor.is_floating_point() or tensor.is_complex()]
    found = [tensor for tensor in found if tensor.numel() and tensor.layout is torch.strided and not tensor.is_nested]
    if not found:
        hint = "Write a `loss_fn(output)` or a `train_step(model)` in the file."
        raise CouldNotRun(Problem("no-loss", "The output has no floating tensor to make a loss of.", hint=hint))
    if any(tensor.requires_grad for tensor in found):
        found = [tensor for tensor in found if tensor.requires_grad]
    total = sum(_summed(tensor, name) for tensor in found)
    assert isinstance(total, torch.Tensor)
    return total if name == "sum" else total / sum(tensor.numel() for tensor in found)


def _summed(tensor: torch.Tensor, name: str) -> torch.Tensor:
    real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    if real.dtype in (torch.float16, torch.bfloat16):
        real = real.float()
    if name == "mean_square":
        return real.square().sum()
    if name == "spread":
        generator = torch.Generator().manual_seed(0)
        return (real * torch.randn(real.shape, generator=generator).to(real)).sum()
    return real.sum()


def _number(value: Any) -> Optional[float]:
    try:
        return float(value.detach()) if isinstance(value, torch.Tensor) else float(value)
    except (TypeError, ValueError, RuntimeError):
        return None
