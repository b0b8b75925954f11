"""Is a layer blamed for an input that lacks a dimension? A convolution takes a picture without a batch, and what follows does not fit."""

from dataclasses import replace
from typing import Dict, Optional

from torch import nn

from ...analysis.wording import shape_text
from ...wire.problems import Fix, Problem
from ..nested import tensors_in
from ..repairs import changed_input
from ..repetition import Repetition

_RANKS: Dict[type, int] = {nn.Conv1d: 2, nn.Conv2d: 3, nn.Conv3d: 4}
"""What a convolution takes without a batch."""


def missing_dimension(first: Problem, repetition: Repetition) -> Optional[Problem]:
    """The problem as one of the input, where the model runs to its end once the input has one dimension more."""
    if first.code != "shape-mismatch" or not lacks_a_rank(repetition):
        return None
    shape = list(tensors_in((repetition.given.positional, repetition.given.keywords))[0][1].shape)
    for axis, name in ((0, "batch"), (1, "channel")):
        text = f"Add it to the input: `x.unsqueeze({axis})`."
        fix = Fix("change_input", text, value={"unsqueeze": axis}, verified=True, outcome=repetition.reached)
        data = {**first.data, "input_shape": shape}
        given = changed_input(fix, replace(first, data=data), repetition.given)
        if given is not None and repetition.run(given=given) is None:
            message = f"Your input {shape_text(tuple(shape))} lacks the {name} dimension: with it the model runs to its end."
            return replace(first, code="missing-dimension", message=message, hint=text, fixes=(fix,), data=data)
    return None


def lacks_a_rank(repetition: Repetition) -> bool:
    """Whether a convolution of the model would take the one input for a picture without a batch."""
    tensors = tensors_in((repetition.given.positional, repetition.given.keywords))
    ranks = {_RANKS.get(type(module)) for module in repetition.model.modules()}
    return len(tensors) == 1 and tensors[0][1].dim() in ranks


def is_of_doubtful_rank(first: Problem) -> bool:
    """Whether a convolution refused what it takes for a picture without a batch: nobody knows which dimension is which."""
    ranks = {kind.__name__: rank for kind, rank in _RANKS.items()}
    return ranks.get(first.data.get("layer", "")) == len(first.data.get("input_shape", ()))
