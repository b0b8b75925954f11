"""What a pass left behind: nothing, part by part, and what had to be put back for that."""

from typing import Dict, List, Sequence, Tuple

import torch
from torch import nn

from ..analysis.wording import counted
from .model_state import ModelState
from .module_facts import members_of
from .module_tree import walk_modules
from .registration.operation_watch import version_of
from .torch_compat import set_version

MOST_NAMES = 4


class Certificate:
    """Made before a pass, asked after the state was restored. In-place counters of tensors that were put back are put back, too."""

    def __init__(self, model: nn.Module) -> None:
        self._keys: Dict[int, str] = {}
        self._tensors: List[torch.Tensor] = []
        self._counts = {"_parameters": 0, "_buffers": 0}
        for path, module in walk_modules(model):
            for kind in self._counts:
                for name, tensor in members_of(module, kind):
                    if tensor is not None and id(tensor) not in self._keys:
                        self._keys[id(tensor)] = f"{path}.{name}" if path else name
                        self._tensors.append(tensor)
                        self._counts[kind] += 1
        self._versions = [version_of(tensor) for tensor in self._tensors]

    def told(self, state: ModelState, lost: Sequence[str]) -> Tuple[str, ...]:
        """The sentences, after ``state.restore()`` gave ``lost``."""
        held = counted(self._counts["_parameters"], "parameter"), counted(self._counts["_buffers"], "buffer")
        if lost:
            names = _names(lost)
            return (f"{names} changed in the pass and could not be put back: the model is constructed anew for the next run.",)
        put_back = [self._keys[id(tensor)] for tensor in state.changed if id(tensor) in self._keys]
        self._put_versions_back()
        said = [f"Compared afterwards, and bit for bit the same: {held[0]}, {held[1]}, gradients, modes, hooks, random numbers."]
        if put_back:
            said.append(f"Changed by the pass and put back: {_names(put_back)}.")
        return tuple(said)

    def _put_versions_back(self) -> None:
        for tensor, version in zip(self._tensors, self._versions):
            if version is not None and version_of(tensor) != version:
                set_version(tensor, version)


def _names(keys: Sequence[str]) -> str:
    shown = ", ".join(f"`{key}`" for key in keys[:MOST_NAMES])
    return shown if len(keys) <= MOST_NAMES else f"{shown} and {len(keys) - MOST_NAMES} more"
