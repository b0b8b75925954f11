"""Where each weight stands in the plot of motions, as arrays: of 100,000 weights only what is in sight is looked at. No widget here."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy
from numpy.typing import NDArray

from torchloupe.analysis.step.motion_series import MOVED, STILL, MotionSeries, Stretch, height_of, state_of
from torchloupe.analysis.step.wording import short_reason
from torchloupe.wire.steps import ParameterMotion

MOST = 2000
"""More stems or fields than that cannot be told apart on a screen."""
Numbers: TypeAlias = NDArray[numpy.int64]
Heights: TypeAlias = NDArray[numpy.float64]
_NONE = -1


class MotionPoints:
    """The weights ``first`` to before ``last`` are those in sight. What moved has a height, NaN where it has no number; what did not
    has a kind: its state and the words for it."""

    def __init__(self, motions: Sequence[ParameterMotion] = (), series: MotionSeries | None = None) -> None:
        self._series = series
        self._kinds: list[tuple[str, str]] = []
        self._codes: dict[tuple[bool, str, bool], int] = {}
        self.heights: Heights = numpy.array([self._height(each) for each in motions], dtype=numpy.float64)
        self.kinds: NDArray[numpy.int16] = numpy.array([self._kind(each) for each in motions], dtype=numpy.int16)

    def _height(self, motion: ParameterMotion) -> float:
        series = self._series
        height = height_of(series.value(motion), series) if series is not None else None
        return numpy.nan if height is None else height

    def _kind(self, motion: ParameterMotion) -> int:
        """Which of the kinds that do not move it is; -1 for one that moved. Most rows have a reason that another one had before."""
        reason = (motion.moved, motion.reason, motion.chosen)
        code = self._codes.get(reason)
        if code is None:
            state = state_of(motion)
            kind = (state, short_reason(motion))
            if state == MOVED:
                code = _NONE
            elif kind in self._kinds:
                code = self._kinds.index(kind)
            else:
                code = len(self._kinds)
                self._kinds.append(kind)
            self._codes[reason] = code
        return code

    def take(self, motions: Mapping[int, ParameterMotion]) -> None:
        """Some of them have become others."""
        for number, motion in motions.items():
            self.heights[number], self.kinds[number] = self._height(motion), self._kind(motion)

    @property
    def extremes(self) -> tuple[float, float] | None:
        """The lowest and the highest; None where nothing has a height."""
        known = self.heights[~numpy.isnan(self.heights)]
        return (float(known.min()), float(known.max())) if known.size else None

    def stems(self, first: int, last: int) -> tuple[Numbers, Heights]:
        """Those that moved, and how far; of very many the furthest and the least far of each stretch."""
        moved = (self.kinds[first:last] == _NONE) & ~numpy.isnan(self.heights[first:last])
        numbers = numpy.flatnonzero(moved) + first
        heights = self.heights[numbers]
        if len(numbers) <= MOST:
            return numbers, heights
        step = -(-2 * len(numbers) // MOST)
        rows = numpy.pad(heights, (0, -len(heights) % step), mode="edge").reshape(-1, step)
        starts = numpy.arange(0, len(heights), step)
        kept = numpy.unique(numpy.concatenate([rows.argmin(axis=1) + starts, rows.argmax(axis=1) + starts]))
        kept = kept[kept < len(heights)]
        return numbers[kept], heights[kept]

    @staticmethod
    def feet(heights: Heights, floor: float) -> Heights:
        """Each height behind the floor it stands on: pairs, as a stem is drawn."""
        return numpy.column_stack([numpy.full(len(heights), floor), heights]).ravel()

    def without_number(self, first: int, last: int) -> Numbers:
        """Those that moved and have no height."""
        return numpy.flatnonzero((self.kinds[first:last] == _NONE) & numpy.isnan(self.heights[first:last])) + first

    def fields(self, state: str, first: int, last: int) -> tuple[Numbers, Numbers]:
        """First and last number of each stretch in that state that did not move; of very many, neighbours come together."""
        codes = [code for code, kind in enumerate(self._kinds) if kind[0] == state]
        kinds = self.kinds[first:last]
        starts, ends = _runs(numpy.where(numpy.isin(kinds, codes), kinds, _NONE))
        if len(starts) > MOST:
            step = -(-len(kinds) // MOST)
            there = numpy.add.reduceat(numpy.isin(kinds, codes), numpy.arange(0, len(kinds), step)) > 0
            starts, ends = _runs(numpy.where(there, 0, _NONE))
            starts, ends = starts * step, numpy.minimum(ends * step + step, len(kinds)) - 1
        return starts + first, ends + first

    def widest(self, first: int, last: int, most: int) -> list[Stretch]:
        """The stretches that did not move: what should have first, then the widest."""
        starts, ends = _runs(self.kinds[first:last])
        codes = self.kinds[first:last][starts]
        should = numpy.array([kind[0] != STILL for kind in self._kinds], dtype=bool)
        order = numpy.lexsort((starts - ends, should[codes])) if len(codes) else codes
        return [Stretch(int(starts[at]) + first, int(ends[at]) + first, *self._kinds[codes[at]]) for at in order[:most]]


def _runs(kinds: NDArray[numpy.generic]) -> tuple[Numbers, Numbers]:
    """First and last place of each run of equal kinds, those that moved left out."""
    if not len(kinds):
        nothing = numpy.zeros(0, dtype=numpy.int64)
        return nothing, nothing
    edges = numpy.flatnonzero(kinds[1:] != kinds[:-1])
    starts, ends = numpy.concatenate([[0], edges + 1]), numpy.concatenate([edges, [len(kinds) - 1]])
    kept = kinds[starts] != _NONE
    return starts[kept], ends[kept]
