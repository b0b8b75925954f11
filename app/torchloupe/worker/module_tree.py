"""Walk a constructed model: its modules, parameters and buffers as plain data."""

import inspect
from collections import defaultdict
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn

from ..wire.modules import BUFFER, PARAMETER, ModuleEntry, ModuleTree, ParameterEntry
from .collector import collector_at_rest
from .places import is_foreign
from .torch_compat import is_lazy

_MAX_SETTINGS = 200


def read_module_tree(model: nn.Module) -> ModuleTree:
    """All registered modules, parents first, and all parameters and buffers, under their state_dict keys."""
    with collector_at_rest():
        return _read(list(walk_modules(model)))


def _read(paths: List[Tuple[str, nn.Module]]) -> ModuleTree:
    parameters = _read_parameters(paths)
    counts: Dict[str, int] = defaultdict(int)
    numels: Dict[str, int] = defaultdict(int)
    for entry in parameters:
        if entry.kind == PARAMETER:
            counts[entry.owner] += 1
            numels[entry.owner] += entry.numel
    totals = _total_numels(paths, parameters)
    first_path: Dict[int, str] = {}
    modules = []
    for path, module in paths:
        first = first_path.setdefault(id(module), path)
        file, line = class_place(module) or (None, None)
        modules.append(
            ModuleEntry(
                path=path,
                class_name=type(module).__name__,
                parameter_count=counts[path],
                numel=numels[path],
                total_numel=totals[path],
                training=module.training,
                settings=_settings(module),
                file=file,
                line=line,
                same_as=None if first == path else first,
            )
        )
    return ModuleTree(tuple(modules), tuple(parameters))


def walk_modules(model: nn.Module) -> Iterator[Tuple[str, nn.Module]]:
    """Every (module path, module), a shared module under each of its paths; a module inside itself is not entered again."""
    stack: List[Tuple[str, nn.Module, Tuple[int, ...]]] = [("", model, ())]
    while stack:
        path, module, above = stack.pop()
        yield path, module
        if id(module) in above:
            continue
        above = (*above, id(module))
        prefix = f"{path}." if path else ""
        stack.extend(
            (prefix + name, child, above) for name, child in reversed(list(module._modules.items())) if child is not None
        )


def tensors_of(model: nn.Module) -> Iterator[torch.Tensor]:
    """Registered parameters, then buffers, whatever the model's own ``parameters()`` says."""
    modules = [module for _, module in walk_modules(model)]
    for members in ([module._parameters for module in modules], [module._buffers for module in modules]):
        for tensors in members:
            yield from (tensor for tensor in tensors.values() if tensor is not None)


def tensor_at(model: nn.Module, key: str) -> Optional[torch.Tensor]:
    """The parameter or buffer under a key, or None."""
    owner, _, name = key.rpartition(".")
    for path, module in walk_modules(model):
        if path == owner:
            return dict([*module._parameters.items(), *module._buffers.items()]).get(name)
    return None


def _read_parameters(paths: List[Tuple[str, nn.Module]]) -> List[ParameterEntry]:
    found = []
    keys_of: Dict[int, List[str]] = defaultdict(list)
    for path, module in paths:
        prefix = f"{path}." if path else ""
        for kind, members in ((PARAMETER, module._parameters), (BUFFER, module._buffers)):
            for name, tensor in members.items():
                if tensor is not None:
                    found.append((prefix + name, path, kind, tensor, name not in module._non_persistent_buffers_set))
                    keys_of[id(tensor)].append(prefix + name)
    return [
        _parameter_entry(key, owner, kind, tensor, _others(key, keys_of[id(tensor)]), persistent)
        for key, owner, kind, tensor, persistent in found
    ]


def _others(key: str, keys: List[str]) -> Tuple[str, ...]:
    return tuple(other for other in keys if other != key) if len(keys) > 1 else ()


def _parameter_entry(
    key: str, owner: str, kind: str, tensor: torch.Tensor, tied_to: Tuple[str, ...], persistent: bool
) -> ParameterEntry:
    lazy = is_lazy(tensor)
    return ParameterEntry(
        key=key,
        owner=owner,
        kind=kind,
        shape=None if lazy else tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        device=device_name(tensor.device),
        requires_grad=tensor.requires_grad,
        numel=0 if lazy else tensor.numel(),
        bytes=0 if lazy else tensor.numel() * tensor.element_size(),
        tied_to=tied_to,
        persistent=persistent or kind == PARAMETER,
    )


def _total_numels(paths: List[Tuple[str, nn.Module]], parameters: List[ParameterEntry]) -> Dict[str, int]:
    """Elements of each module's parameters and all below, a tied tensor once in each module that holds it."""
    totals: Dict[str, int] = defaultdict(int)
    for entry in parameters:
        if entry.kind == PARAMETER and not entry.tied_to:
            totals[entry.owner] += entry.numel
    for path, _ in reversed(paths):  # those below come before those above
        if path:
            totals[path.rpartition(".")[0]] += totals[path]
    counted: Dict[str, Set[str]] = defaultdict(set)
    for entry in parameters:
        if entry.kind == PARAMETER and entry.tied_to:
            name = min((entry.key, *entry.tied_to))
            for path in _ancestors(entry.owner):
                if name not in counted[path]:
                    counted[path].add(name)
                    totals[path] += entry.numel
    return totals


def _ancestors(path: str) -> Iterator[str]:
    yield path
    while path:
        path = path.rpartition(".")[0]
        yield path


@lru_cache(maxsize=None)
def dtype_name(dtype: torch.dtype) -> str:
    """``float32``, not ``torch.float32``."""
    return str(dtype).rpartition(".")[2]


@lru_cache(maxsize=64)
def device_name(device: torch.device) -> str:
    """``cuda:0``."""
    return str(device)


def class_place(module: nn.Module) -> Optional[Tuple[str, int]]:
    """File and line of the class of a module of the user's; None for classes of torch."""
    kind: Any = type(module)
    return _place_of(kind)


@lru_cache(maxsize=2048)
def _place_of(kind: Any) -> Optional[Tuple[str, int]]:
    try:
        file = inspect.getsourcefile(kind)
        if file is None or is_foreign(file):
            return None
        return file, inspect.getsourcelines(kind)[1]
    except (OSError, TypeError):
        return None


def _settings(module: nn.Module) -> str:
    try:
        text = module.extra_repr()
    except (Exception, SystemExit):
        # An extra_repr that raises must not hide the module.
        return ""
    text = " ".join(str(text).split())
    return text if len(text) <= _MAX_SETTINGS else text[: _MAX_SETTINGS - 3] + "..."
