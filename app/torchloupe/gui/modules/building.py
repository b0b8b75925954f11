"""Builds what the tree of modules is made of. For a thread: 100,000 modules take a moment."""

import gc
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from torchloupe.gui.jobs import Progress
from torchloupe.gui.modules.arranging import Entry, arrange, key_of
from torchloupe.gui.modules.model import haystack_of, name_of
from torchloupe.gui.outline import Outline
from torchloupe.gui.tree_index import TreeIndex, index_of
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.registration import HiddenPart

AT_ONCE = 5_000
"""Up to so many modules are arranged in less than a blink and need no thread."""
LEVEL, ROOM_FOR_MARK = "   ", "  ✖"
"""About as wide as a level of the tree, and what may stand behind a name."""
OPEN_AT_FIRST = 300
"""A tree of up to so many modules is shown open."""


@dataclass(frozen=True)
class BuiltTree:
    """A module tree, arranged: ``entries`` are its rows, ``position`` finds them by key, ``is_open`` is by position, and so are the
    ``haystacks``, as they are before a run. ``index`` is that of the tree, ``longest`` about as wide as the widest name."""

    tree: ModuleTree
    entries: Sequence[Entry]
    position: Mapping[Hashable, int]
    outline: Outline
    is_open: bytearray
    index: TreeIndex
    haystacks: Sequence[str]
    longest: str


@dataclass(frozen=True)
class BuildTree:
    """Job: ``tree`` arranged, with equal blocks ``folded`` into one row each. ``was_open`` are rows that are shown now, and a 1 for
    each that is open: it stays open, by its key.

    ``ahead``: it will be arranged again in a moment, so that what only a filter needs is not made.
    """

    tree: ModuleTree
    folded: bool = True
    ahead: bool = False
    was_open: tuple[Sequence[Entry], bytes] = ((), b"")

    def __call__(self, _progress: Progress | None = None) -> BuiltTree:
        if not self.is_large:
            return self._built()
        was_on = gc.isenabled()
        gc.disable()  # all of it stays: going through it again and again would stop the window each time
        try:
            return self._built()
        finally:
            gc.freeze()
            if was_on:
                gc.enable()

    @property
    def is_large(self) -> bool:
        """Does it take longer than a blink?"""
        return len(self.tree.modules) > AT_ONCE

    def _built(self) -> BuiltTree:
        arranged = arrange(self.tree, self.folded)
        entries, outline = arranged.entries, Outline(arranged.parent)
        everything = len(self.tree.modules) <= OPEN_AT_FIRST
        folds = {place for place, entry in enumerate(entries) if not isinstance(entry, (ModuleEntry, HiddenPart))}
        keys = [key_of(entry) for entry in entries]
        open_keys = frozenset(map(key_of, compress(*self.was_open))) if entries else frozenset()
        is_open = bytearray(
            (everything and place not in folds and around not in folds) or around < 0 or key in open_keys
            for place, (key, around) in enumerate(zip(keys, outline.parent, strict=True))
        )
        position = {key: place for place, key in enumerate(keys)}
        index = index_of(self.tree)
        owned, _ = index.owned, index.modules  # both listed here, so that the window need not
        haystacks = [haystack_of(entry, owned, None) for entry in entries] if self.is_large and not self.ahead else []
        widest = max(range(len(entries)), key=lambda place: len(name_of(entries[place])) + 2 * outline.depth[place], default=-1)
        longest = LEVEL * (outline.depth[widest] + 1) + name_of(entries[widest]) + ROOM_FOR_MARK if entries else ""
        return BuiltTree(self.tree, entries, position, outline, is_open, index, haystacks, longest)
