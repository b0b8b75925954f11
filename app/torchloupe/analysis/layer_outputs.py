"""The shapes that a layer gives for an input of a shape, whatever its width: from its settings, as torch's documentation says."""

from typing import Any, Callable, Dict, List, Optional, Tuple

Shape = Tuple[int, ...]
Settings = Dict[str, Any]


def output_shapes(layer: str, settings: Settings, shape: Shape) -> Optional[List[Shape]]:
    """Of a torch.nn class by its name: its output, then its states (as many as it gives). None for layers of other kinds.

    ``settings`` are its attributes. The size that does not fit is not looked at.
    """
    given = next((given for start, given in _GIVEN.items() if layer.startswith(start)), None)
    try:
        shapes = given(layer, settings, shape) if given is not None else None
    except (KeyError, IndexError, TypeError):
        return None
    return shapes if shapes is not None and all(size >= 0 for each in shapes for size in each) else None


def _linear(_layer: str, settings: Settings, shape: Shape) -> List[Shape]:
    return [(*shape[:-1], settings["out_features"])]


def _convolution(layer: str, settings: Settings, shape: Shape) -> Optional[List[Shape]]:
    dims = int(layer[-2])
    if len(shape) <= dims:
        return None
    sizes = [_after(layer, settings, axis, size) for axis, size in enumerate(shape[len(shape) - dims :])]
    return [(*shape[: len(shape) - dims - 1], settings["out_channels"], *sizes)]


def _after(layer: str, settings: Settings, axis: int, size: int) -> int:
    """One side of a map: Dumoulin and Visin, A guide to convolution arithmetic."""
    window = settings["dilation"][axis] * (settings["kernel_size"][axis] - 1) + 1
    stride, padding = settings["stride"][axis], settings["padding"]
    if padding == "same":
        return size
    around = 0 if padding == "valid" else 2 * padding[axis]
    if "Transpose" in layer:
        return int((size - 1) * stride - around + window + settings["output_padding"][axis])
    return int((size + around - window) // stride + 1)


def _recurrent(layer: str, settings: Settings, shape: Shape) -> List[Shape]:
    hidden, directions = settings["hidden_size"], 2 if settings["bidirectional"] else 1
    given = settings.get("proj_size") or hidden
    batch = () if len(shape) == 2 else (shape[0] if settings["batch_first"] else shape[1],)
    output, layers = (*shape[:-1], given * directions), settings["num_layers"] * directions
    states = [(layers, *batch, given), (layers, *batch, hidden)]
    return [output, *(states if layer == "LSTM" else states[:1])]


def _cell(layer: str, settings: Settings, shape: Shape) -> List[Shape]:
    return [(*shape[:-1], settings["hidden_size"])] * (2 if layer == "LSTMCell" else 1)


_GIVEN: Dict[str, Callable[[str, Settings, Shape], Optional[List[Shape]]]] = {
    "Linear": _linear,
    "Bilinear": _linear,
    "Conv": _convolution,
    **dict.fromkeys(("LSTMCell", "GRUCell", "RNNCell"), _cell),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
}
