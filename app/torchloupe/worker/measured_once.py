"""Statistics of what flows, each tensor measured once: a container returns what its last part returned, a view is the same values, and a
shortcut hands on what was measured a few layers before."""

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union
from weakref import ref

import torch

from ..wire.tensors import TensorStats
from .statistics import LARGE, DeferredStats, Measured, NativeWay, chosen_way, deferred_stats, measure

Some = Union[TensorStats, Measured, None]
"""Statistics, or what they are made of later, or None where there is nothing to count."""


class MeasuredOnce:
    """The statistics of tensors as they come out of layers. The last one that was measured is held, and the last that was queued:
    no other can have its memory.

    Waiting for a device after each layer would take longer than the layers: what lies on one is queued there, and ``collect`` fetches
    all of it. ``at_once`` names the devices that are measured at once.
    """

    def __init__(self, at_once: Tuple[str, ...] = ("cpu", "meta")) -> None:
        self._at_once = at_once
        self._deferred: Optional[DeferredStats] = None
        self._last: Optional[torch.Tensor] = None
        self._identity: Any = None
        self._stats: Some = None
        self._queued: Optional[Tuple[Any, torch.Tensor, int]] = None
        self._seen: Dict[int, Tuple[Any, Any, Measured]] = {}
        way = chosen_way()
        self._native = way if isinstance(way, NativeWay) else None

    def of(self, tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[Optional[TensorStats], ...]:
        """One for each, None where there is nothing to count."""
        return made([self.one(tensor) for _, tensor in tensors])

    def one(self, tensor: torch.Tensor) -> Some:
        """What is counted of a tensor; None for one that cannot be counted here: looking must never be what fails."""
        try:
            identity = _identity(tensor)
            if identity is not None and identity == self._identity:
                return self._stats
            stats = measure(tensor)
        except Exception:
            return None
        if identity is not None:
            self._last, self._identity, self._stats = tensor, identity, stats
        return stats

    def one_run(self, tensor: torch.Tensor, dtype: torch.dtype, elements: int) -> Some:
        """The same of a plain tensor on the CPU that lies in memory as its shape says. Nearly all do: of them nothing is asked twice."""
        if self._native is None or tensor.is_inference() or tensor.is_neg():
            return self.one(tensor)
        try:
            address = tensor.data_ptr()
            identity = address, elements, dtype, tensor._version
            if identity == self._identity:
                return self._stats
            seen = self._seen.get(id(tensor))
            is_seen = seen is not None and seen[1] == identity and seen[0]() is tensor
            if seen is not None and is_seen and seen[2].is_glimpsed(address, elements * dtype.itemsize):
                return seen[2]
            stats: Some = self._native.measure_run(address, elements, dtype)
            if stats is None:
                stats = measure(tensor)
            elif elements >= LARGE and isinstance(stats, Measured):  # fewer are counted again as soon as they are remembered
                self._seen[id(tensor)] = ref(tensor), identity, stats
        except Exception:
            return None
        self._last, self._identity, self._stats = tensor, identity, stats
        return stats

    def queued(self, tensors: List[Tuple[str, torch.Tensor]]) -> Optional[List[int]]:
        """Their places in what ``collect`` gives, when any of them lies on a device; else None."""
        if all(tensor.device.type in self._at_once for _, tensor in tensors):
            return None
        if self._deferred is None:
            self._deferred = deferred_stats()
        return [self._queue(self._deferred, tensor) for _, tensor in tensors]

    def _queue(self, deferred: DeferredStats, tensor: torch.Tensor) -> int:
        try:
            identity = _identity(tensor)
            if self._queued is not None and identity is not None and identity == self._queued[0]:
                known = self._queued[1]  # a graph of the device gives new values in the same memory, and counts no change
                if tensor is known or tensor._base is known or (known._base is not None and known._base is tensor._base):
                    return self._queued[2]
            place = deferred.add(tensor)
        except Exception:  # looking must never be what fails
            return -1
        self._queued = identity, tensor, place
        return place

    def collect(self) -> List[Optional[TensorStats]]:
        """The statistics of all that was queued, and None at the end for what could not be; this waits for the devices."""
        self._queued = None
        return [*(self._deferred.collect() if self._deferred is not None else []), None]

    def forget(self) -> None:
        """Hold no tensor any more."""
        self._last = self._identity = self._stats = self._queued = None
        self._seen.clear()


def made(measured: Sequence[Some]) -> Tuple[Optional[TensorStats], ...]:
    """The statistics of each."""
    return tuple([each.stats() if isinstance(each, Measured) else each for each in measured])


def _identity(tensor: torch.Tensor) -> Any:
    """What two tensors with the same values in the same memory have in common; None where that cannot be told."""
    if not tensor.is_contiguous() or tensor.is_inference():  # which does not count its changes
        return None
    return tensor.data_ptr(), tensor.numel(), tensor.dtype, tensor._version
