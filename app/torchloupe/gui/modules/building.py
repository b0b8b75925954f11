"""Builds what the tree of modules is made of. For a thread: 100,000 modules take a moment."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchloupe.gui.jobs import Progress
from torchloupe.gui.modules.model import module_haystacks, module_outline, parameters_by_owner
from torchloupe.gui.outline import Outline
from torchloupe.wire.modules import ModuleTree, ParameterEntry

AT_ONCE = 5_000
"""Up to so many modules are arranged in less than a blink and need no thread."""
OPEN_AT_FIRST = 300
"""A tree of up to so many modules is shown open."""


@dataclass(frozen=True)
class BuiltTree:
    """A module tree, arranged: ``position`` by module path, ``is_open`` by position, ``haystacks`` as they are before a run."""

    tree: ModuleTree
    position: Mapping[str, int]
    outline: Outline
    is_open: bytearray
    owned: Mapping[str, Sequence[ParameterEntry]]
    haystacks: Sequence[str]


@dataclass(frozen=True)
class BuildTree:
    """Job: ``tree`` arranged, with the modules open that stand in ``open_paths``."""

    tree: ModuleTree
    open_paths: frozenset[str] = frozenset()

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
        modules = self.tree.modules
        outline = module_outline(modules)
        everything = len(modules) <= OPEN_AT_FIRST
        is_open = bytearray(
            everything or not depth or entry.path in self.open_paths for entry, depth in zip(modules, outline.depth)
        )
        position = {entry.path: place for place, entry in enumerate(modules)}
        haystacks = module_haystacks(self.tree, None) if self.is_large else []
        return BuiltTree(self.tree, position, outline, is_open, parameters_by_owner(self.tree), haystacks)
