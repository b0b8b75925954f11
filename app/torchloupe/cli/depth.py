"""``torchloupe run --depth``: numbers over the calls of a run, one of them as bars."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from math import ceil, floor, log10

from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, DepthPoint, Series, depth_points, leaves
from torchloupe.analysis.depth_outliers import all_outliers
from torchloupe.analysis.wording import counted

from .report import Report
from .terminal import Terminal
from .text_columns import columns, printable

WIDTH = 16
"""So many letters a bar is long at most."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NARROW = 120
_SPREAD = 30.0
"""What differs by more than so many times is drawn by its logarithm."""
_IN_TABLE = ("mean", "std", "max", "zeros", "time", "memory", "kept", "flops")


def add_depth_option(parser: ArgumentParser) -> None:
    """``--depth``."""
    parser.add_argument(
        "--depth",
        nargs="?",
        const="std",
        choices=[series.name for series in SERIES],
        help="numbers over depth: a row for each call that calls no other, with a bar of the chosen number (std), and what stands out",
    )


def depth_lines(report: Report, terminal: Terminal) -> Iterator[str]:
    """A row for each call, then what stands out in words."""
    chosen = SERIES_BY_NAME[report.depth or "std"]
    kept = report.forward.kept_bytes if report.forward is not None else ()
    all_points = depth_points(report.calls or (), report.tree, kept, report.operations or ())
    points, told = leaves(all_points), all_outliers(all_points)
    bars, by_logarithm = bars_of([chosen.value(point) for point in points])
    names = (chosen.name,) if 0 < terminal.width < _NARROW else tuple(dict.fromkeys((*_IN_TABLE, chosen.name)))
    shown = [SERIES_BY_NAME[name] for name in names]
    head = ("CALL", "MODULE", "CLASS", *(series.name.upper() for series in shown), "BAR")
    rows = [
        (str(point.call.index), point.name, point.call.class_name, *(_number(point, series) for series in shown), bar)
        for point, bar in zip(points, bars, strict=True)
    ]
    numbers = range(3, 3 + len(shown))
    lines = columns([head, *rows], right=(0, *numbers), width=terminal.width, elastic=(1, 2))
    yield terminal.paint(lines[0], "dim")
    for point, line in zip(points, lines[1:], strict=True):
        stands_out = any(each.series == chosen.name for each in told.get(point.call.index, ()))
        yield terminal.paint(line, "strong") if stands_out else line
    yield ""
    how = ", by powers of ten" if by_logarithm else ""
    hidden = len(all_points) - len(points)
    rest = f"; {counted(hidden, 'call')} that called others left out" if hidden else ""
    yield terminal.paint(f"Bars: {chosen.noun}{how}{rest}.", "dim")
    by_call = {point.call.index: point for point in points}
    for index, those in told.items():
        yield from (f"{index} {printable(by_call[index].name)}: {each.reason}" for each in those)


def _number(point: DepthPoint, series: Series) -> str:
    value = series.value(point)
    return "" if value is None or (series.cost and not value) else series.text(value)


def bars_of(values: Sequence[float | None]) -> tuple[list[str], bool]:
    """A bar for each value, as long as its size; whether by the logarithm, where they are of many sizes."""
    sizes = [abs(value) for value in values if value]
    by_logarithm = bool(sizes) and max(sizes) / min(sizes) > _SPREAD
    if not by_logarithm:
        most = max(sizes, default=1.0)
        return [bar(abs(value or 0.0) / most) for value in values], False
    low, high = floor(log10(min(sizes))), ceil(log10(max(sizes)))
    return [bar((log10(abs(value)) - low) / (high - low)) if value else "" for value in values], True


def bar(part: float) -> str:
    """So much of the whole length, to an eighth of a letter."""
    whole, eighths = divmod(round(min(max(part, 0.0), 1.0) * WIDTH * 8), 8)
    return "█" * whole + (_EIGHTHS[eighths] if eighths else "")
