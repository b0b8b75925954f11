"""What autograd keeps for the backward pass, read from its graph after the pass: nothing is hooked in while the model runs."""

from bisect import bisect_left
from functools import lru_cache
from itertools import accumulate
from typing import Any, Dict, Iterator, Set, Tuple

import torch
from torch import nn

from .autograd_graph import AutogradGraph
from .module_tree import tensors_of

_SAVED = "_saved_"


def kept_bytes(model: nn.Module, graph: AutogradGraph, nodes: Dict[int, Tuple[int, int]], calls: int) -> Tuple[int, ...]:
    """By call: the bytes that its part of the graph keeps and that no earlier part kept; parameters are not counted.

    ``nodes`` says of each call which of autograd's nodes, by number, were made in it. Empty where nothing is kept, or too much to
    be looked at.
    """
    if not nodes or not graph.nodes or not graph.complete:
        return ()
    own = {_memory(tensor) for tensor in tensors_of(model)}
    numbers, sizes = [], []
    for number, node in graph.nodes:
        numbers.append(number)
        sizes.append(_new_bytes(node, own))
    sums = [0, *accumulate(sizes)]
    kept = [0] * calls
    for index, (first, after) in nodes.items():
        if index < calls:
            kept[index] = sums[bisect_left(numbers, after)] - sums[bisect_left(numbers, first)]
    return tuple(kept)


def _new_bytes(node: Any, known: Set[Any]) -> int:
    """The bytes that a node keeps in memory that is not known yet."""
    total = 0
    for tensor in _kept_by(node):
        try:
            memory = _memory(tensor)
            if memory not in known:
                known.add(memory)
                total += tensor.untyped_storage().nbytes()
        except RuntimeError:  # without memory of its own: sparse, opaque
            continue
    return total


def _kept_by(node: Any) -> Iterator[torch.Tensor]:
    kind: Any = type(node)
    names = _saved_names(kind)
    if not names and hasattr(node, "saved_tensors"):  # a Function of the user's
        names = ("saved_tensors",)
    for name in names:
        try:
            value = getattr(node, name)
        except Exception:  # changed in place since, or freed: its place in memory cannot be asked for
            continue
        for each in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(each, torch.Tensor):
                yield each


@lru_cache(maxsize=None)
def _saved_names(kind: type) -> Tuple[str, ...]:
    return tuple(name for name in dir(kind) if name.startswith(_SAVED))


def _memory(tensor: torch.Tensor) -> Any:
    try:
        return tensor.untyped_storage()._cdata
    except RuntimeError:
        return None
