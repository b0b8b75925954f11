"""What the sample input makes of lazy modules: their shapes, read off the copy that ran."""

from dataclasses import replace
from typing import Optional

from torch import nn

from ..wire.modules import ModuleTree
from .module_tree import read_module_tree, tensors_of
from .torch_compat import is_lazy


def has_lazy_parts(model: nn.Module) -> bool:
    """Is there a parameter or buffer that has no shape yet?"""
    return any(is_lazy(tensor) for tensor in tensors_of(model))


def materialised_tree(model: nn.Module, runner: nn.Module) -> Optional[ModuleTree]:
    """The tree of ``model`` with the sizes that its copy ``runner`` has after a pass; None when nothing was lazy, or nothing got a size.

    Classes, modes and devices are those of the model itself, and what was lazy is still marked so.
    """
    if runner is model or not has_lazy_parts(model):
        return None
    before, after = read_module_tree(model), read_module_tree(runner)
    grown = {entry.key: entry for entry in after.parameters if entry.shape is not None}
    if not any(entry.shape is None and entry.key in grown for entry in before.parameters):
        return None
    sums = {entry.path: entry for entry in after.modules}
    modules = tuple(
        replace(sums.get(entry.path, entry), **{name: getattr(entry, name) for name in _OF_THE_MODEL}) for entry in before.modules
    )
    parameters = tuple(replace(grown.get(entry.key, entry), device=entry.device) for entry in before.parameters)
    return ModuleTree(modules, parameters, before.hidden)


_OF_THE_MODEL = ("class_name", "training", "device", "is_lazy", "file", "line", "forward_file", "forward_line", "hooks")
"""What a module of the copy has lost or changed by running: a lazy one is of another class afterwards."""
