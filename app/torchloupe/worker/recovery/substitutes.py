"""What an operation that raised was meant to give: with the repair that is beyond doubt, else zeros of each likely shape."""

from functools import reduce
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch

from ...analysis.meant_shapes import combined, joined, lettered, multiplied, viewed
from ..operations import FailingOperation

Substitute = Callable[[], torch.Tensor]


def substitutes(
    code: str, seen: FailingOperation, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]
) -> Tuple[List[Substitute], bool]:
    """Results to go on with, likeliest first, and whether the first is what the operation itself gives once it is repaired."""
    repaired = _repaired(code, seen, func, args, kwargs)
    if repaired is not None:
        return [repaired], True
    shapes = _shapes(code, seen, args, kwargs)
    return [_zeros(seen.tensors, shape) for shape in shapes], False


def _repaired(
    code: str, seen: FailingOperation, func: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]
) -> Optional[Substitute]:
    """The operation itself with the one change that makes it work."""
    tensors = seen.tensors
    if code == "view-not-contiguous":
        return lambda: func(tensors[0].contiguous(), *args[1:], **kwargs)
    if code == "matmul-mismatch" and len(tensors) == 2 and not kwargs and len(args) == 2:
        one, other = tensors
        if one.dim() > 1 and other.dim() > 1 and one.shape[-1] != other.shape[-2] and one.shape[-1] == other.shape[-1]:
            return lambda: func(one, other.transpose(-2, -1))
    if seen.name == "linear" and len(tensors) > 1 and tensors[1].dim() == 2 and tensors[1].shape[0] == tensors[0].shape[-1]:
        bias = tensors[2] if len(tensors) > 2 and tensors[2].shape[0] == tensors[1].shape[1] else None
        return lambda: torch.nn.functional.linear(tensors[0], tensors[1].t(), bias)
    return None


def _shapes(code: str, seen: FailingOperation, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Tuple[int, ...]]:
    shapes = [operand.shape for operand in seen.operands]
    if code == "broadcast-mismatch" and len(shapes) == 2:
        return combined(*shapes)
    if code == "cat-mismatch" and seen.name in ("cat", "concat", "concatenate"):
        axis = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else 0))
        return joined(shapes, axis) if isinstance(axis, int) else []
    if code == "matmul-mismatch" and seen.name == "einsum":
        return lettered(next((each for each in args if isinstance(each, str)), ""), shapes)
    if code == "matmul-mismatch" and len(shapes) == 2 and seen.name != "rmatmul":
        return multiplied(*shapes)
    if code == "view-mismatch":
        return viewed(shapes[0], _target(args[1:]))
    if code == "functional-mismatch" and seen.name == "linear":
        return [(*shapes[0][:-1], shapes[1][0])]
    return _of_convolution(seen, args, kwargs) if code == "functional-mismatch" else []


def _of_convolution(seen: FailingOperation, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Tuple[int, ...]]:
    """As with a weight for as many channels as arrive."""
    arrived, weight = seen.tensors[:2]
    function: Any = getattr(torch.nn.functional, seen.name or "", None)
    if function is None or "transpose" in str(seen.name) or arrived.dim() != weight.dim() or "groups" in kwargs or len(args) > 6:
        return []
    plain = {name: value for name, value in kwargs.items() if name not in ("input", "weight", "bias")}
    bare = torch.empty(weight.shape[0], arrived.shape[1], *weight.shape[2:], device="meta", dtype=arrived.dtype)
    result = function(torch.empty_like(arrived, device="meta"), bare, None, *args[3:], **plain)
    return [tuple(result.shape)]


def _target(args: Sequence[Any]) -> Tuple[int, ...]:
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    return tuple(args) if all(isinstance(size, int) for size in args) else ()


def _zeros(tensors: Sequence[torch.Tensor], shape: Tuple[int, ...]) -> Substitute:
    dtype = reduce(torch.promote_types, [tensor.dtype for tensor in tensors])
    return lambda: tensors[0].new_zeros(shape, dtype=dtype)
