"""``super().__init__()`` that is missing, late or not called: which class forgot it, at which line."""

import ast
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ...wire.problems import Fix, Problem
from .source_facts import FunctionSource, assignments_of, name_of_call

_MISSING, _UNCALLED, _LATE, _OTHER_CLASS = "missing", "uncalled", "late", "other class"


@dataclass(frozen=True)
class ForgottenInit:
    """Where ``Module.__init__`` should have run and did not.

    ``class_name`` is the class under construction, ``constructors`` its ``__init__`` functions in the order in which Python asks for
    them, ``line`` the statement that showed it, when one did. ``module`` is the path of the module.
    """

    class_name: str
    constructors: Tuple[FunctionSource, ...] = ()
    file: Optional[str] = None
    line: Optional[int] = None
    module: str = ""


def forgotten_init_problem(found: ForgottenInit) -> Problem:
    """The problem, at the first statement that needed what ``super().__init__()`` makes."""
    culprit = next(_culprits(found), None)
    if culprit is None:
        text = "Call `super().__init__()` first in `__init__`."
        message = f"`{found.class_name}` puts modules or parameters into itself before `super().__init__()` has run."
        return _problem(found, message, text, {})
    kind, constructor, call = culprit
    name = f"{constructor.class_name}.__init__"
    offending = _offending(found, constructor)
    line = offending.lineno if offending is not None else None
    what = f" and puts {_written(offending)} into itself at line {line}" if offending is not None and line else ""
    if kind == _UNCALLED and call is not None:
        message, text = (
            f"`{name}` names `{ast.unparse(call)}` but does not call it (line {call.lineno}).",
            "Add `()`: `super().__init__()`.",
        )
    elif kind == _OTHER_CLASS and call is not None:
        message = f"`{name}` calls `{ast.unparse(call)}` (line {call.lineno}), which does not reach `nn.Module.__init__`."
        text = f"Write `super().__init__()` at line {call.lineno}."
    elif kind == _LATE and call is not None:
        message = f"`{name}` puts {_written(offending)} into itself at line {line}, before `super().__init__()` runs at line {call.lineno}."
        text = f"Move `super().__init__()` from line {call.lineno} to the first line of `{name}`."
    else:
        message, text = f"`{name}` never calls `super().__init__()`{what}.", f"Put `super().__init__()` first in `{name}`."
    data = {
        "definition_line": constructor.node.lineno,
        "statement_line": line,
        "super_line": call.lineno if call else None,
        "raised_line": found.line,
    }
    shown = call.lineno if call is not None and kind in (_UNCALLED, _OTHER_CLASS) else line or constructor.node.lineno
    problem = _problem(found, message, text, {key: value for key, value in data.items() if value is not None})
    return replace(problem, file=constructor.file, line=shown)


def _problem(found: ForgottenInit, message: str, text: str, data: Dict[str, Any]) -> Problem:
    return Problem(
        "missing-super-init",
        message,
        hint=text,
        module=found.module,
        file=found.file,
        line=found.line,
        fixes=(Fix("edit_source", text, module=found.module),),
        data=data,
    )


def _culprits(found: ForgottenInit) -> Iterator[Tuple[str, FunctionSource, Optional[ast.expr]]]:
    """Which constructor forgot it: the first one that does not go on to the next."""
    for constructor in found.constructors:
        calls = _init_calls(constructor)
        if not calls:
            named = _named_only(constructor)
            yield (_MISSING, constructor, None) if named is None else (_UNCALLED, constructor, named)
            return
        past = [call for call in calls if _misses_module(call)]
        if past:
            yield _OTHER_CLASS, constructor, past[0]
            return
        first = _offending(found, constructor)
        if first is not None and first.lineno < calls[0].lineno and (found.line is None or found.line < calls[0].lineno):
            yield _LATE, constructor, calls[0]
            return


def _offending(found: ForgottenInit, constructor: FunctionSource) -> Optional[ast.stmt]:
    """The statement that raised, when it is in this constructor, else the first that assigns something that is made there."""
    statements = [node for node in ast.walk(constructor.node) if isinstance(node, ast.stmt) and node is not constructor.node]
    if found.line is not None and found.file == constructor.file:
        at_line = [node for node in statements if node.lineno <= found.line <= (node.end_lineno or node.lineno)]
        if at_line:
            return max(at_line, key=lambda node: node.lineno)
    lines = [each.line for each in assignments_of(constructor) if isinstance(each.value, ast.Call)]
    return next((node for node in statements if lines and node.lineno == lines[0]), None)


def _written(statement: Optional[ast.stmt]) -> str:
    """``self.fc``, of the statement that assigns it."""
    if isinstance(statement, ast.Assign):
        return f"`{ast.unparse(statement.targets[0])}`"
    return f"`{ast.unparse(statement.target)}`" if isinstance(statement, ast.AnnAssign) else "a part"


def _init_calls(constructor: FunctionSource) -> List[ast.Call]:
    """``super().__init__()`` and ``Base.__init__(self)``, not ``self.part.__init__()``."""
    calls = [
        node
        for node in ast.walk(constructor.node)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and not (isinstance(node.func.value, ast.Attribute) and constructor.is_own(node.func.value))
    ]
    return sorted(calls, key=lambda call: call.lineno)


def _named_only(constructor: FunctionSource) -> Optional[ast.expr]:
    for node in ast.walk(constructor.node):
        if isinstance(node, ast.Attribute) and node.attr == "__init__" and name_of_call(node.value) == "super":
            return node
    return None


def _misses_module(call: ast.Call) -> bool:
    """``super(nn.Module, self).__init__()`` and ``super(Net).__init__()``: constructors, but not Module's."""
    base = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    arguments = base.args if isinstance(base, ast.Call) and name_of_call(base) == "super" else []
    return len(arguments) == 1 or (len(arguments) == 2 and ast.unparse(arguments[0]).rpartition(".")[2] == "Module")
