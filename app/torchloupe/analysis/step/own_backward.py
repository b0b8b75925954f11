"""What is wrong with the ``backward`` of a function that the user wrote: the gradients that it returns, or a line inside it."""

import re
from dataclasses import dataclass, replace
from typing import Optional, Sequence, Tuple

from ...wire.problems import Problem
from ..wording import counted, shape_text

CODE = "own-backward"
_SHAPE = re.compile(r"unction (\w+)Backward returned an invalid gradient at index (\d+) - got \[([\d, ]*)\] .* \[([\d, ]*)\]")
_COUNT = re.compile(r"unction (\w+)Backward returned an incorrect number of gradients \(expected (\d+), got (\d+)\)")


@dataclass(frozen=True)
class OwnFunction:
    """A class of the user's derived from ``torch.autograd.Function``: what its forward takes beside ``ctx``, and where its backward
    returns."""

    name: str
    arguments: Tuple[str, ...]
    file: Optional[str] = None
    line: Optional[int] = None


def function_named(text: str) -> Optional[str]:
    """The function whose gradients autograd refuses; None where it refuses something else."""
    found = _SHAPE.search(text) or _COUNT.search(text)
    return found.group(1) if found else None


def gradients_problem(raised: Problem, text: str, function: OwnFunction) -> Optional[Problem]:
    """What autograd says of the gradients that a function returned; ``raised`` is that exception as a problem."""
    shape, count = _SHAPE.search(text), _COUNT.search(text)
    if shape is not None:
        said = _of_shape(function, int(shape.group(2)), _sizes(shape.group(3)), _sizes(shape.group(4)))
    elif count is not None:
        said = _of_count(function, int(count.group(2)), int(count.group(3)))
    else:
        return None
    message, hint = said
    data = {**raised.data, "function": function.name}
    return replace(raised, code=CODE, message=message, hint=hint, file=function.file, line=function.line, data=data)


def inside_problem(raised: Problem, seen: Problem, function: OwnFunction) -> Problem:
    """An operation inside of a backward that failed; ``seen`` is what is wrong with it."""
    data = {**seen.data, "function": function.name}
    return replace(raised, code=seen.code, message=f"In `{function.name}.backward`: {seen.message}", hint=seen.hint, data=data)


def _of_shape(function: OwnFunction, number: int, got: Tuple[int, ...], wanted: Tuple[int, ...]) -> Tuple[str, str]:
    name = function.arguments[number] if number < len(function.arguments) else f"argument {number}"
    message = f"`{function.name}.backward` returns a gradient of {shape_text(got)} for `{name}`, which has the shape {shape_text(wanted)}."
    if len(got) == len(wanted) == 2 and got == wanted[::-1]:
        return message, f"Return its transpose, as `(...).t()`, in place {number + 1}."
    if _count(got) == _count(wanted):
        return message, f"Return `(...).reshape({', '.join(map(str, wanted))})` in place {number + 1}."
    return message, "Return for each input of forward a gradient of the shape of that input."


def _of_count(function: OwnFunction, wanted: int, got: int) -> Tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in function.arguments)
    takes = f"forward takes {counted(wanted, 'argument')}" + (f": {names}" if len(function.arguments) == wanted else "")
    hint = "Return one for each argument of forward, in their order, and `None` for what needs no gradient."
    return f"`{function.name}.backward` returns {counted(got, 'gradient')}, and {takes}.", hint


def _sizes(text: str) -> Tuple[int, ...]:
    return tuple(int(size) for size in text.split(",") if size.strip())


def _count(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
