"""The functions that the user derived from ``torch.autograd.Function``, and what their backward did when a step failed in it."""

import ast
import inspect
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Iterator, Optional

import torch

from ...analysis.step.own_backward import OwnFunction, function_named, gradients_problem, inside_problem
from ...wire.problems import Problem
from ..definitions import function_tree
from ..error_words import words_of
from ..failure import operation_problem
from ..operations import FailingOperation
from ..places import Places


def of_own_backward(
    raised: Problem, error: BaseException, places: Places, again: Callable[[ContextManager[Any]], Optional[BaseException]]
) -> Optional[Problem]:
    """The problem in words of its own, where the step failed at or in such a backward; ``again`` runs the step once more inside of a
    context and gives what it raised."""
    text = words_of(error)
    named = function_named(text)
    for kind in _own_functions(places):
        if kind.__name__ == named:
            return gradients_problem(raised, text, _described(kind))
        if _holds(kind, raised):
            seen = FailingOperation(places)
            failed = again(_watched(kind, seen))
            found = operation_problem(failed, seen, None, places) if failed is not None else None
            is_here = found is not None and (found.file, found.line) == (raised.file, raised.line)
            return inside_problem(raised, found, _described(kind)) if found is not None and is_here else None
    return None


@contextmanager
def _watched(kind: Any, watch: ContextManager[Any]) -> Iterator[None]:
    """Its backward runs inside of ``watch``: autograd takes away what is around a backward pass."""
    plain = vars(kind)["backward"]

    def backward(ctx: Any, *gradients: Any) -> Any:
        with watch:
            return plain.__func__(ctx, *gradients)

    kind.backward = staticmethod(backward)
    try:
        yield
    finally:
        kind.backward = plain


def _own_functions(places: Places, kind: Any = torch.autograd.Function) -> Iterator[Any]:
    """The latest first: a file that was read again has its classes anew."""
    for each in reversed(kind.__subclasses__()):
        yield from _own_functions(places, each)
        code = getattr(vars(each).get("backward"), "__func__", None)
        if code is not None and places.is_project(code.__code__.co_filename):
            yield each


def _holds(kind: Any, raised: Problem) -> bool:
    """Whether the line of the failure stands in its backward."""
    code = vars(kind)["backward"].__func__.__code__
    tree = function_tree(code) if raised.line is not None and raised.file == code.co_filename else None
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)] if tree is not None else []
    return bool(lines) and min(lines) <= (raised.line or 0) <= max(lines)


def _described(kind: Any) -> OwnFunction:
    backward = vars(kind)["backward"].__func__
    tree = function_tree(backward.__code__)
    returns = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Return)] if tree is not None else []
    try:
        names = list(inspect.signature(kind.forward).parameters)
    except (TypeError, ValueError):
        names = []
    is_old = "setup_context" not in vars(kind)  # its forward takes ctx before all
    line = returns[-1] if returns else backward.__code__.co_firstlineno
    return OwnFunction(kind.__name__, tuple(names[1:] if is_old else names), backward.__code__.co_filename, line)
