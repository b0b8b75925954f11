"""How a tensor was initialised, as far as its values still show it."""

import math
from typing import Any, Callable, Container, Dict, Sequence, Tuple

import torch
from torch import nn

from ..wire.loading import LOADED
from ..wire.registration import Initialisation
from .module_facts import members_of
from .module_tree import walk_modules
from .torch_compat import is_lazy

DEFAULT = "kaiming_uniform default"
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_SAMPLED = 1 << 14
_COMPARED = 1 << 10
_FEWEST = 256  # fewer drawn numbers look like anything
_FLAT = 2.4  # the fourth moment: 1.8 for even numbers, 3 for normal ones
_GAP = 12  # so many times the usual distance between two values
_ROUNDED = 0.004  # what bfloat16 adds
_ROWS = 32
_SPREADER = 2654435761  # a prime: multiples of it fall everywhere in a tensor
_FIT = 2.0  # Kolmogorov's bound: of a thousand right tensors one is not recognised


def recognised(
    model: nn.Module, keys: Sequence[str], check: Callable[[], None], loaded: Container[str] = ()
) -> Tuple[Initialisation, ...]:
    """What the values of the tensors under these keys (all of them when there are none) look like; those that were ``loaded`` are
    called so first. ``check`` may raise to end it."""
    wanted, found = frozenset(keys), []
    with torch.no_grad():
        for path, module in walk_modules(model):
            prefix = f"{path}." if path else ""
            for name, tensor in [*members_of(module, "_parameters"), *members_of(module, "_buffers")]:
                if tensor is not None and (not wanted or prefix + name in wanted):
                    check()
                    looks = _initialisation(module, name, tensor)
                    words = (LOADED, looks) if prefix + name in loaded else (looks,)
                    found.append(Initialisation(prefix + name, ", ".join(word for word in words if word)))
    return tuple(found)


def _initialisation(owner: nn.Module, name: str, tensor: torch.Tensor) -> str:
    try:
        if is_lazy(tensor) or tensor.is_meta or tensor.is_complex() or tensor.is_quantized or not tensor.numel():
            return ""
        values = _sample(tensor)
        return _constant(tensor, values) or (_drawn(owner, name, tensor, values) if tensor.is_floating_point() else "")
    except Exception:  # sparse, nested, float8, a subclass with its own mind: values that cannot be computed with
        return ""


def _sample(tensor: torch.Tensor) -> torch.Tensor:
    """All values, or many from everywhere; no random numbers are used up."""
    if tensor.numel() <= _SAMPLED:
        return tensor.detach().flatten()
    places = torch.arange(_SAMPLED, device=tensor.device) * _SPREADER % tensor.numel()
    return torch.take(tensor.detach(), places)


def _constant(tensor: torch.Tensor, values: torch.Tensor) -> str:
    first = values[0]
    if not bool((values == first).all()) or not bool((tensor == first).all()):
        return ""
    value = float(first)
    return {0.0: "zeros", 1.0: "ones"}.get(value, f"constant {value:.4g}")


def _drawn(owner: nn.Module, name: str, tensor: torch.Tensor, values: torch.Tensor) -> str:
    matrix = _of_matrix(tensor) if tensor.dim() > 1 else ""
    if matrix:
        return matrix
    values = values.float()
    few = values[:: max(len(values) // _COMPARED, 1)].sort().values
    for kind, bound in {**_default_bound(owner, name), **_bounds(tensor)}.items():
        if _is_uniform(few, -bound, bound):
            return kind
    if len(few) < _FEWEST:
        return ""
    std = float(values.std())
    if float(((few - few.mean()) / std).pow(4).mean()) < _FLAT:
        return "uniform" if _is_uniform(few, float(few[0]), float(few[-1])) else ""
    return f"normal std {_rounded(std, len(values)):g}" if _fits(few, 0.5 * (1 + torch.erf(few / (std * math.sqrt(2))))) else ""


def _rounded(std: float, count: int) -> float:
    """The roundest number that so many values do not contradict."""
    shortest = float(f"{std:.1g}")
    return shortest if abs(std - shortest) < 3 * std / math.sqrt(2 * count) else float(f"{std:.2g}")


def _of_matrix(tensor: torch.Tensor) -> str:
    """``identity``, ``orthogonal`` or nothing."""
    rows = tensor.detach().flatten(1)
    if bool((rows.diagonal() == 1).all()) and int(rows.count_nonzero()) == min(rows.shape):
        return "identity"
    few = (rows if len(rows) <= rows.shape[1] else rows.t())[:_ROWS].double()
    product = few @ few.t()
    size = product.diagonal().mean()
    off = (product - size * torch.eye(len(few), device=product.device)).abs().max() / size
    exact = {torch.float64: 1e-5, torch.float32: 1e-4}.get(tensor.dtype, 1e-2)
    return "orthogonal" if len(few) > 1 and few.shape[1] * exact < 16 and float(off) < exact else ""


def _default_bound(owner: nn.Module, name: str) -> Dict[str, float]:
    """The bound that torch's own layers draw their weight and bias within."""
    if isinstance(owner, nn.RNNBase):
        return {"uniform default": 1 / math.sqrt(owner.hidden_size)}
    weight: Any = dict(members_of(owner, "_parameters")).get("weight")
    if not isinstance(owner, _LAYERS) or weight is None or name not in ("weight", "bias"):
        return {}
    return {DEFAULT: 1 / math.sqrt(weight[0].numel())}


def _bounds(tensor: torch.Tensor) -> Dict[str, float]:
    if tensor.dim() < 2 or tensor.numel() < _FEWEST:
        return {}
    field = tensor[0, 0].numel()
    fan_in, fan_out = tensor.shape[1] * field, tensor.shape[0] * field
    return {"xavier_uniform": math.sqrt(6 / (fan_in + fan_out)), "kaiming_uniform": math.sqrt(6 / fan_in)}


def _is_uniform(values: torch.Tensor, low: float, high: float) -> bool:
    """Whether sorted values lie within the bounds and near to them, as dense everywhere."""
    span = high - low
    below, above = float(values[0]) - low, high - float(values[-1])
    near = -_ROUNDED * span < min(below, above) and max(below, above) < span * _GAP / len(values)
    return near and _fits(values, (values - low) / span)


def _fits(values: torch.Tensor, expected: torch.Tensor) -> bool:
    """Kolmogorov's test: sorted values, and the part of all that should lie below each."""
    steps = torch.arange(len(values) + 1, device=values.device) / len(values)
    distance = torch.maximum((expected - steps[:-1]).max(), (steps[1:] - expected).max())
    return float(distance) * math.sqrt(len(values)) < _FIT
