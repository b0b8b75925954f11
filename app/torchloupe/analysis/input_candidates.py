"""Inputs that a model may want: where a search for one starts, and what can be said of one that was refused."""

from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, List, Optional, Tuple, Union

from .input_specs import InputSpec, container_spec, plain_spec

Path = Tuple[Union[str, int], ...]
Shape = Tuple[int, ...]

BATCH, LENGTH = 2, 8
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

    ``shapes`` are whole shapes that a leaf should have, with the axes of a picture, and ``pairs`` shapes of two tensors in its
    place. ``ranks`` says how many dimensions are wanted more. ``numbers`` and ``dtypes`` stand on the line that failed, ``stated``
    are its numbers beside sizes, which may or may not belong together. ``below`` is the first index that is too large. ``absent``
    are arguments that it may have missed, ``keys`` what a dict did not have, ``looked_up`` what was asked of a tensor as if it were
    a dict, ``taken_apart`` are tensors that were gone through like a tuple. ``own_fault``: no input can help. ``sentence`` says it.
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
    own_fault: bool = False
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


def entry(key: str, candidate: Candidate) -> InputSpec:
    """The first guess for the value of a dict at ``key``."""
    features = _FEATURES[len(candidate.leaves) % len(_FEATURES)]
    return _named(InputSpec(None, None, "float32", (BATCH, features)), key.lower(), "")
