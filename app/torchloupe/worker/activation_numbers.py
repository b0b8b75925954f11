"""An activation in numbers: quantiles of all of its values, statistics of each channel; in blocks, never on a whole copy."""

import math
from typing import Callable, List, Optional, Tuple

import torch

from ..wire.activations import ChannelStats
from ..wire.values import Quantile, ValueSummary
from .statistics import tensor_stats

PARTS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
WHOLE = 1 << 20
"""Quantiles are made of all values up to this number, of an even sample beyond."""
SAMPLE = 1 << 16
BLOCK = 1 << 20
MOST_CHANNELS = 1 << 14


def summary_of(tensor: torch.Tensor) -> Optional[ValueSummary]:
    """Statistics and quantiles of the finite values; None when they have no order, or there are none."""
    stats = tensor_stats(tensor)
    if stats is None:
        return None
    values, sampled = tensor.detach().reshape(-1), None
    if values.numel() > WHOLE:
        values = values[:: values.numel() // SAMPLE]
        sampled = values.numel()
    numbers = _wide(values)
    ordered = torch.sort(numbers[torch.isfinite(numbers)]).values
    quantiles = tuple([Quantile(part, _between(ordered, part)) for part in PARTS]) if ordered.numel() else ()
    return ValueSummary(stats, quantiles, sampled)


def _between(ordered: torch.Tensor, part: float) -> float:
    """The value below which this part of sorted values lies, between two of them where it falls between."""
    place = part * (ordered.numel() - 1)
    low = int(place)
    one, other = ordered[low].item(), ordered[min(low + 1, ordered.numel() - 1)].item()
    return float(one + (other - one) * (place - low))


def channel_stats(tensor: torch.Tensor, dimension: Optional[int], check: Callable[[], None]) -> Tuple[ChannelStats, ...]:
    """Statistics of each member of a dimension; none where there is no such dimension or too many. ``check`` may raise to stop."""
    if dimension is None or tensor.dim() <= dimension or tensor.is_complex() or not tensor.numel():
        return ()
    channels = tensor.detach().movedim(dimension, 0)
    count = channels.shape[0]
    if count > MOST_CHANNELS:
        return ()
    together = max(1, BLOCK * count // tensor.numel())
    made: List[ChannelStats] = []
    for first in range(0, count, together):
        check()
        made += _stats_of_rows(_wide(channels[first : first + together].reshape(min(together, count - first), -1)), first)
    return tuple(made)


def _stats_of_rows(rows: torch.Tensor, first: int) -> List[ChannelStats]:
    """Of each row, in double precision; mean, deviation and extremes over the finite values."""
    finite = torch.isfinite(rows)
    counts = finite.sum(1)
    none = torch.zeros((), dtype=rows.dtype)
    plain = torch.where(finite, rows, none)
    mean = plain.sum(1) / counts
    deviation = torch.where(finite, plain - mean[:, None], none)
    columns = (
        mean,
        (deviation.square().sum(1) / counts).sqrt(),
        torch.where(finite, rows, none + math.inf).amin(1),
        torch.where(finite, rows, none - math.inf).amax(1),
    )
    whole = ((rows == 0).sum(1), torch.isnan(rows).sum(1), torch.isinf(rows).sum(1))
    numbers = zip(counts.tolist(), zip(*[column.tolist() for column in columns]), zip(*[column.tolist() for column in whole]))
    return [
        ChannelStats(first + at, *(floats if held else (None,) * len(floats)), *counted)
        for at, (held, floats, counted) in enumerate(numbers)
    ]


def _wide(values: torch.Tensor) -> torch.Tensor:
    return values.cpu().to(torch.float64)  # not in one step: some devices have no such type
