"""Registered modules that took no part in any pass, and that no line of the source could have called."""

from typing import Dict, Iterator, List, Set, Tuple

from torch import nn

from ...analysis.registration.forward_facts import Spot, UncalledModule
from ...analysis.registration.source_reads import SourceReads
from ..class_places import class_place
from ..definitions import definition_place
from ..module_tree import tensors_of
from ..places import Places
from ..torch_compat import is_lazy
from ..walked import Walked
from .hidden import registered_tensors


def uncalled_modules(
    model: Walked, called: Set[int], used: Set[int], reads: SourceReads, places: Places
) -> Iterator[UncalledModule]:
    """The outermost ones. ``called`` are identities of modules that were called, ``used`` of parameters and buffers in operations.

    Only attributes that classes in the user's own files assign by their name count: members of containers and attributes with names
    that are computed are chosen by index or key, and torch's own layers run their parts in ways of their own.
    """
    if id(model.model) not in called:
        return
    took_part = _took_part(model.modules, called, used)
    left_out = {id(module) for _, module in model.modules} - took_part
    modules = dict(model.modules) if left_out else {}
    owners: Dict[int, List[Tuple[nn.Module, str]]] = {}
    for path, module in model.modules if left_out else ():
        if path and id(module) in left_out:
            above, _, name = path.rpartition(".")
            owners.setdefault(id(module), []).append((modules[above], name))
    told: Set[int] = set()
    for path, module in model.modules if left_out else ():
        above = path.rpartition(".")[0]
        if not path or id(module) in took_part or id(module) in told or id(modules[above]) not in took_part:
            continue
        told.add(id(module))
        place = definition_place(model.model, path)
        if place is not None and all(_is_nobodys(owner, name, reads, places) for owner, name in owners[id(module)]):
            parameters = {id(each): each for each in tensors_of(module) if isinstance(each, nn.Parameter)}
            yield UncalledModule(
                path,
                type(module).__name__,
                len(parameters),
                sum(each.numel() for each in parameters.values() if not is_lazy(each)),
                Spot(*place),
            )


def _took_part(walked: List[Tuple[str, nn.Module]], called: Set[int], used: Set[int]) -> Set[int]:
    """Modules that were called, of which a tensor was used, or of which a part took part."""
    paths: Set[str] = {""}
    for path, module in walked:
        if id(module) in called or any(id(tensor) in used for tensor in registered_tensors(module)):
            while path and path not in paths:
                paths.add(path)
                path = path.rpartition(".")[0]
    return {id(module) for path, module in walked if path in paths}


def _is_nobodys(owner: nn.Module, name: str, reads: SourceReads, places: Places) -> bool:
    place = class_place(owner)
    if place is None or not places.is_project(place[0]):
        return False
    classes = [kind.__name__ for kind in type(owner).__mro__ if not kind.__module__.startswith("torch.")]
    return not reads.reads(classes, name)
