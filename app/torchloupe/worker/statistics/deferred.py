"""Statistics of tensors on a device, which is never waited for until all of them come over at once."""

from typing import Callable, Dict, List, Optional, Tuple, Union

import torch

from ...wire.tensors import TensorStats
from .elements import pieces_of, values_of, without_repeats
from .moments import BINS, Moments, sample_step
from .torch_way import widened

SMALL = 1 << 18
"""Elements up to which a copy on the device costs less than the many small kernels of its statistics."""
ROOM = 32 << 20
"""Bytes of such copies that are kept at most."""
_PIECE = 1 << 22


class DeferredStats:
    """Tensors are given in as they are, one after the other; their statistics come out together.

    Those on the CPU are measured at once by ``measure``. Of those on a device, small ones are copied there, and of large ones all
    is computed there; ``collect`` fetches copies and numbers. ``at_once`` names the devices that are measured at once.
    """

    def __init__(self, measure: Callable[[torch.Tensor], Optional[TensorStats]], at_once: Tuple[str, ...] = ("cpu",)) -> None:
        self._measure = measure
        self._at_once = at_once
        self._waiting: List[Union[TensorStats, _Copy, _OnDevice, None]] = []
        self._room = ROOM

    def add(self, tensor: torch.Tensor) -> int:
        """Take a tensor's values as they are now; the place of its statistics in what ``collect`` returns."""
        if tensor.device.type in self._at_once:
            self._waiting.append(self._measure(tensor))
        else:
            with torch.no_grad():
                self._waiting.append(self._queued(tensor))
        return len(self._waiting) - 1

    def collect(self) -> List[Optional[TensorStats]]:
        """The statistics of all that was given in, in that order; this waits for the device. Afterwards nothing is in here."""
        waiting, self._waiting, self._room = self._waiting, [], ROOM
        fetched = iter(_fetched([entry.values for entry in waiting if isinstance(entry, (_Copy, _OnDevice))]))
        return [entry.stats(next(fetched)) if isinstance(entry, (_Copy, _OnDevice)) else entry for entry in waiting]

    def _queued(self, tensor: torch.Tensor) -> "Union[_Copy, _OnDevice, None]":
        values = values_of(tensor)
        if values is None:
            return None
        base, _ = without_repeats(values)
        size = base.numel() * base.element_size()
        if base.numel() > SMALL or size > self._room:
            return _OnDevice(values)
        self._room -= size
        return _Copy(values, self._measure)


class _Copy:
    """A small tensor, kept as it was."""

    def __init__(self, tensor: torch.Tensor, measure: Callable[[torch.Tensor], Optional[TensorStats]]) -> None:
        base, self._times = without_repeats(tensor)
        self._shape, self._expanded, self._measure = base.shape, tensor.shape, measure
        self.values = base.clone(memory_format=torch.contiguous_format).view(-1)

    def stats(self, fetched: torch.Tensor) -> Optional[TensorStats]:
        return self._measure(fetched.view(self._shape).expand(self._expanded))


class _OnDevice:
    """What was computed of a large tensor: eight numbers for each piece, then the histogram."""

    def __init__(self, tensor: torch.Tensor) -> None:
        base, self._times = without_repeats(tensor)
        step = sample_step(base.numel(), base.element_size())
        moments, sample, at = [], [], 0
        for piece in pieces_of(base, _PIECE):
            moments.append(_moments_of(piece))
            sample.append(piece[-at % step :: step])
            at += len(piece)
        taken = torch.cat(sample)
        self._sampled = None if step == 1 else len(taken)
        low, high = torch.stack([each[3] for each in moments]).amin(), torch.stack([each[4] for each in moments]).amax()
        self.values = torch.cat([*moments, _bins_of(taken, low, high)])

    def stats(self, fetched: torch.Tensor) -> TensorStats:
        numbers: List[float] = fetched.tolist()
        total = Moments()
        for start in range(0, len(numbers) - BINS, 8):
            finite, mean, squares, low, high, zeros, nan, inf = numbers[start : start + 8]
            total.add(Moments(int(finite), mean, squares, low, high, int(zeros), int(nan), int(inf)))
        return total.stats([int(count) for count in numbers[-BINS:]], self._sampled, self._times)


def _numbers(piece: torch.Tensor) -> torch.Tensor:
    """In double precision where the device has it."""
    return piece.float() if piece.device.type == "mps" else widened(piece).double()


def _moments_of(piece: torch.Tensor) -> torch.Tensor:
    numbers = _numbers(piece)
    is_finite = numbers - numbers == 0
    finite, nan = is_finite.sum(), (numbers != numbers).sum()
    mean = torch.where(is_finite, numbers, 0).sum() / finite.clamp(min=1)
    deviations = torch.where(is_finite, numbers - mean, 0)
    told = [
        finite,
        mean,
        torch.dot(deviations, deviations),
        torch.where(is_finite, numbers, float("inf")).amin(),
        torch.where(is_finite, numbers, float("-inf")).amax(),
        (numbers == 0).sum(),
        nan,
        len(piece) - finite - nan,
    ]
    return torch.stack([number.to(numbers.dtype) for number in told])


def _bins_of(piece: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    numbers = _numbers(piece)
    places = ((numbers - low) * (BINS / (high - low))).nan_to_num(0.0).clamp(0, BINS - 1).to(torch.int64)
    counts = torch.zeros(BINS, dtype=numbers.dtype, device=numbers.device)
    return counts.index_add_(0, places, (numbers - numbers == 0).to(numbers.dtype))


def _fetched(tensors: List[torch.Tensor]) -> List[torch.Tensor]:
    """The same on the CPU: one transfer for each device and type."""
    groups: Dict[Tuple[torch.device, torch.dtype], List[int]] = {}
    for number, tensor in enumerate(tensors):
        groups.setdefault((tensor.device, tensor.dtype), []).append(number)
    here: Dict[int, torch.Tensor] = {}
    for numbers in groups.values():
        together = [tensors[number] for number in numbers]
        here.update(zip(numbers, torch.split(torch.cat(together).cpu(), [len(tensor) for tensor in together])))
    return [here[number] for number in range(len(tensors))]
