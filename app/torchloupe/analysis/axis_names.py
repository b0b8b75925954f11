"""What the axes of a tensor are - batch, channels, tokens - where the layer that it goes through says so. What is not sure has no name.

A layer names the axes of what goes in and comes out by its class and the rank. Other tensors of the run get those names when they
have the same shape, or at the same end a size that never meant anything else.
"""

import re
from typing import Callable, Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall
from .wording import shape_text

BATCH, CHANNELS, FEATURES, TOKENS, STEPS = "batch", "channels", "features", "tokens", "steps"
HEADS, QUERIES, KEYS, LAYERS = "heads", "queries", "keys", "layers"
Axes = Tuple[str, ...]
"""A name for each axis; empty where it is not known."""
_SPACE: Dict[int, Axes] = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_SPATIAL = re.compile(
    r"(?:Lazy)?(?:Conv|ConvTranspose|BatchNorm|InstanceNorm|Dropout|(?:Adaptive|Fractional)?(?:Avg|Max|LP)Pool|MaxUnpool"
    r"|\w+Pad|Upsampling(?:Nearest|Bilinear))([123])d"
)
_LINEAR = ("Linear", "LazyLinear", "NonDynamicallyQuantizableLinear", "Conv1D")
_RECURRENT, _CELLS = ("LSTM", "GRU", "RNN"), ("LSTMCell", "GRUCell", "RNNCell")
_WEIGHTS = re.compile(r"\[\d+\]|\.\w*att(?:ention|n)\w*")


def named_shape_text(shape: Sequence[int], axes: Axes) -> str:
    """``[batch 2, channels 64, 14, 14]``."""
    if not any(axes):
        return shape_text(shape)
    sizes = [str(size) if size >= 0 else "?" for size in shape]
    return "[" + ", ".join(f"{name} {size}".strip() for name, size in zip(axes, sizes)) + "]"


