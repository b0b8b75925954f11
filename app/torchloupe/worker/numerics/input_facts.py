"""What the values of the model's inputs are, before it runs."""

from typing import List, Tuple

import torch

from ...analysis.numerics.facts import InputFacts
from ..tensor_facts import dtype_name

_FEWEST_SAMPLES = 16


def input_facts(named: List[Tuple[str, torch.Tensor]]) -> List[Tuple[InputFacts, torch.Tensor]]:
    """Each tensor with the facts of its values; none is used yet."""
    return [(_facts(name, tensor), tensor) for name, tensor in named]


def _facts(name: str, tensor: torch.Tensor) -> InputFacts:
    facts = InputFacts(name, tuple(int(size) for size in tensor.shape), dtype_name(tensor.dtype), is_used=False)
    if not tensor.is_floating_point() or not tensor.numel() or tensor.layout is not torch.strided or tensor.device.type == "meta":
        return facts
    values = tensor.detach().float()
    bad = torch.isnan(values)
    finite = values[torch.isfinite(values)]
    index: Tuple[int, ...] = tuple(int(place) for place in bad.nonzero()[0]) if bool(bad.any()) else ()
    still, widest = _of_features(values)
    return InputFacts(
        facts.name,
        facts.shape,
        facts.dtype,
        int(bad.sum()),
        int(torch.isinf(values).sum()),
        index,
        float(finite.min()) if finite.numel() else None,
        float(finite.max()) if finite.numel() else None,
        float(finite.mean()) if finite.numel() else None,
        float(finite.std(unbiased=False)) if finite.numel() else None,
        still,
        widest,
        is_used=False,
    )


def _of_features(values: torch.Tensor) -> Tuple[Tuple[int, ...], float]:
    """Of a table of samples and features: those with one value in all samples, and how much wider one is than another."""
    if values.dim() != 2 or values.shape[0] < _FEWEST_SAMPLES or values.shape[1] < 2 or not bool(torch.isfinite(values).all()):
        return (), 1.0
    spread = values.std(0, unbiased=False)
    moving = spread[spread > 0]
    widest = float(moving.max() / moving.min()) if moving.numel() > 1 else 1.0
    still = tuple(int(number) for number in (spread == 0).nonzero().flatten()[:8])
    return (still if moving.numel() else ()), widest
