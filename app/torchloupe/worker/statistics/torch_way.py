"""The passes in torch: the way that is always there.

Made of what is quick in torch on one thread: ``count_nonzero`` and ``isfinite`` are forty times slower than what is used here.
"""

import math
from typing import Iterable, List, Tuple

import torch

from .moments import BINS, Moments

_MANY = 1 << 14


class TorchWay:
    """A few reductions on each piece, of which there is one at a time."""

    name = "torch"

    def moments(self, piece: torch.Tensor) -> Moments:
        """What is known after one look at a piece."""
        numbers = widened(piece)
        zeros = numbers.numel() - int(numbers.bool().view(torch.int8).sum())
        low, high = _extremes(numbers)
        nan = inf = 0
        if not (math.isfinite(low) and math.isfinite(high)):
            nan = int((numbers != numbers).sum())
            numbers, before = numbers[torch.isfinite(numbers)], numbers.numel()
            inf = before - numbers.numel() - nan
            if numbers.numel() == 0:
                return Moments(zeros=zeros, nan=nan, inf=inf)
            low, high = _extremes(numbers)
        deviations = numbers.double() - low
        offset = float(deviations.sum()) / len(numbers)
        deviations -= offset
        return Moments(len(numbers), low + offset, float(torch.dot(deviations, deviations)), low, high, zeros, nan, inf)

    def bins(self, pieces: Iterable[torch.Tensor], low: float, high: float) -> List[int]:
        """How many of the finite values lie in each of the equal parts of [low, high]."""
        counts = torch.zeros(BINS, dtype=torch.int64, device="cpu")
        part, start, scale = ruler(low, high)
        for piece in pieces:
            numbers = widened(piece)
            if not all(map(math.isfinite, _extremes(numbers))):
                numbers = numbers[torch.isfinite(numbers)]
            if needs_doubles(low, high):
                numbers = numbers.double() * part
            places = (numbers - start).mul_(scale).to(torch.int32).clamp_(0, BINS - 1)
            counts += torch.bincount(places, minlength=BINS) if len(places) < _MANY else _counted_in_pairs(places.to(torch.uint8))
        return [int(count) for count in counts.tolist()]


def _counted_in_pairs(places: torch.Tensor) -> torch.Tensor:
    """How often each place occurs; two places are one number of 16 bits, so there is half as much to count."""
    even = len(places) & -2
    pairs = torch.bincount(places[:even].view(torch.int16), minlength=256 * BINS).view(BINS, 256)
    return pairs.sum(1) + pairs[:, :BINS].sum(0) + torch.bincount(places[even:], minlength=BINS)


def widened(piece: torch.Tensor) -> torch.Tensor:
    """The same numbers in a type that can be counted with: float32 where that holds them, else float64."""
    if piece.dtype in (torch.float32, torch.float64):
        return piece
    exact = piece.is_floating_point() or piece.element_size() < 4
    return piece.to(torch.float32 if exact else torch.float64)


def needs_doubles(low: float, high: float) -> bool:
    """Whether float32 is too narrow to put values of this range into bins."""
    return not 1e-30 < high - low < 1e30


def ruler(low: float, high: float) -> Tuple[float, float, float]:
    """How values are put into bins: times the first, minus the second, times the third; none of them infinite."""
    distance = high - low
    part = 2.0**-600 if distance > 1e300 else 2.0**600 if distance < 1e-280 else 1.0
    whole = high * part - low * part
    return part, low * part, BINS / whole if whole > 0 else 0.0


def _extremes(numbers: torch.Tensor) -> Tuple[float, float]:
    if not len(numbers):
        return 0.0, 0.0
    low, high = torch.aminmax(numbers)
    return float(low), float(high)
