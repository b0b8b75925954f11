"""Two runs of a model, call by call: the first call that differs, by how much, and how the difference grows.

Runs are compared by what is kept of them: shapes and statistics of each output. Equal statistics over equal shapes, histograms
included, are taken for equal values.
"""

import math
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..wire.tensors import TensorStats
from ..wire.traces import DONE, LayerCall
from .wording import count_text, counted, shape_text

SAME, ROUNDED, DIFFERS, SHAPE, STATUS, ONLY_BEFORE, ONLY_NOW, UNKNOWN, INSIDE = (
    "same",
    "rounding",
    "differs",
    "shape",
    "status",
    "only before",
    "only now",
    "unknown",
    "inside",
)
"""What a pair of calls is. ``rounding``: within what the coarsest dtype of either run up to there can tell. ``unknown``: no statistics to
compare. ``inside``: of a part that one of the runs had compiled, so that what it calls was not seen."""
_CHANGED = (DIFFERS, SHAPE, STATUS, ONLY_BEFORE, ONLY_NOW)
_ROUNDING = {"float64": 1e-12, "float32": 1e-4, "bfloat16": 3e-2, "float16": 4e-3}
_ROUGH = 6e-2
_EXACT = ("int", "uint", "bool")
"""Dtypes that begin so are not rounded."""
_MOST_STEPS = 5
_Numbers = Tuple[Optional[float], Optional[float]]


@dataclass(frozen=True)
class CallPair:
    """One call in both runs; one of the two is None where a run did not make it.

    ``distance`` is the largest of the changes of mean and standard deviation, as a part of the root mean square before, and of the
    changes of minimum and maximum, as a part of the larger of these: what a norm gives has always the same mean and deviation. None
    where there is nothing to compare, infinite where NaN or Inf came or went.
    """

    kind: str
    before: Optional[LayerCall] = None
    now: Optional[LayerCall] = None
    distance: Optional[float] = None
    reason: str = ""

    @property
    def call(self) -> LayerCall:
        """The one there is, the newer when there are both."""
        call = self.now or self.before
        assert call is not None
        return call


@dataclass(frozen=True)
class RunDifference:
    """All pairs in the order of the newer run, what only the earlier made at its end; ``first`` is where the difference begins."""

    pairs: Tuple[CallPair, ...]
    first: Optional[CallPair] = None

    @property
    def counts(self) -> Dict[str, int]:
        """How many pairs of each kind."""
        found: Dict[str, int] = {}
        for pair in self.pairs:
            found[pair.kind] = found.get(pair.kind, 0) + 1
        return found


def run_difference(before: Sequence[LayerCall], now: Sequence[LayerCall]) -> RunDifference:
    """The earlier run beside the newer one. Calls are the same when it is the same call of the same module."""
    known = {(call.module, call.call_number): call for call in before}
    pairs = []
    for call in sorted(now, key=lambda call: call.index):
        earlier = known.pop((call.module, call.call_number), None)
        pairs.append(CallPair(ONLY_NOW, None, call) if earlier is None else _pair(earlier, call))
    pairs += [CallPair(ONLY_BEFORE, call) for call in sorted(known.values(), key=lambda call: call.index)]
    compiled = tuple({call.module + "." if call.module else "" for call in (*before, *now) if call.compiled})
    if compiled:
        alone = (ONLY_NOW, ONLY_BEFORE)
        pairs = [
            replace(pair, kind=INSIDE) if pair.kind in alone and pair.call.module.startswith(compiled) else pair for pair in pairs
        ]
    rounded = _rounded(pairs)
    pairs = [replace(pair, kind=ROUNDED) if id(pair) in rounded else pair for pair in pairs]
    changed = [pair for pair in _by_end(pairs) if pair.kind in _CHANGED]
    return RunDifference(tuple(pairs), changed[0] if changed else None)


def difference_verdict(found: RunDifference, before: str = "the earlier run", now: str = "this run") -> List[str]:
    """What came of it, in sentences."""
    if not found.pairs:
        return ["There are no calls to compare."]
    counts = found.counts
    first = found.first
    compared = len(found.pairs) - counts.get(INSIDE, 0)
    inside = [f"{counted(counts[INSIDE], 'call')} inside compiled parts cannot be compared."] if counts.get(INSIDE) else []
    if first is None:
        if counts.get(UNKNOWN):
            without = counted(counts[UNKNOWN], "call has", "calls have")
            return [f"Shapes are the same in all {counted(compared, 'call')}; {without} no statistics to compare.", *inside]
        if not counts.get(ROUNDED):
            return [f"Both runs are the same in all {counted(compared, 'call')}.", *inside]
        largest = max(pair.distance or 0.0 for pair in found.pairs if pair.kind == ROUNDED)
        rounded = counted(counts[ROUNDED], "call differs", "calls differ")
        return [f"Both runs are the same up to rounding: {rounded} by at most {_part(largest)}.", *inside]
    said = [f"The first call that differs is {_name(first.call)}: {_how(first, before, now)}."]
    growth = _growth(found)
    if growth:
        said.append(f"How it grows: {growth}.")
    changed = sum(counts.get(kind, 0) for kind in _CHANGED)
    said.append(f"{counted(changed, 'call')} of {count_text(compared)} {'differs' if changed == 1 else 'differ'}.")
    return said + inside


