"""The sizes of a mismatch traced back: which layer or function made them, and of which factors they are the product."""

from dataclasses import replace
from typing import List, Optional, Sequence

from ..wire.problems import Problem
from .provenance import Maker, made_factors, made_text, product, shape_made_text


def with_origin(problem: Problem, makers: Sequence[Optional[Maker]]) -> Problem:
    """The problem, which says where what arrived was made. ``makers`` are those of the tensors, in their order."""
    said = _of_operands(problem, makers) if "operation" in problem.data else _of_layer(problem, makers[:1])
    if not said:
        return problem
    text, known = "; ".join(said), problem.data.get("origin")
    message = (
        problem.message.replace(known, text) if known and known in problem.message else f"{problem.message} {_sentence(text)}"
    )
    size = problem.data.get("got")
    factors = made_factors(size, makers[0]) if makers and type(size) is int else ()
    return replace(
        problem, message=message, data={**problem.data, "origin": text, **({"factors": list(factors)} if factors else {})}
    )


def _of_layer(problem: Problem, makers: Sequence[Optional[Maker]]) -> List[str]:
    got = problem.data.get("expected" if problem.code == "missing-flatten" else "got")
    if not isinstance(got, int) or isinstance(got, bool):
        return []
    return [text for text in (made_text(got, maker, problem.file) for maker in makers) if text]


def _of_operands(problem: Problem, makers: Sequence[Optional[Maker]]) -> List[str]:
    shapes = [tuple(shape) for shape in problem.data.get("shapes", ())]
    if problem.code == "view-mismatch" and shapes and makers:
        size = shapes[0][-1] if "parts" in problem.data else product(shapes[0][1:])
        each = made_text(size, makers[0], problem.file)
        return [each] if each else []
    said = [shape_made_text(shape, maker, problem.file) for shape, maker in zip(shapes, makers)]
    return list(dict.fromkeys(text for text in said if text))


def _sentence(text: str) -> str:
    """One that begins with a size needs no capital."""
    return f"{text}."
