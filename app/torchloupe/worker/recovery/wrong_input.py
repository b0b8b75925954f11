"""Is it the model that does not fit, or the input? With another size of one axis a model that refuses it everywhere may run."""

from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import torch

from ...analysis.provenance import product
from ...analysis.wording import counted, shape_text
from ...wire.problems import Fix, Problem
from ..input_values import SampleInput
from ..nested import map_tensors, tensors_in
from ..quiet import quiet
from ..repetition import Repetition

WRONG_INPUT = "wrong-input"
_MOST_SIDES = 12
MANY = 10
"""Where so much of a model refuses what arrives, and nothing does with another input, the input is at fault."""


def input_that_fits(first: Problem, refused: int, repetition: Repetition) -> Optional[Fix]:
    """Another input with which the whole model runs, where a change of the layer alone has the next one refuse it.

    ``first`` got the input as it is; ``refused`` is how many layers and operations do not take what comes of it.
    """
    expected, got = first.data.get("expected"), first.data.get("got")
    if refused < 2 or first.data.get("origin") or any(fix.outcome == repetition.reached for fix in first.fixes):
        return None
    if not isinstance(expected, int) or not isinstance(got, int) or min(expected, got) < 1:
        return None
    shape = list(first.data.get("input_shape", ()))
    for axis in [axis for axis in reversed(range(len(shape))) if shape[axis] == got]:
        given = resized(repetition.given, shape, axis, expected)
        if given is not None and repetition.run(within=quiet(), given=given) is None:
            wanted = [*shape[:axis], expected, *shape[axis + 1 :]]
            text = f"Give an input of {shape_text(tuple(wanted))}."
            return Fix("change_input", text, value={"shape": wanted}, verified=True, outcome=repetition.reached)
    return None


def input_of_other_side(first: Problem, repetition: Repetition, may_go_on: Callable[[], bool]) -> Optional[Fix]:
    """Pictures of another side, with which as much arrives at a flatten's layer as it is built for, and the whole model runs."""
    expected, got = first.data.get("expected"), first.data.get("got")
    now = repetition.given
    tensors = [tensor for _, tensor in tensors_in((now.positional, now.keywords))]
    if first.data.get("layer") != "Linear" or not isinstance(expected, int) or not isinstance(got, int) or len(tensors) != 1:
        return None
    shape = list(tensors[0].shape)
    sides = shape[2:]
    factors = first.data.get("factors", [0, 2])
    if not sides or min(sides) < 2 or len(sides) > 3 or got in shape or min(expected, got) < 1 or product(factors[1:]) < 2:
        return None
    scale = (expected / got) ** (1 / len(sides))
    for each in _sides(sides, scale):
        if not may_go_on():
            break
        wanted = [*shape[:2], *each]
        made = partial(torch.Tensor.new_zeros, size=wanted)
        given = SampleInput(map_tensors(now.positional, made), map_tensors(now.keywords, made), now.source)
        if repetition.run(within=quiet(), given=given) is None:
            text = f"Give an input of {shape_text(tuple(wanted))}."
            return Fix("change_input", text, value={"shape": wanted}, verified=True, outcome=repetition.reached)
    return None


def batch_of_two(repetition: Repetition) -> Optional[Fix]:
    """Every sample twice, where one alone is refused."""
    now = repetition.given
    shapes = [list(tensor.shape) for _, tensor in tensors_in((now.positional, now.keywords))]
    if not shapes or any(shape[:1] != [1] for shape in shapes):
        return None

    def twice(tensor: torch.Tensor) -> torch.Tensor:
        return torch.cat([tensor, tensor])

    given = SampleInput(map_tensors(now.positional, twice), map_tensors(now.keywords, twice), now.source)
    if repetition.run(within=quiet(), given=given) is not None:
        return None
    wanted = [2, *shapes[0][1:]]
    text = f"Give a batch of at least 2, as {shape_text(tuple(wanted))}."
    return Fix("change_input", text, value={"shape": wanted}, verified=True, outcome=repetition.reached)


def _sides(sides: Sequence[int], scale: float) -> Iterator[List[int]]:
    """As the areas are to each other, then nearer to what they are: windows without a margin take a part that stays the same."""
    guess = round(sides[0] * scale)
    step = 1 if guess < sides[0] else -1
    told = set()
    for number in range(_MOST_SIDES):
        each = [max(round(side * scale) + step * number, 1) for side in sides]
        if each != list(sides) and tuple(each) not in told:
            told.add(tuple(each))
            yield each


def wrong_input(first: Problem, refused: Sequence[Problem], fix: Fix) -> Problem:
    """All that is ``refused`` as one problem of the input, with the one that fits."""
    rows: List[Dict[str, Any]] = [
        {"code": each.code, "module": each.module, "file": each.file, "line": each.line} for each in refused[1:]
    ]
    many = f"{counted(len(refused), 'layer and operation', 'layers and operations')} refuse what comes of it"
    where = f"`{first.module}`" if first.module else f"the {first.data.get('layer', 'model')}"
    message = (
        f"Your input {shape_text(tuple(first.data['input_shape']))} is not one for this model: {many}, {where} first, which is built "
        f"for {first.data['expected']} where {first.data['got']} arrive. With {shape_text(tuple(fix.value['shape']))} {fix.outcome}."
    )
    data = {**first.data, "refused": len(refused), "consequences": rows}
    return replace(first, code=WRONG_INPUT, message=message, hint=fix.text, fixes=(fix, *first.fixes), data=data)


def resized(given: SampleInput, shape: Sequence[int], axis: int, size: int) -> Optional[SampleInput]:
    """The input with its tensors of ``shape`` cut or repeated along one axis; None where there are none."""
    changed: List[bool] = []

    def fit(tensor: torch.Tensor) -> torch.Tensor:
        if list(tensor.shape) != list(shape):
            return tensor
        changed.append(True)
        times = -(-size // tensor.shape[axis])
        return torch.cat([tensor] * times, axis).narrow(axis, 0, size)

    new = SampleInput(map_tensors(given.positional, fit), map_tensors(given.keywords, fit), given.source)
    return new if changed else None
