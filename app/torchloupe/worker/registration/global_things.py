"""Tensors and modules that are global variables of the files in which a model's classes stand: forward can compute with them."""

import ast
import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from ...wire.registration import TENSOR, HiddenPart
from ..class_places import class_place
from ..module_tree import tensors_of, walk_modules
from ..places import Places
from ..source_loader import parsed
from ..tensor_facts import device_name, dtype_name
from ..torch_compat import is_lazy
from ..walked import Walked
from . import raw


@dataclass(frozen=True)
class GlobalThing:
    """One tensor. ``variable`` is the global that holds it, ``class_name`` the class of the module it belongs to; ``part`` is there for
    a plain tensor."""

    name: str
    tensor: torch.Tensor
    variable: str
    class_name: str = ""
    part: Optional[HiddenPart] = None


def global_things(walked: Walked, places: Places) -> List[GlobalThing]:
    """Those of the user's own files that the model neither registers nor holds."""
    held = walked.hidden.held
    known = walked.hidden.registered | {id(each.value) for each in held} | {id(module) for each in held for module in each.below}
    found: List[GlobalThing] = []
    for file, variables in _files_of(walked, places):
        for name, value in variables:
            if id(value) in known or is_lazy(value):
                continue
            if raw.is_module(value):
                if any(id(part) in known for _, part in walk_modules(value)):
                    continue  # the model itself, or one that it is a part of
                kind = type(value).__name__
                tensors = [tensor for tensor in tensors_of(value) if not is_lazy(tensor)]
                found += [GlobalThing(f"{file}:{name}[{number}]", each, name, kind) for number, each in enumerate(tensors)]
            elif isinstance(value, nn.Parameter):
                found.append(GlobalThing(f"{file}:{name}", value, name))
            elif isinstance(value, torch.Tensor):
                found.append(GlobalThing(f"{file}:{name}", value, name, part=_part(file, name, value)))
    return found


def _files_of(walked: Walked, places: Places) -> List[Tuple[str, List[Tuple[str, Any]]]]:
    files: Dict[str, List[Tuple[str, Any]]] = {}
    kinds = raw.Kinds()
    first: Dict[Any, Any] = {}
    for _, module in walked.each:
        first.setdefault(type(module), module)
    for module in first.values():
        place = class_place(module)
        source = sys.modules.get(type(module).__module__)
        if place and source is not None and place[0] not in files and places.is_project(place[0]):
            files[place[0]] = [item for item in vars(source).items() if kinds.of(item[1]) in (raw.TENSOR, raw.MODULE)]
    return list(files.items())


def _part(file: str, name: str, tensor: torch.Tensor) -> HiddenPart:
    return HiddenPart(
        owner="",
        attribute=name,
        name=name,
        kind=TENSOR,
        class_name=type(tensor).__name__,
        held_by="global",
        shape=tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        device=device_name(tensor.device),
        numel=tensor.numel(),
        file=file,
        line=_line(file, name),
    )


def _line(file: str, name: str) -> Optional[int]:
    tree = parsed(file)
    for node in tree.body if tree is not None else ():
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return node.lineno
    return None
