"""Which operations can turn a whole gradient into zeros, judged by name and by the values that went in and came out."""

from typing import Any, List

import torch

_RECTIFYING = ("relu", "relu6", "threshold", "hardtanh", "clamp_min", "rrelu", "hardswish")
_SQUASHING = ("sigmoid", "tanh", "hardsigmoid", "softmax", "softmin", "log_softmax", "softsign", "logsigmoid", "erf")
_STEPPING = ("round", "floor", "ceil", "sign", "trunc", "heaviside", "clamp", "clip", "sgn")
_NORMALISING = ("softmax", "softmin", "log_softmax")
_SCALING = ("*", "mul", "multiply")


def zero_kind(name: str, operands: List[torch.Tensor], results: List[torch.Tensor], words: Any) -> str:
    """The reason of the catalogue that an operation stands for if its backward gives zeros only; empty for one that has none of its own.

    ``words`` are its arguments, positional ones and keywords.
    """
    if name in _NORMALISING and _alone_in_its_row(results, words):
        return "softmax-single-logit"
    if name == "cross_entropy" and operands and operands[0].dim() > 1 and operands[0].shape[1] == 1:
        return "softmax-single-logit"
    if name in _RECTIFYING:
        return "dead-relu"
    if name in _SQUASHING:
        return "saturated"
    if name in _STEPPING:
        return "zero-gradient-op"
    if name in _SCALING and _by_nothing(operands, words):
        return "zero-loss-weight"
    return ""


def _alone_in_its_row(results: List[torch.Tensor], words: Any) -> bool:
    args, kwargs = words
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    result = results[0] if results else None
    return result is not None and isinstance(dim, int) and result.dim() > 0 and result.shape[dim] == 1


def _by_nothing(operands: List[torch.Tensor], words: Any) -> bool:
    """A factor that is the number 0, or a constant of zeros; a mask, which has more than one element, may hold nothing else this time."""
    if any(isinstance(each, (int, float)) and not isinstance(each, bool) and each == 0 for each in words[0]):
        return True
    return any(not each.requires_grad and each.numel() == 1 and not bool(each.detach().any()) for each in operands)
