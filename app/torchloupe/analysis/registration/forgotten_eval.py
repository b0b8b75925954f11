"""A script that loads weights, predicts without gradients and never calls ``eval()``: read from the source alone."""

import ast
from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

from ...wire.problems import WARNING, Fix, Problem

_Scope = Union[ast.Module, ast.FunctionDef, ast.AsyncFunctionDef]
_NO_GRADIENTS = ("no_grad", "inference_mode")


class Prediction(NamedTuple):
    """``name`` is given its weights at ``loaded_at`` and called at ``called_at``."""

    name: str
    loaded_at: int
    called_at: int


def forgotten_eval(source: str) -> Optional[Prediction]:
    """The first prediction with loaded weights in training mode. None when the file calls ``eval()`` or ``train(...)`` anywhere, or
    when it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    if any(_is_call_of(node, ("eval", "train")) for node in ast.walk(tree)):
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef)):
            for prediction in _predictions(node):
                return prediction
    return None


def forgotten_eval_problems(source: str, file: Optional[str], mode_matters_to: List[str]) -> List[Problem]:
    """At most one, and only when there are modules to which the mode matters: ``mode_matters_to`` are the names of their classes."""
    found = forgotten_eval(source) if mode_matters_to else None
    if found is None:
        return []
    text = f"Write `{found.name}.eval()` after line {found.loaded_at}."
    classes = " and ".join(dict.fromkeys(mode_matters_to[:2]))
    problem = Problem(
        "eval-mode-forgotten",
        f"`{found.name}` gets its weights at line {found.loaded_at} and predicts at line {found.called_at}, still in training mode: "
        f"{classes} behave as in training.",
        severity=WARNING,
        hint=text,
        module="",
        file=file,
        line=found.called_at,
        fixes=(Fix("edit_source", text),),
        data={"loaded_at": found.loaded_at, "mode_matters_to": mode_matters_to},
    )
    return [problem]


def _predictions(scope: _Scope) -> Iterator[Prediction]:
    """Calls of a loaded model in a block without gradients; not where something is trained."""
    nodes = list(_of_scope(scope))
    if any(_is_call_of(node, ("backward", "step")) for node in nodes):
        return
    loaded = {name: line for name, line in map(_loaded, nodes) if name}
    without = isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(map(_turns_gradients_off, scope.decorator_list))
    for node in nodes:
        if without or (isinstance(node, ast.With) and any(_turns_gradients_off(item.context_expr) for item in node.items)):
            for call in ast.walk(node):
                name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
                if name in loaded and isinstance(call, ast.Call) and call.lineno > loaded[name]:
                    yield Prediction(name, loaded[name], call.lineno)


def _of_scope(scope: _Scope) -> Iterator[ast.AST]:
    """The nodes of a function or a file, without those of the functions and classes inside."""
    waiting: List[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting = [*ast.iter_child_nodes(node), *waiting]


def _loaded(node: ast.AST) -> Tuple[str, int]:
    """The name and the line of ``NAME.load_state_dict(...)``."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == "load_state_dict" and isinstance(function.value, ast.Name):
        return function.value.id, function.lineno
    return "", 0


def _turns_gradients_off(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else node
    return getattr(function, "attr", getattr(function, "id", "")) in _NO_GRADIENTS


def _is_call_of(node: ast.AST, names: Tuple[str, ...]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
