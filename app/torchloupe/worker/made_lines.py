"""Which line of the user's made each module, as it was seen while the model was constructed.

What a class says of its attributes is a guess: branches are not taken, attributes are assigned twice, and parts are put into a model from
outside (``model.fc = nn.Linear(512, 10)``).
"""

import ast
import linecache
import weakref
from functools import lru_cache
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from torch import nn

from ..analysis.source_edits import last_name
from .places import Place

_seen: Dict[int, Tuple["weakref.ref[nn.Module]", Place]] = {}


class _Source(NamedTuple):
    """The calls of a file, and its functions with the lines they stand in."""

    calls: List[ast.Call]
    functions: List[Tuple[int, int, str]]


def remember_lines(made: Iterable[Tuple["weakref.ref[nn.Module]", Optional[Place]]]) -> None:
    """These were seen to be made; others before are forgotten."""
    _seen.clear()
    for reference, place in made:
        module = reference()
        if module is not None and place is not None:
            _seen[id(module)] = reference, place


def line_of(module: nn.Module) -> Optional[Place]:
    """The line that called its constructor; None where nobody saw it."""
    found = _seen.get(id(module))
    return found[1] if found is not None and found[0]() is module else None


def call_at(place: Place, name: str) -> ast.expr:
    """The call of that class in a line; where the line has several, or calls it otherwise, no more than the line."""
    file, line = place
    there = [call for call in _source(file).calls if call.lineno <= line <= (call.end_lineno or call.lineno)]
    named = [call for call in there if last_name(call.func) == name]
    if len(named) == 1:
        return named[0]
    return ast.Name(id="", ctx=ast.Load(), lineno=line, col_offset=0, end_lineno=line, end_col_offset=0)


def function_around(place: Place) -> str:
    """The innermost function that a line stands in, empty outside of all."""
    file, line = place
    around = [(first, name) for first, last, name in _source(file).functions if first <= line <= last]
    return max(around, default=(0, ""))[1]


def _source(file: str) -> _Source:
    return _parsed("".join(linecache.getlines(file)))


@lru_cache(maxsize=64)
def _parsed(text: str) -> _Source:
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return _Source([], [])
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return _Source(
        [node for node in nodes if isinstance(node, ast.Call)],
        [(node.lineno, node.end_lineno or node.lineno, node.name) for node in functions],
    )
