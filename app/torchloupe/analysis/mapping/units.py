"""Keys folded into units: a layer with its weight and bias is one, a bare parameter is one, too."""

import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Tuple

from ..diff_rows import KeyEntry

Path = Tuple[str, ...]
Shape = Tuple[int, ...]

WEIGHT, BIAS, MEAN, VARIANCE, COUNT = "weight", "bias", "running_mean", "running_var", "num_batches_tracked"
_KINDS = {
    **dict.fromkeys(
        ("weight", "gamma", "scale", "kernel", "w", "g", "depthwise_kernel", "pointwise_kernel", "weight_orig"), WEIGHT
    ),
    **dict.fromkeys(("bias", "beta", "b", "offset"), BIAS),
    **dict.fromkeys(("running_mean", "moving_mean", "mean"), MEAN),
    **dict.fromkeys(("running_var", "moving_variance", "moving_var", "var"), VARIANCE),
    COUNT: COUNT,
    "weight_g": "weight_g",
    "weight_v": "weight_v",
    "weight_u": "weight_u",
}
_NORMS_OWN = ("gamma", "beta", "scale")
_PARAMETRIZED = {"original0": "_g", "original1": "_v", "original": "", "_u": "_u"}
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "base_layer")
_JOINED = re.compile(r"^(.+)_(weight|bias)$")
NUMBERED = re.compile(r"^(.*?)(\d+)$")
"""What stands before the number at the end of a name, and the number."""
_PLACE_IN_NAME = re.compile(r"^([A-Za-z]+\d+[a-z]?)_(?=[A-Za-z])")
"""``block2a_`` in ``block2a_project_bn/kernel``: names without dots say in their first word where they are."""
_SCATTERED = 0.3
"""So many keys that stand apart are more than what joining the parts of a model leaves behind."""
_SPLIT = re.compile(r"[./]")


@dataclass(frozen=True, eq=False)
class Unit:
    """A module's own tensors by kind. ``path`` are the parts of its name without wrappers; ``number`` its place among all."""

    number: int
    path: Path
    entries: Dict[str, KeyEntry]

    @property
    def main(self) -> KeyEntry:
        """The tensor that says most: the weight where there is one."""
        for kind in (WEIGHT, "weight_v"):
            if kind in self.entries:
                return self.entries[kind]
        return next(iter(self.entries.values()))

    @property
    def has_statistics(self) -> bool:
        """Does it keep a running mean, as BatchNorm does?"""
        return MEAN in self.entries


def is_scattered(keys: Iterable[str]) -> bool:
    """Do many keys stand apart from those of their own module? Then their order is not that of the modules: somebody sorted them by size,
    or shuffled them."""
    last: Dict[Tuple[str, ...], int] = {}
    apart = count = 0
    for count, key in enumerate(keys, 1):
        parts = tuple(key.split("."))
        above = [parts[:depth] for depth in range(1, len(parts))]
        apart += any(last.get(place, count) < count - 1 for place in above)
        last.update(dict.fromkeys(above, count))
    return apart > _SCATTERED * count


def units_of(entries: Iterable[KeyEntry]) -> List[Unit]:
    """The units in the order of their first keys, lists of layers in the order of their numbers."""
    held: Dict[Path, Dict[str, KeyEntry]] = {}
    alone: Dict[Path, str] = {}
    for entry in entries:
        path, kind, leaf = _place(entry.key)
        kinds = held.setdefault(path, {})
        while kind in kinds:
            path, kind = (*path, leaf), WEIGHT
            kinds = held.setdefault(path, {})
        kinds[kind] = entry
        alone[path] = leaf
    named = {}
    for path, kinds in held.items():
        # a lone gamma is a scale of its own and not the weight of the module that holds it
        lone = len(kinds) == 1 and alone[path] in _NORMS_OWN and (*path, alone[path]) not in held
        named[(*path, alone[path]) if lone else path] = {WEIGHT: next(iter(kinds.values()))} if lone else kinds
    return [Unit(number, path, named[path]) for number, path in enumerate(_in_tree_order(list(named)))]


def _place(key: str) -> Tuple[Path, str, str]:
    """Where a tensor belongs, as what, and how the last part is spelled: ``a.b.gamma`` is the weight of ``a.b``."""
    parts = [part for part in _SPLIT.split(key.partition(":")[0] if "/" in key else key) if part and part not in WRAPPERS]
    if "/" in key:
        parts = [piece for part in parts for piece in _PLACE_IN_NAME.sub(r"\1/", part).split("/")]
    if not parts:
        return (key,), WEIGHT, key
    leaf = parts[-1]
    if len(parts) >= 3 and parts[-3] == "parametrizations" and leaf in _PARAMETRIZED:
        return tuple(parts[:-3]), parts[-2] + _PARAMETRIZED[leaf], leaf
    if leaf in _KINDS:
        return tuple(parts[:-1]), _KINDS[leaf], leaf
    joined = _JOINED.match(leaf)
    if joined:
        return (*parts[:-1], joined[1]), joined[2], leaf
    return tuple(parts), WEIGHT, leaf


def _in_tree_order(paths: List[Path]) -> List[Path]:
    """As a walk through the tree meets them: children in the order in which they came, those that differ by a number by that number."""
    children: Dict[Path, Dict[str, None]] = {}
    for path in paths:
        for depth in range(len(path)):
            children.setdefault(path[:depth], {})[path[depth]] = None
    places = {above: _numbered_in_order(list(names)) for above, names in children.items()}
    return sorted(paths, key=lambda path: [places[path[:depth]][path[depth]] for depth in range(len(path))])


def _numbered_in_order(names: List[str]) -> Dict[str, int]:
    """The place of each: ``block_2`` before ``block_10``, on the places that the two have."""
    slots: Dict[str, List[Tuple[int, int]]] = {}
    for place, name in enumerate(names):
        numbered = NUMBERED.match(name)
        if numbered:
            slots.setdefault(numbered[1], []).append((int(numbered[2]), place))
    places = {name: place for place, name in enumerate(names)}
    for held in slots.values():
        for (_, before), (_, after) in zip(sorted(held), sorted(held, key=lambda each: each[1])):
            places[names[before]] = after
    return places
