"""An optimizer that was made before the first forward pass does not know what only that pass registers: read from the source."""

import ast
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ...wire.problems import Fix, Problem
from ..source_edits import last_name
from .forward_facts import BornModule

_PARAMETERS = ("parameters", "named_parameters")
_MOST_NAMED = 4


class EarlyOptimizer(NamedTuple):
    """``made_at`` is the line of ``optim.SGD(MODEL.parameters(), ...)``, ``called_at`` that of the first ``MODEL(...)`` after it."""

    model: str
    made_at: int
    called_at: int


def early_optimizer(tree: ast.AST) -> Optional[EarlyOptimizer]:
    """The first function (or file) that hands a model's parameters to something before it calls the model. None when there is none."""
    for scope in ast.walk(tree):
        if isinstance(scope, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)):
            calls = sorted(_calls(scope), key=lambda call: (call.lineno, call.col_offset))
            for call in calls:
                model = _given_parameters_of(call)
                called = [each.lineno for each in calls if _called(each) == model]
                if model and called and min(called) > call.lineno:
                    return EarlyOptimizer(model, call.lineno, min(called))
    return None


def left_out_problems(born: Iterable[BornModule], sources: Iterable[Tuple[str, ast.AST]]) -> List[Problem]:
    """The parameters that no param group has, one problem for each module; ``sources`` are the files of the project with their trees."""
    late = [each for each in born if each.path and not each.each_call and each.parameters]
    if not late:
        return []
    for file, tree in sources:
        found = early_optimizer(tree)
        if found is not None:
            return [_left_out(each, file, found) for each in late]
    return []


def _left_out(born: BornModule, file: str, found: EarlyOptimizer) -> Problem:
    keys = [f"{born.path}.{name}" for name in born.parameters]
    named = ", ".join(f"`{key}`" for key in keys[:_MOST_NAMED]) + (
        f" and {len(keys) - _MOST_NAMED} more" * (len(keys) > _MOST_NAMED)
    )
    are = "is" if len(keys) == 1 else "are"
    text = f"Run one batch through `{found.model}` before line {found.made_at}, or make `{born.path}` in `__init__`."
    return Problem(
        "weight-not-moved",
        f"{named} {are} in no param group: the optimizer is made at line {found.made_at}, before the first forward pass makes "
        f"`{born.path}` (called at line {found.called_at}).",
        hint=text,
        module=born.path,
        parameter=keys[0],
        file=file,
        line=found.made_at,
        fixes=(Fix("edit_source", text),),
        data={"reason": "not-in-optimizer", "parameters": keys, "definition_line": born.made_at.line},
    )


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    """The calls of a function or a file, without those of the functions and classes inside."""
    waiting: List[ast.AST] = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _given_parameters_of(call: ast.Call) -> str:
    """``model`` of ``optim.SGD(model.parameters(), lr=0.1)``; empty for a call that is not given the parameters of a model."""
    name = last_name(call.func)
    if not (name[:1].isupper() or "optim" in name.lower()):
        return ""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for inner in ast.walk(argument):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _PARAMETERS:
                owner = inner.func.value
                return owner.id if isinstance(owner, ast.Name) else ""
    return ""


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
