"""Which calls of a run stand out, among all that call nothing themselves. A picture and no finding: nothing is said to be wrong.

Sizes of values are compared on a logarithmic scale with the median of the run and the median distance from it, so that a few
large ones do not hide each other. Of what calls take, some always take the most: only a large part of the whole is told.
"""

from math import log10
from statistics import median
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from .depth_numbers import SERIES, DepthPoint, Series, leaves, percent_text
from .wording import count_text, counted

HIGH, LOW, NOT_FINITE, PART = "high", "low", "not finite", "part"

FEWEST = 8
"""Of less one cannot say what is usual."""
MOST = 8
"""Of one kind of number; the furthest are told."""
_TIMES = 10.0
_DISTANCE = 3.5 * 1.4826
"""In median distances: what is further away is rare in any bell-shaped heap (Iglewicz and Hoaglin)."""
_NARROWEST = 0.05
_FEWEST_IN_HEAPS = 4 * MOST
_TIMES_MEDIAN = 4.0
_SMALLEST_PART = 0.05
_TIMES_NEXT = 1.5
"""What more than ``MOST`` calls take alike is usual, too."""
_NEARLY_ALL, _HALF = 0.95, 0.5


class Outlier(NamedTuple):
    """One call that stands out in one kind of number. ``label`` is as short as it goes (``40×``), ``reason`` says it in words."""

    call: int
    series: str
    kind: str
    label: str
    reason: str


def outliers(points: Iterable[DepthPoint], series: Series) -> List[Outlier]:
    """Those of one kind of number, in the order of the calls."""
    found = [(point, value) for point in leaves(points) for value in (series.value(point),) if value is not None]
    if series.name == "nan":
        told = _first_not_finite(found)
    elif len(found) < FEWEST:
        told = []
    elif series.name == "zeros":
        told = _mostly_zero(found, series)
    else:
        told = _large_parts(found, series) if series.cost else _far_away(found, series)
    return sorted(told, key=lambda each: each.call)


def all_outliers(points: Sequence[DepthPoint]) -> Dict[int, Tuple[Outlier, ...]]:
    """By the index of the call, of all kinds. RMS is left out: what stands out in it does in the mean or the spread."""
    found: Dict[int, Tuple[Outlier, ...]] = {}
    for series in SERIES:
        for each in outliers(points, series) if series.name != "rms" else ():
            found[each.call] = (*found.get(each.call, ()), each)
    return dict(sorted(found.items()))


_Valued = Sequence[Tuple[DepthPoint, float]]


def _far_away(found: _Valued, series: Series) -> List[Outlier]:
    sizes = [abs(value) for point, value in found if value and _is_several(point)]
    if len(sizes) < FEWEST:
        return []
    usual = median(sizes)
    low, high = _fences([log10(size) for size in sizes])
    told: List[Tuple[float, Outlier]] = []
    for point, value in found:
        if not _is_several(point):
            continue
        size = log10(abs(value)) if value else -float("inf")
        if size >= high or (series.spread and size <= low):
            told.append((abs(size - log10(usual)), _of_value(point.call.index, value, usual, series)))
    return [each for _, each in sorted(told, key=lambda pair: -pair[0])[:MOST]]


def _fences(sizes: List[float]) -> Tuple[float, float]:
    """Below the one and above the other a size stands out: it is far from the median, as the others lie; or, where they lie in several
    heaps, ten times as far out as all but a few."""
    middle = median(sizes)
    far = max(log10(_TIMES), _DISTANCE * max(_NARROWEST, median([abs(size - middle) for size in sizes])))
    low, high = middle - far, middle + far
    if len(sizes) >= _FEWEST_IN_HEAPS:
        ordered = sorted(sizes)
        low, high = max(low, ordered[MOST] - log10(_TIMES)), min(high, ordered[-MOST - 1] + log10(_TIMES))
    return low, high


def _is_several(point: DepthPoint) -> bool:
    """The spread of a single number says nothing."""
    stats = next((each for each in point.call.stats if each is not None), None)
    return stats is not None and stats.count > 1


def _of_value(index: int, value: float, usual: float, series: Series) -> Outlier:
    said = f"{series.noun} {series.text(value)}"
    if not value:
        return Outlier(index, series.name, LOW, "0", f"{said}, the median of the run is {series.text(usual)}")
    times = abs(value) / usual
    if times >= 1:
        return Outlier(index, series.name, HIGH, f"{_times(times)}×", f"{said}, {_times(times)} times the median of the run")
    return Outlier(index, series.name, LOW, f"1/{_times(1 / times)}", f"{said}, 1/{_times(1 / times)} of the median of the run")


def _times(ratio: float) -> str:
    if ratio >= 1e6:
        return f"{ratio:.0e}".replace("e+0", "e").replace("e+", "e")
    return count_text(round(ratio)) if ratio >= 10 else f"{ratio:.1f}"


def _mostly_zero(found: _Valued, series: Series) -> List[Outlier]:
    usual = median([value for _, value in found])
    if usual >= _HALF:
        return []
    reason = f", the median of the run is {percent_text(usual)}"
    told = [
        Outlier(point.call.index, series.name, HIGH, percent_text(value), f"{percent_text(value)} zeros{reason}")
        for point, value in sorted(found, key=lambda pair: -pair[1])
        if value > _NEARLY_ALL and _is_several(point)
    ]
    return told[:MOST]


def _first_not_finite(found: _Valued) -> List[Outlier]:
    """What comes after the first is mostly a consequence of it."""
    broken = [(point, value) for point, value in found if value]
    if not broken:
        return []
    point, value = broken[0]
    reason = f"{count_text(round(value))} NaN or Inf, the first of {counted(len(broken), 'call')}" if len(broken) > 1 else ""
    return [
        Outlier(point.call.index, "nan", NOT_FINITE, "NaN", reason or f"{count_text(round(value))} NaN or Inf, in no other call")
    ]


def _large_parts(found: _Valued, series: Series) -> List[Outlier]:
    values = sorted((value for _, value in found), reverse=True)
    whole, usual = sum(values), median(values)
    least = max(_SMALLEST_PART * whole, _TIMES_MEDIAN * usual, _TIMES_NEXT * values[MOST] if len(values) > MOST else 0.0)
    told = [
        Outlier(
            point.call.index,
            series.name,
            PART,
            percent_text(value / whole),
            f"{series.noun} {series.text(value)}, {percent_text(value / whole)} of the run",
        )
        for point, value in sorted(found, key=lambda pair: -pair[1])
        if whole and value >= least
    ]
    return told[:MOST]
