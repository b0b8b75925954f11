"""Are two results the same, apart from the rounding that another order of additions brings?"""

from typing import Any

import torch

_PART_OF_LARGEST = 1e-3
_PART_IN_HALF = 3e-2


def differ(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether they differ by more than rounding."""
    in_half = one.dtype in (torch.float16, torch.bfloat16)
    return difference(one, other) > (_PART_IN_HALF if in_half else _PART_OF_LARGEST)


def difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference, as a part of the largest value; infinite for other shapes. NaN counts as zero."""
    if one.shape != other.shape:
        return float("inf")
    if not one.numel() or one.layout is not torch.strided or one.is_quantized:
        return 0.0
    mine, theirs = _numbers(one), _numbers(other)
    largest, apart = float(mine.abs().max()), float((mine - theirs).abs().max())
    return apart / largest if largest else float(apart > 0)


def _numbers(tensor: torch.Tensor) -> Any:
    real = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    return torch.nan_to_num(real.detach().double())
