"""A sweep over the sizes of the input: which axes are varied, which sizes are tried next, and how to read what came of it.

A rule is proved on its own neighbours before it is told: where 224 and 448 run, 336, 280, 252 and 238 are tried, and it is multiples of 14.
"""

from dataclasses import dataclass
from math import gcd
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from ..wire.problems import Problem
from ..wire.sweeps import SizeTried, SweptAxis
from ..wire.tensors import TensorMeta
from .axis_names import BATCH, CHANNELS, FEATURES, STEPS, TOKENS, Axes

_SPACE = ("height", "width", "depth")
_SIDES = ("height", "width")
_BOTH = "height and width"
_TIME = (TOKENS, STEPS, "length")
_BY_RANK: Dict[int, Axes] = {
    1: (BATCH,),
    2: (BATCH, FEATURES),
    3: (BATCH, TOKENS, FEATURES),
    4: (BATCH, CHANNELS, "height", "width"),
    5: (BATCH, CHANNELS, "depth", "height", "width"),
}
_MOST_TRIALS = 40
"""Of one axis."""
_LARGEST = {BATCH: 64, TOKENS: 4096, STEPS: 128}
ANY, MULTIPLES, STEPPED, ONE, SOME, NONE, UNKNOWN = "any", "multiples", "stepped", "one", "some", "none", "unknown"


def axes_to_sweep(inputs: Sequence[TensorMeta], named: Sequence[Axes]) -> Tuple[SweptAxis, ...]:
    """The axes of the input that are varied, those of equal size and meaning together. ``named`` are the names of each tensor's axes, as
    far as they are known; channels and features are no question of the input but of the model, and stay."""
    groups: Dict[Tuple[str, int], List[Tuple[int, int]]] = {}
    names = [list(_names(number, inputs, given)) for number, given in enumerate(named)]
    lengths = {meta.shape[axis] for meta, axes in zip(inputs, names) for axis, name in enumerate(axes) if name in _TIME}
    for number, (meta, axes) in enumerate(zip(inputs, names)):
        for axis, name in enumerate(axes):
            size = meta.shape[axis]
            if name in (BATCH, FEATURES) and named[number][axis : axis + 1] != (name,) and _is_mask(meta, lengths):
                name = TOKENS
            if size > 0 and (name in (BATCH, *_SPACE, *_TIME)):
                groups.setdefault((name, size), []).append((number, axis))
    found = [SweptAxis(name, size, tuple(places)) for (name, size), places in groups.items()]
    sides = [each for each in found if each.name in _SIDES]
    if len(sides) == 2 and sides[0].base == sides[1].base:
        found.append(SweptAxis(_BOTH, sides[0].base, sides[0].places + sides[1].places))
    alike = [each.name for each in found]
    return tuple(_told_apart(each, alike) for each in found)


def _names(number: int, inputs: Sequence[TensorMeta], named: Axes) -> Iterator[str]:
    meta = inputs[number]
    usual = _BY_RANK.get(len(meta.shape), ("",) * len(meta.shape))
    if len(meta.shape) == 2 and "float" not in meta.dtype:
        usual = (BATCH, TOKENS)
    for axis, size in enumerate(meta.shape):
        known = named[axis] if axis < len(named) else ""
        if axis == 0 and number and inputs[0].shape[:1] == (size,) and known in ("", TOKENS):
            known = BATCH
        if not known and axis == 1 and len(meta.shape) == 3 and named[:1] == (STEPS,):
            known = BATCH
        yield known or usual[axis]


def _is_mask(meta: TensorMeta, lengths: "set[int]") -> bool:
    """A square one over the tokens."""
    return len(meta.shape) == 2 and meta.shape[0] == meta.shape[1] and meta.shape[0] in lengths


def _told_apart(axis: SweptAxis, names: List[str]) -> SweptAxis:
    if names.count(axis.name) < 2:
        return axis
    return SweptAxis(f"{axis.name} of input {axis.places[0][0] + 1}", axis.base, axis.places)


# Which sizes


