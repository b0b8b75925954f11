"""The numbers of a run in the order in which its calls began: what the values look like, and what each call took.

What a call took is told without what it called, so that all of them together are the run.
"""

from math import hypot
from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..wire.modules import ModuleTree
from ..wire.tensors import TensorStats
from ..wire.traces import LayerCall, Operation
from .flops import flops_of
from .memory import output_bytes
from .wording import bytes_text, count_text, flops_text, number_text, seconds_text


class DepthPoint(NamedTuple):
    """One call. A number is None where there is none: no statistics, no gradients, no end.

    ``mean`` to ``not_finite`` are of the first output that has statistics; ``zeros`` is a part of one. ``share`` is that of the time of
    all calls. ``all_kept`` and ``all_flops`` include what it called.
    """

    call: LayerCall
    is_leaf: bool
    mean: Optional[float] = None
    std: Optional[float] = None
    rms: Optional[float] = None
    largest: Optional[float] = None
    zeros: Optional[float] = None
    not_finite: Optional[int] = None
    seconds: Optional[float] = None
    share: Optional[float] = None
    bytes: Optional[int] = None
    kept: Optional[int] = None
    flops: Optional[int] = None
    all_kept: Optional[int] = None
    all_flops: Optional[int] = None

    @property
    def name(self) -> str:
        """The module, and which call of it when it was called before."""
        again = f" (call {self.call.call_number + 1})" if self.call.call_number else ""
        return (self.call.module or "(model)") + again


class Series(NamedTuple):
    """One kind of number. ``name`` is what the command line calls it, ``noun`` what it is called in a sentence.

    ``spread``: it is told apart by how many times as much it is, so it may be drawn by powers of ten. ``cost``: each call takes a part
    of a whole.
    """

    name: str
    title: str
    noun: str
    value: Callable[[DepthPoint], Optional[float]]
    text: Callable[[float], str]
    spread: bool = True
    cost: bool = False


def percent_text(part: float) -> str:
    """Rounded so that only all is 100 % and only none is 0 %."""
    percent = 100 * part
    if 0 < percent < 1:
        return "<1 %"
    return ">99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def _count_text(value: float) -> str:
    return count_text(round(value))


def _bytes_text(value: float) -> str:
    return bytes_text(round(value))


def _flops_text(value: float) -> str:
    return flops_text(round(value))


SERIES: Tuple[Series, ...] = (
    Series("mean", "Mean", "mean", lambda point: point.mean, number_text, spread=False),
    Series("std", "Std", "std", lambda point: point.std, number_text),
    Series("rms", "RMS", "RMS", lambda point: point.rms, number_text),
    Series("max", "Max |x|", "max |x|", lambda point: point.largest, number_text),
    Series("zeros", "Zeros", "zeros", lambda point: point.zeros, percent_text, spread=False),
    Series("nan", "NaN and Inf", "NaN and Inf", lambda point: point.not_finite, _count_text),
    Series("time", "Time", "time", lambda point: point.seconds, seconds_text, cost=True),
    Series("memory", "Memory", "memory of the output", lambda point: point.bytes, _bytes_text, cost=True),
    Series("kept", "Kept", "memory kept for backward", lambda point: point.kept, _bytes_text, cost=True),
    Series("flops", "FLOPs", "FLOPs", lambda point: point.flops, _flops_text, cost=True),
)
SERIES_BY_NAME = {series.name: series for series in SERIES}


def depth_points(
    calls: Iterable[LayerCall],
    tree: Optional[ModuleTree] = None,
    kept: Sequence[int] = (),
    operations: Sequence[Operation] = (),
) -> List[DepthPoint]:
    """All calls of a run, containers too, in the order in which they began. Without a ``tree`` there are no FLOPs; ``kept`` is
    ``ForwardReport.kept_bytes``."""
    ordered = sorted(calls, key=lambda call: call.index)
    flops = flops_of(ordered, tree, operations) if tree is not None and ordered else {}
    all_kept = {call.index: kept[call.index] for call in ordered if call.index < len(kept)}
    inside = _inside(ordered)
    seconds = {call.index: call.seconds for call in ordered if call.seconds is not None}
    own_seconds = {index: _without(seconds, index, inside.get(index, ())) or 0.0 for index in seconds}
    whole = sum(own_seconds.values())
    points = []
    for call in ordered:
        index, parts = call.index, inside.get(call.index, ())
        own = own_seconds.get(index)
        points.append(
            DepthPoint(
                call,
                not parts,
                *_value_numbers(call),
                own,
                None if own is None or not whole else own / whole,
                output_bytes(call) if call.outputs else None,
                _whole_number(_without(all_kept, index, parts)),
                _whole_number(_without(flops, index, parts)),
                all_kept.get(index),
                flops.get(index),
            )
        )
    return points


def _inside(calls: Sequence[LayerCall]) -> Dict[int, List[int]]:
    """By the index of a call, the calls that it made itself."""
    found: Dict[int, List[int]] = {}
    open_calls: List[LayerCall] = []
    for call in calls:
        while open_calls and open_calls[-1].depth >= call.depth:
            open_calls.pop()
        if open_calls:
            found.setdefault(open_calls[-1].index, []).append(call.index)
        open_calls.append(call)
    return found


def _without(amounts: Mapping[int, float], index: int, parts: Sequence[int]) -> Optional[float]:
    """What is left of a call's amount without its parts; clocks and what several keep together may say that they took more than all."""
    if index not in amounts:
        return None
    return max(0, amounts[index] - sum(amounts.get(part, 0) for part in parts)) if parts else amounts[index]


def _whole_number(value: Optional[float]) -> Optional[int]:
    return None if value is None else int(value)


_Numbers = Tuple[Optional[float], Optional[float], Optional[float], Optional[float], Optional[float], Optional[int]]


def _value_numbers(call: LayerCall) -> _Numbers:
    stats = next((each for each in call.stats if each is not None), None)
    if stats is None:
        return None, None, None, None, None, None
    rms = None if stats.mean is None or stats.std is None else hypot(stats.mean, stats.std)
    zeros = stats.zeros / stats.count if stats.count else None
    return stats.mean, stats.std, rms, _largest(stats), zeros, sum(each.nan + each.inf for each in call.stats if each is not None)


def _largest(stats: TensorStats) -> Optional[float]:
    return None if stats.min is None or stats.max is None else max(abs(stats.min), abs(stats.max))


def leaves(points: Iterable[DepthPoint]) -> List[DepthPoint]:
    """Those that called nothing: what a container returns is what its last part returned."""
    return [point for point in points if point.is_leaf]


def beside(points: Iterable[DepthPoint], earlier: Iterable[DepthPoint]) -> List[Tuple[DepthPoint, DepthPoint]]:
    """Calls with the same call of an earlier run; without those that it did not make."""
    known = {(point.call.module, point.call.call_number): point for point in earlier}
    pairs = ((point, known.get((point.call.module, point.call.call_number))) for point in points)
    return [(point, partner) for point, partner in pairs if partner is not None]
