"""Modules side by side that are alike in everything - the 48 blocks of a transformer - so that one row can stand for all of them."""

from itertools import groupby
from typing import Any, Dict, Iterator, List, Tuple

from ...wire.modules import ModuleEntry, ModuleTree

FEWEST = 3
"""So many are worth a row of their own."""


def equal_blocks(tree: ModuleTree) -> Tuple[Tuple[str, ...], ...]:
    """The paths of each run of equal modules that are numbered one after the other under the same module, the outermost runs first."""
    kinds = _kinds(tree)
    children: Dict[str, List[str]] = {}
    for module in tree.modules:
        children.setdefault(module.path.rpartition(".")[0] if module.path else "\0", []).append(module.path)
    return tuple(run for siblings in children.values() for run in _runs(siblings, kinds))


def _runs(siblings: List[str], kinds: Dict[str, int]) -> Iterator[Tuple[str, ...]]:
    def numbered(place_and_path: Tuple[int, str]) -> Any:
        place, path = place_and_path
        name = path.rpartition(".")[2]
        return (kinds[path], int(name) - place) if name.isdecimal() else path

    for _kind, found in groupby(enumerate(siblings), key=numbered):
        run = tuple(path for _place, path in found)
        if len(run) >= FEWEST:
            yield run


def _kinds(tree: ModuleTree) -> Dict[str, int]:
    """The same number for modules that are alike with everything in and below them."""
    tensors: Dict[str, List[Any]] = {}
    for entry in tree.parameters:
        name, is_tied = entry.key[len(entry.owner) :], bool(entry.tied_to)
        what = (name, entry.kind, entry.shape, entry.dtype, entry.device, entry.requires_grad, is_tied, entry.persistent)
        tensors.setdefault(entry.owner, []).append(what)
    for part in tree.hidden:
        tensors.setdefault(part.owner, []).append((part.name, part.kind, part.class_name, part.held_by, part.shape, part.numel))
    numbers: Dict[Any, int] = {}
    kinds: Dict[str, int] = {}
    below: Dict[str, List[Any]] = {}
    for module in reversed(tree.modules):
        path = module.path
        inside = (tuple(tensors.get(path, ())), tuple(below.pop(path, ())))
        kinds[path] = numbers.setdefault((_facts(module), inside), len(numbers))
        above, _, name = path.rpartition(".")
        below.setdefault(above, []).append((name, kinds[path]))
    return kinds


def _facts(module: ModuleEntry) -> Tuple[Any, ...]:
    shared = module.same_as is not None
    return module.class_name, module.settings, module.training, module.hooks, module.parametrized, module.is_lazy, shared
