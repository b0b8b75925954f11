"""Plots of a report as lines and letters, in the colours of the page around them: made of the numbers alone, without a window."""

import html
from math import ceil, floor, isfinite, log10
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ...wire.steps import ParameterMotion, StepReport
from ..depth_numbers import DepthPoint, Series
from ..step.motion_series import MOVED, SERIES, STILL, Stretch, height_of, state_of, stretch_text
from ..step.wording import short_reason
from .document import Figure

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 26, 38
LETTER = 6.5
"""About how wide a letter is."""
LEAST_DECADES = 2


class _Scale(NamedTuple):
    """From numbers ``low`` to ``high`` upwards, and ``places`` sideways, to places of the drawing."""

    low: float
    high: float
    places: int

    def x(self, place: float) -> float:
        """Sideways."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.7) / (self.places + 0.4), 1)

    def y(self, height: float) -> float:
        """Upwards."""
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (height - self.low) / ((self.high - self.low) or 1.0), 1)


def step_figure(report: StepReport) -> Optional[Figure]:
    """How far each parameter moved, in the order of the model; a field where none did. None where nothing was measured."""
    motions, series = report.parameters, SERIES[0]
    heights = [height_of(series.value(each), series) for each in motions]
    known = [height for height in heights if height is not None]
    if not motions:
        return None
    scale = _decades(known or [-4.0, -2.0], len(motions))
    parts = [_field(scale, stretch) for stretch in _stretches(motions)]
    parts.append(_stems(scale, [(at, height) for at, height in enumerate(heights) if height is not None]))
    parts += _axes(scale, _powers(scale), "parameters in the order of the model")
    return Figure(f"{series.title} of each parameter", _svg(parts))


def _stretches(motions: Sequence[ParameterMotion]) -> List[Stretch]:
    """Neighbours that did not move, for one reason."""
    found: List[Stretch] = []
    for number, motion in enumerate(motions):
        state, label = state_of(motion), short_reason(motion)
        last = found[-1] if found else None
        if state == MOVED:
            continue
        if last is not None and (last.last, last.state, last.label) == (number - 1, state, label):
            found[-1] = Stretch(last.first, number, state, label)
        else:
            found.append(Stretch(number, number, state, label))
    return found


def depth_figure(points: Sequence[DepthPoint], series: Series) -> Optional[Figure]:
    """One kind of number over the calls of a run: stems for what each took, a line for the others."""
    values = [series.value(point) for point in points]
    finite = [(at, value) for at, value in enumerate(values) if value is not None and isfinite(value)]
    if not finite:
        return None
    by_powers = series.spread and all(value >= 0 for _, value in finite) and any(value > 0 for _, value in finite)
    drawn = [(at, log10(value)) for at, value in finite if value > 0] if by_powers else finite
    heights = [height for _, height in drawn]
    if by_powers:
        scale = _decades(heights, len(points))
        ticks = [(height, series.text(10.0**height)) for height, _ in _powers(scale)]
    else:
        low, high = min(*heights, 0.0, 0.0), max(*heights, 0.0, 0.0)
        scale = _Scale(low, high if high > low else low + 1.0, len(points))
        ticks = [(height, series.text(height)) for height in (scale.low, (scale.low + scale.high) / 2, scale.high)]
    parts = [_stems(scale, drawn) if series.cost else _line(scale, drawn)]
    return Figure(f"{series.title} over the calls of the run", _svg([*parts, *_axes(scale, ticks, "calls, in their order")]))


def _decades(heights: Sequence[float], count: int) -> _Scale:
    """Whole powers of ten, two of them at least."""
    low, high = floor(min(heights) - 0.1), ceil(max(heights))
    return _Scale(min(low, high - LEAST_DECADES), high, count)


def _powers(scale: _Scale) -> List[Tuple[float, str]]:
    step = max(1, round((scale.high - scale.low) / 5))
    return [(float(power), f"1e{power}") for power in range(int(scale.low), int(scale.high) + 1, step)]


def _stems(scale: _Scale, heights: Sequence[Tuple[int, float]]) -> str:
    foot = scale.y(scale.low)
    path = "".join(f"M{scale.x(at)} {foot}V{scale.y(height)}" for at, height in heights)
    dots = "".join(f"M{scale.x(at)} {scale.y(height)}h0" for at, height in heights)
    return (
        f'<path d="{path}" style="stroke:var(--info)" stroke-width="1.6" fill="none"/>'
        f'<path d="{dots}" style="stroke:var(--info)" stroke-width="5" stroke-linecap="round" fill="none"/>'
    )


def _line(scale: _Scale, heights: Sequence[Tuple[int, float]]) -> str:
    points = " ".join(f"{scale.x(at)},{scale.y(height)}" for at, height in heights)
    return f'<polyline points="{points}" style="stroke:var(--info)" stroke-width="1.6" fill="none"/>'


def _field(scale: _Scale, stretch: Stretch) -> str:
    """Where nothing moved, with the reason where there is room for it."""
    left, right = scale.x(stretch.first - 0.45), scale.x(stretch.last + 0.45)
    color, text = f"var(--{'error' if stretch.state == STILL else 'muted'})", stretch_text(stretch)
    said = f'<text x="{left}" y="{TOP - 8}" style="fill:{color}">{html.escape(text)}</text>'
    room = len(text) * LETTER <= right - left + 4 * LETTER
    height = HEIGHT - TOP - BOTTOM
    field = f'<rect x="{left}" y="{TOP}" width="{right - left:.1f}" height="{height}" style="fill:{color}" fill-opacity="0.14"/>'
    return field + (said if room else "")


def _axes(scale: _Scale, ticks: Sequence[Tuple[float, str]], below: str) -> List[str]:
    foot = HEIGHT - BOTTOM
    lines = f"M{LEFT} {TOP}V{foot}H{WIDTH - RIGHT}" + "".join(f"M{LEFT - 4} {scale.y(height)}h4" for height, _ in ticks)
    parts = [f'<path d="{lines}" style="stroke:var(--muted)" fill="none"/>']
    for height, text in ticks:
        parts.append(f'<text x="{LEFT - 8}" y="{scale.y(height) + 4}" text-anchor="end">{html.escape(text)}</text>')
    for at in sorted({0, scale.places // 2, scale.places - 1}):
        parts.append(f'<text x="{scale.x(at)}" y="{foot + 15}" text-anchor="middle">{at}</text>')
    return [*parts, f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 5}" text-anchor="middle">{below}</text>']


def _svg(parts: Sequence[str]) -> str:
    style = 'style="fill:var(--text);font:12px sans-serif"'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" {style}>{"".join(parts)}</svg>'
