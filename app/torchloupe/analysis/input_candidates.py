"""Inputs that a model may want: where a search starts, and what to try next when one was refused."""

from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, Iterator, List, Optional, Tuple, Union

from .input_specs import InputSpec, container_spec, plain_spec

Path = Tuple[Union[str, int], ...]
Shape = Tuple[int, ...]

BATCH, LENGTH = 2, 8
MOST_ELEMENTS, MOST_SIZE = 12 << 20, 1 << 16
USUAL = {
    1: (100, 64, 128, 256, 50, 1000, 8000, 16000),
    2: (224, 28, 32, 64, 96, 128, 256, 16, 48, 56, 84, 105, 112, 160, 192, 299, 384, 512),
    3: (32, 16, 64, 28, 8, 112),
}
"""Lengths of signals, sides of pictures and of volumes that people use, the usual one first."""
_FEATURES = (11, 13, 17, 19, 23, 29, 31, 37)
_IDS = ("ids", "idx", "index", "token", "text", "src", "tgt", "trg", "label", "target", "word", "offset", "edge_index", "categor")
_LENGTHS = ("len", "lens", "lengths", "length", "sizes")
_LABELS = ("label", "labels", "target", "targets", "y")
_STEPS = ("t", "time", "timestep", "timesteps", "steps", "sigma")


@dataclass(frozen=True)
class Argument:
    """One argument of ``forward``: ``annotation`` as text, ``keyword`` when it can only be given by name, ``star`` for ``*inputs``."""

    name: str
    annotation: str = ""
    required: bool = True
    keyword: bool = False
    star: bool = False


@dataclass(frozen=True)
class Candidate:
    """One input: tensors and plain values by where they stand. ``lists`` are the containers that are lists, ``spatial`` the axes of
    pictures, by the leaf that they belong to."""

    leaves: Tuple[Tuple[Path, InputSpec], ...]
    lists: FrozenSet[Path] = frozenset()
    spatial: Tuple[Tuple[Path, Shape], ...] = ()

    def at(self, path: Path) -> Optional[InputSpec]:
        """The leaf at ``path``."""
        return dict(self.leaves).get(path)

    def with_leaf(self, path: Path, spec: InputSpec) -> "Candidate":
        """The same with another leaf at ``path``."""
        leaves = dict(self.leaves)
        leaves[path] = spec
        return replace(self, leaves=tuple(leaves.items()))

    def with_shape(self, path: Path, shape: Shape, spatial: Optional[Shape] = None) -> "Candidate":
        """The same with other sizes at ``path``, whose axes ``spatial`` are those of a picture."""
        spec = self.at(path)
        assert spec is not None
        axes = dict(self.spatial)
        if spatial is not None:
            axes[path] = spatial
        elif len(shape) != len(spec.shape):
            axes.pop(path, None)
        return replace(self.with_leaf(path, replace(spec, shape=shape)), spatial=tuple(axes.items()))

    def with_parts(self, path: Path, parts: Tuple[Tuple[Path, InputSpec], ...], as_list: bool = False) -> "Candidate":
        """The same with a container in place of the leaf at ``path``."""
        leaves: List[Tuple[Path, InputSpec]] = []
        for known, spec in self.leaves:
            leaves += parts if known == path else [(known, spec)]
        return replace(self, leaves=tuple(leaves), lists=self.lists | {path} if as_list else self.lists)

    def specs(self, arguments: Tuple[Argument, ...]) -> Tuple[InputSpec, ...]:
        """What a person would write: one spec for each argument, those after a gap by name."""
        found, by_name = [], False
        for argument in arguments:
            if not any(path[0] == argument.name for path, _ in self.leaves):
                by_name = True
                continue
            spec = self._nested((argument.name,))
            found.append(replace(spec, keyword=argument.name if by_name or argument.keyword else None))
        return tuple(found)

    def _nested(self, path: Path) -> InputSpec:
        leaf = self.at(path)
        if leaf is not None:
            return leaf
        keys = list(dict.fromkeys(known[len(path)] for known, _ in self.leaves if known[: len(path)] == path))
        parts = [(key, self._nested((*path, key))) for key in keys]
        if isinstance(keys[0], str):
            return container_spec("dict", tuple(replace(part, keyword=str(key)) for key, part in parts))
        return container_spec("list" if path in self.lists else "tuple", tuple(part for _, part in parts))


@dataclass(frozen=True)
class Wanted:
    """A size that arrived and the size that was wanted in its place; ``leaves`` are the inputs that it was made of."""

    got: int
    size: int
    leaves: Tuple[Path, ...]


