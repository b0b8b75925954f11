"""Where the elements of a tensor lie: in one run, or in pieces that are copied one at a time."""

from functools import lru_cache
from typing import Iterator, Optional, Tuple

import torch

from ..torch_compat import is_lazy, without_torch_function
from .moments import CHUNK

PLAIN = (torch.Tensor, torch.nn.Parameter)


def why_uncountable(tensor: torch.Tensor) -> Optional[str]:
    """Why a tensor has no statistics, as the end of a sentence that begins with "it"; None when it has."""
    if is_lazy(tensor):
        return "has no shape yet"
    if tensor.device.type == "meta" or type(tensor).__name__ == "FakeTensor":
        return "has a shape but no values"
    if tensor.is_complex():
        return "is complex, and complex numbers have no order"
    if tensor.layout is not torch.strided or tensor.is_nested:
        return f"is not dense ({str(tensor.layout).replace('torch.', '')})"
    if tensor.numel() == 0:
        return "is empty"
    if not (tensor.is_quantized or _is_number(tensor.dtype)):
        return f"is of {str(tensor.dtype).replace('torch.', '')}, which torch cannot turn into numbers"
    return None if _has_memory(tensor) or not tensor.is_cpu else "stands for others and has no memory of its own"


def _has_memory(tensor: torch.Tensor) -> bool:
    try:
        return tensor.data_ptr() != 0
    except RuntimeError:  # what ``vmap`` and the like show to a model
        return False


@lru_cache(maxsize=None)
def _is_number(dtype: torch.dtype) -> bool:
    try:
        torch.empty(1, dtype=dtype, device="cpu").double()
    except (RuntimeError, TypeError):  # bits, and numbers of which several share a byte
        return False
    return True


def values_of(tensor: torch.Tensor) -> Optional[torch.Tensor]:
    """The tensor as a plain one with values to count; None when it has none."""
    with without_torch_function():
        if why_uncountable(tensor) is not None:
            return None
        values = tensor.detach()
        if values.is_neg():
            values = values.resolve_neg()
        return values.dequantize() if values.is_quantized else values


def is_simple(tensor: torch.Tensor) -> bool:
    """Whether the elements of a plain tensor can be read from memory in one run just as they lie there."""
    return (
        tensor.is_cpu and tensor.layout is torch.strided and not tensor.is_neg() and (tensor.is_contiguous() or is_dense(tensor))
    )


def is_dense(tensor: torch.Tensor) -> bool:
    """Whether the elements fill one run of memory, in whatever order."""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def in_one_run(tensor: torch.Tensor) -> torch.Tensor:
    """A dense tensor as one dimension, in the order of memory."""
    return tensor.as_strided((tensor.numel(),), (1,))


def without_repeats(tensor: torch.Tensor) -> Tuple[torch.Tensor, int]:
    """What an expanded tensor was expanded from, and how often each of its elements stands in it."""
    times = 1
    for dimension, (stride, size) in enumerate(zip(tensor.stride(), tensor.shape)):
        if stride == 0 and size > 1:
            tensor = tensor.narrow(dimension, 0, 1)
            times *= size
    return tensor, times


def pieces_of(tensor: torch.Tensor, most: int = CHUNK) -> Iterator[torch.Tensor]:
    """All elements in contiguous pieces of one dimension; of what does not lie in one run only a piece at a time is copied."""
    if is_dense(tensor):
        yield from torch.split(in_one_run(tensor), most)
        return
    strides = tensor.stride()
    order = sorted(range(tensor.dim()), key=lambda dimension: -strides[dimension])
    yield from _walked(tensor.permute(order), most)


def _walked(tensor: torch.Tensor, most: int) -> Iterator[torch.Tensor]:
    inner = tensor.numel() // max(len(tensor), 1)
    if inner > most:
        for part in tensor:
            yield from _walked(part, most)
    else:
        for part in torch.split(tensor, most // max(inner, 1)):
            yield part.reshape(-1).contiguous()
