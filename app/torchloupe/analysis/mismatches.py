"""Why a layer failed: what arrived, what it was built for, where the number comes from, what to change.

Decided from the layer's settings and the shapes that arrived; the text of torch's exception is never parsed.
"""

from dataclasses import dataclass, replace
from typing import Any, Dict, Optional, Sequence, Tuple

from ..wire.problems import Fix, Problem
from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall
from .layer_contracts import RankMismatch, SingleValue, SizeMismatch, TooSmall, check_layer
from .provenance import Origin, origin_of, product, square_side
from .wording import at_line, shape_text

_FLOATS = ("float16", "bfloat16", "float32", "float64")
PLAIN_TENSOR_HINT = "A plain tensor attribute does not follow `model.to()`: register it as a buffer."
_INTS = ("int8", "uint8", "int16", "int32", "int64")


@dataclass(frozen=True)
class FailedLayer:
    """A layer of torch.nn that raised, with everything that is needed to say why.

    ``layer`` is the class name in torch.nn, ``settings`` its attributes (``in_features`` ...), ``weight`` its weight,
    ``index_range`` smallest and largest index of an integer input. ``defined_at`` is where it was made.
    """

    call: LayerCall
    layer: str
    settings: Dict[str, Any]
    weight: Optional[TensorMeta]
    index_range: Optional[Tuple[int, int]] = None
    defined_at: Optional[Tuple[str, int]] = None
    details: str = ""


def explain_layer(failed: FailedLayer, calls: Sequence[LayerCall]) -> Optional[Problem]:
    """The problem behind a failed layer; None when nothing about its input is wrong."""
    if not failed.call.inputs:
        return None
    problem = _rnn_state(failed) or _index_problem(failed) or _dtype_problem(failed) or _device_problem(failed)
    if problem is None:
        finding = check_layer(failed.layer, failed.settings, failed.call.inputs[0].shape)
        if isinstance(finding, SizeMismatch):
            problem = _size_problem(failed, finding, calls)
        elif isinstance(finding, RankMismatch):
            problem = _rank_problem(failed, finding)
        elif isinstance(finding, TooSmall):
            problem = _too_small_problem(failed, finding)
        elif isinstance(finding, SingleValue):
            problem = _single_value_problem(failed)
    return problem and _placed(problem, failed)


def _placed(problem: Problem, failed: FailedLayer) -> Problem:
    call = failed.call
    data = {"input_shape": list(call.inputs[0].shape), "layer": failed.layer, **problem.data}
    if failed.weight is not None:
        data["weight_shape"] = list(failed.weight.shape)
    if failed.defined_at:
        data["definition_file"], data["definition_line"] = failed.defined_at
    return replace(
        problem, module=call.module, call=call.index, file=call.file, line=call.line, data=data, details=failed.details
    )


def _size_problem(failed: FailedLayer, found: SizeMismatch, calls: Sequence[LayerCall]) -> Problem:
    shape = failed.call.inputs[0].shape
    special = _layout_or_flatten(failed, found, shape, calls)
    if special is not None:
        return special
    origin = origin_of(found.got, failed.call.index, calls)
    built_for = f"{_name(failed)} is built for {found.wanted} {found.wording} ({found.argument}={found.wanted})"
    message = f"{built_for}, but {found.got} arrive in {shape_text(shape)}" + (
        f": {origin.text(found.got, failed.call.file)}." if origin else "."
    )
    value = _argument_value(failed, found)
    shown = f"{found.argument}={value}"
    hint = f"Set `{shown}`{_where(failed)}{_or_change_input(found, origin)}."
    data = {
        "expected": found.wanted,
        "got": found.got,
        "argument": found.argument,
        "origin_module": origin.call.module if origin else None,
    }
    if origin and origin.call.line:
        data["origin"] = origin.text(found.got, failed.call.file)
    fix = Fix(
        "set_argument",
        f"Set `{shown}` of {_name(failed)}{_where(failed)}.",
        module=failed.call.module,
        argument=found.argument,
        value=value,
    )
    return Problem("shape-mismatch", message, hint=hint, fixes=(fix,), data=data)


