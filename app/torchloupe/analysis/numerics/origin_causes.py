"""Why an operation gives NaN or Inf, from what went into it, and what to write instead."""

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from ..wording import counted, number_text, shape_text
from .facts import INF, NAN, Birth, GradientBirth, Operand

ADD_EPS, ADD_EPS_BELOW, AT_LEAST_ZERO, ABOVE_ZERO, WITHIN_ONE, FINITE_MASK, OTHER_DTYPE = (
    "add-eps",
    "add-eps-below",
    "at-least-zero",
    "above-zero",
    "within-one",
    "finite-mask",
    "other-dtype",
)
"""Repairs that the worker can try: what is done to the operand at this very operation, or to the whole model."""

HALF_LIMIT = 65504.0
_PRODUCTS = ("matmul", "mm", "bmm", "addmm", "baddbmm", "linear", "einsum", "mv", "dot", "conv1d", "conv2d", "conv3d")
_MEMORY = ("empty", "empty_like", "new_empty", "empty_strided")
_ATTENTION = ("scaled_dot_product_attention", "multi_head_attention_forward")
_EXPONENTIALS = ("exp", "expm1", "exp2", "cosh", "sinh", "logaddexp")
_MEANS = ("mean", "std", "var", "nanmean", "mse_loss", "l1_loss", "smooth_l1_loss", "binary_cross_entropy", "median")


@dataclass(frozen=True)
class Cause:
    """``why`` is a clause, ``repair`` one of those above, empty where none can be tried. ``fix`` says what to write."""

    why: str
    fix: str = ""
    repair: str = ""


def plain_function(function: str) -> str:
    """``__rtruediv__`` is ``div``: one name for one operation."""
    name = function.strip("_")
    known = {"truediv": "div", "rtruediv": "div", "itruediv": "div", "true_divide": "div", "divide": "div", "rmatmul": "matmul"}
    known.update(ipow="pow", rpow="pow", float_power="pow", arccos="acos", arcsin="asin", arctanh="atanh", imul="mul", rmul="mul")
    known.update(rdiv="div", floordiv="div", rfloordiv="div", ifloordiv="div", floor_divide="div")
    known.update(isub="sub", rsub="sub", iadd="add", radd="add", imatmul="matmul", multiply="mul")
    return known.get(name, name)


def cause_of(birth: Birth) -> Cause:
    """Why this operation gave NaN or Inf; the general case at the end."""
    name = plain_function(birth.function)
    if birth.ignored is not None:
        return Cause(
            f"every one of its {counted(birth.ignored, 'target')} is the index that is left out, and the mean over nothing is NaN",
            "Leave such a batch out, or use `reduction='sum'` and divide by `max(count, 1)`.",
        )
    if name in _MEMORY:
        return Cause("it gives memory as it lies there", "Use `torch.zeros`, or write every element before it is read.")
    if birth.is_written:
        return Cause(f"it writes {birth.kind} as a constant", "Write a finite number there, or replace it before it is used.")
    if birth.kind == INF and birth.dtype == "float16" and (name in _PRODUCTS + _ATTENTION or not _holds_zero(birth.operands)):
        return _half(birth, name)
    found = _RULES.get(name)
    cause = found(birth) if found is not None else None
    return cause or _general(birth)


def _half(birth: Birth, name: str) -> Cause:
    sizes = " and ".join(_largest(each) for each in birth.operands[:2] if each.high is not None)
    of = f" of operands up to {sizes}" if sizes else ""
    first = "Scale before the product (`(q / d ** 0.5) @ k`), or use" if name in _PRODUCTS else "Use"
    text = f"{first} bfloat16 or float32 here."
    return Cause(f"the result{of} is beyond {HALF_LIMIT:g}, the largest number of float16", text, OTHER_DTYPE)


def _largest(operand: Operand) -> str:
    return number_text(max(abs(operand.low or 0.0), abs(operand.high or 0.0)))


def _holds_zero(operands: Tuple[Operand, ...]) -> bool:
    return any(each.value == 0 for each in operands)