def _pair(before: LayerCall, now: LayerCall) -> CallPair:
    if before.status != now.status:
        return CallPair(STATUS, before, now, reason=f"{before.status} before, {now.status} now")
    shapes = [tuple(meta.shape for meta in call.outputs) for call in (before, now)]
    if shapes[0] != shapes[1]:
        texts = [", ".join(map(shape_text, each)) or "nothing" for each in shapes]
        return CallPair(SHAPE, before, now, reason=f"{texts[0]} before, {texts[1]} now")
    if before.status != DONE:
        return CallPair(SAME, before, now)
    known = [(mine, theirs) for mine, theirs in zip(before.stats, now.stats) if mine is not None and theirs is not None]
    if not known:
        return CallPair(SAME if not now.outputs else UNKNOWN, before, now)
    if before.stats == now.stats:
        return CallPair(SAME, before, now, 0.0)
    distance = max(_distance(mine, theirs) for mine, theirs in known)
    return CallPair(DIFFERS, before, now, distance)


def _rounded(pairs: Sequence[CallPair]) -> Set[int]:
    """The identities of those that differ by rounding alone. What a coarse dtype rounded stays so: autocast gives float32 again."""
    found, coarsest = set(), 0.0
    for pair in _by_end(pairs):
        own = max((_rounding(meta.dtype) for call in (pair.before, pair.now) if call for meta in call.outputs), default=0.0)
        coarsest = max(coarsest, own)
        if pair.kind == DIFFERS and pair.distance is not None and pair.distance <= (coarsest if own else 0.0):
            found.add(id(pair))
    return found


def _distance(before: TensorStats, now: TensorStats) -> float:
    if (before.nan, before.inf) != (now.nan, now.inf):
        return math.inf
    if before.mean is None or now.mean is None:
        return 0.0
    scale = math.hypot(before.mean, before.std or 0.0)
    middle = _change((before.mean, before.std), (now.mean, now.std), scale)
    ends = (before.min, before.max)
    return max(middle, _change(ends, (now.min, now.max), max(abs(end or 0.0) for end in ends)))


def _change(before: _Numbers, now: _Numbers, scale: float) -> float:
    """The largest change of a number, as a part of ``scale``."""
    change = max(abs((mine or 0.0) - (theirs or 0.0)) for mine, theirs in zip(before, now))
    if change == 0.0:
        return 0.0
    return change / scale if scale else math.inf


def _rounding(dtype: str) -> float:
    """How large a distance may come of rounding alone."""
    return 0.0 if dtype.startswith(_EXACT) else _ROUNDING.get(dtype, _ROUGH)


def _by_end(pairs: Sequence[CallPair]) -> List[CallPair]:
    """In the order in which the calls ended: a difference arises in a part before it shows in what the part is in."""
    waiting: List[CallPair] = []
    order: List[CallPair] = []
    for pair in pairs:
        while waiting and waiting[-1].call.depth >= pair.call.depth:
            order.append(waiting.pop())
        waiting.append(pair)
    return order + waiting[::-1]


def _growth(found: RunDifference) -> str:
    """A few of the calls whose distance is larger than all before, evenly over the run."""
    steps: List[CallPair] = []
    for pair in _by_end(found.pairs):
        if (
            pair.kind == DIFFERS
            and pair.distance is not None
            and pair.distance > 2 * (steps[-1].distance or 0.0 if steps else 0.0)
        ):
            steps.append(pair)
    if len(steps) < 2:
        return ""
    every = max(1, math.ceil(len(steps) / _MOST_STEPS))
    shown = [*steps[:-1:every], steps[-1]]
    return ", ".join(f"{_part(pair.distance)} after {_name(pair.call)}" for pair in shown)


def _how(pair: CallPair, before: str, now: str) -> str:
    if pair.kind == ONLY_NOW:
        return f"only {now} makes it"
    if pair.kind == ONLY_BEFORE:
        return f"only {before} made it"
    if pair.reason:
        return pair.reason
    if pair.distance == math.inf:
        return "NaN or Inf came or went, or all was zero before"
    return f"mean, spread or extremes changed by {_part(pair.distance)}"


def _name(call: LayerCall) -> str:
    again = f", call {call.call_number + 1}" if call.call_number else ""
    return (f"`{call.module}`" if call.module else "the model itself") + f" ({call.class_name}{again})"


def _part(part: Optional[float]) -> str:
    if part is None:
        return "–"
    if part == math.inf:
        return "more than can be said"
    return f"{part * 100:.3g} %" if part >= 1e-4 else f"{part:.1e} of its size"
