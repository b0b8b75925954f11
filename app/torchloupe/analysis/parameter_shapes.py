"""The shape that a parameter should have, where an operation refuses it beside another tensor."""

import ast
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from .source_edits import Edit, span_of_node

Shape = Tuple[int, ...]
_ELEMENTWISE = ("+", "-", "*", "/", "+=", "add", "sub", "mul", "div")
_PRODUCTS = ("matmul", "mm", "bmm", "rmatmul")


def fitting_shape(data: Mapping[str, Any], at: int) -> Optional[Shape]:
    """The shape with which operand ``at`` would fit the other one; ``data`` is that of the mismatch. None where that cannot be told."""
    operation, shapes = data.get("operation"), [tuple(shape) for shape in data.get("shapes", ())]
    if len(shapes) < 2 or at > 1:
        return None
    own, other = shapes[at], shapes[1 - at]
    if operation in _PRODUCTS:
        return _multiplied(own, other, at)
    if operation in _ELEMENTWISE:
        return _broadcast(own, other)
    if operation == "linear" and at == 1 and len(own) == 2 and other:
        return (own[0], other[-1])
    return None


def _multiplied(own: Shape, other: Shape, at: int) -> Optional[Shape]:
    """The inner sizes: the last of the first operand, the last but one of the second."""
    if not own or not other:
        return None
    if at == 0:
        return (*own[:-1], other[-2] if len(other) > 1 else other[0])
    inner = other[-1]
    return (*own[:-2], inner, own[-1]) if len(own) > 1 else (inner,)


def _broadcast(own: Shape, other: Shape) -> Optional[Shape]:
    """Each size that differs becomes the other's; one that is 1 already fits."""
    if len(own) > len(other):
        return None
    beside = other[len(other) - len(own) :]
    fitting = tuple(mine if mine == 1 or theirs == 1 else theirs for mine, theirs in zip(own, beside))
    return fitting if fitting != own else None


def shape_edits(made: ast.expr, shape: Sequence[int]) -> Tuple[Edit, ...]:
    """The changes of ``nn.Parameter(torch.randn(16, 8))`` that give it another shape; none where its sizes are not written there, once."""
    calls = [_sizes(node) for node in ast.walk(made) if isinstance(node, ast.Call)]
    found = [sizes for sizes in calls if sizes is not None and len(sizes) == len(shape)]
    if len(found) != 1:
        return ()
    return tuple(Edit(span_of_node(size), str(new)) for size, new in zip(found[0], shape) if _number(size) not in (None, new))


def _sizes(call: ast.Call) -> Optional[Sequence[ast.expr]]:
    if call.args and isinstance(call.args[0], (ast.Tuple, ast.List)):
        return call.args[0].elts
    sizes: List[ast.expr] = [each for each in call.args if _number(each) is not None]
    return sizes if len(sizes) == len(call.args) and sizes else None


def _number(node: ast.expr) -> Optional[int]:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
