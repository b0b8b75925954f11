"""Statistics of a tensor's values: exact over the whole of it, each part read from memory once and never copied as a whole.

``tensor_stats`` is the face; ``DeferredStats`` the same for a device that must not be waited for; ``one_tensor.py`` looks closer.
C and torch are two ways to the same numbers (``ways.py`` chooses once per process). numpy is no faster than what ``torch_way.py``
does, and may be absent.
"""

from typing import Optional, Union

import torch

from ...wire.tensors import TensorStats
from .deferred import DeferredStats
from .elements import values_of, why_uncountable
from .moments import BINS, CHUNK, HISTOGRAM_LIMIT, SAMPLE
from .native_way import LARGE, Measured, NativeWay
from .one_tensor import Channels, per_channel, percentiles
from .ways import Way, chosen_way, in_pieces

__all__ = [
    "BINS",
    "CHUNK",
    "HISTOGRAM_LIMIT",
    "LARGE",
    "SAMPLE",
    "Channels",
    "DeferredStats",
    "Measured",
    "NativeWay",
    "chosen_way",
    "deferred_stats",
    "measure",
    "per_channel",
    "percentiles",
    "tensor_stats",
    "why_uncountable",
]


def tensor_stats(tensor: torch.Tensor, way: Optional[Way] = None) -> Optional[TensorStats]:
    """The statistics of a real tensor; None when it has no values that can be counted, and ``why_uncountable`` says why."""
    measured = measure(tensor, way)
    return measured.stats() if isinstance(measured, Measured) else measured


def measure(tensor: torch.Tensor, way: Optional[Way] = None) -> Union[TensorStats, Measured, None]:
    """The same for somebody in a hurry: what is ``Measured`` has its statistics when there is time to make them."""
    way = way or chosen_way()
    if isinstance(way, NativeWay):
        measured = way.measure(tensor)
        if measured is not None:
            return measured
    values = values_of(tensor)
    return None if values is None else in_pieces(values, way)


def deferred_stats() -> DeferredStats:
    """Takes tensors of any device; those on the CPU are measured as ``tensor_stats`` does."""
    return DeferredStats(tensor_stats)
