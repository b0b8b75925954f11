"""What each torch layer was built for, and whether what arrived fits: from its settings and shapes, never from an error's text."""

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

Shape = Tuple[int, ...]


@dataclass(frozen=True)
class SizeMismatch:
    """One axis of an input has another size than the layer was built for.

    ``axis`` counts from the end when negative; ``argument`` is the constructor argument that holds ``wanted`` (None when the size
    does not stand in one argument alone); ``wording`` names the quantity ("features", "channels").
    """

    argument: Optional[str]
    wanted: int
    got: int
    axis: int
    wording: str


@dataclass(frozen=True)
class RankMismatch:
    """An input has another number of dimensions than the layer takes: ``names`` says what they mean."""

    wanted: Tuple[int, ...]
    got: int
    names: str


@dataclass(frozen=True)
class TooSmall:
    """A window (kernel) does not fit into the input: ``size`` with padding is below ``window``."""

    size: int
    window: int


@dataclass(frozen=True)
class SingleValue:
    """Batch statistics in train mode over one value per channel."""


Finding = Any
Settings = Dict[str, Any]

_CONV_DIMS = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3, "ConvTranspose1d": 1, "ConvTranspose2d": 2, "ConvTranspose3d": 3}
_NORM_RANKS = {"BatchNorm1d": (2, 3), "BatchNorm2d": (4,), "BatchNorm3d": (5,)}
_AXES = {1: "batch, channels, length", 2: "batch, channels, height, width", 3: "batch, channels, depth, height, width"}


def check_layer(layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    """What does not fit when ``layer`` (a torch.nn class name) with ``settings`` gets a first input of ``shape``; None if it fits."""
    check = _CHECKS.get(layer)
    return check(layer, settings, shape) if check else None


def _linear(_layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    if not shape:
        return RankMismatch((1, 2), 0, "..., features")
    return _size("in_features", settings, shape, -1, "features")


def _conv(layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    dims = _CONV_DIMS[layer]
    if len(shape) not in (dims + 1, dims + 2):
        return RankMismatch((dims + 2,), len(shape), _AXES[dims])
    axis = len(shape) - dims - 1
    return _size("in_channels", settings, shape, axis, "channels") or (
        None if "Transpose" in layer else _window(settings, shape[axis + 1 :])
    )


def _batch_norm(layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    ranks = _NORM_RANKS[layer]
    if len(shape) not in ranks:
        return RankMismatch(ranks, len(shape), _AXES[max(ranks) - 2])
    wrong = _size("num_features", settings, shape, 1, "channels")
    if wrong is None and settings.get("training") and _numel(shape) == shape[1]:
        return SingleValue()
    return wrong


def _group_norm(_layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    return (
        _size("num_channels", settings, shape, 1, "channels")
        if len(shape) > 1
        else RankMismatch((2,), len(shape), "batch, channels, ...")
    )


def _layer_norm(_layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    wanted = tuple(settings.get("normalized_shape", ()))
    if len(shape) < len(wanted):
        return RankMismatch((len(wanted) + 1,), len(shape), "batch, ..., features")
    for position in range(-1, -len(wanted) - 1, -1):
        if shape[position] != wanted[position]:
            return SizeMismatch("normalized_shape", wanted[position], shape[position], position, "features")
    return None


def _rnn(_layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    if len(shape) not in (2, 3):
        names = "batch, time, features" if settings.get("batch_first") else "time, batch, features"
        return RankMismatch((3,), len(shape), names)
    return _size("input_size", settings, shape, -1, "features")


def _attention(_layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    if len(shape) not in (2, 3):
        return RankMismatch((3,), len(shape), "tokens, batch, features")
    return _size("embed_dim", settings, shape, -1, "features")


def _pool(layer: str, settings: Settings, shape: Shape) -> Optional[Finding]:
    dims = int(layer[-2])
    if len(shape) not in (dims + 1, dims + 2):
        return RankMismatch((dims + 2,), len(shape), _AXES[dims])
    return _window(settings, shape[-dims:])


def _size(argument: str, settings: Settings, shape: Shape, axis: int, wording: str) -> Optional[SizeMismatch]:
    wanted = settings.get(argument)
    if not isinstance(wanted, int) or shape[axis] == wanted:
        return None
    return SizeMismatch(argument, wanted, shape[axis], axis, wording)


def _window(settings: Settings, spatial: Shape) -> Optional[TooSmall]:
    """Dumoulin and Visin, A guide to convolution arithmetic: floor((size + 2 p - d (k - 1) - 1) / s) + 1 must be positive."""
    if isinstance(settings.get("padding"), str):
        return None
    for axis, size in enumerate(spatial):
        kernel, padding, dilation = (_per_axis(settings.get(name), axis) for name in ("kernel_size", "padding", "dilation"))
        if kernel is None:
            continue
        padded, window = size + 2 * (padding or 0), (dilation or 1) * (kernel - 1) + 1
        if padded < window:
            return TooSmall(padded, window)
    return None


def _per_axis(value: Any, axis: int) -> Optional[int]:
    if isinstance(value, int):
        return value
    if isinstance(value, (list, tuple)) and axis < len(value) and isinstance(value[axis], int):
        return int(value[axis])
    return None


def _numel(shape: Shape) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


_CHECKS: Dict[str, Callable[[str, Settings, Shape], Optional[Finding]]] = {
    "Linear": _linear,
    "Bilinear": lambda _layer, settings, shape: _size("in1_features", settings, shape, -1, "features"),
    **dict.fromkeys(_CONV_DIMS, _conv),
    **dict.fromkeys(_NORM_RANKS, _batch_norm),
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _layer_norm,
    **dict.fromkeys(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"), _rnn),
    "MultiheadAttention": _attention,
    **dict.fromkeys(("MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d"), _pool),
}

LAYER_SETTINGS = (
    "in_features",
    "out_features",
    "in1_features",
    "in2_features",
    "in_channels",
    "out_channels",
    "num_features",
    "num_channels",
    "num_groups",
    "normalized_shape",
    "input_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "batch_first",
    "embed_dim",
    "num_heads",
    "num_embeddings",
    "embedding_dim",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
)
"""The attributes of torch layers that the checks read."""
