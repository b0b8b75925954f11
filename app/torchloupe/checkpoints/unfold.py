"""Walk what a pickle made, in order, and name every tensor and value in it by a dotted path.

Shared parts are listed wherever they are mentioned, up to a limit, because each mention is a key that a loader would see;
a part that contains itself is listed once. Nothing recurses.
"""

from typing import Any, Dict, List, NamedTuple, Set, Tuple

from ..wire.contents import StoredValue
from .children import (
    Children,
    children_of,
    has_tensors,
    module_attributes,
    module_children,
    module_state,
    pairs_of,
    parts_of,
)
from .inert import SCALARS, Mapping, PickledTensor, Record, Storage
from .plain_values import is_plain_object, plain_value, type_text

DEEPEST = 100
"""Levels that are shown."""
MAX_VALUES = 5_000
"""Values that are kept: the least nested ones."""
_MAX_COLLECTED = 50_000
_MAX_TENSORS = 2_000_000
_DEPTH_COUNTED = 100_000
_LONGEST_PATH = 2_000
_LONGEST_LABEL = 500
_REPEATS = 200_000
"""Items that are listed again because they are shared; 60 doublings of a list would be 10^18."""


class Placed(NamedTuple):
    """A tensor with the container it lies in and its key there."""

    container: str
    key: str
    tensor: PickledTensor


class Unfolded(NamedTuple):
    """What the walk found. ``modules`` are class names of pickled modules by path; ``remarks`` say what was left out."""

    tensors: List[Placed]
    values: List[StoredValue]
    modules: Dict[str, str]
    remarks: List[str]


class _Level(NamedTuple):
    """A thing that is being walked. Tensors found in it belong to ``container`` and their keys begin with ``prefix``.

    ``fixed`` means that all below belongs to the same container; ``direct`` that a dict holds tensors itself, so that a list in
    it is no container of its own.
    """

    children: Children
    identity: int
    path: str
    container: str
    prefix: str = ""
    fixed: bool = False
    direct: bool = False


def join(path: str, label: str) -> str:
    """``label`` under ``path``."""
    return f"{path}.{label}" if path else label


def unfold(root: Any, path: str = "") -> Unfolded:
    """All tensors and values below ``root``, whose own path is ``path``."""
    return _Walk().run(root, path)


