"""A closer look at one tensor, when somebody asks: percentiles, and what each channel or unit holds."""

from typing import Iterator, List, NamedTuple, Optional, Tuple

import torch

from ...wire.values import Quantile
from .elements import pieces_of, values_of
from .moments import CHUNK, sample_step
from .torch_way import widened

PARTS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


class Channels(NamedTuple):
    """Of each index along an axis, over all other axes: moments and extremes of the finite values, numbers of zeros and of finite
    values; and of how many elements. ``nan`` where no value is finite.
    """

    mean: List[float]
    std: List[float]
    min: List[float]
    max: List[float]
    zeros: List[int]
    finite: List[int]
    elements: int


def percentiles(tensor: torch.Tensor, parts: Tuple[float, ...] = PARTS) -> Optional[Tuple[Quantile, ...]]:
    """Below which value these parts of the finite values lie; of the same sample as the histogram. None without finite values."""
    values = values_of(tensor)
    if values is None:
        return None
    step, at, sample = sample_step(values.numel()), 0, []
    for piece in pieces_of(values):
        sample.append(widened(piece[-at % step :: step].cpu()).double())
        at += len(piece)
    taken = torch.cat(sample)
    finite, _ = taken[torch.isfinite(taken)].sort()
    if not len(finite):
        return None
    return tuple(Quantile(part, _between(finite, part * (len(finite) - 1))) for part in parts)


def per_channel(tensor: torch.Tensor, axis: int) -> Optional[Channels]:
    """Statistics of each index along ``axis``; None for a tensor without values. Raises ``IndexError`` when there is no such axis."""
    values = values_of(tensor)
    if values is None:
        return None
    rows = values.movedim(axis, 0)
    total = _Rows(len(rows))
    for part in _parts(rows):
        total.add(part)
    return total.channels(values.numel() // len(rows))


class _Rows:
    """Moments of each row of a matrix that comes in parts."""

    def __init__(self, count: int) -> None:
        self.finite = torch.zeros(count, dtype=torch.float64, device="cpu")
        self.mean, self.squares, self.zeros = (torch.zeros_like(self.finite) for _ in range(3))
        self.low, self.high = torch.full_like(self.finite, torch.inf), torch.full_like(self.finite, -torch.inf)

    def add(self, part: torch.Tensor) -> None:
        """Count more columns in."""
        is_finite = torch.isfinite(part)
        finite = is_finite.sum(1).double()
        self.zeros += (part == 0).sum(1)
        self.low = torch.minimum(self.low, torch.where(is_finite, part, torch.inf).amin(1))
        self.high = torch.maximum(self.high, torch.where(is_finite, part, -torch.inf).amax(1))
        mean = torch.where(is_finite, part, 0.0).sum(1) / finite.clamp(min=1)
        deviations = torch.where(is_finite, part - mean[:, None], 0.0)
        distance, together = mean - self.mean, self.finite + finite
        share = finite / together.clamp(min=1)
        self.squares += deviations.square().sum(1) + distance * distance * self.finite * share
        self.mean += distance * share
        self.finite = together

    def channels(self, elements: int) -> Channels:
        nothing = torch.full_like(self.mean, torch.nan)
        some = self.finite > 0
        std = (self.squares / self.finite.clamp(min=1)).sqrt()
        mean, std, low, high = [torch.where(some, each, nothing) for each in (self.mean, std, self.low, self.high)]
        known = mean.tolist(), std.tolist(), low.tolist(), high.tolist()
        return Channels(*known, self.zeros.long().tolist(), self.finite.long().tolist(), elements)


def _parts(rows: torch.Tensor) -> Iterator[torch.Tensor]:
    """The tensor as a matrix of its first axis against all others, as many columns at a time as stay in the cache."""
    if rows.dim() < 3:
        matrix = rows.reshape(len(rows), -1)
        for part in torch.split(matrix, max(CHUNK // len(rows), 1), 1):
            yield widened(part.cpu()).double()
        return
    one = max(rows.numel() // rows.shape[1], 1)
    for part in torch.split(rows, max(CHUNK // one, 1), 1):
        yield from _parts(part.flatten(1) if one <= CHUNK else part.squeeze(1))


def _between(ordered: torch.Tensor, place: float) -> float:
    """The value at a place that may lie between two."""
    low, high = float(ordered[int(place)]), float(ordered[min(int(place) + 1, len(ordered) - 1)])
    return low + (high - low) * (place - int(place))
