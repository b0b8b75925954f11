"""Gradients that grow or die over the depth of the model, and steps that make the loss explode."""

import math
from statistics import median
from typing import List, Optional, Sequence, Tuple

from ...wire.problems import WARNING, Problem
from ...wire.steps import ParameterMotion
from ..wording import number_text

LEAST_WEIGHTS, LEAST_ELEMENTS = 8, 16
"""Fewer weights are no depth; a bias or a scale is no measure of a layer."""
VANISHED, ALIVE = 1e-6, 1e-12
EXPLODED, HUGE = 1e6, 1e2
LOSS_GREW = 10.0
LARGE_STEP = 0.1
LEAST_LOSS = 0.01
"""A smaller loss is next to none, however it grew."""
EACH_QUARTER = 10.0
"""What dies or explodes over depth does so from quarter to quarter; one scale of 1e-6 somewhere is meant."""


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
    if math.isfinite(last) and last < max(LOSS_GREW * first, LEAST_LOSS):
        return None
    weights = [each for each in motions if each.moved and each.update_ratio and each.numel >= LEAST_ELEMENTS]
    furthest = max(weights, key=lambda each: each.update_ratio or 0.0, default=None)
    if furthest is None or (furthest.update_ratio or 0.0) < LARGE_STEP:
        return None
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
    quarter = len(sizes) // 4
    middles = [median(size for _, size in sizes[len(sizes) * part // 4 : len(sizes) * (part + 1) // 4]) for part in range(4)]
    first, last = middles[0], middles[-1]
    ratio = first / last
    steps = [one / other for one, other in zip(middles, middles[1:])]
    if not (all(step > EACH_QUARTER for step in steps) or all(step < 1 / EACH_QUARTER for step in steps)):
        return None
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