class _Walk:
    def __init__(self) -> None:
        self.tensors: List[Placed] = []
        self.modules: Dict[str, str] = {}
        self.remarks: List[str] = []
        self._values: List[Tuple[int, StoredValue]] = []
        self._values_left_out = 0
        self._levels: List[_Level] = []
        self._open: Set[int] = set()
        self._seen: Set[int] = set()
        self._plain: Dict[int, bool] = {}
        self._repeats = _REPEATS
        self._not_repeated = 0
        self._too_deep: List[Any] = []

    def run(self, root: Any, path: str) -> Unfolded:
        if type(root) is PickledTensor:
            self.tensors.append(Placed(path, "", root))
        else:
            self._enter(root, "", _Level(iter(()), 0, path, path), path)
        while self._levels and len(self.tensors) < _MAX_TENSORS:
            if not self._advance(self._levels[-1]):
                self._open.discard(self._levels.pop().identity)
        values = self._kept_values()
        self._summarise()
        return Unfolded(self.tensors, values, self.modules, self.remarks)

    def _advance(self, level: _Level) -> bool:
        """Walk on in ``level`` until something in it is entered (true) or it ends (false)."""
        container, prefix, path, place = level.container, level.prefix, level.path, self.tensors.append
        for label, node in level.children:
            kind = type(node)
            if kind is PickledTensor:
                place(Placed(container, f"{prefix}.{label}" if prefix else label, node))
                continue
            if len(label) > _LONGEST_LABEL:
                label = label[:_LONGEST_LABEL] + "…"
            below = f"{path}.{label}" if path else label
            if kind in SCALARS:
                self._value(below, node)
            elif self._enter(node, label, level, below):
                return True
        return False

    def _value(self, path: str, node: Any) -> None:
        if len(self._values) < _MAX_COLLECTED:
            self._keep(plain_value(path, node))
        else:
            self._values_left_out += 1

    def _keep(self, value: StoredValue) -> None:
        if len(self._values) < _MAX_COLLECTED:
            self._values.append((len(self._levels), value))
        else:
            self._values_left_out += 1

    def _enter(self, node: Any, label: str, above: _Level, path: str) -> bool:
        """Begin to walk inside ``node``, or list it as one value and answer false."""
        identity = id(node)
        if identity in self._open:
            self._keep(StoredValue(path, type_text(node), "contains itself"))
            return False
        parts = parts_of(node)
        if self._is_one_value(node, parts):
            self._value(path, node)
            return False
        if len(self._levels) >= DEEPEST or len(path) > _LONGEST_PATH:
            self._too_deep.append(node)
            return False
        again = sum(1 + len(part) for part in parts if id(part) in self._seen)
        if again > self._repeats:
            self._not_repeated += 1
            return False
        self._repeats -= again
        self._seen.update(map(id, parts))
        self._open.add(identity)
        self._levels.append(self._level(node, label, above, path))
        return True

    def _is_one_value(self, node: Any, parts: List[Any]) -> bool:
        kind = type(node)
        if not parts or kind in SCALARS or kind is Storage:
            return True
        if kind is Record:
            return is_plain_object(node)
        return kind is not Mapping and self._all_plain(parts[0])

    def _all_plain(self, items: Any) -> bool:
        """True when nothing in ``items`` can be unfolded; looked up once for each list, however often it is shared."""
        known = self._plain.get(id(items))
        if known is None:
            known = self._plain[id(items)] = set(map(type, items)) <= SCALARS
        return known

    def _level(self, node: Any, label: str, above: _Level, path: str) -> _Level:
        identity = id(node)
        state = module_state(node) if type(node) is Record else None
        if state is not None:
            self._note_module(node, state, path)
            children = module_children(state)
        else:
            if type(node) is Record:
                self._value(path, node)
            children = children_of(node)
        if above.fixed:
            return _Level(children, identity, path, above.container, join(above.prefix, label), fixed=True)
        if type(node) is Mapping:
            pairs = pairs_of(node)
            labels = {name for name, _ in pairs}
            return _Level(
                iter(pairs), identity, path, path, fixed="state" in labels and "param_groups" in labels, direct=has_tensors(pairs)
            )
        if type(node) in (list, tuple) and above.direct:
            return _Level(children, identity, path, above.container, join(above.prefix, label), direct=True)
        script = type(node) is Record and node.type_name.startswith("__torch__")
        return _Level(children, identity, path, path, fixed=state is not None or script)

    def _note_module(self, node: Record, state: Mapping, path: str) -> None:
        self.modules[path] = node.type_name
        self._keep(StoredValue(path, node.type_name, "module"))
        for name, value in module_attributes(state):
            self._value(join(path, name), value)

    def _kept_values(self) -> List[StoredValue]:
        """The values in the order of the file; the most nested ones, and of those the last, are left out when there are too many."""
        found = self._values
        order = sorted(range(len(found)), key=lambda index: found[index][0])[:MAX_VALUES]
        left_out = len(found) - len(order) + self._values_left_out
        if left_out:
            self.remarks.append(f"{left_out:,} values deep inside it are not listed; {len(order):,} are.")
        return [found[index][1] for index in sorted(order)]

    def _summarise(self) -> None:
        if self._too_deep:
            below = max(depth_of(node) for node in self._too_deep[:3])
            more = "more than " if below >= _DEPTH_COUNTED else ""
            self.remarks.append(f"It is nested {more}{DEEPEST + below:,} levels deep; {DEEPEST} are shown.")
        if self._not_repeated:
            self.remarks.append(
                f"Parts of it are shared many times over; {self._not_repeated:,} mentions of what is listed already are left out."
            )
        if self._levels:
            self.remarks.append(f"It holds more than {_MAX_TENSORS:,} tensors; the rest is left out.")


def depth_of(root: Any) -> int:
    """How many levels there are at and below ``root``, counted up to a limit; shared parts are looked at once."""
    deepest = 0
    seen: Set[int] = set()
    waiting = [(root, 1)]
    while waiting and len(seen) < _DEPTH_COUNTED:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        fresh = [part for part in parts_of(node) if id(part) not in seen]
        if fresh:
            seen.update(map(id, fresh))
            waiting.extend((child, depth + 1) for _, child in children_of(node))
    return deepest