def _root(birth: Birth) -> Optional[Cause]:
    of = birth.operands[0] if birth.operands else None
    if of is None or of.low is None:
        return None
    if birth.kind == NAN and of.low < 0:
        return Cause(f"the root of {_value(of, of.low)}, a negative number", "Write `.clamp(min=0)` inside.", AT_LEAST_ZERO)
    if birth.kind == INF:
        return Cause("one divided by the root of 0", "Add a small number inside: `+ 1e-8`.", ADD_EPS)
    return None


def _power(birth: Birth) -> Optional[Cause]:
    if not birth.operands or not birth.scalars:
        return None
    of, exponent = birth.operands[0], birth.scalars[-1]
    if birth.kind == NAN and of.low is not None and of.low < 0 and exponent != int(exponent):
        why = f"{_value(of, of.low)}, a negative number, to the power of {exponent:g}"
        return Cause(why, "Write `.clamp(min=0)` inside.", AT_LEAST_ZERO)
    if birth.kind == INF and exponent < 0:
        return Cause(f"0 to the power of {exponent:g}", "Add a small number inside: `+ 1e-8`.", ADD_EPS)
    return None


def _logarithm(birth: Birth) -> Optional[Cause]:
    of = birth.operands[0] if birth.operands else None
    if of is None or of.low is None:
        return None
    what = "the logarithm of 0" if birth.kind == INF else f"the logarithm of {_value(of, of.low)}, a negative number"
    return Cause(what, "Write `.clamp(min=1e-8)` inside; of a softmax, use `log_softmax`.", ABOVE_ZERO)


def _division(birth: Birth) -> Optional[Cause]:
    if birth.scalars and birth.scalars[-1] == 0 and not birth.function.startswith("__r"):
        return Cause("a division by the number 0", "Divide by a number that is not 0: `/ max(value, 1e-8)`.", ADD_EPS_BELOW)
    below = birth.operands[-1] if birth.operands else None
    if below is None or below.value not in (0.0, None) or (below.low or 0.0) > 0:
        return None
    what = "0 divided by 0" if birth.kind == NAN else "a division by 0"
    return Cause(what, "Add a small number to the divisor: `/ (x + 1e-8)`, or `.clamp(min=1e-8)`.", ADD_EPS_BELOW)


def _inverse_circle(birth: Birth) -> Optional[Cause]:
    of = birth.operands[0] if birth.operands else None
    if of is None or of.high is None:
        return None
    why = f"{_value(of, of.high)} is outside of -1 to 1"
    return Cause(why, "Write `.clamp(-1 + 1e-6, 1 - 1e-6)` inside.", WITHIN_ONE)


def _softmax(birth: Birth) -> Optional[Cause]:
    if not birth.all_masked:
        return None
    return Cause(
        f"{_row(birth)} is -inf in all places, so that there is nothing to share out",
        "Leave at least one place unmasked, or mask with `torch.finfo(x.dtype).min` in place of -inf.",
        FINITE_MASK,
    )


def _row(birth: Birth) -> str:
    """``row 2``, ``row [0, 3]``."""
    dimension = (birth.dimension or 0) % max(len(birth.shape), 1)
    left = [place for number, place in enumerate(birth.index) if number != dimension]
    if not left:
        return "it"
    return f"row {left[0]}" if len(left) == 1 else f"row {shape_text(left)}"


def _attention(birth: Birth) -> Optional[Cause]:
    if birth.kind != NAN or not any(each.inf or each.dtype == "bool" for each in birth.operands):
        return None
    why = "the mask lets some query look at nothing, so that there is nothing to share out"
    return Cause(why, "Leave at least one place unmasked for every query.")


def _exponential(birth: Birth) -> Optional[Cause]:
    of = birth.operands[0] if birth.operands else None
    if birth.kind != INF or of is None or of.high is None:
        return None
    text = "Subtract the maximum first, or use `log_softmax`, `logsumexp` or `softplus`, which do."
    return Cause(f"the exponential of {number_text(of.high)} is larger than {birth.dtype} can say", text)


def _product(birth: Birth) -> Optional[Cause]:
    if birth.kind == NAN and any(number in (float("inf"), float("-inf")) for number in birth.scalars):
        return Cause("0 times inf is NaN", "Mask with `.masked_fill(mask, float('-inf'))` in place of multiplying with inf.")
    if birth.kind == NAN and any(each.inf for each in birth.operands):
        return Cause("0 times inf is NaN", "Replace the -inf before it is multiplied: `.masked_fill(...)` with a finite number.")
    return None


