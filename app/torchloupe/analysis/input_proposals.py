"""What to try in place of an input that a model refused: other kinds of values, other dimensions, other sizes, the likeliest first."""

from dataclasses import replace
from typing import Dict, Iterator, Tuple

from .input_candidates import (
    BATCH,
    LENGTH,
    USUAL,
    Argument,
    Candidate,
    Path,
    Refusal,
    Shape,
    Wanted,
    entry,
    template,
    with_argument,
)
from .input_specs import plain_spec

MOST_ELEMENTS, MOST_SIZE = 12 << 20, 1 << 16


def proposals(refusal: Refusal, candidate: Candidate, arguments: Tuple[Argument, ...]) -> Iterator[Candidate]:
    """What to try in place of a refused candidate, the likeliest first. Nothing is larger than ``MOST_ELEMENTS``."""
    for each in () if refusal.own_fault else _proposals(refusal, candidate, arguments):
        alike = _alike(each, candidate)
        sizes = [size for _, spec in alike.leaves for size in spec.shape]
        if sum(_elements(spec.shape) for _, spec in alike.leaves) <= MOST_ELEMENTS and max(sizes, default=0) <= MOST_SIZE:
            yield alike


def _alike(changed: Candidate, before: Candidate) -> Candidate:
    """What is changed in one item of a list is changed in all of its items."""
    for path, spec in changed.leaves:
        place = next((number for number in range(1, len(path)) if path[:number] in changed.lists), None)
        if place is not None and before.at(path) not in (None, spec):
            for other, _ in changed.leaves:
                if len(other) == len(path) and other[:place] + other[place + 1 :] == path[:place] + path[place + 1 :]:
                    changed = changed.with_leaf(other, spec)
    return changed


def _elements(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _proposals(refusal: Refusal, candidate: Candidate, arguments: Tuple[Argument, ...]) -> Iterator[Candidate]:
    leaves = refusal.leaves or tuple(path for path, _ in candidate.leaves)
    yield from _containers(refusal, candidate, leaves)
    if len(refusal.shapes) > 1:
        together = candidate
        for path, shape, spatial in refusal.shapes:
            together = together.with_shape(path, shape, spatial) if together.at(path) else together
        yield together
    for path, shape, spatial in refusal.shapes:
        if candidate.at(path):
            yield candidate.with_shape(path, shape, spatial)
    yield from _values(refusal, candidate, leaves)
    for name in refusal.absent:
        yield from (with_argument(candidate, each) for each in arguments if each.name == name)
    for wanted in refusal.wanted:
        yield from _sizes(wanted, candidate, nearest=True)
    for path in leaves:
        for rank in refusal.ranks:
            yield from _ranked(candidate, path, rank)
    yield from _rank_numbers(refusal, candidate, leaves)
    for stated in refusal.stated:
        yield from _stated(stated, candidate)
    yield from _larger(refusal, candidate, leaves)
    yield from _numbers(refusal, candidate, leaves)
    yield from _anything(refusal, candidate, leaves, arguments)
    for wanted in refusal.wanted:
        yield from _sizes(wanted, candidate, nearest=False)


def _containers(refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...]) -> Iterator[Candidate]:
    for key in refusal.keys:
        changed = candidate
        for path, spec in candidate.leaves:
            if spec.container:
                changed = changed.with_parts(path, (((*path, key), entry(key, changed)),))
        siblings = [path for path, _ in candidate.leaves if len(path) > 1 and isinstance(path[-1], str)]
        for path in dict.fromkeys(each[:-1] for each in siblings):
            changed = changed.with_leaf((*path, key), entry(key, changed))
        yield changed
    for key in refusal.looked_up:
        for path in leaves:
            if candidate.at(path):
                yield candidate.with_parts(path, (((*path, key), entry(key, candidate)),))
    for path in refusal.taken_apart:
        whole = candidate.at(path)
        if whole and len(whole.shape) > 1:
            labels = replace(whole, dtype="int64", shape=whole.shape[:1])
            yield candidate.with_parts(path, (((*path, 0), whole), ((*path, 1), labels)))
            yield candidate.with_parts(path, (((*path, 0), whole), ((*path, 1), whole)))
    for path, shape in refusal.pairs:
        state = candidate.at(path)
        if state:
            part = replace(state, shape=shape)
            yield candidate.with_parts(path, (((*path, 0), part), ((*path, 1), part)))


