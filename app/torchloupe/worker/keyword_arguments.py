"""Where ``**kwargs`` goes: the arguments of what a constructor hands them on to are its own, too."""

import ast
import inspect
import textwrap
from typing import Any, List, Sequence, Set

from torch import nn

from .target import Target


def handed_on(target: Target, parameters: Sequence[inspect.Parameter], known: Set[str]) -> List[inspect.Parameter]:
    """Arguments of what ``**kwargs`` is handed on to, when that is a class or function of the same module or the base class."""
    caught = next((one.name for one in parameters if one.kind is one.VAR_KEYWORD), None)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(target.make)))
    except (OSError, TypeError, SyntaxError):
        return []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not any(
            each.arg is None and isinstance(each.value, ast.Name) and each.value.id == caught for each in call.keywords
        ):
            continue
        taken = _taken_by(call, target)
        if not taken:
            continue
        here = {each.arg for each in call.keywords} | {one.name for one in taken[: len(call.args)]}
        return [one.replace(kind=one.KEYWORD_ONLY) for one in taken if one.name not in here | known]
    return []


def _taken_by(call: ast.Call, target: Target) -> List[inspect.Parameter]:
    if ast.unparse(call.func) == "super().__init__" and isinstance(target.make, type):
        function: Any = target.make.__mro__[1]
    else:
        function = vars(target.module).get(ast.unparse(call.func))
    if function is None or function is nn.Module:
        return []
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
