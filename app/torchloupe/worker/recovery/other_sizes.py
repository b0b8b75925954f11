"""The same input with one dimension of another size, one after the other: what changes with it depends on the input."""

from itertools import islice
from typing import Iterator

import torch

from ..input_values import SampleInput
from ..nested import map_tensors, tensors_in

_MOST = 8


def other_sizes(given: SampleInput) -> Iterator[SampleInput]:
    """``given`` with a dimension of its tensors longer by half, in all tensors that have this size there; batches stay."""
    shapes = [tuple(tensor.shape) for _, tensor in tensors_in((given.positional, given.keywords))]
    places = dict.fromkeys((axis, size) for shape in shapes for axis, size in enumerate(shape) if axis)
    for axis, size in islice(places, _MOST):

        def longer(tensor: torch.Tensor, axis: int = axis, size: int = size) -> torch.Tensor:
            if tensor.dim() <= axis or tensor.shape[axis] != size:
                return tensor
            return torch.cat([tensor, tensor.narrow(axis, 0, (size + 1) // 2)], axis)

        yield SampleInput(map_tensors(given.positional, longer), map_tensors(given.keywords, longer), given.source)