def _values(refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...]) -> Iterator[Candidate]:
    for path in leaves:
        spec = candidate.at(path)
        if spec is None or not spec.dtype:
            continue
        for dtype in refusal.dtypes:
            if dtype != spec.dtype:
                ids = dtype == "int64" and spec.dtype == "float32" and len(spec.shape) == 2
                shape = (BATCH, LENGTH) if ids else spec.shape
                yield candidate.with_leaf(path, replace(spec, dtype=dtype, shape=shape, low=None, high=None))
        if refusal.below is not None and "int" in spec.dtype and (spec.high is None or spec.high > refusal.below > 0):
            yield candidate.with_leaf(path, replace(spec, low=None, high=refusal.below))
        if refusal.positive and "int" in spec.dtype:
            yield candidate.with_leaf(path, replace(spec, low=1, high=2))


def _sizes(wanted: Wanted, candidate: Candidate, nearest: bool) -> Iterator[Candidate]:
    if wanted.size < 1:
        return
    spatial = dict(candidate.spatial)
    leaves = [(path, spec) for path, spec in candidate.leaves if path in wanted.leaves and spec.dtype]
    for path, spec in leaves if nearest else ():
        for axis in range(len(spec.shape) - 1, 0 if len(spec.shape) > 1 else -1, -1):
            if spec.shape[axis] == wanted.got:
                yield candidate.with_shape(path, _changed(spec.shape, {axis: wanted.size}))
    factor = wanted.size / max(wanted.got, 1)
    for path, spec in sorted(leaves, key=lambda leaf: leaf[0] in spatial):
        if path in spatial:
            yield from _sides(candidate, path, spatial[path], factor ** (1 / len(spatial[path])), nearest)
        # The first axis is nearly always the batch.
        for axis in sorted(
            range(min(len(spec.shape) - 1, 1), len(spec.shape)), key=lambda axis: (axis in spatial.get(path, ()), -axis)
        ):
            for new in _scaled(spec.shape[axis], max(wanted.got, 1), wanted.size, nearest):
                yield candidate.with_shape(path, _changed(spec.shape, {axis: new}))
    for path, spec in leaves if nearest else ():
        if len(spec.shape) > 1 and spec.shape[0] == wanted.got:
            yield candidate.with_shape(path, _changed(spec.shape, {0: wanted.size}))


def _stated(stated: Wanted, candidate: Candidate) -> Iterator[Candidate]:
    """A size becomes the number beside it; one that comes out of a picture's sides changes those."""
    for path in stated.leaves:
        spec = candidate.at(path)
        spatial = dict(candidate.spatial).get(path, ())
        if spec is None or not spec.dtype:
            continue
        for axis in range(1, len(spec.shape)):
            if spec.shape[axis] == stated.got:
                yield candidate.with_shape(path, _changed(spec.shape, {axis: stated.size}))
        if spatial and stated.got not in spec.shape and stated.got > 0 and stated.size > 0:
            yield from _sides(candidate, path, spatial, (stated.size / stated.got) ** (1 / len(spatial)), nearest=True)


def _scaled(now: int, got: int, size: int, nearest: bool) -> Iterator[int]:
    if nearest:
        if now * size % got == 0:
            yield now * size // got
        if now + size - got > 0:
            yield now + size - got
        return
    guess = round(now * size / got)
    yield from (guess + step for step in (1, -1, 2, -2, 3, -3) if guess + step > 0)


def _sides(candidate: Candidate, path: Path, axes: Shape, factor: float, nearest: bool) -> Iterator[Candidate]:
    """Pictures with other sides: those that are usual and near to what the relation says, then what it says."""
    spec = candidate.at(path)
    assert spec is not None
    guess = spec.shape[axes[0]] * factor
    usual = [side for side in USUAL.get(len(axes), ()) if 0.75 < side / max(guess, 1) < 1.4]
    near = sorted(
        (round(guess) + step for step in range(-5, 9)), key=lambda side: (side % 4 > 0) + (side % 2) + abs(side - guess)
    )
    for side in dict.fromkeys([*usual, *near] if nearest else USUAL.get(len(axes), ())):
        if side > 0:
            yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, side)))
    for axis in axes if nearest and len(axes) > 1 else ():
        alone = spec.shape[axis] * factor ** len(axes)
        for side in (round(alone), *(usual for usual in USUAL[2] if 0.9 < usual / max(alone, 1) < 1.2), round(alone) + 1):
            if side > 0:
                yield candidate.with_shape(path, _changed(spec.shape, {axis: side}))


