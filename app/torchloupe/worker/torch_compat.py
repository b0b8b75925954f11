"""What differs between versions of torch, or is untyped in it, in one place."""

from typing import Any

import torch
from torch.nn import parameter as torch_parameter

_UNINITIALIZED: Any = vars(torch_parameter)["UninitializedTensorMixin"]


def is_lazy(tensor: torch.Tensor) -> bool:
    """Whether a parameter or buffer of a lazy module has no shape yet: asking for it would raise."""
    return isinstance(tensor, _UNINITIALIZED)


def cuda_is_initialized() -> bool:
    """Whether this process has touched the GPU; asking must not be what touches it."""
    check: Any = torch.cuda.is_initialized
    return torch.cuda.is_available() and bool(check())
