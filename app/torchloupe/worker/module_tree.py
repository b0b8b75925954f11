"""Walk a constructed model: its modules, parameters and buffers as plain data."""

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from ..wire.many import maker
from ..wire.modules import ModuleEntry, ModuleTree
from .class_places import class_place, forward_place
from .collector import collector_at_rest
from .definitions import definition_places
from .module_facts import attributes_of, marks_of, members_of, settings_of
from .tensor_facts import read_parameters
from .tree_totals import module_totals

MANY_MODULES = 4_000
_NOWHERE = (None, None)
_ELSEWHERE = ("of a scripted module",)
_Class = Tuple[str, Optional[str], Optional[int], Optional[str], Optional[int]]
"""What all modules of a class have in common: its name, where it is written, where its forward is."""


def read_module_tree(model: nn.Module, ahead: Optional[Callable[[ModuleTree], None]] = None) -> ModuleTree:
    """All registered modules, parents first, and all parameters and buffers, under their state_dict keys.

    Where there are very many, ``ahead`` gets the tree before the modules were asked for what a first look does not need: settings, hooks,
    parametrizations, and where each was assigned.
    """
    with collector_at_rest():
        paths = list(walk_modules(model))
        tree = _read(paths)
        if ahead is not None and len(paths) > MANY_MODULES:
            ahead(tree)
        _complete(tree, paths)
        return tree


def _read(paths: List[Tuple[str, nn.Module]]) -> ModuleTree:
    parameters, memory = read_parameters(paths)
    totals = module_totals([path for path, _ in paths], parameters, memory)
    lazy = {entry.owner for entry in parameters if entry.shape is None}
    first_path: Dict[int, str] = {}
    classes: Dict[Any, _Class] = {}
    entry_of, modules = maker(ModuleEntry), []
    for path, module in paths:
        first, total = first_path.setdefault(id(module), path), totals[path]
        kind: Any = type(module)
        if kind not in classes:
            classes[kind] = _of_class(module)
        name, file, line, forward_file, forward_line = classes[kind]
        modules.append(
            entry_of(
                path,
                name,
                total.own_count,
                total.own_numel,
                total.numel,
                bool(attributes_of(module).get("training", True)),
                "",
                file,
                line,
                None if first == path else first,
                total.own_bytes,
                total.bytes,
                total.trainable,
                total.dtype,
                total.device,
                (),
                (),
                path in lazy,
                None,
                None,
                forward_file,
                forward_line,
            )
        )
    return ModuleTree(tuple(modules), tuple(parameters))


def _complete(tree: ModuleTree, paths: List[Tuple[str, nn.Module]]) -> None:
    """Fill in what was left out. The entries are still ours alone: nobody else has seen these objects, only what was told of them."""
    definitions = definition_places(paths)
    for entry, (path, module) in zip(tree.modules, paths):
        own = vars(entry)
        own["settings"] = settings_of(module)
        own["hooks"], own["parametrized"] = marks_of(module)
        own["defined_file"], own["defined_line"] = definitions.get(path, _NOWHERE)


def _of_class(module: nn.Module) -> _Class:
    kind: Any = type(module)
    return (kind.__name__, *(class_place(module) or _NOWHERE), *(forward_place(kind) or _NOWHERE))


def walk_modules(model: nn.Module) -> Iterator[Tuple[str, nn.Module]]:
    """Every (module path, module), a shared module under each of its paths; a module inside itself is not entered again."""
    yield "", model
    around = {id(model)}
    open_ones: List[Tuple[int, str, Iterator[Tuple[str, Any]]]] = [(id(model), "", iter(list(members_of(model, "_modules"))))]
    while open_ones:
        identity, prefix, rest = open_ones[-1]
        for name, module in rest:
            if module is None:
                continue
            path = prefix + name
            yield path, module
            children = attributes_of(module).get("_modules", _ELSEWHERE)
            if children and id(module) not in around:  # nearly all modules have none
                around.add(id(module))
                open_ones.append((id(module), path + ".", iter(list(members_of(module, "_modules")))))
                break
        else:
            open_ones.pop()
            around.discard(identity)


def tensors_of(model: nn.Module) -> Iterator[torch.Tensor]:
    """Registered parameters, then buffers, whatever the model's own ``parameters()`` says."""
    modules: List[nn.Module] = []
    for _, module in walk_modules(model):  # no further than somebody asks
        modules.append(module)
        yield from (tensor for _, tensor in members_of(module, "_parameters") if tensor is not None)
    for module in modules:
        yield from (tensor for _, tensor in members_of(module, "_buffers") if tensor is not None)


def tensor_at(model: nn.Module, key: str) -> Optional[torch.Tensor]:
    """The parameter or buffer under a key, or None."""
    owner, _, name = key.rpartition(".")
    for path, module in walk_modules(model):
        if path == owner:
            return dict([*members_of(module, "_parameters"), *members_of(module, "_buffers")]).get(name)
    return None
