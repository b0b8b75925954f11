"""The optimizer of a step, where the file has no ``make_optimizer`` or another one was chosen."""

import inspect
from typing import Any, Dict, List, Optional

import torch
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from ...wire.errors import UsageError
from ...wire.optimizers import OptimizerArgument, OptimizerClass, Optimizers
from .step_watch import StepWatch

DEFAULT_LR = 1e-3


class SGD:
    """Plain gradient descent. That of torch.optim loads the compiler first, which takes longer than the step of a small model."""

    def __init__(self, parameters: List[nn.Parameter], lr: float, watch: Optional[StepWatch]) -> None:
        self.param_groups: List[Dict[str, Any]] = [{"params": parameters, "lr": lr, "weight_decay": 0.0}]
        self.state: Dict[Any, Any] = {}
        if watch is not None:
            watch.made(self)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def step(self) -> None:
        """Go down by ``lr`` times the gradient."""
        ours: Any = self
        for hook in list(_global_optimizer_pre_hooks.values()):  # as every optimizer of torch does
            hook(ours, (), {})
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                if parameter.grad is not None:
                    parameter.add_(parameter.grad, alpha=-self.param_groups[0]["lr"])
        for hook in list(_global_optimizer_post_hooks.values()):
            hook(ours, (), {})


def optimizer_class(name: str) -> Any:
    """A class of ``torch.optim``. Raises ``UsageError``."""
    kind: Any = getattr(torch.optim, name, None)
    if not (isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer)):
        message = f"There is no optimizer `{name}` in torch.optim."
        raise UsageError(message, "SGD, Adam and AdamW are some of those that there are.")
    return kind


def made_optimizer(name: str, parameters: Any, arguments: Dict[str, Any]) -> Any:
    """One of ``torch.optim`` with keywords. Raises ``UsageError`` for those that it refuses."""
    kind = optimizer_class(name)
    try:
        return kind(parameters, **{key: tuple(each) if isinstance(each, list) else each for key, each in arguments.items()})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} refuses its arguments: {error}", "See its signature in torch.optim.") from error


def optimizer_classes() -> Optimizers:
    """The optimizers of this torch, with the keywords that their constructors take."""
    found = []
    for name, kind in sorted(vars(torch.optim).items()):
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer:
            given = list(inspect.signature(kind).parameters.values())[1:]
            arguments = [
                OptimizerArgument(each.name, _default(each.default)) for each in given if each.kind is not each.VAR_KEYWORD
            ]
            found.append(OptimizerClass(name, tuple(arguments)))
    return Optimizers(tuple(found))


def _default(value: Any) -> str:
    return "" if value is inspect.Parameter.empty else repr(value)
