"""Which units of an activation never fire or stand at its limits, over the batch and all positions; what norms get; what inputs are for."""

import weakref
from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ...analysis.numerics.facts import InputFacts, NormFacts, OneOnly, QuietUnits
from ..registration.operation_watch import memory_of, said, tensors_among
from .value_watch import ValueWatch

_FIRING = ("relu", "relu6", "threshold", "clamp_min")
_LIMITED = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hardsigmoid": (0.0, 1.0), "hardtanh": (-1.0, 1.0)}
_LEAVING = ("item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "__array__", "equal", "allclose")
"""What reads the values of a tensor and gives no tensor."""
_AT_LIMIT = 1e-3
_SMALLEST_INPUT = 0.3
"""Below this root mean square a layer's bias outweighs its input for small layers as they are initialised, and nothing is proved."""
_FEWEST_FEATURES = 8
_FAR = 3.0
"""A norm gives values that are rarely further from 0, in units of its weight."""
_PRUNED = 0.01
"""Training drives the weights of channels that it does without to 0: those are at rest on purpose."""
_OUTWEIGHED = 4.0
"""What comes in adds up to so many times its own size times that of the weights only by rare chance."""


class _Units:
    """What is known of one activation so far: the units that fired, and those that cannot."""

    def __init__(self, facts: QuietUnits, fired: torch.Tensor, cannot: torch.Tensor) -> None:
        self.facts = facts
        self.fired = fired
        self.cannot = cannot


class UnitWatch:
    """Takes every operation from a ``ValueWatch``, and sees the layers through hooks of its own while it is entered."""

    def __init__(self, paths: Dict[int, str], inputs: List[Tuple[InputFacts, torch.Tensor]]) -> None:
        self._paths = paths
        self._inputs = {id(tensor): facts for facts, tensor in inputs}
        self._layer: Optional[Tuple[nn.Module, torch.Tensor, Any]] = None
        self._firing: Dict[Any, _Units] = {}
        self._limited: Dict[Any, Tuple[QuietUnits, int, int, Any]] = {}
        self._ones: Dict[Any, OneOnly] = {}
        self._norms: Dict[str, NormFacts] = {}
        self._handles: List[Any] = []
        self.watch: Optional[ValueWatch] = None

    def __enter__(self) -> "UnitWatch":
        self._handles = [
            register_module_forward_pre_hook(lambda module, args: self._began(module, args)),
            register_module_forward_hook(lambda module, args, output: self._ended(module, args, output)),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._layer = None

    def quiet(self, outputs: List[torch.Tensor]) -> Tuple[QuietUnits, ...]:
        """Activations with units that never fired, and those at their limits. ``outputs`` are what the model answered."""
        answers = {memory_of(tensor) for tensor in outputs}
        found = []
        for units in self._firing.values():
            dead = ~units.fired
            found.append(replace(units.facts, dead=int(dead.sum()), cannot=int((dead & units.cannot).sum())))
        for facts, limited, count, result in self._limited.values():
            tensor = result()
            is_answer = tensor is not None and memory_of(tensor) in answers
            found.append(replace(facts, limited=limited / count, observations=count, is_answer=is_answer))
        return tuple(found)

    @property
    def ones(self) -> Tuple[OneOnly, ...]:
        """Operations over a dimension of size 1."""
        return tuple(self._ones.values())

    @property
    def norms(self) -> Tuple[NormFacts, ...]:
        """Each BatchNorm at its first call, in execution order."""
        return tuple(self._norms.values())

    def inputs(self, outputs: List[torch.Tensor]) -> Tuple[InputFacts, ...]:
        """The inputs, with what became of them."""
        answers = {id(tensor) for tensor in outputs}
        return tuple(replace(facts, is_used=facts.is_used or key in answers) for key, facts in self._inputs.items())

    def seen(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        """One operation ended."""
        self._use_inputs(func, args, kwargs, result)
        name = name.rstrip("_")
        if not isinstance(result, torch.Tensor) or not result.is_floating_point() or not result.numel():
            return
        if name in _FIRING or (name == "clamp" and _lowest(args, kwargs) == 0):
            self._fires(func, result, args)
        elif name in _LIMITED:
            self._limits(name, func, args, result)
        elif name in ("softmax", "log_softmax"):
            self._softmax(func, args, kwargs, result)
        elif name == "layer_norm":
            self._layer_norm(func, args, result)

    def _use_inputs(self, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        takes_values = any(True for _ in tensors_among(result)) or str(getattr(func, "__name__", "")) in _LEAVING
        if not takes_values or all(each.first_use for each in self._inputs.values()):
            return
        for tensor in tensors_among((args, kwargs)):
            facts = self._inputs.get(id(tensor))
            if facts is not None and not facts.first_use and self.watch is not None:
                self._inputs[id(tensor)] = replace(facts, is_used=True, first_use=said(func), used_at=self.watch.here())

    def _began(self, module: nn.Module, args: Any) -> None:
        if self._paths.get(id(module)):  # in a thread, or in code that is not Python, its operations are not seen
            for tensor in tensors_among(args):
                if id(tensor) in self._inputs:
                    self._inputs[id(tensor)] = replace(self._inputs[id(tensor)], is_used=True)
        if isinstance(module, _BatchNorm) and args and isinstance(args[0], torch.Tensor) and self.watch is not None:
            path = self._paths.get(id(module), "")
            if path not in self._norms:
                with self.watch.at_rest():
                    self._norms[path] = _norm_facts(module, path, args[0], self.watch)

    def _ended(self, module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(module, (nn.Linear, _ConvNd, _BatchNorm, nn.LayerNorm)) and args and isinstance(output, torch.Tensor):
            self._layer = module, args[0], weakref.ref(output)

    def _layer_of(self, value: Any) -> Optional[Tuple[nn.Module, torch.Tensor]]:
        """The layer whose result this is, and what it was given."""
        if self._layer is None or self._layer[2]() is not value:
            return None
        return self._layer[0], self._layer[1]

    def _fires(self, func: Any, result: torch.Tensor, args: Any) -> None:
        found = self._layer_of(args[0]) if args else None
        if found is None or self.watch is None:
            return
        layer, given = found
        axis = _unit_axis(layer, result)
        other = [each for each in range(result.dim()) if each != axis]
        fired = (result.amax(other) if other else result) > 0
        spot, path = self.watch.here(), self._paths.get(id(layer), "")
        key = (path, self.watch.module_path(), spot)
        units = self._firing.get(key)
        if units is None:
            facts = QuietUnits(said(func), self.watch.module_path(), spot, path, int(fired.numel()))
            units = self._firing[key] = _Units(facts, fired.clone(), torch.ones_like(fired))
        units.fired |= fired
        units.facts = replace(units.facts, observations=units.facts.observations + result.numel() // max(fired.numel(), 1))
        units.cannot &= ~units.fired
        if bool(units.cannot.any()):
            units.cannot &= _cannot_fire(layer, given)

    def _limits(self, name: str, func: Any, args: Any, result: torch.Tensor) -> None:
        if self.watch is None or result.numel() < 64:
            return
        low, high = _LIMITED[name]
        at_limit = int(((result - low).abs() < _AT_LIMIT).sum() + ((result - high).abs() < _AT_LIMIT).sum())
        before = args[0] if args and args[0] is not result else result
        spot, path = self.watch.here(), self.watch.module_path()
        layer = self._layer_of(args[0]) if args else None
        facts, limited, count, _ = self._limited.get(
            (path, spot), (QuietUnits(said(func), path, spot, low=float(before.min()), high=float(before.max())), 0, 0, None)
        )
        facts = replace(facts, layer=self._paths.get(id(layer[0]), "") if layer else "")
        self._limited[path, spot] = facts, limited + at_limit, count + result.numel(), weakref.ref(result)

    def _softmax(self, func: Any, args: Any, kwargs: Any, result: torch.Tensor) -> None:
        dimension = kwargs.get("dim", args[1] if len(args) > 1 else None)
        found = self._layer_of(args[0]) if args else None
        if not isinstance(dimension, int) or found is None or self.watch is None or not result.dim():
            return
        layer, _ = found
        if dimension % result.dim() == result.dim() - 1 and result.shape[-1] == 1 and getattr(layer, "out_features", 0) == 1:
            self._alone(func, layer, result, dimension)

    def _layer_norm(self, func: Any, args: Any, result: torch.Tensor) -> None:
        sizes = args[1] if len(args) > 1 and isinstance(args[1], (tuple, list, torch.Size)) else ()
        if sizes and all(size == 1 for size in sizes):
            self._alone(func, None, result, result.dim() - 1)

    def _alone(self, func: Any, layer: Optional[nn.Module], result: torch.Tensor, dimension: int) -> None:
        if self.watch is not None:
            spot, path = self.watch.here(), self.watch.module_path()
            shape = tuple(int(size) for size in result.shape)
            self._ones[path, spot] = OneOnly(said(func), path, spot, self._paths.get(id(layer), ""), shape, dimension)


def _lowest(args: Any, kwargs: Any) -> Any:
    return kwargs.get("min", args[1] if len(args) > 1 else None)


def _unit_axis(layer: nn.Module, result: torch.Tensor) -> int:
    if isinstance(layer, (nn.Linear, nn.LayerNorm)):
        return result.dim() - 1
    spatial = len(layer.kernel_size) if isinstance(layer, _ConvNd) else result.dim() - 2
    return result.dim() - 1 - spatial if spatial else result.dim() - 1


def _cannot_fire(layer: nn.Module, given: torch.Tensor) -> torch.Tensor:
    """The units whose bias outweighs all that inputs of this size add up to."""
    weight, bias = layer.weight, layer.bias
    if not isinstance(weight, torch.Tensor) or not isinstance(bias, torch.Tensor):
        return torch.zeros(1, dtype=torch.bool, device=given.device)
    weight, bias, given = weight.detach().float(), bias.detach().float(), given.detach().float()
    if isinstance(layer, (_BatchNorm, nn.LayerNorm)):
        far: torch.Tensor = (bias < -_FAR * weight.abs()) & (weight.abs() > _PRUNED)
        return far.reshape(-1)
    per_unit = weight.flatten(1)
    if isinstance(layer, _ConvTransposeNd) or per_unit.shape[1] < _FEWEST_FEATURES or not given.numel():
        return torch.zeros_like(bias, dtype=torch.bool)
    size = float(given.square().mean().sqrt())
    if size < _SMALLEST_INPUT:
        return torch.zeros_like(bias, dtype=torch.bool)
    if float(given.min()) >= 0:
        per_unit = per_unit.clamp(min=0)
    cannot: torch.Tensor = bias < -_OUTWEIGHED * size * per_unit.norm(dim=1)
    return cannot


def _norm_facts(module: Any, path: str, given: torch.Tensor, watch: ValueWatch) -> NormFacts:
    """How the stored statistics of a BatchNorm stand to what arrives."""
    stored, spread = module.running_mean, module.running_var
    uses_batch = bool(module.training and stored is not None)
    if stored is None or spread is None or given.dim() < 2 or not given.numel():
        return NormFacts(path, type(module).__name__, watch.here(), uses_batch)
    values = given.detach().float().transpose(0, 1).flatten(1)
    deviation = (spread.float() + module.eps).sqrt()
    off = float(((values.mean(1) - stored.float()).abs() / deviation).median())
    wider = float((values.std(1, unbiased=False) / deviation).median())
    counted = module.num_batches_tracked
    trained = (counted is not None and int(counted) > 0) or bool(stored.count_nonzero())
    return NormFacts(path, type(module).__name__, watch.here(), uses_batch, trained, off, wider)