def _difference(birth: Birth) -> Optional[Cause]:
    if birth.kind == NAN and any(each.inf for each in birth.operands):
        return Cause("inf minus inf is NaN", "Use a finite number such as `torch.finfo(x.dtype).min` in place of -inf.")
    return None


def _mean(birth: Birth) -> Optional[Cause]:
    if birth.operands and any(size == 0 for size in birth.operands[0].shape):
        why = f"it gets an empty tensor {shape_text(birth.operands[0].shape)}, and the mean over nothing is NaN"
        return Cause(why, "Leave out what has no elements, or divide the sum by `max(count, 1)`.")
    if birth.kind == NAN and plain_function(birth.function) in ("std", "var"):
        return Cause("it takes the spread of a single value", "Use `correction=0`, or give it more than one value.")
    return None


def _reciprocal(birth: Birth) -> Optional[Cause]:
    return Cause("one divided by 0", "Add a small number inside: `+ 1e-8`.", ADD_EPS) if birth.kind == INF else None


_RULES: Dict[str, Callable[[Birth], Optional[Cause]]] = {
    **dict.fromkeys(("sqrt", "rsqrt"), _root),
    **dict.fromkeys(("pow",), _power),
    **dict.fromkeys(("log", "log2", "log10", "log1p"), _logarithm),
    **dict.fromkeys(("div",), _division),
    **dict.fromkeys(("acos", "asin", "atanh"), _inverse_circle),
    **dict.fromkeys(("softmax", "log_softmax"), _softmax),
    **dict.fromkeys(_ATTENTION, _attention),
    **dict.fromkeys(_EXPONENTIALS, _exponential),
    **dict.fromkeys(("mul", *_PRODUCTS), _product),
    **dict.fromkeys(("sub", "add"), _difference),
    **dict.fromkeys(_MEANS, _mean),
    "reciprocal": _reciprocal,
}


def _general(birth: Birth) -> Cause:
    sides = [f"{shape_text(each.shape)} from {number_text(each.low)} to {number_text(each.high)}" for each in birth.operands[:3]]
    why = f"it gets {', '.join(sides)}" if sides else "it gets no tensor"
    return Cause(why, "Look at its operands, and keep them in a range in which it is defined.")


def _value(operand: Operand, otherwise: float) -> str:
    return number_text(operand.value if operand.value is not None else otherwise)


_SLOPES: List[Tuple[Tuple[str, ...], str, str, str]] = [
    (
        ("sqrt", "norm", "pow", "cdist"),
        "its slope at 0 is infinite",
        "Add a small number inside: `torch.sqrt(x + 1e-8)`.",
        ADD_EPS,
    ),
    (("acos", "asin"), "its slope at -1 and 1 is infinite", "Clamp further inside: `.clamp(-1 + 1e-6, 1 - 1e-6)`.", WITHIN_ONE),
    (("log", "log2", "log10"), "its slope at 0 is infinite", "Write `.clamp(min=1e-8)` inside.", ABOVE_ZERO),
    (("div",), "a division by 0", "Add a small number to the divisor: `/ (x + 1e-8)`.", ADD_EPS_BELOW),
    (("atan2",), "its slope at (0, 0) is not defined", "Add a small number to one of its arguments.", ""),
    (
        ("softmax", "log_softmax"),
        "a row that is -inf in all places has no slope",
        "Mask with `torch.finfo(x.dtype).min`.",
        FINITE_MASK,
    ),
    (("exp",), "it overflows", "Subtract the maximum first.", ""),
]


def gradient_cause(birth: GradientBirth) -> Cause:
    """Why the gradient of this operation is NaN or Inf."""
    name = plain_function(birth.function)
    for names, why, fix, repair in _SLOPES:
        if name in names:
            value = birth.operands[0].value if birth.operands else None
            at = (
                f" (its operand is {number_text(value)} at {shape_text(birth.index)})"
                if value is not None and birth.index
                else ""
            )
            return Cause(why + at, fix, repair)
    return Cause("its gradient is not finite for these values", "Keep its operands where it has a slope.")