def _layout_or_flatten(
    failed: FailedLayer, found: SizeMismatch, shape: Tuple[int, ...], calls: Sequence[LayerCall]
) -> Optional[Problem]:
    name = _name(failed)
    if failed.layer == "Linear" and len(shape) > 2 and product(shape[1:]) == found.wanted:
        arrived = " x ".join(map(str, shape[1:]))
        text = "Add `torch.flatten(x, 1)` before it."
        message = (
            f"{name} is built for {found.wanted} features and gets {shape_text(shape)}: "
            f"{arrived} is exactly {found.wanted}, a flatten is missing."
        )
        return Problem(
            "missing-flatten",
            message,
            hint=text,
            fixes=(Fix("edit_source", text),),
            data={"expected": found.wanted, "got": found.got},
        )
    if failed.layer == "Linear" and len(shape) == 1 and shape[0] % found.wanted == 0:
        text = "Keep the batch: `torch.flatten(x, 1)`."
        message = (
            f"{name} is built for {found.wanted} features and gets one row of "
            f"{shape[0]} = {shape[0] // found.wanted} x {found.wanted}: the batch was flattened, too."
        )
        return Problem(
            "flattened-batch",
            message,
            hint=text,
            fixes=(Fix("edit_source", text),),
            data={"expected": found.wanted, "got": found.got},
        )
    order = _channels_elsewhere(failed.layer, found, shape)
    if order is None or _has_channels_first(shape, failed.call.index, calls):
        return None
    call = f"permute({', '.join(map(str, order))})"
    is_model_input = not any(other.status == "done" and other.index < failed.call.index for other in calls)
    what = "your input" if is_model_input else "what arrives"
    message = (
        f"{name} is built for {found.wanted} {found.wording} in dimension {order.index(len(shape) - 1)}, "
        f"but {what} is {shape_text(shape)}: its {found.wanted} {found.wording} are last."
    )
    text = f"Move them: `x.{call}`" + (" on the input." if is_model_input else " before this layer.")
    code = "input-layout" if is_model_input else "shape-mismatch"
    data = {"expected": found.wanted, "got": found.got, "argument": found.argument, "permute": list(order)}
    return Problem(
        code,
        message,
        hint=text,
        fixes=(Fix("permute_input" if is_model_input else "permute", text, module=failed.call.module, value=list(order)),),
        data=data,
    )


_CHANNELS_FIRST = ("Conv", "BatchNorm", "GroupNorm", "InstanceNorm", "MaxPool", "AvgPool", "AdaptiveAvgPool", "Pixel")


def _has_channels_first(shape: Tuple[int, ...], before: int, calls: Sequence[LayerCall]) -> bool:
    """Whether it comes from a layer that gives channels in dimension 1, or was joined of what such layers gave: then a map of just that
    side is chance."""
    made = (call for call in calls if call.index < before and call.outputs and _are_maps_alike(call.outputs[0].shape, shape))
    return any(call.class_name.startswith(_CHANNELS_FIRST) and ("Pool" not in call.class_name or len(shape) > 3) for call in made)


def _are_maps_alike(one: Tuple[int, ...], other: Tuple[int, ...]) -> bool:
    """Whether they are the same but for the number of their channels, of which maps in two dimensions or more can have another one."""
    return tuple(one) == other or (len(one) == len(other) > 3 and (one[0], one[2:]) == (other[0], other[2:]))


def _channels_elsewhere(layer: str, found: SizeMismatch, shape: Tuple[int, ...]) -> Optional[Tuple[int, ...]]:
    """The permutation that brings a channels-last input into channels-first order, when that is what it looks like."""
    if found.axis < 1 or len(shape) < 3 or shape[-1] != found.wanted or not layer.startswith(("Conv", "BatchNorm", "GroupNorm")):
        return None
    last = len(shape) - 1
    return (*range(found.axis), last, *range(found.axis, last))


def _argument_value(failed: FailedLayer, found: SizeMismatch) -> Any:
    if found.argument != "normalized_shape":
        return found.got
    wanted = list(failed.settings["normalized_shape"])
    wanted[found.axis] = found.got
    return found.got if len(wanted) == 1 else wanted


def _or_change_input(found: SizeMismatch, origin: Optional[Origin]) -> str:
    """The other way to repair it: make what comes before give the wanted number."""
    if origin is None or len(origin.factors) < 3:
        return ", or change what comes before it"
    side = square_side(found.wanted, origin.factors[0])
    if side is None:
        return ", or change what comes before it"
    return f", or let `{origin.call.module}` give {origin.factors[0]} x {side} x {side} = {found.wanted}"


def _rank_problem(failed: FailedLayer, found: RankMismatch) -> Problem:
    shape = failed.call.inputs[0].shape
    wanted = " or ".join(map(str, found.wanted))
    missing = min(found.wanted) - found.got
    message = f"{_name(failed)} takes {wanted} dimensions ({found.names}), but gets {found.got}: {shape_text(shape)}."
    data = {"expected_dimensions": list(found.wanted), "got_dimensions": found.got}
    if missing == 1:
        text = "Add the batch dimension: `x.unsqueeze(0)`."
        return Problem(
            "missing-dimension", message, hint=text, fixes=(Fix("change_input", text, value={"unsqueeze": 0}),), data=data
        )
    return Problem("shape-mismatch", message, hint="Reshape or pool what comes before it to these dimensions.", data=data)


def _too_small_problem(failed: FailedLayer, found: TooSmall) -> Problem:
    message = (
        f"{_name(failed)} slides a window of {found.window} over {shape_text(failed.call.inputs[0].shape)}, "
        f"which is only {found.size} there: the input is too small for this stack of layers."
    )
    hint = "Use a larger input, more padding, or fewer layers that shrink it."
    return Problem("input-too-small", message, hint=hint, data={"size": found.size, "window": found.window})


