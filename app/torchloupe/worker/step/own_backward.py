"""The functions that the user derived from ``torch.autograd.Function``, and what their backward did when a step failed in it."""

import ast
import inspect
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Iterator, List, Optional

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
        if "backward" in vars(each) and places.is_project(_backward(each).__code__.co_filename):
            yield each


def _holds(kind: Any, raised: Problem) -> bool:
    """Whether the line of the failure stands in its backward."""
    code = _backward(kind).__code__
    tree = function_tree(code) if raised.line is not None and raised.file == code.co_filename else None
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)] if tree is not None else []
    return bool(lines) and min(lines) <= (raised.line or 0) <= max(lines)


def _backward(kind: Any) -> Any:
    """As the user wrote it, without what decorators put around it."""
    return inspect.unwrap(getattr(vars(kind)["backward"], "__func__", vars(kind)["backward"]))


def _described(kind: Any) -> OwnFunction:
    code = _backward(kind).__code__
    try:
        names = list(inspect.signature(kind.forward).parameters)
    except (TypeError, ValueError):
        names = []
    is_old = "setup_context" not in vars(kind)  # its forward takes ctx before all
    line = max(_returns(function_tree(code)), default=code.co_firstlineno)
    return OwnFunction(kind.__name__, tuple(names[1:] if is_old else names), code.co_filename, line)


def _returns(tree: Optional[ast.AST]) -> List[int]:
    """Where a function itself returns, and none that is written inside of it."""
    found: List[int] = []
    waiting: List[ast.AST] = [node for function in getattr(tree, "body", ()) for node in getattr(function, "body", ())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            found.append(node.lineno)
        elif not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found
