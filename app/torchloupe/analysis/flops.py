"""How many multiplications and additions the calls of a run made: from shapes alone, after it.

Counted as torch's own ``FlopCounterMode`` does: products of matrices, convolutions, attention; a multiplication and an addition are two.
Norms, activations and biases are left out.
"""

from collections import defaultdict
from math import prod
from typing import Callable, Dict, List, Sequence, Tuple

from ..wire.modules import ModuleTree
from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall, Operation

Shape = Tuple[int, ...]
_GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3, "RNN": 1, "RNNCell": 1}
_ATTENTION = "MultiheadAttention"


def flops_of(calls: Sequence[LayerCall], tree: ModuleTree, operations: Sequence[Operation] = ()) -> Dict[int, int]:
    """By the index of the call: its own and those of all that it called. Operations between the calls count where they were told."""
    weights: Dict[str, Dict[str, Shape]] = defaultdict(dict)
    for entry in tree.parameters:
        if entry.shape is not None:
            weights[entry.owner][entry.key.rpartition(".")[2]] = entry.shape
    flops = {call.index: _of_layer(call, weights.get(call.module, {})) for call in calls}
    for operation in operations:
        if operation.call in flops:
            flops[operation.call] += _of_operation(operation)
    for index, parent in _parents(calls):
        flops[parent] += flops[index]
    return flops


def _parents(calls: Sequence[LayerCall]) -> List[Tuple[int, int]]:
    """Each call with the one it is in, the innermost first."""
    found: List[Tuple[int, int]] = []
    open_calls: List[LayerCall] = []
    for call in sorted(calls, key=lambda call: call.index):
        while open_calls and open_calls[-1].depth >= call.depth:
            open_calls.pop()
        if open_calls:
            found.append((call.index, open_calls[-1].index))
        open_calls.append(call)
    return found[::-1]


def _of_layer(call: LayerCall, weights: Dict[str, Shape]) -> int:
    if not call.inputs or not call.outputs or not weights:
        return 0
    given, made = call.inputs[0].shape, call.outputs[0].shape
    if min((*given, *made), default=0) < 0:  # a nested tensor does not tell its ragged sizes
        return 0
    if call.class_name in _GATES:
        return _recurrent(given, weights, call.class_name.endswith("Cell"))
    if call.class_name == _ATTENTION and "in_proj_weight" in weights:
        return _multihead(call.inputs)
    weight = weights.get("weight", ())
    if len(weight) == 3 and call.class_name == "Bilinear":
        return 2 * prod(made) * (weight[1] * weight[2] + weight[2])
    if "ConvTranspose" in call.class_name:
        return 2 * prod(given) * prod(weight[1:])
    if len(weight) >= 3 and len(given) in (len(weight), len(weight) - 1):
        return 2 * prod(made) * prod(weight[1:])
    if len(weight) == 2 and given and made and _is_product(weight, given, made, call):
        return 2 * prod(made) * given[-1]
    return 0


def _is_product(weight: Shape, given: Shape, made: Shape, call: LayerCall) -> bool:
    """A layer that multiplies by its weight, however that lies; an embedding looks up."""
    return "Embedding" not in call.class_name and {given[-1], made[-1]} == set(weight) and given[:-1] == made[:-1]


def _recurrent(given: Shape, weights: Dict[str, Shape], is_cell: bool) -> int:
    rows = 1 if len(given) == 1 else prod(given[:-1])
    matrices = [shape for name, shape in weights.items() if name.startswith("weight") and len(shape) == 2]
    return 2 * (given[0] if is_cell and len(given) > 1 else rows) * sum(map(prod, matrices))


def _multihead(inputs: Sequence[TensorMeta]) -> int:
    """Three projections, products of all tokens with all, one projection. Its parts are not called one by one."""
    query, key = inputs[0].shape, inputs[min(1, len(inputs) - 1)].shape
    width = query[-1]
    several = len(query) == 3
    pairs = prod(query[:-1]) * prod(key[:-1])
    # Which of the first two is the batch does not matter for the projections; for the pairs it is what both have in common.
    batch = _common(query, key) if several else 1
    return 2 * (prod(query[:-1]) * 2 + prod(key[:-1]) * 2) * width * width + 4 * pairs // batch * width


def _common(query: Shape, key: Shape) -> int:
    same = [mine for mine, theirs in zip(query[:-1], key[:-1]) if mine == theirs]
    return max(1, min(same, default=1))


def _of_operation(operation: Operation) -> int:
    shapes = [meta.shape for meta in operation.inputs]
    if any(size < 0 for meta in (*operation.inputs, *operation.outputs) for size in meta.shape):
        return 0
    count = _OPERATIONS.get(operation.name.rpartition(".")[2] if "(" not in operation.name else "")
    if count is None and "@" in operation.name:
        count = _product
    made = operation.outputs[0].shape if operation.outputs else ()
    return count(shapes, made) if count is not None and len(shapes) >= 2 else 0


def _product(shapes: List[Shape], made: Shape) -> int:
    return 2 * prod(made) * shapes[0][-1] if shapes[0] else 0


def _added_product(shapes: List[Shape], made: Shape) -> int:
    return _product(shapes[1:], made)


def _attention(shapes: List[Shape], made: Shape) -> int:
    query, key = shapes[0], shapes[1]
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + made[-1]) if len(query) > 1 and len(key) > 1 else 0


def _convolution(shapes: List[Shape], made: Shape) -> int:
    return 2 * prod(made) * prod(shapes[1][1:])


def _transposed(shapes: List[Shape], _made: Shape) -> int:
    return 2 * prod(shapes[0]) * prod(shapes[1][1:])


_Count = Callable[[List[Shape], Shape], int]
_OPERATIONS: Dict[str, _Count] = {
    **dict.fromkeys(("matmul", "mm", "bmm", "linear", "mv"), _product),
    **dict.fromkeys(("addmm", "baddbmm"), _added_product),
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
}
