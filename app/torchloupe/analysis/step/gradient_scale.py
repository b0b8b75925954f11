"""Gradients that grow or die over the depth of the model, and steps that make the loss explode."""

import math
from statistics import median
from typing import List, Optional, Sequence, Tuple

from ...wire.problems import WARNING, Problem
from ...wire.steps import ParameterMotion
from ..wording import number_text

LEAST_WEIGHTS, LEAST_ELEMENTS = 6, 16
"""Fewer weights are no depth; a bias or a scale is no measure of a layer."""
VANISHED, ALIVE = 1e-6, 1e-12
EXPLODED, HUGE = 1e6, 1e2
LOSS_GREW = 10.0
LARGE_STEP = 0.1


def scale_problems(
    motions: Sequence[ParameterMotion], losses: Sequence[Optional[float]], own_loss: bool, own_optimizer: bool
) -> List[Problem]:
    """What the sizes show. ``losses`` are those of the same batch, one after the other. Nothing is said of a loss or an optimizer
    that nobody chose."""
    if own_loss:
        return []
    found = [_over_depth(motions), None if own_optimizer else _diverging(motions, losses)]
    return [each for each in found if each is not None]


def _diverging(motions: Sequence[ParameterMotion], losses: Sequence[Optional[float]]) -> Optional[Problem]:
    first = losses[0] if losses else None
    last = losses[-1] if len(losses) > 1 else None
    if first is None or last is None or not math.isfinite(first) or first <= 0.0:
        return None
    ratios = [each.update_ratio for each in motions if each.moved and each.update_ratio is not None]
    if not ratios or max(ratios) < LARGE_STEP or (math.isfinite(last) and last < LOSS_GREW * first):
        return None
    furthest = max((each for each in motions if each.update_ratio is not None), key=lambda each: each.update_ratio or 0.0)
    rates = sorted({each.lr for each in motions if each.lr})
    rate = f" with lr {', '.join(f'{each:g}' for each in rates[:3])}" if rates else ""
    grew = (
        f"from {number_text(first)} to {number_text(last)}" if math.isfinite(last) else f"from {number_text(first)} to NaN or Inf"
    )
    message = (
        f"The loss of the same batch goes {grew} in {'one step' if len(losses) == 2 else f'{len(losses) - 1} steps'}{rate}: "
        f"`{furthest.key}` alone moves by {number_text(furthest.update_ratio)} of its norm."
    )
    hint = "Lower the learning rate: an update of about 0.001 of the weight is usual."
    return Problem("diverging-step", message, WARNING, hint, parameter=furthest.key, module=furthest.key.rpartition(".")[0])


def _over_depth(motions: Sequence[ParameterMotion]) -> Optional[Problem]:
    """The first and the last quarter of the weights beside each other."""
    sizes = [(each, size) for each in motions for size in [_size(each)] if size is not None]
    if len(sizes) < LEAST_WEIGHTS:
        return None
    quarter = max(2, len(sizes) // 4)
    first, last = median(size for _, size in sizes[:quarter]), median(size for _, size in sizes[-quarter:])
    ratio = first / last
    if ratio < VANISHED and last > ALIVE:
        said: Tuple[str, str, str] = (
            "vanishing-gradient",
            "dies",
            "Use normalisation, residual connections, or ReLU in place of sigmoid.",
        )
    elif ratio > EXPLODED and first > HUGE:
        said = ("exploding-gradient", "explodes", "Initialise with a smaller gain, use normalisation, or clip the gradient.")
    else:
        return None
    code, what, hint = said
    front, back = sizes[0][0], sizes[-1][0]
    message = (
        f"The gradient {what} on its way back through the model: per element it is {number_text(last)} near `{back.key}` and "
        f"{number_text(first)} near `{front.key}`."
    )
    data = {"ratio": ratio, "parameters": [each.key for each, _ in sizes[:quarter]]}
    return Problem(code, message, WARNING, hint, module=front.key.rpartition(".")[0], parameter=front.key, data=data)


def _size(motion: ParameterMotion) -> Optional[float]:
    """The root mean square of its gradient; None for what is no weight of a layer, or has no gradient to speak of."""
    norm = motion.grad_norm
    if motion.numel < LEAST_ELEMENTS or not norm or not math.isfinite(norm) or not motion.key.endswith("weight"):
        return None
    return norm / math.sqrt(motion.numel)
