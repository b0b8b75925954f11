"""Which way statistics are made in this process: in C where the library is there and right, else in torch."""

import math
import os
import pkgutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Iterable, List, Optional, Protocol

import torch

from ...wire.tensors import TensorStats
from .elements import pieces_of, without_repeats
from .moments import CHUNK, LARGE_UNIT, Moments, sample_step
from .native_way import LIBRARY, NativeWay
from .torch_way import TorchWay

_FETCHED = 1 << 22
"""Elements that come from a device at once."""


class Way(Protocol):
    """How pieces of one dimension, in the memory of the CPU, are looked at."""

    name: str

    def moments(self, piece: torch.Tensor) -> Moments:
        """What is known after one look."""

    def bins(self, pieces: Iterable[torch.Tensor], low: float, high: float) -> List[int]:
        """How many of the finite values lie in each of the equal parts of [low, high]."""


def in_pieces(values: torch.Tensor, way: Way) -> TensorStats:
    """The statistics of a tensor that has values, made piece by piece."""
    values, times = without_repeats(values)
    elements = values.numel()
    step = sample_step(elements, values.element_size())
    most = CHUNK if values.is_cpu else _FETCHED
    total, sample, at = Moments(), [], 0
    for piece in pieces_of(values, most):
        here = piece.cpu()
        total.add(way.moments(here))
        if step > 1:
            sample.append(here[-at % step :: step].clone())
            at += len(here)
    if not math.isfinite(total.squares):
        _measure_in_units(total, values, way)
    if not total.finite:
        return total.stats(None, None, times)
    if step == 1:
        return total.stats(way.bins((piece.cpu() for piece in pieces_of(values, most)), total.low, total.high), None, times)
    taken = torch.cat(sample)
    return total.stats(way.bins(torch.split(taken, CHUNK), total.low, total.high), len(taken), times)


def _measure_in_units(total: Moments, values: torch.Tensor, way: Way) -> None:
    """Mean and deviations again, of doubles whose squares are too large for a double."""
    scaled = Moments()
    for piece in pieces_of(values):
        scaled.add(way.moments(piece.cpu() / LARGE_UNIT))
    total.mean, total.squares, total.unit = scaled.mean, scaled.squares, LARGE_UNIT


@lru_cache(maxsize=None)
def chosen_way() -> Way:
    """The fastest way that works here, found out once."""
    sent = None if LIBRARY.exists() else _sent_along()
    if sent is None:
        return native_or_torch(LIBRARY)
    with os.fdopen(os.memfd_create("torchloupe-passes"), "wb", buffering=0) as file:
        file.write(sent)
        return native_or_torch(Path(f"/proc/self/fd/{file.fileno()}"))


def _sent_along() -> Optional[bytes]:
    """The compiled passes for a machine like this one, where our sources came through a pipe and lie in memory."""
    if not hasattr(os, "memfd_create"):
        return None
    machine = os.uname()
    try:
        return pkgutil.get_data(__package__, f"passes-{machine.sysname}-{machine.machine}.so")
    except OSError:
        return None


def native_or_torch(library: Path) -> Way:
    """C when ``library`` gives the right answers to small questions, else torch. What is there and of no use is said in the log."""
    if not library.exists():
        return TorchWay()
    try:
        way = NativeWay(library)
        if is_right(way) and way.motion(torch.tensor([1.0, 2.0, 0.0]), torch.tensor([1.0, 5.0, -0.0])) == (1, 5.0, 9.0):
            return way
        reason = "it counts wrong"
    except Exception as error:  # whatever is wrong with a file that is only there to be fast
        reason = str(error)
    sys.stderr.write(f"torchloupe-worker: statistics are made without {library}: {reason}\n")
    return TorchWay()


def is_right(way: Way) -> bool:
    """Whether it tells what is in a few numbers of each of the usual types."""
    few = [0.0, 1.0, -2.0, 5.0, -0.0, 2.0, math.nan, math.inf, -math.inf]
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        every = torch.tensor(few, dtype=dtype, device="cpu")
        for piece, special in ((every, (1, 2)), (every[:6], (0, 0))):
            known = way.moments(piece)
            bins = way.bins([piece], -2.0, 5.0)
            told = (known.finite, known.low, known.high, known.zeros, known.nan, known.inf)
            if told != (6, -2.0, 5.0, 2, *special) or abs(known.mean - 1) + abs(known.squares - 28) > 1e-9:
                return False
            if [(place, count) for place, count in enumerate(bins) if count] != [(0, 1), (18, 2), (27, 1), (36, 1), (63, 1)]:
                return False
    return True
