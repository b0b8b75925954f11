"""What a step did to the buffers: running statistics move without a gradient, those of frozen layers, too."""

from typing import Dict, List, Optional, Tuple

import torch
from torch import nn

from ...wire.steps import BufferMotion
from ..module_facts import members_of
from ..module_tree import walk_modules
from ..tensor_facts import dtype_name
from .motion import motion_between


class BufferWatch:
    """Remembers which tensors the buffers of ``model`` are now; ``motions`` compares later."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._before = {key: id(tensor) for key, (_, tensor) in _buffers(model).items()}

    def motions(self, copies: Dict[int, torch.Tensor]) -> Tuple[BufferMotion, ...]:
        """How far each went. ``copies`` are the values from before, by identity."""
        found: List[BufferMotion] = []
        for key, (owner, tensor) in _buffers(self._model).items():
            before = copies.get(self._before.get(key, 0))
            frozen = [each.requires_grad for _, each in members_of(owner, "_parameters") if isinstance(each, torch.Tensor)]
            found.append(_motion(key, before, tensor, bool(frozen) and not any(frozen)))
        return tuple(found)


def _motion(key: str, before: Optional[torch.Tensor], after: torch.Tensor, frozen: bool) -> BufferMotion:
    dtype, numel = dtype_name(after.dtype), after.numel()
    if before is None or before.layout is not torch.strided or after.layout is not torch.strided:
        return BufferMotion(key, before is not after, numel, dtype, frozen=frozen)
    if before.shape != after.shape:
        return BufferMotion(key, True, numel, dtype, frozen=frozen)
    motion = motion_between(before, after)
    ratio = motion.update_norm / motion.weight_norm if motion.weight_norm else None
    moved = motion.changed > 0
    return BufferMotion(
        key, moved, numel, dtype, motion.weight_norm, motion.update_norm, ratio, motion.changed / max(numel, 1), frozen
    )


def _buffers(model: nn.Module) -> Dict[str, Tuple[nn.Module, torch.Tensor]]:
    return {
        f"{path}.{name}" if path else name: (module, tensor)
        for path, module in walk_modules(model)
        for name, tensor in members_of(module, "_buffers")
        if isinstance(tensor, torch.Tensor)
    }
