"""Try a proposed fix on the model in memory: apply it, run the same pass, see whether the failing layer is passed."""

import inspect
from dataclasses import replace
from typing import Any, Callable, List, Optional, Protocol, Sequence, Tuple

import torch
from torch import nn

from ..wire.problems import Fix, Problem
from .explain import said_by
from .input_values import SampleInput
from .nested import map_tensors
from .tied_layers import tied_to

RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size")
FOLLOWING = {"kdim": "embed_dim", "vdim": "embed_dim"}
"""Arguments that are the same as another one unless they are given."""
RUNS = "the model runs to its end"
SET_SHAPE = "set_shape"
"""The kind of a fix that gives a parameter, ``argument`` of ``module``, another shape."""


class Trial(Protocol):
    """How a repair is tried: passes of ``model`` on ``given``; ``reached`` says what it means that one came to its end."""

    model: nn.Module
    given: SampleInput
    reached: str

    def run(self, *, prepare: Callable[[], None], given: Optional[SampleInput] = None) -> Optional[BaseException]:
        """One pass after ``prepare``; what it raised, or None."""


def try_fixes(problem: Problem, layer: nn.Module, repetition: Trial) -> Problem:
    """The problem with each fix that could be tried marked as ``verified`` or not, and what came of it."""
    fixes = []
    for fix in problem.fixes:
        tried = _try(fix, problem, layer, repetition)
        fixes.append(fix if tried is None else replace(fix, verified=tried[0], outcome=tried[1]))
    return replace(problem, fixes=tuple(fixes))


def _try(fix: Fix, problem: Problem, layer: nn.Module, repetition: Trial) -> Optional[Tuple[bool, str]]:
    """Whether the layer was passed, and what came of it; None when this kind of fix cannot be applied here."""
    if fix.kind == "set_argument" and fix.argument:
        other = tied_to(repetition.model, layer)
        if other is not None:
            return False, f"it shares its parameter with `{other}`, which keeps its shape"
        new = rebuilt(layer, fix.argument, fix.value)
        return None if new is None else _outcome(new, repetition, prepare=lambda: put_in_place(repetition.model, layer, new))
    given = changed_input(fix, problem, repetition.given)
    return None if given is None else _outcome(layer, repetition, given=given)


def _outcome(
    layer: nn.Module,
    repetition: Trial,
    prepare: Callable[[], None] = lambda: None,
    given: Optional[SampleInput] = None,
) -> Tuple[bool, str]:
    passed: List[bool] = []

    def prepared() -> None:
        prepare()
        layer.register_forward_hook(lambda *_: passed.append(True))

    error = repetition.run(prepare=prepared, given=given)
    if error is None:
        return bool(passed), repetition.reached
    return bool(passed), f"this layer is passed, then {said_by(error)}" if passed else said_by(error)


def rebuilt(layer: nn.Module, argument: str, value: Any, device: Optional[torch.device] = None) -> Optional[nn.Module]:
    """A new layer of the same torch class and settings with one constructor argument changed; None when that cannot be done.

    It is where the layer is, or on ``device``.
    """
    kind: Any = next((base for base in type(layer).__mro__ if base.__module__.startswith("torch.nn.modules")), None)
    if kind is None:
        return None
    names = RECURRENT if isinstance(layer, nn.RNNBase) else tuple(inspect.signature(kind.__init__).parameters)[1:]
    keywords = {name: getattr(layer, name) for name in names if hasattr(layer, name) and not name.startswith("_")}
    for name, leader in FOLLOWING.items():
        if leader in keywords and keywords.get(name) == keywords[leader]:
            del keywords[name]
    if "bias" in keywords:
        keywords["bias"] = keywords["bias"] is not None and keywords["bias"] is not False
    weight = next(layer.parameters(recurse=False), None)
    if weight is not None:
        keywords.update(device=device or weight.device, dtype=weight.dtype)
    keywords[argument] = tuple(value) if isinstance(value, list) else value
    try:
        new: nn.Module = kind(**keywords)
    except (TypeError, ValueError, RuntimeError, AssertionError):
        return None
    return new.train(layer.training)


def put_in_place(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Register ``new`` wherever ``old`` is registered."""
    for module in list(model.modules()):
        for name, child in module._modules.items():
            if child is old:
                module._modules[name] = new


def make_changes(model: nn.Module, fixes: Sequence[Fix]) -> None:
    """Put a layer with the argument of each fix in place of the one that is there, where that can be made; or a parameter of a shape."""
    for fix in fixes:
        if fix.kind == SET_SHAPE and fix.module is not None and fix.argument:
            _reshape(model.get_submodule(fix.module), fix.argument, fix.value)
        if fix.kind == "set_argument" and fix.module is not None and fix.argument:
            layer = model.get_submodule(fix.module)
            new = rebuilt(layer, fix.argument, fix.value)
            if new is not None:
                put_in_place(model, layer, new)


def _reshape(module: nn.Module, name: str, shape: Sequence[int]) -> None:
    old = module._parameters.get(name)
    if old is not None:
        new = torch.zeros(tuple(shape), dtype=old.dtype, device=old.device)
        module._parameters[name] = nn.Parameter(new, old.requires_grad)


def _input_change(fix: Fix) -> Optional[Callable[[torch.Tensor], torch.Tensor]]:
    if fix.kind == "permute_input" and isinstance(fix.value, list):
        return lambda tensor: tensor.permute(fix.value)
    if fix.kind == "change_input" and isinstance(fix.value, dict):
        if "unsqueeze" in fix.value:
            return lambda tensor: tensor.unsqueeze(fix.value["unsqueeze"])
        if "dtype" in fix.value:
            dtype = getattr(torch, fix.value["dtype"])
            return lambda tensor: tensor.to(dtype)
    return None


def changed_input(fix: Fix, problem: Problem, given: SampleInput) -> Optional[SampleInput]:
    """The input with its tensors of the shape that did not fit changed; None when there is none, or the fix is of another kind."""
    change = _input_change(fix)
    if change is None:
        return None
    shape = tuple(problem.data.get("input_shape", ()))
    changed: List[bool] = []

    def apply(tensor: torch.Tensor) -> torch.Tensor:
        if tuple(tensor.shape) != shape:
            return tensor
        changed.append(True)
        return change(tensor)

    new = SampleInput(map_tensors(given.positional, apply), map_tensors(given.keywords, apply), given.source)
    return new if changed else None