def usual_pictures(candidate: Candidate) -> Iterator[Candidate]:
    """The same with the sides that people use, the usual one first; nothing when there is no picture or its sides are usual."""
    for path, spec in candidate.leaves:
        axes = dict(candidate.spatial).get(path, (2, 3))
        if spec.dtype != "float32" or len(spec.shape) != 4 or len(axes) != 2:
            continue
        if spec.shape[axes[0]] == spec.shape[axes[1]] and spec.shape[axes[0]] in USUAL[2][:4]:
            continue
        for side in USUAL[2][:6]:
            yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, side)))


def _ranked(candidate: Candidate, path: Path, more: int) -> Iterator[Candidate]:
    spec = candidate.at(path)
    if spec is not None and spec.dtype and 0 <= len(spec.shape) + more <= 5:
        yield candidate.with_shape(path, template(len(spec.shape) + more, spec))


def _larger(refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...]) -> Iterator[Candidate]:
    if not refusal.too_small:
        return
    for path in leaves:
        spec = candidate.at(path)
        if spec is None or not spec.dtype:
            continue
        axes = dict(candidate.spatial).get(path, (len(spec.shape) - 1,) if len(spec.shape) > 1 else ())
        now = spec.shape[axes[0]] if axes else 0
        for side in sorted({*USUAL.get(len(axes), ()), 4 * now, 20 * now} if axes else ()):
            if side > now:
                yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, side)))
        for axis in range(1, len(spec.shape)):
            yield from (
                candidate.with_shape(path, _changed(spec.shape, {axis: side})) for side in (64, 1000) if side > spec.shape[axis]
            )


def _rank_numbers(refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...]) -> Iterator[Candidate]:
    for path in leaves:
        spec = candidate.at(path)
        for number in refusal.numbers if spec is not None and spec.dtype else ():
            if spec is not None and 0 < number <= 5 and number != len(spec.shape):
                yield candidate.with_shape(path, template(number, spec))


def _numbers(refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...]) -> Iterator[Candidate]:
    """Numbers on the failing line are sizes, divisors, or limits."""
    for path in leaves:
        spec = candidate.at(path)
        if spec is None or not spec.dtype:
            continue
        spatial = dict(candidate.spatial).get(path, ())
        for number in refusal.numbers:
            if not 0 < number <= 4096:
                continue
            alone = [(axis,) for axis in range(1, len(spec.shape))]
            spatial = spatial or ((2, 3) if len(spec.shape) == 4 else ())
            for axes in [*([spatial] if len(spatial) > 1 else []), *alone]:
                yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, number)))
                multiple = max(spec.shape[axes[0]] // number, 1) * number
                yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, multiple)))


def _anything(
    refusal: Refusal, candidate: Candidate, leaves: Tuple[Path, ...], arguments: Tuple[Argument, ...]
) -> Iterator[Candidate]:
    for path in leaves:
        spec = candidate.at(path)
        if spec is None or not spec.dtype:
            continue
        if refusal.plain and len(path) == 1:
            yield from (candidate.with_leaf(path, plain_spec(value)) for value in (2, 1))
        for rank in (3, 4, 1, 2, 5):
            if rank != len(spec.shape):
                yield candidate.with_shape(path, template(rank, spec))
        for axis in range(1, len(spec.shape)):
            yield from (candidate.with_shape(path, _changed(spec.shape, {axis: size})) for size in (32, 64, 1000))
        for dtype in ("int64", "bool", "float32"):
            if dtype != spec.dtype:
                yield candidate.with_leaf(path, replace(spec, dtype=dtype, low=None, high=None))
    given = {path[0] for path, _ in candidate.leaves}
    for argument in arguments:
        if argument.name not in given and not argument.annotation.lower().startswith(("bool", "optional[bool", "int")):
            yield with_argument(candidate, argument)


def _changed(shape: Shape, sizes: Dict[int, int]) -> Shape:
    return tuple(sizes.get(axis, size) for axis, size in enumerate(shape))
