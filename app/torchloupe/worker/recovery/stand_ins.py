"""What a layer that refused its input was built to give: the output of a stand-in of the same kind that fits."""

from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch import nn

from ...analysis.layer_outputs import output_shapes
from ...wire.problems import Problem
from ..nested import map_tensors
from ..repairs import rebuilt

ATTENTION = "MultiheadAttention"
WHOLE = ("TransformerEncoderLayer", "TransformerDecoderLayer")
"""Layers of torch with a sum around their attention: what stands in for that does not fit there."""
_KEEP_THE_SHAPE = ("BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm", "InstanceNorm", "LocalResponseNorm")


def stand_in(layer: nn.Module, kind: str, problem: Problem, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Optional[Any]:
    """What the call would have given. None where that cannot be told; raises what the stand-in raises."""
    if not args or not isinstance(args[0], torch.Tensor):
        return None
    arrived = args[0]
    if kind.startswith(_KEEP_THE_SHAPE):
        return torch.zeros_like(arrived)
    if kind == ATTENTION:
        return whole_stand_in(layer, args), None
    change = _changes(problem).get(problem.code)
    if change is not None:
        return layer.forward(change(arrived), *args[1:], **kwargs)
    if problem.code == "rnn-state-shape":
        return layer.forward(arrived)
    permuted = next((fix.value for fix in problem.fixes if fix.kind in ("permute", "permute_input")), None)
    if permuted is not None:
        return layer.forward(arrived.permute(permuted), *args[1:], **kwargs)
    fix = next((fix for fix in problem.fixes if fix.kind == "set_argument" and fix.argument), None)
    return _of_a_fitting_one(layer, kind, fix.argument, fix.value, args, kwargs) if fix and fix.argument else None


def whole_stand_in(layer: Any, args: Tuple[Any, ...]) -> torch.Tensor:
    """The same for one of ``WHOLE``, or for its attention."""
    attention = getattr(layer, "self_attn", layer)
    arrived: torch.Tensor = args[0]
    return arrived.new_zeros((*arrived.shape[:-1], attention.embed_dim))


def _changes(problem: Problem) -> Dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """For each code the change to what arrives that makes it fit."""
    return {
        "missing-flatten": lambda arrived: arrived.flatten(1),
        "flattened-batch": lambda arrived: arrived.reshape(-1, problem.data["expected"]),
        "dtype-mismatch": lambda arrived: arrived.to(getattr(torch, problem.data["expected"])),
        "index-out-of-range": torch.zeros_like,
    }


def _of_a_fitting_one(
    layer: nn.Module, kind: str, argument: str, value: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]
) -> Optional[Any]:
    """Nothing is initialised or computed: the shape is all that matters. Layers of rare kinds are asked on the meta device, which takes
    seconds the first time."""
    shapes = output_shapes(kind, vars(layer), tuple(args[0].shape))
    if shapes is not None:
        output, *states = [args[0].new_zeros(shape) for shape in shapes]
        if kind.endswith("Cell") and states:
            return output, states[0]
        return (output, tuple(states) if len(states) > 1 else states[0]) if states else output
    fitting = rebuilt(layer, argument, value, torch.device("meta"))
    if fitting is None:
        return None
    device = args[0].device
    args, kwargs = (map_tensors(each, lambda tensor: torch.empty_like(tensor, device="meta")) for each in (args, kwargs))
    return map_tensors(fitting.forward(*args, **kwargs), lambda tensor: torch.zeros_like(tensor, device=device))
