"""Where in the source a module was made: the line of ``self.fc1 = nn.Linear(...)`` that a module path stands for."""

import ast
import inspect
import textwrap
from functools import lru_cache
from typing import Any, Dict, List, Optional, Tuple

from torch import nn

Place = Tuple[str, int]


def definition_place(model: nn.Module, path: str) -> Optional[Place]:
    """File and line that created the module at ``path``; None when the source does not tell."""
    names = path.split(".") if path else []
    for depth in range(len(names), 0, -1):
        owner = _submodule(model, names[: depth - 1])
        if owner is None:
            return None
        kind: Any = type(owner)
        assigned = _assignments(kind).get(names[depth - 1])
        if assigned is not None:
            file, value = assigned
            return file, _part_line(value, names[depth:])
    return None


def _submodule(model: nn.Module, names: List[str]) -> Optional[nn.Module]:
    module: Optional[nn.Module] = model
    for name in names:
        module = module._modules.get(name) if module is not None else None
    return module


@lru_cache(maxsize=1024)
def _assignments(kind: Any) -> Dict[str, Tuple[str, ast.expr]]:
    """Attribute name to (file, assigned expression) for ``self.NAME = ...`` in a class and its bases, the class itself first."""
    found: Dict[str, Tuple[str, ast.expr]] = {}
    for base in kind.__mro__:
        if base.__module__.startswith("torch.") or base is object:
            continue
        try:
            file = inspect.getsourcefile(base)
            lines, start = inspect.getsourcelines(base)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except (OSError, TypeError, SyntaxError):
            continue
        ast.increment_lineno(tree, start - 1)
        for node in ast.walk(tree):
            name, value = _self_assignment(node)
            if file and name and value is not None:
                found.setdefault(name, (file, value))
    return found


def _self_assignment(node: ast.AST) -> Tuple[Optional[str], Optional[ast.expr]]:
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("add_module", "register_module")
    ):
        constant = node.args[0] if len(node.args) == 2 else None
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            return constant.value, node.args[1]
        return None, None
    else:
        return None, None
    for target in targets:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            return target.attr, value
    return None, None


def _part_line(value: ast.expr, names: List[str]) -> int:
    """The line of the part of a container expression (``nn.Sequential(a, b)``, ``nn.ModuleList([a, b])``) that the names lead to."""
    for name in names:
        part = _part(value, name)
        if part is None:
            break
        value = part
    return value.lineno


def _part(value: ast.expr, name: str) -> Optional[ast.expr]:
    parts: List[ast.expr] = []
    if isinstance(value, ast.Call):
        parts = value.args
        if len(parts) == 1 and isinstance(parts[0], (ast.List, ast.Tuple)):
            parts = parts[0].elts
        elif len(parts) == 1 and isinstance(parts[0], ast.Call) and _is_named_dict(parts[0]):
            parts = parts[0].args[0].elts if parts[0].args and isinstance(parts[0].args[0], ast.List) else []
    for number, part in enumerate(parts):
        if isinstance(part, ast.Starred):
            return None
        if isinstance(part, ast.Tuple) and len(part.elts) == 2 and isinstance(part.elts[0], ast.Constant):
            if part.elts[0].value == name:
                return part.elts[1]
        elif str(number) == name:
            return part
    return None


def _is_named_dict(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "OrderedDict"