class AxisNames:
    """Names for the tensors of one run. ``settings`` are how its modules were built, by their paths, as they print themselves."""

    def __init__(self, calls: Collection[LayerCall], settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._shapes: Dict[Tuple[Tuple[int, ...], bool], List[Set[str]]] = {}
        self._sizes: Dict[int, Set[str]] = {}
        self._batch: Optional[int] = None
        different = _different(calls, settings)
        root = next((call for call in different if not call.module and call.inputs), None)
        if root is not None and len(root.inputs[0].shape) > 1:
            self._batch = root.inputs[0].shape[0]
        for call in different:
            for tensors, named in zip((call.inputs, call.outputs), self._by_class(call)):
                for meta, axes in zip(tensors, named):
                    self._learn(meta, axes)

    def inputs(self, call: LayerCall) -> Tuple[Axes, ...]:
        """The axes of each input."""
        named = self._by_class(call)[0]
        return tuple([self.of(meta, axes) for meta, axes in zip(call.inputs, named)])

    def outputs(self, call: LayerCall) -> Tuple[Axes, ...]:
        """The axes of each output."""
        named = self._by_class(call)[1]
        return tuple([self.of(meta, axes) for meta, axes in zip(call.outputs, named)])

    def of(self, tensor: TensorMeta, axes: Axes = ()) -> Axes:
        """The axes of any tensor of the run; ``axes`` are those that are known of it."""
        shape = tensor.shape
        same = self._shapes.get((shape, _counts(tensor)), ())
        found = list(axes) if len(axes) == len(shape) else [""] * len(shape)
        for number, meanings in enumerate(same):
            if not found[number] and len(meanings) == 1:
                found[number] = next(iter(meanings))
        for number, size in enumerate(shape):
            name = next(iter(self._sizes.get(size, ()))) if len(self._sizes.get(size, ())) == 1 else ""
            if not found[number] and name not in found and size > 1 and _may_stand(name, number, len(shape)):
                found[number] = name
        return tuple(found)

    def _learn(self, tensor: TensorMeta, axes: Axes) -> None:
        known = self._shapes.setdefault((tensor.shape, _counts(tensor)), [set() for _ in tensor.shape])
        for name, size, meanings in zip(axes, tensor.shape, known):
            if name:
                meanings.add(name)
                self._sizes.setdefault(size, set()).add(TOKENS if name in (QUERIES, KEYS) else name)

    def _by_class(self, call: LayerCall) -> Tuple[List[Axes], List[Axes]]:
        """What the class says, as far as the sizes agree with what the batch is."""
        name_them = _rule(call.class_name)
        both = name_them(call, self._settings.get(call.module, "")) if name_them is not None else ([], [])
        return self._checked(call.inputs, both[0]), self._checked(call.outputs, both[1])

    def _checked(self, tensors: Sequence[TensorMeta], named: Sequence[Axes]) -> List[Axes]:
        checked = []
        for number, tensor in enumerate(tensors):
            axes = named[number] if number < len(named) and len(named[number]) == len(tensor.shape) else ("",) * len(tensor.shape)
            wrong = self._batch is not None and BATCH in axes and tensor.shape[axes.index(BATCH)] != self._batch
            checked.append(tuple("" if wrong and name == BATCH else name for name in axes))
        return checked


def _different(calls: Collection[LayerCall], settings: Mapping[str, str]) -> Iterable[LayerCall]:
    """One of those that are built alike, and given and give the same."""
    # Of a hundred thousand calls, which a loop makes in seconds, nearly all hold the very same objects: those are never compared.
    distinct = {(call.module, id(call.inputs), id(call.outputs)): call for call in calls}.values()
    return {(call.class_name, settings.get(call.module, ""), call.inputs, call.outputs): call for call in distinct}.values()


def _counts(tensor: TensorMeta) -> bool:
    """Whether it holds numbers of things (tokens, classes) and no measurements: of one shape they are often different things."""
    return "float" not in tensor.dtype and "complex" not in tensor.dtype


def _may_stand(name: str, axis: int, rank: int) -> bool:
    """Whether a size alone is enough for a name there."""
    if name == BATCH:
        return axis == 0 and rank > 1
    if name == FEATURES:
        return axis == rank - 1 and rank > 1
    return name in (TOKENS, STEPS) and axis < rank - 1


# What the classes say


_Named = Tuple[List[Axes], List[Axes]]
_Rule = Callable[[LayerCall, str], _Named]


def _rule(class_name: str) -> Optional[_Rule]:
    if class_name in ("BatchNorm1d", "LazyBatchNorm1d"):  # it knows no single samples
        return _every_tensor({3: _layouts(1)[3], 2: (BATCH, CHANNELS)})
    spatial = _SPATIAL.fullmatch(class_name)
    if spatial is not None:
        return _every_tensor(_layouts(int(spatial.group(1))))
    if class_name in ("PixelShuffle", "PixelUnshuffle", "Upsample", "ChannelShuffle"):
        return _every_tensor({4: _layouts(2)[4]})
    if class_name == "GroupNorm":
        return _every_tensor({rank: (BATCH, CHANNELS, *[""] * (rank - 2)) for rank in range(2, 6)})
    if class_name in _LINEAR:
        return _first_tensors({1: (FEATURES,), 2: (BATCH, FEATURES), 3: (BATCH, TOKENS, FEATURES), 4: ("", "", "", FEATURES)})
    if class_name in ("LayerNorm", "RMSNorm") or class_name.endswith("RMSNorm"):
        return _normalised
    if class_name in _CELLS:
        return _every_tensor({1: (FEATURES,), 2: (BATCH, FEATURES)})
    if class_name == "MultiheadAttention":
        return _multihead_attention
    by_name = {"Embedding": _embedding, "EmbeddingBag": _embedding_bag, **dict.fromkeys(_RECURRENT, _recurrent)}
    return by_name.get(class_name) or (_attention if "Attention" in class_name else None)


def _layouts(dimensions: int) -> Dict[int, Axes]:
    whole = (BATCH, CHANNELS, *_SPACE[dimensions])
    return {len(whole): whole, len(whole) - 1: whole[1:]}


def _every_tensor(by_rank: Dict[int, Axes]) -> _Rule:
    def name(call: LayerCall, _settings: str) -> _Named:
        return _by_rank(call.inputs, by_rank), _by_rank(call.outputs, by_rank)

    return name


def _first_tensors(by_rank: Dict[int, Axes]) -> _Rule:
    def name(call: LayerCall, _settings: str) -> _Named:
        return _by_rank(call.inputs[:1], by_rank), _by_rank(call.outputs[:1], by_rank)

    return name


def _by_rank(tensors: Iterable[TensorMeta], by_rank: Dict[int, Axes]) -> List[Axes]:
    return [by_rank.get(len(tensor.shape), ()) for tensor in tensors]


def _normalised(call: LayerCall, settings: str) -> _Named:
    """Over the last axis; over several it does not say which these are."""
    if re.match(r"\(\d+, *\d", settings):
        return [], []
    axes = [("",) * (len(tensor.shape) - 1) + (FEATURES,) for tensor in (*call.inputs[:1], *call.outputs[:1]) if tensor.shape]
    return axes[:1], axes[1:2]


def _embedding(call: LayerCall, _settings: str) -> _Named:
    given = [{1: (TOKENS,), 2: (BATCH, TOKENS)}.get(len(each.shape), ("",) * len(each.shape)) for each in call.inputs[:1]]
    return list(given), [(*axes, FEATURES) for axes in given]


def _embedding_bag(call: LayerCall, _settings: str) -> _Named:
    return [], _by_rank(call.outputs[:1], {2: (BATCH, FEATURES)})


def _recurrent(call: LayerCall, settings: str) -> _Named:
    """The sequence, then the states of its layers."""
    rank_three = (BATCH, STEPS, FEATURES) if "batch_first=True" in settings else (STEPS, BATCH, FEATURES)
    is_packed = any(each.name.endswith(".batch_sizes") for each in call.inputs)
    sequence = {2: ("", FEATURES)} if is_packed else {3: rank_three, 2: (STEPS, FEATURES)}
    is_batched = is_packed or any(len(each.shape) == 3 for each in call.inputs[:1])
    states = {3: (LAYERS, BATCH, FEATURES)} if is_batched else {2: (LAYERS, FEATURES)}

    def name(tensors: Sequence[TensorMeta]) -> List[Axes]:
        data = [number for number, each in enumerate(tensors) if each.name.endswith(".data")] if is_packed else [0]
        return [
            sequence.get(len(each.shape), ()) if number in data else states.get(len(each.shape), ())
            for number, each in enumerate(tensors)
        ]

    return name(call.inputs), name(call.outputs)


def _multihead_attention(call: LayerCall, _settings: str) -> _Named:
    """Whether the batch comes first shows in its weights, when they are given out and no square."""
    weights = call.outputs[1] if len(call.outputs) > 1 else None
    query = call.inputs[0].shape if call.inputs else ()
    axes: Axes = ("", "", FEATURES) if len(query) == 3 else (TOKENS, FEATURES)
    named_weights: Axes = ()
    if weights is not None:
        batched: Dict[int, Axes] = {3: (BATCH, QUERIES, KEYS), 4: (BATCH, HEADS, QUERIES, KEYS)}
        alone: Dict[int, Axes] = {2: (QUERIES, KEYS), 3: (HEADS, QUERIES, KEYS)}
        named_weights = (batched if len(query) == 3 else alone).get(len(weights.shape), ())
    if weights is not None and len(query) == 3 and named_weights and query[0] != query[1]:
        first = {weights.shape[0]: BATCH, weights.shape[-2]: TOKENS}
        axes = (first.get(query[0], ""), first.get(query[1], ""), FEATURES)
    return [axes] * 3, [axes, named_weights]


def _attention(call: LayerCall, _settings: str) -> _Named:
    """Of a class of the user's: weights are what has a row of keys for every query of every head."""
    given = call.inputs[0].shape if call.inputs else ()
    named: List[Axes] = [()]
    for tensor in call.outputs[1:]:
        is_square = len(given) == 3 and len(tensor.shape) == 4 and (tensor.shape[0], *tensor.shape[2:]) == (*given[:2], given[1])
        named.append((BATCH, HEADS, QUERIES, KEYS) if is_square and _WEIGHTS.fullmatch(tensor.name) else ())
    return [], named
