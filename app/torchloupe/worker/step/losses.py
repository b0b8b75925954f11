"""The loss of a step, where the file has no ``loss_fn`` or another one was chosen: what it compares the output with, and how."""

from dataclasses import dataclass
from typing import Any, Callable, Optional

import torch
from torch.nn import functional as F

from ...analysis.input_specs import parse_input_spec
from ...analysis.step.choices import LOSS_TITLES, WITH_TARGET
from ...wire.errors import UsageError
from ...wire.problems import Problem
from ..explain import CouldNotRun
from ..input_values import input_value
from ..nested import tensors_in

MODEL = "model"
SPREAD = "spread"
_TARGET_FUNCTIONS = ("example_targets", "example_target")


@dataclass(frozen=True)
class Targets:
    """What the output is compared with: ``value``, or None for random numbers of the right shape; ``source`` says which."""

    value: Any = None
    source: str = "random targets"


def targets_of(spec: Optional[str], find: Callable[[str], Optional[Callable[..., Any]]]) -> Targets:
    """The targets of a spec, else of the file's own function. Raises ``UsageError`` for a bad spec."""
    if spec is not None:
        return Targets(input_value(parse_input_spec(spec)), spec)
    for name in _TARGET_FUNCTIONS:
        function = find(name)
        if function is not None:
            value = function()
            return Targets(value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value, f"{name}()")
    return Targets()


def check_loss(name: Optional[str], spec: Optional[str]) -> None:
    """Raises ``UsageError`` for what cannot be chosen."""
    if name is not None and name not in LOSS_TITLES:
        raise UsageError(f"There is no loss `{name}`.", f"Choose one of {', '.join(LOSS_TITLES)}, or write a `loss_fn(output)`.")
    if spec is not None and name not in WITH_TARGET:
        chosen = f"`{name}` takes no target." if name else "A target needs a loss that takes one."
        raise UsageError(chosen, f"Choose one of {', '.join(WITH_TARGET)}.")


def compared(output: Any, name: str, targets: Targets, seed: int) -> torch.Tensor:
    """The loss ``name`` of an output against its targets. Raises ``CouldNotRun``, or what torch raises for what does not fit."""
    given = _prediction(output)
    real = given.float() if given.dtype in (torch.float16, torch.bfloat16) else given
    if name == "cross_entropy":
        return _cross_entropy(real, targets, seed)
    is_share = name == "bce" and _are_shares(real.detach())
    target = _on(targets.value, real) if targets.value is not None else _random_like(real, name, seed)
    if name == "mse":
        return F.mse_loss(real, target)
    if name == "l1":
        return F.l1_loss(real, target)
    return F.binary_cross_entropy(real, target) if is_share else F.binary_cross_entropy_with_logits(real, target)


def _are_shares(given: torch.Tensor) -> bool:
    """Whether all lie between 0 and 1. Zeros and ones alone are scores: a head that begins with zeros gives them, and no sigmoid does."""
    inside = (given > 0) & (given < 1)
    return bool(inside.any()) and bool((inside | (given == 0) | (given == 1)).all())


def _cross_entropy(given: torch.Tensor, targets: Targets, seed: int) -> torch.Tensor:
    """Classes stand in axis 1; in the last one where each of a row of tokens has its own prediction, unless the target says otherwise."""
    if given.dim() < 2 or (given.shape[1] < 2 and given.dim() != 3):
        hint = "It wants (samples, classes). Choose bce for a single number, mse for values."
        text = f"Cross entropy needs a score for each class, and the output is of shape {tuple(given.shape)}."
        raise CouldNotRun(Problem("step-failed", text, hint=hint))
    rows = given.flatten(0, 1) if given.dim() == 3 else given
    if targets.value is None:
        shape = (rows.shape[0], *rows.shape[2:])
        return F.cross_entropy(rows, torch.randint(0, rows.shape[1], shape, generator=_dice(seed)).to(rows.device))
    value = targets.value if isinstance(targets.value, torch.Tensor) else torch.as_tensor(targets.value)
    value = value.to(given.device)
    if given.dim() == 3 and value.shape in (given.shape[:2], rows.shape[:1]):
        return F.cross_entropy(rows, value.flatten())
    return F.cross_entropy(given, value)


def _prediction(output: Any) -> torch.Tensor:
    """The tensor that is compared: ``.logits``, else the first floating one that depends on the weights."""
    named = getattr(output, "logits", None)
    if isinstance(named, torch.Tensor):
        return named
    found = [tensor for _, tensor in tensors_in(output) if tensor.is_floating_point() and tensor.numel()]
    if not found:
        raise no_floating_output()
    return next((tensor for tensor in found if tensor.requires_grad), found[0])


def _on(value: Any, like: torch.Tensor) -> torch.Tensor:
    tensor = value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
    return tensor.to(like.device, like.dtype)


def _random_like(given: torch.Tensor, name: str, seed: int) -> torch.Tensor:
    numbers = torch.rand(given.shape, generator=_dice(seed)) if name == "bce" else torch.randn(given.shape, generator=_dice(seed))
    return (numbers.round() if name == "bce" else numbers).to(given)


def _dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scalar(loss: Any, what: str) -> torch.Tensor:
    """A loss of one element, whatever its shape. Raises ``CouldNotRun`` for anything else."""
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        return loss if loss.dim() == 0 else loss.reshape(())
    given = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else f"a {type(loss).__name__}"
    hint = "Return a loss with one element, such as its mean."
    raise CouldNotRun(Problem("step-failed", f"{what} gave {given}, not one number.", hint=hint))


def of_outputs(output: Any, name: str) -> torch.Tensor:
    """A loss over all floating tensors of an output, without any target."""
    found = [tensor for _, tensor in tensors_in(output) if tensor.is_floating_point() or tensor.is_complex()]
    found = [tensor for tensor in found if tensor.numel() and tensor.layout is torch.strided and not tensor.is_nested]
    if not found:
        raise no_floating_output()
    if any(tensor.requires_grad for tensor in found):
        found = [tensor for tensor in found if tensor.requires_grad]
    total = sum(_summed(tensor, name) for tensor in found)
    assert isinstance(total, torch.Tensor)
    return total if name == "sum" else total / sum(tensor.numel() for tensor in found)


def no_floating_output() -> CouldNotRun:
    """There is nothing to make a loss of."""
    hint = "Write a `loss_fn(output)` or a `train_step(model)` in the file."
    return CouldNotRun(Problem("no-loss", "The output has no floating tensor to make a loss of.", hint=hint))


def _summed(tensor: torch.Tensor, name: str) -> torch.Tensor:
    real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    if real.dtype in (torch.float16, torch.bfloat16):
        real = real.float()
    if name == "mean_square":
        return real.square().sum()
    if name == SPREAD:
        return (real * torch.randn(real.shape, generator=_dice(0)).to(real)).sum()
    return real.sum()
