"""What the sample input makes of lazy modules: their shapes, read off the copy that ran."""

from dataclasses import replace
from typing import Any, Callable, Dict, Optional, Sequence

from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from ..wire.modules import ModuleTree
from .module_facts import members_of
from .module_tree import read_module_tree, tensors_of, walk_modules
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


def become_usual(model: nn.Module) -> bool:
    """Lazy modules whose tensors have got shapes without a pass become what a pass would make of them. True when there are some."""
    found = [module for _, module in walk_modules(model) if isinstance(module, LazyModuleMixin)]
    sized = [module for module in found if not module.has_uninitialized_params()]
    for lazy in sized:
        _become_usual(lazy)
    return bool(sized)


def _become_usual(lazy: Any) -> None:
    first = next(
        (tensor for kind in ("_parameters", "_buffers") for _, tensor in members_of(lazy, kind) if tensor is not None), None
    )
    for name, size in _SIZES.items():
        if first is not None and getattr(lazy, name, None) == 0:
            setattr(lazy, name, size(lazy, first.shape))
    lazy._initialize_hook.remove()
    lazy._load_hook.remove()
    del lazy._initialize_hook, lazy._load_hook
    if lazy.cls_to_become is not None:
        lazy.__class__ = lazy.cls_to_become


_SIZES: Dict[str, Callable[[Any, Sequence[int]], int]] = {
    "in_features": lambda _, shape: shape[-1],
    "num_features": lambda _, shape: shape[0],
    "in_channels": lambda lazy, shape: shape[0] if lazy.transposed else shape[1] * lazy.groups,
}
"""What a lazy layer of torch says of its input once it is known, by the shape of its weight."""
