"""The shape that a parameter should have, where an operation refuses it beside another tensor."""

import ast
from typing import Any, Mapping, Optional, Sequence, Tuple

from .source_edits import Edit, last_name, span_of_node

Shape = Tuple[int, ...]
_ELEMENTWISE = ("+", "-", "*", "/", "+=", "add", "sub", "mul", "div")
_FACTORIES = ("zeros", "ones", "randn", "rand", "empty", "full")
_PRODUCTS = ("matmul", "mm", "bmm", "rmatmul")


def fitting_shape(data: Mapping[str, Any], at: int) -> Optional[Shape]:
    """The shape with which operand ``at`` would fit the other one; ``data`` is that of the mismatch. None where that cannot be told."""
    operation, shapes = data.get("operation"), [tuple(shape) for shape in data.get("shapes", ())]
    if data.get("bias"):  # it has a size for each output of the weight
        return (shapes[1][0],) if at == 2 else None
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
    """Each size that differs becomes the other's; one that is 1 already fits. Where there are as many dimensions, the first is the batch,
    of which a parameter knows nothing."""
    if len(own) > len(other):
        return None
    beside = other[len(other) - len(own) :]
    fitting = tuple(mine if mine == 1 or theirs == 1 else theirs for mine, theirs in zip(own, beside))
    if len(own) == len(other) > 1 and own[0] != fitting[0]:
        fitting = (1, *fitting[1:])
    return fitting if fitting != own else None


def shape_edits(made: ast.expr, shape: Sequence[int]) -> Tuple[Edit, ...]:
    """The changes of ``nn.Parameter(torch.randn(16, 8))`` that give it another shape; none where its sizes are not written just there: what
    is viewed or repeated afterwards gets its shape from that."""
    is_parameter = isinstance(made, ast.Call) and last_name(made.func) == "Parameter" and bool(made.args)
    sizes = _sizes(_factory(made.args[0])) if is_parameter and isinstance(made, ast.Call) else ()
    if len(sizes) != len(shape):
        return ()
    return tuple(Edit(span_of_node(size), str(new)) for size, new in zip(sizes, shape) if _number(size) not in (None, new))


def _factory(made: ast.expr) -> Optional[ast.Call]:
    """``torch.randn(16, 8)``, also scaled by a number, or filled by a method whose name ends in ``_``."""
    while True:
        if isinstance(made, ast.BinOp):
            sides = [made.left, made.right]
            calls = [side for side in sides if not isinstance(side, ast.Constant)]
            if len(calls) != 1:
                return None
            made = calls[0]
        elif isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr.endswith("_"):
            made = made.func.value
        else:
            return made if isinstance(made, ast.Call) and last_name(made.func) in _FACTORIES else None


def _sizes(call: Optional[ast.Call]) -> Sequence[ast.expr]:
    if call is None or not call.args:
        return ()
    if isinstance(call.args[0], (ast.Tuple, ast.List)):
        return call.args[0].elts
    return call.args if all(_number(each) is not None for each in call.args) else ()


def _number(node: ast.expr) -> Optional[int]:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
