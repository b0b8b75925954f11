"""What stands in the rows of the numbers over depth, and where their points stand in the plot. No Qt here."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, DepthPoint, Series, percent_text
from torchloupe.analysis.depth_outliers import HIGH, LOW, NOT_FINITE, PART, Outlier
from torchloupe.analysis.row_filter import haystack
from torchloupe.gui.text_table import Column, Row

Outliers = Mapping[int, tuple[Outlier, ...]]

MODULE, STANDS_OUT = 1, 2
SHARE = Series("share", "Share", "share", lambda point: point.share, percent_text)
_NUMBERS: tuple[tuple[Series, str, float], ...] = (
    (SERIES_BY_NAME["mean"], "Mean", 5.2),
    (SERIES_BY_NAME["std"], "Std", 5),
    (SERIES_BY_NAME["max"], "Max |x|", 5),
    (SERIES_BY_NAME["zeros"], "Zeros", 4),
    (SERIES_BY_NAME["time"], "Time", 5),
    (SHARE, "Share", 4),
    (SERIES_BY_NAME["flops"], "FLOPs", 7.5),
    (SERIES_BY_NAME["memory"], "Output", 5),
    (SERIES_BY_NAME["kept"], "Kept", 5),
    (SERIES_BY_NAME["nan"], "NaN/Inf", 5),
    (SERIES_BY_NAME["rms"], "RMS", 5),
)
"""Each with the title and width of its column."""
_FIRST_NUMBER = STANDS_OUT + 1
IN_SIGHT = (0, STANDS_OUT, *range(_FIRST_NUMBER, _FIRST_NUMBER + 3))
"""Columns that are seen beside the names without scrolling."""
_TIPS = {
    "time": "without what it called",
    "share": "of the time of the whole run, without what it called",
    "kept": "for the backward pass, without what it called",
    "flops": "multiplications and additions, without what it called",
}
COLUMNS = (
    Column("#", 2.6, right=True),
    Column("Module", 12),
    Column("Stands out", 6),
    *(Column(title, width, right=True) for _, title, width in _NUMBERS),
    Column("Class", 8),
)
HIDDEN_AT_FIRST = ("RMS",)


def number_cell(point: DepthPoint, series: Series) -> str:
    """A number as text; nothing where there is none, and where nothing is the usual."""
    value = series.value(point)
    return "" if value is None or (not value and (series.cost or series.name == "nan")) else series.text(value)


def depth_row(point: DepthPoint, outliers: Outliers) -> Row:
    """One call as a row."""
    told = outliers.get(point.call.index, ())
    labels = [each.label if each.series == "nan" else f"{each.series} {each.label}" for each in told]
    shortly = f"{labels[0]}, +{len(labels) - 1}" if len(labels) > 1 else "".join(labels)
    numbers = [(series.name, number_cell(point, series)) for series, _, _ in _NUMBERS]
    name, class_name = point.name, point.call.class_name
    cells = (str(point.call.index), name, shortly, *(text for _, text in numbers), class_name)
    shown = {each.series: each.kind for each in told}
    roles = ["muted", None, "shape" if told else None]
    roles += [KINDS[shown[name]].role if name in shown else None for name, _ in numbers]
    tips = [f"{text}, {_TIPS[name]}" if text and name in _TIPS else text for name, text in numbers]
    return Row(cells, point.call.index, (*roles, "muted"), (cells[0], name, reasons_text(told), *tips, class_name))


def reasons_text(told: Sequence[Outlier]) -> str:
    """Why a call stands out, a line each."""
    return "\n".join(each.reason for each in told)


def depth_haystack(point: DepthPoint, outliers: Outliers) -> str:
    """What a filter finds a call by."""
    cells = list(depth_row(point, outliers).cells)
    cells[STANDS_OUT] = " ".join(f"{each.series} {each.label}" for each in outliers.get(point.call.index, ()))
    return haystack(tuple(cells))


def depth_order(point: DepthPoint, outliers: Outliers, column: int) -> tuple[bool, Any]:
    """What a column sorts by; calls that have nothing there come last."""
    place = column - _FIRST_NUMBER
    if 0 <= place < len(_NUMBERS):
        value = _NUMBERS[place][0].value(point)
        return (True, 0) if value is None else (False, value)
    told = outliers.get(point.call.index, ())
    words = (point.call.index, point.name, -len(told))
    return (column == STANDS_OUT and not told, words[column] if column < len(words) else point.call.class_name)


def point_text(point: DepthPoint, series: Sequence[Series], told: Sequence[Outlier]) -> str:
    """A call in words: its name, the numbers that are drawn, why it stands out."""
    first = f"{point.call.index}  {point.name}  {point.call.class_name}"
    numbers = [f"{each.title} {each.text(value)}" for each in series if (value := each.value(point)) is not None]
    reasons = [each.reason for each in told if each.reason not in numbers]
    return "\n".join([first, *numbers, *reasons])


# the plot


@dataclass(frozen=True)
class Kind:
    """How calls that stand out are drawn: symbol, colour role, and whether the label stands above."""

    symbol: str
    role: str
    above: bool = True


KINDS = {
    HIGH: Kind("t1", "shape"),
    LOW: Kind("t", "unexpected", above=False),
    NOT_FINITE: Kind("x", "error"),
    PART: Kind("d", "shape"),
}
BAND = SERIES[0]
"""The mean is drawn with a band: one standard deviation to each side."""
_DECADES = 1.5
"""What spans less is as well seen on a linear axis."""
MOST_TICKS = 4


@dataclass(frozen=True)
class Scale:
    """Where values stand on the axis: as they are, or by their logarithm with a lane for zeros (None without one) below."""

    low: float
    high: float
    logarithmic: bool = False
    zero: float | None = None

    def height(self, value: float) -> float | None:
        """How high a value stands; None for what cannot be drawn."""
        if not self.logarithmic:
            return value
        return log10(value) if value > 0 else self.zero

    def ticks(self, series: Series, most: int = MOST_TICKS) -> list[tuple[float, str]]:
        """A few round values, in the words of the series: about so many at most."""
        if self.logarithmic:
            step = max(1, ceil((self.high - self.low) / most))
            decades = range(ceil(self.low - 1e-9), floor(self.high + 1e-9) + 1, step)
            lane = [] if self.zero is None else [(self.zero, "0")]
            return [*lane, *((float(decade), series.text(10.0**decade).replace(".000e", "e")) for decade in decades)]
        step_size = _round_step((self.high - self.low) / most)
        numbers = range(ceil(self.low / step_size - 1e-9), floor(self.high / step_size + 1e-9) + 1)
        return [(number * step_size, series.text(number * step_size)) for number in numbers]


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def scale_of(series: Series, values: Sequence[float]) -> Scale:
    """The axis on which these values of a series can be told apart."""
    positive = [value for value in values if value > 0]
    if series.spread and positive and log10(max(positive) / min(positive)) >= _DECADES:
        low, high = floor(log10(min(positive))), ceil(log10(max(positive)))
        has_zeros = not series.cost and any(value == 0 for value in values)
        lane = low - 0.12 * (high - low)
        return Scale(lane if has_zeros else low, high, True, lane if has_zeros else None)
    if series.name == "zeros":
        return Scale(0.0, 1.0)
    least, most = min(values, default=0.0), max(values, default=0.0)
    least = min(0.0, least) if series.spread else least
    return Scale(least, most if most > least else least + (abs(least) or 1.0))


@dataclass(frozen=True)
class Line:
    """Points of a series: ``numbers`` of the calls, and how high they stand."""

    numbers: Sequence[int]
    heights: Sequence[float]

    def between(self, first: float, last: float, columns: int) -> "Line":
        """What is in sight, with one neighbour on each side; of each pixel column the highest and the lowest are enough."""
        start, end = max(0, bisect_left(self.numbers, first) - 1), bisect_right(self.numbers, last) + 1
        return thinned(self.numbers[start:end], self.heights[start:end], columns)


def line_of(series: Series, scale: Scale, points: Sequence[DepthPoint], values_of: Sequence[DepthPoint] | None = None) -> Line:
    """Where the points stand; ``values_of`` are those of another run that stand at their places."""
    numbers, heights = [], []
    for point, valued in zip(points, values_of or points, strict=True):
        value = series.value(valued)
        height = None if value is None else scale.height(value)
        if height is not None:
            numbers.append(point.call.index)
            heights.append(height)
    return Line(numbers, heights)


def band_of(points: Sequence[DepthPoint]) -> tuple[Line, Line]:
    """The lower and the upper edge of the band around the mean."""
    around = [(point.call.index, point.mean, point.std) for point in points if point.mean is not None and point.std is not None]
    numbers = [number for number, _, _ in around]
    return Line(numbers, [mean - std for _, mean, std in around]), Line(numbers, [mean + std for _, mean, std in around])


def drawn_values(series: Series, points: Sequence[DepthPoint]) -> list[float]:
    """What has to have room on the axis."""
    values = [value for point in points if (value := series.value(point)) is not None]
    return values if series is not BAND else [*values, *(height for edge in band_of(points) for height in edge.heights)]


def thinned(numbers: Sequence[int], heights: Sequence[float], columns: int) -> Line:
    """A line that looks the same on so many pixel columns."""
    if len(numbers) <= 2 * columns or columns < 1:
        return Line(numbers, heights)
    width = (numbers[-1] - numbers[0] + 1) / columns
    kept: list[int] = []
    start = 0
    for column in range(1, columns + 1):
        end = bisect_left(numbers, numbers[0] + column * width, start)
        if end > start:
            inside = range(start, end)
            kept += sorted({min(inside, key=heights.__getitem__), max(inside, key=heights.__getitem__)})
            start = end
    return Line([numbers[place] for place in kept], [heights[place] for place in kept])
