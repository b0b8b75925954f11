"""Layers that share a parameter with another part of the model: one of them alone cannot be made anew."""

from typing import Optional

from torch import nn

from .module_tree import walk_modules


def tied_to(model: nn.Module, layer: nn.Module) -> Optional[str]:
    """The key of a parameter of the layer as another part of the model has it; None where it has all of its parameters alone."""
    own = {id(parameter) for parameter in layer._parameters.values() if parameter is not None}
    return next(
        (
            f"{path}.{name}" if path else name
            for path, module in walk_modules(model)
            if module is not layer and own
            for name, parameter in module._parameters.items()
            if id(parameter) in own
        ),
        None,
    )