@dataclass(frozen=True)
class Refusal:
    """Why a candidate did not run, as far as it can be seen: each field is a reason to try something else.

    ``stated`` are sizes beside numbers on the line that failed, which may or may not belong together. ``shapes`` are whole shapes that a leaf should have, with the axes of a picture; ``ranks`` says how many dimensions are
    wanted more; ``numbers`` and ``dtypes`` stand on the line that failed; ``below`` is the first index that is too large;
    ``absent`` are arguments that it may have missed; ``keys`` what a dict did not have, ``looked_up`` what was asked of a tensor as
    if it were a dict; ``taken_apart`` are tensors that were gone through like a tuple; ``sentence`` says it to a person.
    """

    leaves: Tuple[Path, ...] = ()
    wanted: Tuple[Wanted, ...] = ()
    shapes: Tuple[Tuple[Path, Shape, Optional[Shape]], ...] = ()
    pairs: Tuple[Tuple[Path, Shape], ...] = ()
    stated: Tuple[Wanted, ...] = ()
    ranks: Tuple[int, ...] = ()
    dtypes: Tuple[str, ...] = ()
    numbers: Tuple[int, ...] = ()
    below: Optional[int] = None
    positive: bool = False
    too_small: bool = False
    absent: Tuple[str, ...] = ()
    keys: Tuple[str, ...] = ()
    looked_up: Tuple[str, ...] = ()
    taken_apart: Tuple[Path, ...] = ()
    plain: bool = False
    sentence: str = ""
    bounds: Dict[Path, int] = field(default_factory=dict)

    @property
    def distance(self) -> float:
        """How far the sizes that arrived are from those that were wanted."""
        return sum(abs(each.got - each.size) / max(each.got, each.size, 1) for each in self.wanted[:1])


def start(arguments: Tuple[Argument, ...]) -> Candidate:
    """The first candidate: every argument that must be given, as its name and annotation suggest."""
    candidate = Candidate(())
    for argument in arguments:
        if argument.required:
            candidate = with_argument(candidate, argument)
    return candidate


def with_argument(candidate: Candidate, argument: Argument) -> Candidate:
    """The candidate with one more argument."""
    path: Path = (argument.name,)
    features = _FEATURES[len(candidate.leaves) % len(_FEATURES)]
    note = argument.annotation.lower().replace(" ", "")
    candidate = candidate.with_leaf(path, InputSpec(None, None, "float32", (BATCH, features)))
    return _suggested(candidate, path, argument.name.lower(), note.replace("typing.", ""))


def _suggested(candidate: Candidate, path: Path, name: str, note: str) -> Candidate:
    spec = candidate.at(path)
    assert spec is not None
    for outer in ("optional[", "union["):
        if note.startswith(outer) and note.endswith("]"):
            note = note[len(outer) : -1]
    inner = note.partition("[")[2][:-1] if note.endswith("]") else ""
    if note.startswith(("list[", "sequence[", "iterable[")):
        parts = tuple(((*path, number), spec) for number in range(BATCH))
        candidate = candidate.with_parts(path, parts, as_list=True)
        for part, _ in parts:
            candidate = _suggested(candidate, part, "", inner)
        return candidate
    if note.startswith("tuple[") and "tensor" in inner and "..." not in inner:
        return candidate.with_parts(path, tuple(((*path, number), spec) for number in range(inner.count("tensor"))))
    if note.startswith(("dict", "mapping")):
        return candidate.with_leaf(path, container_spec("dict", ()))
    if note in ("int", "float", "bool", "str"):
        return candidate.with_leaf(path, plain_spec({"int": 2, "float": 0.5, "bool": False, "str": ""}[note]))
    return candidate.with_leaf(path, _named(spec, name, note))


def _named(spec: InputSpec, name: str, note: str) -> InputSpec:
    words = name.split("_")
    if "floattensor" in note:
        return spec
    if "booltensor" in note or "mask" in name:
        whole = "int64" if "attention_mask" in name or "longtensor" in note else "bool"
        return replace(spec, dtype=whole, shape=(BATCH, LENGTH), low=1, high=2) if whole == "int64" else _false(spec)
    if any(word in _LABELS for word in words):
        return replace(spec, dtype="int64", shape=(BATCH,))
    if name in _STEPS or any(word in _LENGTHS for word in words):
        return replace(spec, dtype="int64", shape=(BATCH,), low=1, high=2)
    if "longtensor" in note or "inttensor" in note or any(word in name for word in _IDS):
        return replace(spec, dtype="int64", shape=(BATCH, LENGTH))
    return spec


