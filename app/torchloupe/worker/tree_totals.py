"""What the parts of a model come to: elements and bytes of each module and everything below, each tensor once."""

from collections import defaultdict
from functools import lru_cache
from typing import Dict, Iterator, List, Sequence, Set, Tuple

from ..wire.modules import PARAMETER, ParameterEntry

_COUNTERS = ("int64", "bool")
_NOTHING: Tuple[str, ...] = ()

Memory = Tuple[int, int]
"""Which piece of memory several tensors lie in, and how many bytes it has."""


class Totals:
    """Sums over one module: ``own_count``, ``own_numel`` and ``own_bytes`` for its own tensors, the rest for all below, too."""

    __slots__ = ("bytes", "counters", "devices", "dtypes", "numel", "own_bytes", "own_count", "own_numel", "trainable")

    def __init__(self) -> None:
        self.own_count = self.own_numel = self.own_bytes = self.numel = self.trainable = self.bytes = 0
        self.dtypes = self.counters = self.devices = _NOTHING

    @property
    def dtype(self) -> str:
        """One name or several; counters and masks say something only where there is nothing else."""
        return _joined(self.dtypes or self.counters)

    @property
    def device(self) -> str:
        """One name or several."""
        return _joined(self.devices)

    def hold(self, entry: ParameterEntry) -> None:
        """A tensor of its own, not yet in the sums over all below."""
        self.own_bytes += entry.bytes
        if entry.kind == PARAMETER:
            self.own_count += 1
            self.own_numel += entry.numel
        elif entry.dtype in _COUNTERS:
            self.counters = _with(self.counters, entry.dtype)
        if entry.dtype not in self.dtypes and (entry.kind == PARAMETER or entry.dtype not in _COUNTERS):
            self.dtypes = _with(self.dtypes, entry.dtype)
        if entry.device not in self.devices:
            self.devices = _with(self.devices, entry.device)

    def add(self, entry: ParameterEntry, size: int) -> None:
        """A tensor in it or below, met for the first time, and how many bytes more it takes."""
        self.bytes += size
        if entry.kind == PARAMETER:
            self.numel += entry.numel
            if entry.requires_grad:
                self.trainable += entry.numel

    def take_in(self, below: "Totals") -> None:
        """The sums of a module directly below."""
        self.numel += below.numel
        self.trainable += below.trainable
        self.bytes += below.bytes
        if self.dtypes != below.dtypes:
            self.dtypes = _with(self.dtypes, *below.dtypes)
        if self.counters != below.counters:
            self.counters = _with(self.counters, *below.counters)
        if self.devices != below.devices:
            self.devices = _with(self.devices, *below.devices)


@lru_cache(maxsize=256)
def _joined(names: Tuple[str, ...]) -> str:
    return ", ".join(sorted(names))


def _with(names: Tuple[str, ...], *more: str) -> Tuple[str, ...]:
    new = [name for name in more if name not in names]
    return (*names, *new) if new else names


def module_totals(paths: Sequence[str], entries: Sequence[ParameterEntry], memory: Dict[str, Memory]) -> Dict[str, Totals]:
    """The sums of each module path (parents come before children). ``memory`` names the keys that lie in memory with others."""
    totals = {path: Totals() for path in paths}
    several: List[ParameterEntry] = []
    for entry in entries:
        own = totals[entry.owner]
        own.hold(entry)
        if entry.tied_to or entry.key in memory:
            several.append(entry)
        else:
            own.add(entry, entry.bytes)
    for path in reversed(paths):
        if path:
            totals[path.rpartition(".")[0]].take_in(totals[path])
    _add_each_once(totals, several, memory)
    return totals


def _add_each_once(totals: Dict[str, Totals], entries: List[ParameterEntry], memory: Dict[str, Memory]) -> None:
    met: Dict[str, Set[str]] = defaultdict(set)
    filled: Dict[Tuple[str, int], int] = defaultdict(int)
    for entry in entries:
        name = min((entry.key, *entry.tied_to))
        place, most = memory.get(entry.key, (None, 0))
        for path in _ancestors(entry.owner):
            if name in met[path]:
                continue
            met[path].add(name)
            size = entry.bytes if place is None else min(entry.bytes, most - filled[path, place])
            if place is not None:
                filled[path, place] += size
            totals[path].add(entry, size)


def _ancestors(path: str) -> Iterator[str]:
    yield path
    while path:
        path = path.rpartition(".")[0]
        yield path
