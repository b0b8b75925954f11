"""The one change that would make a weight move, for each reason that has one, and what came of trying it, in words."""

from dataclasses import dataclass
from typing import Dict, Optional, Sequence

from ..wording import number_text
from .facts import FINITE, ParameterFacts
from .reasons import Reason

MOST_CHANGES = 3
"""So many causes behind each other are looked for."""

UNFREEZE, SEAT, UNCUT, GRAD_ON, SLOPE, LEAK, PERTURB, RATE, FLOAT32, KEEP, STEP, BACKWARD, NO_LOAD, JOIN = (
    "unfreeze",
    "seat",
    "uncut",
    "grad-on",
    "slope",
    "leak",
    "perturb",
    "rate",
    "float32",
    "keep-gradient",
    "step",
    "backward",
    "no-load",
    "join-loss",
)
"""The changes; the worker knows how each is made."""

CHANGE_FOR: Dict[str, str] = {
    "requires-grad-false": UNFREEZE,
    "not-in-optimizer": SEAT,
    "stale-optimizer": SEAT,
    "detached": UNCUT,
    "no-grad-context": GRAD_ON,
    "zero-gradient-op": SLOPE,
    "dead-relu": LEAK,
    "saturated": SLOPE,
    "softmax-single-logit": SLOPE,
    "zero-loss-weight": SLOPE,
    "zero-init": PERTURB,
    "lr-zero": RATE,
    "update-underflow": FLOAT32,
    "zero-grad-after-backward": KEEP,
    "clipped-to-zero": KEEP,
    "missing-step": STEP,
    "missing-backward": BACKWARD,
    "overwritten-after-step": NO_LOAD,
    "not-in-loss": JOIN,
}
_HAS_NONE = ("numpy-roundtrip", "item-roundtrip", "nondifferentiable-op", "unused-in-forward", "nan-gradient", "own-backward")
"""Causes that only another line of code takes away."""
TRIAL_RATE = 1e-3
SMALL_SLOPE = 0.01

_WORDS: Dict[str, str] = {
    UNFREEZE: "unfrozen",
    SEAT: "added to the optimizer",
    UNCUT: "without the cut",
    GRAD_ON: "with gradients switched on there",
    SLOPE: f"with a slope of {SMALL_SLOPE:g} there",
    LEAK: f"with a slope of {SMALL_SLOPE:g} below zero",
    PERTURB: "with small random numbers in place of the zeros",
    RATE: f"with a learning rate of {TRIAL_RATE:g}",
    FLOAT32: "with the weights in float32",
    KEEP: "with the gradient of backward() kept until the step",
    STEP: "with the optimizer's step() after it",
    BACKWARD: "with backward() and step() after it",
    NO_LOAD: "without the load_state_dict after the step",
    JOIN: "with its output in the loss",
}
_ADVICE: Dict[str, str] = {
    UNFREEZE: "Unfreeze it: `requires_grad_(True)`.",
    SEAT: "Add it to the optimizer.",
    UNCUT: "Leave the cut out.",
    PERTURB: "Start one of the two from small random numbers.",
}


@dataclass(frozen=True)
class Proof:
    """What the replays showed: the changes that were made one on top of the other, and whether it moved then.

    ``behind`` is the reason that was left when no further change was known; ``ratio`` is the norm of the update over that of the weight.
    """

    changes: Sequence[str]
    moved: bool
    ratio: Optional[float] = None
    behind: Optional[Reason] = None
    failure: str = ""


def change_for(reason: Reason) -> Optional[str]:
    """What to change, so that this is no reason any more; None where nothing can be changed from outside."""
    return CHANGE_FOR.get(reason.code) or None


def advice_for(reason: str) -> str:
    """What to do about a reason that has no hint of its own."""
    return _ADVICE.get(CHANGE_FOR.get(reason, ""), "Take the cause away.")


def has_learned(parameter: ParameterFacts) -> bool:
    """It moved, and by its gradient."""
    return parameter.moved and parameter.gradient_at_step == FINITE


def proof_text(proof: Proof) -> str:
    """The result in a sentence: ``With the same batch, unfrozen and added to the optimizer, it moves (0.001 of its norm).``"""
    if not proof.changes:
        no_change = "Not tried: no change from outside takes this cause away, only another line of code."
        return no_change if proof.behind is not None and proof.behind.code in (*_HAS_NONE, *CHANGE_FOR) else ""
    made = " and ".join(_WORDS[change] for change in proof.changes)
    if proof.failure:
        return f"With the same batch, {made}, the step fails: {proof.failure}"
    if proof.moved:
        far = f" ({number_text(proof.ratio)} of its norm)" if proof.ratio is not None else ""
        return f"With the same batch, {made}, it moves{far}."
    if proof.behind is not None:
        return f"With the same batch, {made}, it still does not move: {proof.behind.text}."
    return f"With the same batch, {made}, it still does not move."
