"""Numbers of many tensors on one sheet, row by row: a row belongs to one tensor, and each operation goes over all rows."""

import math
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch

from .moments import BINS, LARGE_UNIT, Moments

ROW = 1 << 12
ROWS = 1 << 9
"""With 512 rows of 4096 numbers, the sheet and what is made of it while it is looked at take 44 MB."""
_OF_ROWS = 7
"""So many numbers are told of each row."""
_NEVER = -1e6
"""A place that is none: what is there is not counted."""
_LARGE = 1e100
"""Doubles beyond this are looked at in the large unit."""

Told = Dict[int, Tuple[Moments, Optional[List[int]]]]
"""Of each entry its moments, and how many of its values lie in each bin."""


class _Look(NamedTuple):
    """What a full sheet told: of each row the least and the largest finite value, the sum of the finite ones' distances from the least and
    the length of these as a vector, how many are not finite, not a number, not zero; then, where wanted, of each entry its bins.

    ``entries`` are those of the rows, ``padded`` how many numbers of each row are none, or -1 for a row whose moments are not wanted.
    ``results`` is empty where the device refused.
    """

    entries: List[int]
    padded: List[int]
    results: List[torch.Tensor]


class Sheet:
    """Takes entries that are written in one or several parts, and tells of all of them in the end. Nothing here waits for the device
    before that.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self.device = device
        self._numbers = torch.full((ROWS * ROW,), math.nan, dtype=dtype, device=device)
        self._wide = _widest(device)
        self._number = -1
        self._is_new = False
        self._rows: List[Tuple[int, int, bool]] = []
        self._looks: List[_Look] = []
        self._carried: Optional[Tuple[int, torch.Tensor, torch.Tensor]] = None

    def begin(self) -> int:
        """The number of the entry that is written from now on. One of which nothing is written leaves it to the next."""
        self._is_new = True
        return self._number + 1

    def write(self, part: torch.Tensor, moments: bool, bins: bool) -> None:
        """More numbers of this entry, at most half a sheet of them. Those of which ``bins`` are wanted lie between the extremes of what was
        written of it before, and are all of them or a sample."""
        elements = part.numel()
        rows = -(-elements // ROW)
        if len(self._rows) + rows > ROWS:
            self._look()
        start = len(self._rows) * ROW
        self._numbers[start : start + elements].view(part.shape).copy_(part)
        self._number += self._is_new
        self._is_new = False
        padding = rows * ROW - elements
        self._rows += [(self._number, 0 if moments else -1, bins)] * (rows - 1)
        self._rows.append((self._number, padding if moments else -1, bins))

    def told(self) -> Told:
        """What is known of every entry; this waits for the device. Of those that could not be looked at nothing is."""
        if self._rows:
            self._look()
        looks, self._looks = self._looks, []
        return _told(looks)

    def _look(self) -> None:
        rows, self._rows = self._rows, []
        entries, padded = [row[0] for row in rows], [row[1] for row in rows]
        try:
            results = self._looked(entries, [row[2] for row in rows])
        except Exception:  # a device that is out of memory, or lacks an operation: looking must never be what fails
            results, self._carried = [], None
        self._looks.append(_Look(entries, padded, results))
        self._numbers[: len(rows) * ROW].fill_(math.nan)

    def _looked(self, entries: List[int], bins: List[bool]) -> List[torch.Tensor]:
        inf, wide = math.inf, self._wide
        x = self._numbers[: len(entries) * ROW].view(len(entries), ROW)
        finite = x.nan_to_num(inf, inf, inf)
        low = finite.amin(1)
        special = finite == inf
        around = low.nan_to_num(posinf=0.0)  # 0 in a row without any
        torch.where(special, around[:, None], finite, out=finite)
        high = finite.amax(1)
        unit = _unit(around, high) if x.dtype is torch.float64 else None
        apart = _apart(finite, around.to(wide), unit)
        sums, lengths = apart.sum(1), torch.linalg.vector_norm(apart, dim=1)
        told = [around, high, sums, lengths, special.sum(1), (x != x).sum(1), torch.linalg.vector_norm(x, 0, dim=1)]

        numbers = [entry - entries[0] for entry in entries]
        starts = [number * BINS + 0.5 if is_wanted else _NEVER for number, is_wanted in zip(numbers, bins)]
        is_cuda = self.device.type == "cuda"  # others may read the memory when it is no more
        here = torch.tensor([numbers, starts], dtype=torch.float32, device="cpu").to(self.device, non_blocking=is_cuda)
        number = here[0].to(torch.int64)
        lows, highs = self._extremes(entries, number, low, torch.where(low == inf, -inf, high))
        if any(bins):
            begin, end = bins.index(True), len(bins) - bins[::-1].index(True)
            these = number[begin:end], around[begin:end], unit[begin:end] if unit is not None else None
            scale, offset = _ruler(lows.to(wide), highs.to(wide), *these)
            places = torch.empty_like(finite[begin:end], dtype=torch.float32)
            torch.addcmul(offset[:, None], apart[begin:end], scale[:, None], out=places)
            places.clamp_(max=BINS - 0.5).floor_().masked_fill_(special[begin:end], _NEVER).add_(here[1, begin:end, None])
            told.append(_counted(places, (numbers[-1] + 1) * BINS))
        return told

    def _extremes(
        self, entries: List[int], number: torch.Tensor, low: torch.Tensor, high: torch.Tensor
    ) -> Tuple[torch.Tensor, torch.Tensor]:
        """Of each entry, also of what was written of the first one on the sheet before."""
        count = entries[-1] - entries[0] + 1
        mine = torch.arange(count, device=self.device)[:, None] == number
        lows, highs = torch.where(mine, low, math.inf).amin(1), torch.where(mine, high, -math.inf).amax(1)
        if self._carried is not None and self._carried[0] == entries[0]:
            torch.minimum(lows[:1], self._carried[1], out=lows[:1])
            torch.maximum(highs[:1], self._carried[2], out=highs[:1])
        self._carried = entries[-1], lows[-1:], highs[-1:]
        return lows, highs


def _apart(numbers: torch.Tensor, around: torch.Tensor, unit: Optional[torch.Tensor]) -> torch.Tensor:
    """How far the numbers of each row are from ``around``, in the ``unit`` of the row."""
    if unit is None:
        return numbers - around[:, None]
    return torch.addcmul(-(around * unit)[:, None], numbers, unit[:, None])


def _ruler(
    low: torch.Tensor, high: torch.Tensor, mine: torch.Tensor, around: torch.Tensor, unit: Optional[torch.Tensor]
) -> Tuple[torch.Tensor, torch.Tensor]:
    """For each row what a distance from ``around``, in its ``unit``, is multiplied by, and what is added, to be a place among the bins
    between ``low`` and ``high`` of the entry that is ``mine``."""
    least = torch.finfo(low.dtype).tiny * BINS
    if unit is None:
        scale = (BINS / (high - low).clamp(min=least))[mine]
        return scale, (around - low[mine]) * scale
    whole = _unit(low, high)
    scale = (BINS / (high * whole - low * whole).clamp(min=least) * whole)[mine] / unit
    return scale, (around * unit - low[mine] * unit) * scale


def _widest(device: torch.device) -> torch.dtype:
    """Double precision where the device has it."""
    try:
        return torch.zeros(1, dtype=torch.float64, device=device).dtype
    except (RuntimeError, TypeError):
        return torch.float32


def _counted(places: torch.Tensor, bins: int) -> torch.Tensor:
    """How many of the places lie in 0 to 1, 1 to 2, ... up to ``bins``."""
    if places.device.type in ("cuda", "cpu") and not torch.are_deterministic_algorithms_enabled():
        return torch.histc(places, bins, 0, bins)  # which torch takes for random, and the one of MPS ends the process
    edges = torch.arange(bins + 1, dtype=places.dtype, device=places.device)
    return torch.searchsorted(places.flatten().sort().values, edges).diff()


def _told(looks: List[_Look]) -> Told:
    """Parts of an entry come together as in ``Moments.add``, but all entries at the same time."""
    fetched = iter(_fetched([each for look in looks for each in look.results]))
    lost = {entry for look in looks if not look.results for entry in look.entries}
    seen = [(look, [next(fetched) for _ in look.results]) for look in looks if look.results]
    if not seen:
        return {}
    wide = torch.float64
    rows = [torch.cat([results[place] for _, results in seen]).to(wide) for place in range(_OF_ROWS)]
    padded = torch.tensor([each for look, _ in seen for each in look.padded], dtype=wide, device="cpu")
    entry = torch.tensor([each for look, _ in seen for each in look.entries], device="cpu")
    count = int(entry[-1]) + 1
    low, high, sums, lengths, special, nan, nonzero = (each[padded >= 0] for each in rows)
    entry, padded = entry[padded >= 0], padded[padded >= 0]

    def total(of_rows: torch.Tensor) -> torch.Tensor:
        return torch.zeros(count, dtype=wide, device="cpu").index_add_(0, entry, of_rows)

    numbers = [total(ROW - special), total(ROW - nonzero), total(nan - padded), total(special - nan)]
    some = special < ROW
    entry, low, high, sums, lengths, finite = (each[some] for each in (entry, low, high, sums, lengths, ROW - special))
    lows, highs = (torch.full((count,), each, dtype=wide, device="cpu") for each in (math.inf, -math.inf))
    lows.scatter_reduce_(0, entry, low, "amin")
    highs.scatter_reduce_(0, entry, high, "amax")
    units = _unit(lows.nan_to_num(posinf=0.0), highs.nan_to_num(neginf=0.0))
    unit = units[entry] / _unit(low, high)
    sums, lengths = sums * unit, lengths * unit
    means = low * units[entry] + sums / finite
    mean = total(means * (finite / numbers[0][entry]))
    squares = total(lengths * lengths - sums * (sums / finite) + finite * (means - mean[entry]) ** 2)
    bins = torch.zeros(count, BINS, dtype=torch.int64, device="cpu")
    for look, results in seen:
        if len(results) > _OF_ROWS:
            of_entries = results[-1].view(-1, BINS).to(torch.int64)
            bins[look.entries[0] : look.entries[0] + len(of_entries)] += of_entries
    columns = (*numbers, mean, squares, lows, highs, 1 / units, bins)
    told: Told = {}
    for each, row in enumerate(zip(*(column.tolist() for column in columns))):
        n, zero, nans, infs, average, spread, least, most, one, counts = row
        if each not in lost:
            known = Moments(int(n), average, spread, least, most, int(zero), int(nans), int(infs))
            known.unit = one
            told[each] = known, counts
    return told


def _unit(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """What numbers between these are multiplied by, so that their squares have room in a double."""
    return torch.ones_like(low).masked_fill_(torch.maximum(low.abs(), high.abs()) > _LARGE, 1 / LARGE_UNIT)


def _fetched(tensors: List[torch.Tensor]) -> List[torch.Tensor]:
    """The same on the CPU: one transfer for each type."""
    groups: Dict[torch.dtype, List[int]] = {}
    for number, tensor in enumerate(tensors):
        groups.setdefault(tensor.dtype, []).append(number)
    here: Dict[int, torch.Tensor] = {}
    for numbers in groups.values():
        together = [tensors[number] for number in numbers]
        here.update(zip(numbers, torch.split(torch.cat(together).cpu(), [len(tensor) for tensor in together])))
    return [here[number] for number in range(len(tensors))]
