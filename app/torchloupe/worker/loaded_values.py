"""Facts about the values that were loaded: what each tensor looks like, and what arrives at each BatchNorm on the sample data."""

import math
from contextlib import contextmanager
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_pre_hook

from ..analysis.loaded_values import NormLook, WeightLook, loaded_value_problems
from ..wire.problems import Problem
from ..wire.registration import InspectModel
from .context import Context
from .forward import chosen_device, on_device
from .initialisation import recognised
from .loading import Loaded
from .model_state import ModelState
from .module_facts import members_of
from .module_tree import walk_modules
from .quiet import quiet
from .registration.watch_forward import copied, set_mode
from .sample_input import sample_input
from .target import Target
from .torch_compat import is_lazy, uncompiled, without_torch_function

_PIECE = 1 << 22


def loaded_values_judged(
    target: Target, model: nn.Module, loaded: Loaded, request: InspectModel, context: Context, told: FrozenSet[str] = frozenset()
) -> Tuple[Problem, ...]:
    """What is odd about the loaded values, but for those of keys that something was ``told`` of already. The model is run once more in
    eval mode, where a run is no danger and has data.
    """
    weights = weights_seen(model, loaded.keys - told, context.cancel.raise_if_requested)
    norms: List[NormLook] = []
    if not request.shapes_only and not (context.state.get("side_effects") or context.state.get("spoiled")):
        norms = norms_seen(target, model, loaded.keys, request, context)
    return loaded_value_problems(weights, norms, loaded.answer.path)


def weights_seen(model: nn.Module, keys: FrozenSet[str], check: Callable[[], None]) -> List[WeightLook]:
    """Every loaded tensor, in the model's order."""
    looks = {each.key: each.name for each in recognised(model, tuple(keys), check)}
    found: List[WeightLook] = []
    with torch.no_grad(), without_torch_function():
        for path, module in walk_modules(model):
            prefix = f"{path}." if path else ""
            for kind in ("_parameters", "_buffers"):
                for name, tensor in members_of(module, kind):
                    if tensor is not None and prefix + name in keys:
                        check()
                        found.append(_look(prefix + name, tensor, kind == "_parameters", looks.get(prefix + name, "")))
    return found


def _look(key: str, tensor: torch.Tensor, is_parameter: bool, looks: str) -> WeightLook:
    shape = tuple(tensor.shape) if not is_lazy(tensor) else ()
    plain = WeightLook(key, shape, is_parameter, tensor.requires_grad, looks)
    if is_lazy(tensor) or tensor.is_meta or not tensor.is_floating_point() or not tensor.numel():
        return plain
    try:
        nan, inf = _not_finite(tensor)
        scale, turn = (None, None) if nan or inf or tensor.dim() != 2 else _shape_of_values(tensor)
    except (RuntimeError, TypeError):  # quantized, sparse, a subclass with its own mind
        return plain
    return WeightLook(key, shape, is_parameter, tensor.requires_grad, looks, nan, inf, scale, turn)


def _not_finite(tensor: torch.Tensor) -> Tuple[int, int]:
    nan = inf = 0
    flat = tensor.detach().reshape(-1) if tensor.is_contiguous() else tensor.detach().flatten()
    for start in range(0, flat.numel(), _PIECE):
        piece = flat[start : start + _PIECE]
        if not math.isfinite(float(piece.sum(dtype=torch.float64))):
            nan, inf = nan + int(torch.isnan(piece).sum()), inf + int(torch.isinf(piece).sum())
    return nan, inf


def _shape_of_values(tensor: torch.Tensor) -> Tuple[Optional[float], Optional[float]]:
    """The log of the spread, and of how much more rows differ in length than columns."""
    values = tensor.detach().float()
    rows, columns = values.norm(dim=1), values.norm(dim=0)
    spread, row, column = float(values.std()), _variation(rows), _variation(columns)
    if not (spread > 0 and row > 0 and column > 0):
        return None, None
    return math.log(spread), math.log(row / column)


def _variation(lengths: torch.Tensor) -> float:
    middle = float(lengths.mean())
    return float(lengths.std()) / middle if len(lengths) > 1 and middle > 0 else 0.0


def norms_seen(target: Target, model: nn.Module, keys: FrozenSet[str], request: InspectModel, context: Context) -> List[NormLook]:
    """What arrives at every BatchNorm whose statistics were loaded, in execution order; none where the model does not run."""
    paths = {id(module): path for path, module in reversed(list(walk_modules(model)))}
    stored = {each for each, path in paths.items() if f"{path}.running_mean".lstrip(".") in keys}
    if not stored:
        return []
    check = context.cancel.raise_if_requested
    state = ModelState(model)
    watch = _Watch(paths, stored)
    try:
        device = chosen_device(request.device, model)
        given = sample_input(target, model, request.inputs, request.seed, request.mode, check)
        runner = on_device(model, device)
        if runner is not model:
            return []
        set_mode(runner, False)
        mine = copied(given.on(device).positional), copied(given.on(device).keywords)
        with quiet(), uncompiled(), torch.no_grad(), watch.at_work():
            runner(*mine[0], **mine[1])
    except (Exception, SystemExit):  # the run that a person asked for has said why
        return []
    finally:
        context.state["spoiled"] = bool(state.restore()) or context.state.get("spoiled", False)
    return watch.seen


class _Watch:
    """Hooks for one pass: what arrives at the norms, and which layers ran between two of them."""

    def __init__(self, paths: Dict[int, str], stored: "set[int]") -> None:
        self.seen: List[NormLook] = []
        self._paths, self._stored = paths, stored
        self._between: List[str] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, calls are seen."""
        handle = register_module_forward_pre_hook(self._began)
        try:
            yield
        finally:
            handle.remove()

    def _began(self, module: nn.Module, args: Tuple[Any, ...]) -> None:
        path = self._paths.get(id(module))
        if path is None:
            return
        if id(module) in self._stored and isinstance(module, _BatchNorm) and args and isinstance(args[0], torch.Tensor):
            look = _norm_look(path, module, args[0], tuple(self._between))
            if look is not None and path not in (each.path for each in self.seen):
                self.seen.append(look)
                self._between = []
        elif any(tensor is not None for _, tensor in members_of(module, "_parameters")):
            self._between.append(path)


def _norm_look(path: str, module: _BatchNorm, given: torch.Tensor, between: Tuple[str, ...]) -> Optional[NormLook]:
    mean, variance = module.running_mean, module.running_var
    if mean is None or variance is None or given.dim() < 2 or given.shape[1] != len(mean):
        return None
    channels = given.detach().transpose(0, 1).flatten(1).double()
    stored = variance.double() + module.eps
    off = ((channels.mean(1) - mean.double()).abs() / stored.sqrt()).median()
    wider = ((channels.var(1, unbiased=False) + module.eps) / stored).log().abs().median()
    if not (math.isfinite(float(off)) and math.isfinite(float(wider))):
        return None
    return NormLook(path, float(off), float(wider), channels.shape[1], _updates(module), between)


def _updates(module: _BatchNorm) -> Optional[float]:
    """How often the statistics were renewed, in terms of what they remember; None where nobody counted."""
    count = int(module.num_batches_tracked) if module.num_batches_tracked is not None else 0
    if not count:
        fresh = bool((module.running_mean == 0).all()) if module.running_mean is not None else True
        return 0.0 if fresh else None  # a file without counters: they were made anew
    return count * module.momentum if module.momentum else float(count)
