"""The modules and parameters of a model by their names; each is listed when it is first asked for."""

from functools import cached_property
from weakref import WeakValueDictionary

from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart

NOTHING = ModuleTree((), ())
"""The tree of no model."""


class TreeIndex:
    """Made once for each model, so that nobody goes through 100,000 modules for one of them."""

    def __init__(self, tree: ModuleTree) -> None:
        self.tree = tree

    @cached_property
    def modules(self) -> dict[str, ModuleEntry]:
        """By module path."""
        return {entry.path: entry for entry in self.tree.modules}

    @cached_property
    def parameters(self) -> dict[str, ParameterEntry]:
        """Parameters and buffers by key."""
        return {entry.key: entry for entry in self.tree.parameters}

    @cached_property
    def owned(self) -> dict[str, list[ParameterEntry]]:
        """The parameters and buffers of each module alone, by module path."""
        found: dict[str, list[ParameterEntry]] = {}
        for entry in self.tree.parameters:
            found.setdefault(entry.owner, []).append(entry)
        return found

    def about(self, problem: Problem) -> list[HiddenPart]:
        """What is not registered and the reason of a problem. One that names several owners is about all modules of that class."""
        named = [part for part in self.tree.hidden if part.attribute == problem.attribute]
        owner = self.modules.get(problem.module or "")
        if len(problem.data.get("owners", ())) < 2 or owner is None:
            return [part for part in named if part.owner == problem.module]
        alike = (part for part in named if (one := self.modules.get(part.owner)) and one.class_name == owner.class_name)
        return sorted(alike, key=lambda part: part.owner != problem.module)


_known: "WeakValueDictionary[int, TreeIndex]" = WeakValueDictionary()


def index_of(tree: ModuleTree) -> TreeIndex:
    """The index of a tree, the same for everybody who asks: what was listed on a thread need not be listed in the window's."""
    known = _known.get(id(tree))
    if known is None or known.tree is not tree:
        known = _known[id(tree)] = TreeIndex(tree)
    return known
