"""The parameters of a model, each once."""

from typing import Dict, Set

import torch
from torch import nn

from ..module_facts import members_of
from ..module_tree import walk_modules
from ..torch_compat import is_lazy


def parameters_of(model: nn.Module) -> Dict[str, torch.Tensor]:
    """The registered parameters, each under its first key, whatever the model's own ``named_parameters`` says."""
    found: Dict[str, torch.Tensor] = {}
    met: Set[int] = set()
    for path, module in walk_modules(model):
        for name, tensor in members_of(module, "_parameters"):
            if tensor is not None and not is_lazy(tensor) and id(tensor) not in met:
                met.add(id(tensor))
                found[f"{path}.{name}" if path else name] = tensor
    return found