def _single_value_problem(failed: FailedLayer) -> Problem:
    message = (
        f"{_name(failed)} is in train mode and gets one value per channel ({shape_text(failed.call.inputs[0].shape)}): "
        "there is no variance to normalise by."
    )
    hint = "Use a batch of at least 2 (`drop_last=True` in the DataLoader), or call `model.eval()`."
    return Problem("batch-of-one", message, hint=hint)


def _index_problem(failed: FailedLayer) -> Optional[Problem]:
    rows = failed.settings.get("num_embeddings")
    if not failed.layer.startswith("Embedding") or failed.index_range is None or not isinstance(rows, int):
        return None
    low, high = failed.index_range
    if low >= 0 and high < rows:
        return None
    wrong = high if high >= rows else low
    message = f"{_name(failed)} has {rows} rows (num_embeddings={rows}), but index {wrong} arrives."
    fix = Fix(
        "set_argument",
        f"Set `num_embeddings={high + 1}` of {_name(failed)}{_where(failed)}.",
        module=failed.call.module,
        argument="num_embeddings",
        value=high + 1,
    )
    hint = (
        f"Set `num_embeddings={high + 1}`{_where(failed)}, or correct the indices."
        if low >= 0
        else "Indices start at 0: correct the input."
    )
    return Problem(
        "index-out-of-range", message, hint=hint, fixes=(fix,) if low >= 0 else (), data={"rows": rows, "index": wrong}
    )


def _dtype_problem(failed: FailedLayer) -> Optional[Problem]:
    got = failed.call.inputs[0].dtype
    if failed.layer.startswith("Embedding"):
        wanted, convert = ("int64", "x.long()") if got not in ("int64", "int32") else (got, "")
    elif failed.weight is not None and failed.weight.dtype in _FLOATS and got in (*_FLOATS, *_INTS, "bool"):
        wanted = failed.weight.dtype
        convert = {"float32": "x.float()", "float64": "x.double()", "float16": "x.half()"}.get(wanted, f"x.to(torch.{wanted})")
    else:
        return None
    if wanted == got:
        return None
    numbers = "indices" if failed.layer.startswith("Embedding") else "weights"
    message = f"{_name(failed)} has {wanted} {numbers}, but gets a {got} input {shape_text(failed.call.inputs[0].shape)}."
    if numbers == "indices":
        message = f"{_name(failed)} looks up integer indices, but gets a {got} input {shape_text(failed.call.inputs[0].shape)}."
    hint = f"Convert the input: `{convert}`" + (" (numpy arrays are float64 by default)." if got == "float64" else ".")
    return Problem(
        "dtype-mismatch",
        message,
        hint=hint,
        fixes=(Fix("change_input", hint, value={"dtype": wanted}),),
        data={"expected": wanted, "got": got},
    )


def _device_problem(failed: FailedLayer) -> Optional[Problem]:
    got = failed.call.inputs[0].device
    if failed.weight is None or failed.weight.device == got:
        return None
    message = f"{_name(failed)} is on {failed.weight.device}, but its input is on {got}."
    hint = f"Move one of them: `x.to('{failed.weight.device}')`. {PLAIN_TENSOR_HINT}"
    return Problem("device-mismatch", message, hint=hint, data={"expected": failed.weight.device, "got": got})


def _rnn_state(failed: FailedLayer) -> Optional[Problem]:
    hidden, layers = failed.settings.get("hidden_size"), failed.settings.get("num_layers")
    if (
        failed.layer not in ("RNN", "LSTM", "GRU")
        or len(failed.call.inputs) < 2
        or not isinstance(hidden, int)
        or not isinstance(layers, int)
    ):
        return None
    shape, state = failed.call.inputs[0].shape, failed.call.inputs[1]
    if len(shape) != 3 or shape[-1] != failed.settings.get("input_size"):
        return None
    batch = shape[0] if failed.settings.get("batch_first") else shape[1]
    wanted = (layers * (2 if failed.settings.get("bidirectional") else 1), batch, hidden)
    if state.shape == wanted:
        return None
    message = (
        f"The initial state of {_name(failed)} is {shape_text(state.shape)}, but for this input it must be "
        f"{shape_text(wanted)} (layers x directions, batch, hidden)."
    )
    axis = "x.size(0)" if failed.settings.get("batch_first") else "x.size(1)"
    return Problem(
        "rnn-state-shape",
        message,
        hint=f"Make the state from the input's batch size, `{axis}`.",
        data={"expected": list(wanted), "got": list(state.shape)},
    )


def _name(failed: FailedLayer) -> str:
    return f"`{failed.call.module or failed.call.class_name}` ({failed.layer})" if failed.call.module else f"The {failed.layer}"


def _where(failed: FailedLayer) -> str:
    return at_line(failed.defined_at, failed.call.file)
