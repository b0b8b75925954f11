"""Parameters that a module of the user's holds itself, and that have the wrong shape: which they are, and what they should be."""

from typing import Any, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ...analysis.parameter_shapes import fitting_shape
from ...analysis.provenance import Maker
from ...analysis.wording import at_line, shape_text
from ...wire.problems import Fix, Problem
from ..definitions import assignment_place
from ..module_tree import walk_modules
from ..places import Place
from ..repairs import SET_SHAPE

_LISTS = (nn.ParameterList, nn.ParameterDict)


def owners_of(model: nn.Module, tensors: Sequence[torch.Tensor]) -> List[Optional[str]]:
    """For each tensor the key under which it is registered now in a module that is none of torch; None for all others."""
    wanted = {id(each): number for number, each in enumerate(tensors) if isinstance(each, nn.Parameter)}
    found: List[Optional[str]] = [None] * len(tensors)
    for path, module in walk_modules(model) if wanted else ():
        if type(module).__module__.startswith("torch.") and not isinstance(module, _LISTS):
            continue
        for name, parameter in module._parameters.items():
            number = wanted.get(id(parameter)) if parameter is not None else None
            if number is not None and found[number] is None:
                found[number] = f"{path}.{name}" if path else name
    return found


def with_parameters(
    problem: Problem, model: nn.Module, tensors: Sequence[torch.Tensor], makers: Sequence[Optional[Maker]]
) -> Tuple[Problem, List[Optional[Maker]]]:
    """The problem, which names the parameters among its operands, and the makers, where a parameter stands for what made it."""
    owners = owners_of(model, tensors)
    if not any(owners):
        return problem, list(makers)
    named = Problem(**{**vars(problem), "data": {**problem.data, "parameters": owners}})
    return named, [
        maker if owner is None else _registered(model, owner, tuple(tensor.shape))
        for owner, tensor, maker in zip(owners, tensors, makers)
    ]


def _registered(model: nn.Module, key: str, shape: Tuple[int, ...]) -> Maker:
    file, line = _made_at(model, key) or (None, None)
    return Maker(f"the parameter `{key}`", line, shape, file=file)


def _made_at(model: nn.Module, key: str) -> Optional[Place]:
    path, _, name = key.rpartition(".")
    return assignment_place(type(model.get_submodule(path)), name)


def parameters_instead(problem: Problem, model: nn.Module) -> List[Fix]:
    """The parameters among the operands, each with the shape that would fit."""
    found: List[Fix] = []
    owners: Sequence[Any] = problem.data.get("parameters", ())
    for at, key in enumerate(owners):
        shape = fitting_shape(problem.data, at) if key else None
        if shape is not None:
            path, _, name = key.rpartition(".")
            where = at_line(_made_at(model, key), problem.file)
            found.append(Fix(SET_SHAPE, f"Make the parameter `{key}` {shape_text(shape)}{where}.", path, name, list(shape)))
    return found
