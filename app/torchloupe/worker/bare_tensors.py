"""A model without its data for a moment: parameters and buffers lie on the meta device, its modules stay the same ones."""

from typing import Any, Dict, List, Tuple

import torch
from torch import nn

from .module_tree import walk_modules
from .registration import raw

_FLAT, _FLAT_NAMES = "_flat_weights", "_flat_weights_names"
"""Where recurrent layers of torch keep their weights once more."""


class BareTensors:
    """A context that can be entered again: inside, what is registered has no data, and what is made has none either. Tied tensors stay
    tied."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._taken: List[Tuple[Dict[str, Any], str, Any]] = []

    def __enter__(self) -> None:
        bare: Dict[int, torch.Tensor] = {}
        for _, module in walk_modules(self._model):
            for kind in ("_parameters", "_buffers"):
                for tensor in raw.registered(module, kind).values():
                    if isinstance(tensor, torch.Tensor) and id(tensor) not in bare:
                        bare[id(tensor)] = _without_data(tensor)  # what refuses does so before anything is taken
        for _, module in walk_modules(self._model):
            for kind in ("_parameters", "_buffers"):
                members = raw.module_vars(module).get(kind) or {}
                for name, tensor in list(members.items()):
                    if id(tensor) in bare:
                        self._take(members, name, bare[id(tensor)])
            if isinstance(module, nn.RNNBase):
                state = raw.module_vars(module)
                self._take(state, _FLAT, [module._parameters.get(name) for name in state[_FLAT_NAMES]])
        self._making = torch.device("meta")
        self._making.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._making.__exit__(*raised)
        while self._taken:
            members, name, value = self._taken.pop()
            members[name] = value

    def _take(self, members: Dict[str, Any], name: str, value: Any) -> None:
        self._taken.append((members, name, members[name]))
        members[name] = value


def _without_data(tensor: torch.Tensor) -> torch.Tensor:
    bare = torch.empty_like(tensor, device="meta", requires_grad=False)
    return nn.Parameter(bare, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else bare
