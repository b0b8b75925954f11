"""Why an operation in a module's own forward failed: which one, on what shapes, at which line."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

from ..wire.problems import Fix, Problem
from ..wire.tensors import TensorMeta
from .mismatches import PLAIN_TENSOR_HINT
from .provenance import product
from .wording import shape_text

Shape = Tuple[int, ...]


@dataclass(frozen=True)
class FailedOperation:
    """A torch function that raised: ``name`` as people write it (``matmul``, ``+``, ``view``), its tensors and other arguments."""

    name: str
    operands: Tuple[TensorMeta, ...]
    arguments: Tuple[Any, ...]
    contiguous: bool
    module: str
    call: Optional[int]
    file: Optional[str]
    line: Optional[int]
    error: str
    details: str = ""


def explain_operation(failed: FailedOperation) -> Optional[Problem]:
    """The problem behind a failed operation; None when its shapes do not explain it."""
    explain = _EXPLAIN.get(failed.name)
    return explain(failed) if explain and failed.operands else None


def _problem(
    failed: FailedOperation,
    code: str,
    message: str,
    hint: str,
    fixes: Tuple[Fix, ...] = (),
    more: Optional[Dict[str, Any]] = None,
) -> Problem:
    data: Dict[str, Any] = {
        "operation": failed.name,
        "shapes": [list(operand.shape) for operand in failed.operands],
        **(more or {}),
    }
    return Problem(
        code,
        message,
        hint=hint,
        module=failed.module,
        call=failed.call,
        file=failed.file,
        line=failed.line,
        fixes=fixes,
        data=data,
        details=failed.details,
    )


def _shapes(failed: FailedOperation) -> str:
    return " and ".join(shape_text(operand.shape) for operand in failed.operands[:4])


def _elementwise(failed: FailedOperation) -> Optional[Problem]:
    if len(failed.operands) < 2:
        return None
    one, other = failed.operands[0].shape, failed.operands[1].shape
    axis = _first_clash(one, other)
    if axis is None:
        return _dtype_or_device(failed)
    message = (
        f"`{failed.name}` cannot combine {_shapes(failed)}: dimension {axis} from the end is {one[-axis]} against {other[-axis]}."
    )
    return _problem(
        failed,
        "broadcast-mismatch",
        message,
        "Make both branches give the same size there, or set one of them to 1 so that it broadcasts.",
    )


def _first_clash(one: Shape, other: Shape) -> Optional[int]:
    """The first dimension, counted from the end, at which two shapes do not broadcast."""
    for axis in range(1, min(len(one), len(other)) + 1):
        if one[-axis] != other[-axis] and 1 not in (one[-axis], other[-axis]):
            return axis
    return None


def _matmul(failed: FailedOperation) -> Optional[Problem]:
    if len(failed.operands) < 2:
        return None
    one, other = failed.operands[-2].shape, failed.operands[-1].shape
    if not one or not other:
        return None
    inner = other[-2] if len(other) > 1 else other[0]
    if one[-1] == inner and _first_clash(one[:-2], other[:-2]) is None:
        return _dtype_or_device(failed)
    message = f"`{failed.name}` multiplies {_shapes(failed)}: the inner sizes {one[-1]} and {inner} differ."
    if one[-1] == inner:
        message = f"`{failed.name}` multiplies {_shapes(failed)}: their batch dimensions differ."
    if len(other) > 1 and one[-1] == other[-1]:
        text = "Transpose the second operand: `.transpose(-2, -1)`."
        return _problem(failed, "matmul-mismatch", message, text, (Fix("edit_source", text, value={"transpose": [-2, -1]}),))
    return _problem(failed, "matmul-mismatch", message, "Transpose or reshape one operand so that the inner sizes agree.")


def _einsum(failed: FailedOperation) -> Optional[Problem]:
    equation = next((argument for argument in failed.arguments if isinstance(argument, str)), "")
    message = f'`einsum` with "{equation}" cannot combine {_shapes(failed)}.'
    return _problem(failed, "matmul-mismatch", message, "Give each letter one size: compare the equation with these shapes.")


def _cat(failed: FailedOperation) -> Optional[Problem]:
    if len(failed.operands) < 2:
        return None
    ranks = {len(operand.shape) for operand in failed.operands}
    if len(ranks) > 1:
        message = f"`{failed.name}` joins tensors of different rank: {_shapes(failed)}."
        return _problem(
            failed, "cat-mismatch", message, "Bring them to the same number of dimensions with `unsqueeze` or `flatten`."
        )
    message = f"`{failed.name}` joins {_shapes(failed)}: all dimensions but the joined one must agree."
    return _problem(
        failed,
        "cat-mismatch",
        message,
        "Pad, crop or interpolate one of them to the other's size, or join along another dimension.",
    )


def _view(failed: FailedOperation) -> Optional[Problem]:
    shape = failed.operands[0].shape
    numel = product(shape)
    target = next((argument for argument in failed.arguments if isinstance(argument, tuple)), None)
    target = target or tuple(argument for argument in failed.arguments if isinstance(argument, int))
    known = product([size for size in target if size != -1])
    fits = known > 0 and (numel % known == 0 if -1 in target else numel == known)
    if fits and not failed.contiguous:
        text = "Use `.reshape(...)`, or `.contiguous()` before it."
        message = (
            f"`{failed.name}` to {shape_text(target)} needs memory in order, and this {shape_text(shape)} "
            "is not contiguous (after a permute or transpose)."
        )
        return _problem(failed, "view-not-contiguous", message, text, (Fix("edit_source", text, value="reshape"),))
    if fits or not target:
        return None
    sizes = {"target": list(target)}
    if failed.name in ("view", "reshape") and _parts_the_last(shape, target):
        return _parted(failed, shape[-1], target[-2], target[-1], sizes)
    message = f"`{failed.name}` to {shape_text(target)} cannot hold {shape_text(shape)}: {numel} elements"
    message += f", {product(shape[1:])} for each of {shape[0]} samples." if len(shape) > 1 else "."
    hint = "Use `x.flatten(1)` and let the next layer take that size."
    return _problem(failed, "view-mismatch", message, hint, more=sizes)


def _parts_the_last(shape: Shape, target: Shape) -> bool:
    """Whether the features alone are parted, as into the heads of an attention."""
    kept = all(wanted in (-1, size) for wanted, size in zip(target, shape[:-1]))
    return len(target) == len(shape) + 1 > 2 and kept and min(target[-2:]) > 0


def _parted(failed: FailedOperation, features: int, parts: int, each: int, sizes: Dict[str, Any]) -> Problem:
    message = f"`{failed.name}` parts {features} features into {parts} x {each}, which are {parts * each}."
    if features % parts == 0:
        hint = f"Each of the {parts} parts has {features // parts}."
    else:
        near = sorted({features - features % parts, features - features % parts + parts} - {0})
        into = sorted(
            (number for number in range(2, features) if features % number == 0), key=lambda number: abs(number - parts)
        )[:2]
        instead = f"{' or '.join(map(str, near))} features"
        instead += f", or {' or '.join(map(str, sorted(into)))} parts" if into else ""
        hint = f"{features} is no multiple of {parts}: take {instead}."
    return _problem(failed, "view-mismatch", message, hint, more={**sizes, "parts": [parts, each]})


def _functional(failed: FailedOperation) -> Optional[Problem]:
    if len(failed.operands) < 2:
        return None
    got, weight = failed.operands[0].shape, failed.operands[1].shape
    if len(weight) < 2 or not got:
        return None
    if failed.name == "linear":
        have, wanted, order = got[-1], weight[1], "(out, in)"
    elif len(got) < 3:
        return None
    else:
        axis = len(got) - (len(weight) - 2) - 1
        have, wanted, order = got[axis], weight[1], "(out, in / groups, ...)"
    if have == wanted:
        return _bias(failed) or _dtype_or_device(failed)
    operands = f"{shape_text(got)} and a weight {shape_text(weight)} {order}"
    message = f"`F.{failed.name}` gets {operands}: {have} arrive, the weight takes {wanted}."
    hint = (
        "Transpose the weight."
        if failed.name == "linear" and weight[0] == have
        else "Give the weight this many inputs, or change what arrives."
    )
    return _problem(failed, "functional-mismatch", message, hint)


def _bias(failed: FailedOperation) -> Optional[Problem]:
    """The third operand, which has to have a size for each output of the weight."""
    if len(failed.operands) < 3 or "transpose" in failed.name:
        return None
    weight, bias = failed.operands[1].shape, failed.operands[2].shape
    if bias in ((weight[0],), (1,)) or len(bias) != 1:
        return None
    message = f"`F.{failed.name}` gives {weight[0]} outputs with a weight {shape_text(weight)}, and gets a bias for {bias[0]}."
    return _problem(failed, "functional-mismatch", message, f"Give the bias {weight[0]} numbers.", more={"bias": True})


def _loss(failed: FailedOperation) -> Optional[Problem]:
    if len(failed.operands) < 2 or failed.operands[0].shape == failed.operands[1].shape:
        return None
    message = f"`{failed.name}` gets an output {shape_text(failed.operands[0].shape)} and a target {shape_text(failed.operands[1].shape)}."
    return _problem(
        failed,
        "loss-target-shape",
        message,
        "The target's shape must be the output's, for cross_entropy without the class dimension 1.",
    )


def _dtype_or_device(failed: FailedOperation) -> Optional[Problem]:
    dtypes = [operand.dtype for operand in failed.operands[:2]]
    devices = [operand.device for operand in failed.operands[:2]]
    if devices[0] != devices[1]:
        message = f"`{failed.name}` gets tensors on {devices[0]} and {devices[1]}."
        return _problem(
            failed,
            "device-mismatch",
            message,
            f"Move them to one device. {PLAIN_TENSOR_HINT}",
        )
    if dtypes[0] != dtypes[1]:
        message = f"`{failed.name}` gets a {dtypes[0]} and a {dtypes[1]} tensor."
        return _problem(failed, "dtype-mismatch", message, f"Convert one: `.to(torch.{dtypes[1]})`.")
    return None


_EXPLAIN: Dict[str, Callable[[FailedOperation], Optional[Problem]]] = {
    **dict.fromkeys(
        ("+", "-", "*", "/", "+=", "isub", "imul", "itruediv", "where", "lerp", "maximum", "minimum", "add", "sub", "mul", "div"),
        _elementwise,
    ),
    **dict.fromkeys(("matmul", "bmm", "mm", "mv", "baddbmm", "addmm", "rmatmul"), _matmul),
    "einsum": _einsum,
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack", "vstack"), _cat),
    **dict.fromkeys(("view", "reshape", "unflatten"), _view),
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d"), _functional),
    **dict.fromkeys(
        ("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"), _loss
    ),
}
