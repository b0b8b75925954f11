"""``nn.Parameter(...)`` inside of a larger expression: what was written, and what it should have been."""

import ast
import copy
from typing import Any, Optional

from .source_facts import name_of_call

_LONGEST = 120
_MOVING = ("to", "cuda", "cpu")


def parameter_inside(value: Optional[ast.expr]) -> Optional[ast.Call]:
    """The ``nn.Parameter(...)`` to which an operation is applied; None where it is the whole expression, or is in no expression."""
    if value is None or name_of_call(value) == "Parameter":
        return None
    while True:
        inner = _operand(value)
        if inner is None:
            return None
        if name_of_call(inner) == "Parameter" and isinstance(inner, ast.Call):
            return inner
        value = inner


def is_only_moved(value: Optional[ast.expr]) -> bool:
    """Whether it is ``nn.Parameter(...).to(...)`` or ``.cuda()``: the same Parameter on the same device, a plain tensor on another."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in _MOVING
        and name_of_call(value.func.value) == "Parameter"
    )


def repaired_parameter(value: ast.expr) -> str:
    """``nn.Parameter(torch.randn(4) * 0.02)`` for ``nn.Parameter(torch.randn(4)) * 0.02``; empty when it would be too long."""
    copied: Any = copy.deepcopy(value)
    inner = parameter_inside(copied)
    if inner is not None and inner.args:
        name = ast.unparse(inner.func)
        text = ast.unparse(_replaced(copied, inner, inner.args[0]))
    else:
        name, text = "nn.Parameter", ast.unparse(_without_gradient(copied))
    repaired = f"{name}({text})"
    return repaired if len(repaired) <= _LONGEST else ""


def _operand(value: ast.expr) -> Optional[ast.expr]:
    """What an operation is applied to: the side of an operator, or the object of a method, in which a Parameter is."""
    candidates = []
    if isinstance(value, ast.BinOp):
        candidates = [value.left, value.right]
    elif isinstance(value, ast.UnaryOp):
        candidates = [value.operand]
    elif isinstance(value, ast.Call):
        candidates = [*value.args, *([value.func.value] if isinstance(value.func, ast.Attribute) else [])]
    elif isinstance(value, (ast.Attribute, ast.Subscript)):
        candidates = [value.value]
    for candidate in candidates:
        if any(name_of_call(node) == "Parameter" for node in ast.walk(candidate)):
            return candidate
    return None


def _replaced(tree: ast.expr, old: ast.AST, new: ast.expr) -> ast.AST:
    class _Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return new if node is old else self.generic_visit(node)

    swapped: ast.AST = _Swap().visit(tree)
    return ast.fix_missing_locations(swapped)


def _without_gradient(value: Any) -> Any:
    """An expression without ``requires_grad=True`` and ``.requires_grad_()``: the Parameter brings it."""
    if isinstance(value, ast.Call):
        if isinstance(value.func, ast.Attribute) and value.func.attr == "requires_grad_":
            return value.func.value
        value.keywords = [keyword for keyword in value.keywords if keyword.arg != "requires_grad"]
    return value
