"""How an activation is looked at best, and what is said before, beside and in place of its values."""

from typing import Optional, Sequence, Tuple

from ..wire.activations import Activation, MeasuredActivation
from ..wire.tensors import TensorMeta, TensorStats
from ..wire.traces import ForwardReport, LayerCall
from ..wire.values import TensorDifference
from .axis_names import CHANNELS, FEATURES, HEADS, KEYS, QUERIES
from .wording import ABSENT, bytes_text, count_text, number_text, seconds_text

MAPS, ATTENTION, TOKENS, IMAGE, LINE, TABLE = "maps", "attention", "tokens", "image", "line", "table"
AT_ONCE_SECONDS = 1.0
"""A pass that took longer is repeated only when a person says so."""
RUNNING = "The run is not over yet. Its values can be looked at when it is."
_IMAGE_CHANNELS = (1, 3)
_CLOSE = 1e-3
_SAME = 1e-4
_ORDINALS = ("first", "second", "third")


def best_view(
    shape: Sequence[int], stats: Optional[TensorStats] = None, is_model_input: bool = False, axes: Sequence[str] = ()
) -> str:
    """The view that fits a tensor of this shape: ``maps``, ``attention``, ``tokens``, ``image``, ``line`` or ``table``.

    ``axes`` are the names of its dimensions, as far as they are known.
    """
    if 0 in shape or any(length < 0 for length in shape):
        return TABLE
    if len(shape) in (3, 4) and (is_attention(shape, stats) or tuple(axes[-2:]) == (QUERIES, KEYS)):
        return ATTENTION
    if len(shape) == 4 and is_model_input and shape[1] in _IMAGE_CHANNELS and min(shape[2:]) > 1:
        return IMAGE
    if len(shape) in (4, 5) and max(length for at, length in enumerate(shape[1:], 1) if at != map_dimension(shape)) > 1:
        return MAPS
    if len(shape) in (2, 3) and min(shape[-2:]) > 1:
        return TOKENS
    return LINE if max(shape, default=1) > 1 and sum(length > 1 for length in shape) == 1 else TABLE


def is_attention(shape: Sequence[int], stats: Optional[TensorStats]) -> bool:
    """Are these the weights of an attention: numbers from 0 to 1 whose rows sum to 1? The mean of all tells, and no row need be read."""
    if stats is None or stats.mean is None or stats.min is None or stats.max is None or stats.nan or stats.inf:
        return False
    rows, columns = shape[-2:]
    in_bounds = stats.min >= 0 and stats.max <= 1 + _CLOSE
    return in_bounds and min(rows, columns) > 1 and abs(stats.mean * columns - 1) < _CLOSE


def map_dimension(shape: Sequence[int], view: str = MAPS, axes: Sequence[str] = ()) -> int:
    """The dimension whose members are drawn as one map each: the samples of images, the heads of an attention, else the channels,
    which come last in some models."""
    if view == IMAGE:
        return 0
    if view == MAPS and CHANNELS in axes:
        return list(axes).index(CHANNELS)
    if view == MAPS and len(shape) == 4 and shape[1] == shape[2] != shape[3]:
        return 3
    return max(0, len(shape) - 3) if len(shape) < 5 else 1


def channel_dimension(shape: Sequence[int], axes: Sequence[str] = ()) -> Optional[int]:
    """The dimension of the channels or features of an activation, None when it has none to tell apart."""
    if len(shape) < 2 or 0 in shape:
        return None
    named = [number for number, name in enumerate(axes) if name in (CHANNELS, FEATURES, HEADS)]
    if named:
        return named[0]
    return len(shape) - 1 if len(shape) < 4 else map_dimension(shape)


def activation_name(activation: Activation) -> str:
    """``encoder.fc1, output``: what it is called in sentences."""
    again = f", call {activation.call_number + 1}" if activation.call_number else ""
    number = f" {activation.number}" if activation.number else ""
    return f"{activation.module or '(model)'}{again}, {activation.side}{number}"