def first_sizes(axis: SweptAxis) -> Tuple[int, ...]:
    """The sizes to begin with: that of the sample input, then its neighbours, then those far away."""
    base, kind = axis.base, axis.name.split(" ")[0]
    near = [base, base + 1, base - 1, 2 * base]
    if kind == BATCH:
        sizes = [*near, 1, 2, 3, 5, 8, 16, 64]
    elif kind in (TOKENS, STEPS):
        sizes = [*near, 1, 2, 3, 7, 64, 512, 513, 1024, 4096]
    elif kind == "length":
        sizes = [*near, base + 2, base + 4, base + 8, base + 16, base // 2, 4 * base, 64, 1]
    else:
        sizes = [*near, *(base + (1 << power) for power in range(1, 6)), base // 2, 4 * base, 32, 1]
    most = max(_LARGEST.get(kind, 4 * base), 2 * base)
    return tuple(dict.fromkeys(size for size in sizes if 0 < size <= most))


def next_size(tried: Sequence[SizeTried]) -> Optional[int]:
    """The size that would tell most beyond the first ones: for the step between sizes that run, then for the largest and the smallest.
    None when the rule is settled."""
    running = [each.size for each in tried if each.runs]
    known = {each.size for each in tried}
    refused = sorted(each.size for each in tried if each.runs is False)
    if not running or not refused or len(tried) >= _MOST_TRIALS:
        return None
    step = _step(running)
    for prime in _primes(step):
        for trial in (running[0] + step // prime, running[0] - step // prime):
            if trial > 0 and trial not in known:
                return trial
            if trial in known and trial not in refused:
                break
    low, high = min(running), max(running)
    step = max(step, 1)
    if len(running) == 1:
        return None
    return _between(high, refused, step, known) or _between(low, [-each for each in refused], -step, known)


def _between(last: int, refused: Sequence[int], step: int, known: "set[int]") -> Optional[int]:
    """Half way from the last size that runs to the first beyond it that was refused though it has the right step."""
    beyond = [abs(each) for each in refused if (abs(each) - last) * step > 0 and (abs(each) - last) % step == 0]
    if not beyond:
        return None
    steps = (min(beyond, key=lambda each: abs(each - last)) - last) // step
    trial = last + (steps // 2) * step
    return trial if steps > 1 and trial not in known else None


def _step(sizes: Sequence[int]) -> int:
    """The greatest common step between sizes; 0 for a single one."""
    step = 0
    for size in sizes:
        step = gcd(step, size - sizes[0])
    return step


def _primes(number: int) -> Iterator[int]:
    prime = 2
    while number > 1 and prime <= number:
        if number % prime == 0:
            yield prime
        while number % prime == 0:
            number //= prime
        prime += 1


# What came of it


@dataclass(frozen=True)
class SweepReading:
    """What the sizes of one axis say: ``kind`` is ``any``, ``multiples`` (of ``step``), ``stepped`` (from ``remainder`` on), ``one``,
    ``some``, ``none`` or ``unknown``.

    ``least`` and ``most`` are limits that were found, None where every smaller or larger size that was tried runs. ``sentence`` says it
    all; ``problems`` are what refused the nearest sizes, by the smaller and the larger one.
    """

    axis: SweptAxis
    kind: str
    sentence: str
    step: int = 1
    remainder: int = 0
    least: Optional[int] = None
    most: Optional[int] = None
    problems: Tuple[Tuple[int, Problem], ...] = ()


def read_axis(axis: SweptAxis) -> SweepReading:
    """The rule behind what ran and what did not, the shortest one that fits all that was tried."""
    problems = tuple((each.size, each.problem) for each in axis.tried if each.problem is not None and each.runs is False)
    running = [each.size for each in axis.tried if each.runs]
    refused = [each.size for each in axis.tried if each.runs is False]
    if not running:
        if not refused:
            return SweepReading(axis, UNKNOWN, "shapes alone cannot tell", problems=problems)
        return SweepReading(axis, NONE, f"none of {len(refused)} sizes that were tried", problems=problems)
    if not refused:
        return SweepReading(axis, ANY, f"any size, tried from {running[0]} to {running[-1]}")
    if len(running) == 1:
        return SweepReading(axis, ONE, f"only {running[0]}{_because(problems, ONE)}", 0, problems=problems)
    step = _step(running)
    low, high = running[0], running[-1]
    inside = [each for each in refused if low < each < high and (each - low) % step == 0]
    if inside:
        shown = ", ".join(str(size) for size in running[:8])
        return SweepReading(axis, SOME, f"some: {shown}; not {', '.join(str(size) for size in inside[:4])}", problems=problems)
    alike = [each for each in refused if (each - low) % step == 0]
    least = low if any(each < low for each in alike) or (step == 1 and low > 1 and min(refused) < low) else None
    most = high if any(each > high for each in alike) else None
    remainder = low % step
    kind = ANY if step == 1 else MULTIPLES if not remainder else STEPPED
    what = {ANY: "", MULTIPLES: f"multiples of {step}", STEPPED: f"{remainder} more than a multiple of {step}"}[kind]
    parts = [what] if what else []
    cause = _because(problems, "most", most)
    if least is not None and most is not None:
        parts.append(f"from {least} to {most}{cause}")
    elif least is not None:
        parts.append(f"at least {least}")
    elif most is not None:
        parts.append(f"at most {most}{cause}")
    reach = "" if most is not None else f", tried up to {high}"
    return SweepReading(axis, kind, ", ".join(parts) + reach, step, remainder, least, most, problems)


def _because(problems: Sequence[Tuple[int, Problem]], kind: str, most: Optional[int] = None) -> str:
    """The cause in brackets where it is a number in the code or the rows of a table."""
    for size, problem in problems:
        if kind == "most" and most is not None and size > most and "rows" in problem.data:
            return f" (the table `{problem.data.get('table', '')}` has {problem.data['rows']} rows)"
        if kind == ONE and "hard_coded" in problem.data:
            return f" (hard-coded at line {problem.line})" if problem.line else " (hard-coded)"
    return ""


def sizes_to_explain(tried: Sequence[SizeTried], base: int) -> FrozenSet[int]:
    """The refused sizes that somebody should look at: the nearest on either side of one that runs, and of a limit."""
    running = sorted(each.size for each in tried if each.runs)
    refused = sorted(each.size for each in tried if each.runs is False)
    if not running:
        return frozenset([base] if base in refused else refused[:1])
    anchor = base if base in running else running[0]
    chosen = [
        max((each for each in refused if each < anchor), default=None),
        min((each for each in refused if each > anchor), default=None),
    ]
    chosen.append(min((each for each in refused if each > running[-1]), default=None))
    chosen.append(max((each for each in refused if each < running[0]), default=None))
    return frozenset(each for each in chosen if each is not None)


def sweep_verdict(readings: Sequence[SweepReading]) -> List[str]:
    """What refuses the sizes: a sentence for each cause, with the nearest size that shows it."""
    lines, told = [], set()
    for reading in readings:
        for size, problem in sorted(reading.problems, key=lambda each: (abs(each[0] - reading.axis.base), -each[0])):
            cause = (problem.code, problem.module, problem.file, problem.line)
            if cause not in told:
                told.add(cause)
                at = f" in `{problem.module}`" if problem.module and f"`{problem.module}`" not in problem.message else ""
                line = f" (line {problem.line})" if problem.line and f"line {problem.line})" not in problem.message else ""
                lines.append(f"{reading.axis.name} {size}{at}: {problem.message.rstrip('.')}{line}.")
    return lines


def readings_told(axes: Sequence[SweptAxis]) -> List[SweepReading]:
    """The axes that are worth a row: both sides of a picture together only where that is another story than one of them alone."""
    readings = [read_axis(axis) for axis in axes]
    alone = [each.sentence for each in readings if each.axis.name in _SIDES]
    return [each for each in readings if each.axis.name != _BOTH or any(each.sentence != sentence for sentence in alone)]
