"""Statistics of what flows, each tensor measured once: a container returns what its last part returned, a view is the same values."""

from typing import Any, List, Optional, Tuple

import torch

from ..wire.tensors import TensorStats
from .statistics import tensor_stats


class MeasuredOnce:
    """The statistics of tensors as they come out of layers. The last one that was measured is held: no other can have its memory."""

    def __init__(self) -> None:
        self._last: Optional[torch.Tensor] = None
        self._identity: Any = None
        self._stats: Optional[TensorStats] = None

    def of(self, tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[Optional[TensorStats], ...]:
        """One for each, None where there is nothing to count."""
        return tuple([self.one(tensor) for _, tensor in tensors])

    def one(self, tensor: torch.Tensor) -> Optional[TensorStats]:
        """The statistics, or None for a tensor that cannot be counted here: looking must never be what fails."""
        try:
            identity = _identity(tensor)
            if identity is not None and identity == self._identity:
                return self._stats
            stats = tensor_stats(tensor)
        except Exception:
            return None
        if identity is not None:
            self._last, self._identity, self._stats = tensor, identity, stats
        return stats

    def forget(self) -> None:
        """Hold no tensor any more."""
        self._last = self._identity = self._stats = None


def _identity(tensor: torch.Tensor) -> Any:
    """What two tensors with the same values in the same memory have in common; None where that cannot be told."""
    if not tensor.is_contiguous():
        return None
    return tensor.data_ptr(), tensor.numel(), tensor.dtype, tensor._version