def tensor_name(tensor: TensorMeta, side: str, number: int, count: int) -> str:
    """``output .logits``, ``input x``; a number where it has no name and is not alone. One that is called as its side is named once."""
    if tensor.name == side:
        return side
    return f"{side} {tensor.name}" if tensor.name else (side if count == 1 else f"{side} {number}")


def no_values_reason(tensor: TensorMeta, call: LayerCall, shapes_only: bool) -> str:
    """Why no values of this tensor can be had at all; empty when they can."""
    if shapes_only or tensor.device == "meta":
        return "The run was one of shapes alone, so there are no values. Run it with data to see them."
    if any(length < 0 for length in tensor.shape):
        return f"It is a nested tensor whose rows differ in length, so its values are not shown. `{call.class_name}` made it."
    return ""


def question_before(report: Optional[ForwardReport], running: bool) -> str:
    """What a person is asked before the pass is repeated for its values; empty when it can be repeated without a word."""
    if running:
        return RUNNING
    if report is None:
        return "The run was not finished. To look at its values it is run again up to this call."
    if report.side_effects:
        told = shown_effects(report.side_effects)
        return f"The run had effects outside of the model: {told}. Looking at values runs it once more."
    if report.seconds > AT_ONCE_SECONDS:
        whole = f"the whole of it took {seconds_text(report.seconds)}"
        return f"No run keeps its values. To look at them the pass is run again up to this call; {whole}."
    return ""


def shown_effects(effects: Sequence[str]) -> str:
    """The first few of them."""
    more = len(effects) - 2
    return "; ".join(effects[:2]) + (f"; and {more} more" if more > 0 else "")


def doubts(call: LayerCall, measured: MeasuredActivation) -> Tuple[str, ...]:
    """What has to be known of the values of a repeated pass, in sentences; most often nothing."""
    said = []
    if measured.call_stats and not all(map(_are_close, call.stats, measured.call_stats)):
        why = "The model is not deterministic, or was changed since"
        said.append(f"These values are not those of the run, but of another pass. {why}.")
    if not measured.is_kept:
        said.append(f"It takes {bytes_text(measured.bytes)} and is not kept: each part that is looked at is another pass.")
    return tuple(said)


def difference_facts(difference: TensorDifference) -> Tuple[Tuple[str, str], ...]:
    """How far two tensors of one shape are apart, as names and texts."""
    finite = difference.count - difference.nan - difference.inf
    rms = difference.norm / finite**0.5 if finite else None
    relative, cosine = difference.relative, difference.cosine
    changed = f"{count_text(difference.changed)} of {count_text(difference.count)}"
    return (
        ("Largest |B - A|", number_text(difference.max_abs)),
        ("RMS of B - A", number_text(rms)),
        ("|B - A| / |A|", "A is zero" if relative is None else number_text(relative)),
        ("Cosine of A and B", ABSENT if cosine is None else f"{cosine:.8f}"),
        ("Changed", changed),
        ("NaN in one of them", count_text(difference.nan)),
        ("Inf in one of them", count_text(difference.inf)),
    )


def _are_close(one: Optional[TensorStats], other: Optional[TensorStats]) -> bool:
    if one is None or other is None:
        return True
    if (one.count, one.nan, one.inf) != (other.count, other.nan, other.inf):
        return False
    scale = max(abs(one.min or 0.0), abs(one.max or 0.0))
    pairs = ((one.mean, other.mean), (one.std, other.std), (one.min, other.min), (one.max, other.max))
    return all(a == b or (a is not None and b is not None and abs(a - b) <= _SAME * scale) for a, b in pairs)


def not_called_again(activation: Activation, times: int) -> str:
    """When the call does not come in the repeated pass."""
    wanted = activation.call_number + 1
    ordinal = _ORDINALS[wanted - 1] if wanted <= len(_ORDINALS) else f"{wanted}th"
    return (
        f"`{activation.module or '(model)'}` was not called a {ordinal} time when the pass was repeated, but {times} times: "
        "this model does not take the same way each time."
    )