def _false(spec: InputSpec) -> InputSpec:
    return replace(spec, dtype="bool", shape=(BATCH, LENGTH))


def proposals(refusal: Refusal, candidate: Candidate, arguments: Tuple[Argument, ...]) -> Iterator[Candidate]:
    """What to try in place of a refused candidate, the likeliest first. Nothing is larger than ``MOST_ELEMENTS``."""
    for each in _proposals(refusal, candidate, arguments):
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
                changed = changed.with_parts(path, (((*path, key), _entry(key, changed)),))
        siblings = [path for path, _ in candidate.leaves if len(path) > 1 and isinstance(path[-1], str)]
        for path in dict.fromkeys(each[:-1] for each in siblings):
            changed = changed.with_leaf((*path, key), _entry(key, changed))
        yield changed
    for key in refusal.looked_up:
        for path in leaves:
            if candidate.at(path):
                yield candidate.with_parts(path, (((*path, key), _entry(key, candidate)),))
    for path in refusal.taken_apart:
        spec = candidate.at(path)
        if spec and len(spec.shape) > 1:
            labels = replace(spec, dtype="int64", shape=spec.shape[:1])
            yield candidate.with_parts(path, (((*path, 0), spec), ((*path, 1), labels)))
            yield candidate.with_parts(path, (((*path, 0), spec), ((*path, 1), spec)))
    for path, shape in refusal.pairs:
        spec = candidate.at(path)
        if spec:
            part = replace(spec, shape=shape)
            yield candidate.with_parts(path, (((*path, 0), part), ((*path, 1), part)))


def _entry(key: str, candidate: Candidate) -> InputSpec:
    features = _FEATURES[len(candidate.leaves) % len(_FEATURES)]
    return _named(InputSpec(None, None, "float32", (BATCH, features)), key.lower(), "")


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
    got, size = max(wanted.got, 1), wanted.size
    for path in wanted.leaves:
        spec = candidate.at(path)
        if spec is None or not spec.dtype or size < 1:
            continue
        spatial = dict(candidate.spatial).get(path, ())
        order = sorted(range(len(spec.shape)), key=lambda axis: (axis == 0, axis in spatial, -axis))
        for axis in order:
            if nearest and spec.shape[axis] == got and (axis > 0 or len(spec.shape) == 1):
                yield candidate.with_shape(path, _changed(spec.shape, {axis: size}))
        if spatial:
            yield from _sides(candidate, path, spatial, (size / got) ** (1 / len(spatial)), nearest)
        for axis in order:
            if axis == 0 and len(spec.shape) > 1:
                continue  # the first axis is nearly always the batch
            for new in _scaled(spec.shape[axis], got, size, nearest):
                yield candidate.with_shape(path, _changed(spec.shape, {axis: new}))
        if nearest and len(spec.shape) > 1 and spec.shape[0] == got:
            yield candidate.with_shape(path, _changed(spec.shape, {0: size}))


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
    near = sorted((round(guess) + step for step in range(-5, 9)), key=lambda side: (side % 4 > 0) + (side % 2) + abs(side - guess))
    for side in dict.fromkeys([*usual, *near] if nearest else USUAL.get(len(axes), ())):
        if side > 0:
            yield candidate.with_shape(path, _changed(spec.shape, dict.fromkeys(axes, side)))
    for axis in axes if nearest and len(axes) > 1 else ():
        alone = spec.shape[axis] * factor ** len(axes)
        for side in (round(alone), *(usual for usual in USUAL[2] if 0.9 < usual / max(alone, 1) < 1.2), round(alone) + 1):
            if side > 0:
                yield candidate.with_shape(path, _changed(spec.shape, {axis: side}))


def _ranked(candidate: Candidate, path: Path, more: int) -> Iterator[Candidate]:
    spec = candidate.at(path)
    if spec is not None and spec.dtype and 0 <= len(spec.shape) + more <= 5:
        yield candidate.with_shape(path, template(len(spec.shape) + more, spec))


def template(rank: int, spec: InputSpec) -> Shape:
    """A shape with this many dimensions: batch first, the features of ``spec`` last (of pictures second)."""
    features = spec.shape[-1] if spec.shape else _FEATURES[0]
    last = LENGTH if "float" not in spec.dtype and rank < 3 else features
    return {
        0: (),
        1: (BATCH,),
        2: (BATCH, last),
        3: (BATCH, LENGTH, last),
        4: (BATCH, features, 30, 34),
        5: (BATCH, 5, features, 30, 34),
    }[rank]


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
            yield from (candidate.with_shape(path, _changed(spec.shape, {axis: side})) for side in (64, 1000) if side > spec.shape[axis])


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
