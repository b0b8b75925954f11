"""Base classes in other files of the same project, found by reading them. Nothing is executed."""

import ast
from contextlib import suppress
from pathlib import PurePath
from typing import Callable, Dict, Iterator, Optional

from .module_classes import Elsewhere, Imported, ModuleClasses
from .notebook_source import plain_source

ReadText = Callable[[str], Optional[str]]
"""The text of a file; None when there is none, or when it is not worth reading."""

_MOST_FILES = 60
_FOLDERS_UP = 5


class ProjectClasses:
    """Looks for classes from one file on; reads so many files at most."""

    def __init__(self, read: ReadText) -> None:
        self._read = read
        self._files: Dict[str, Optional[ModuleClasses]] = {}

    def of(self, tree: ast.Module, file: str) -> ModuleClasses:
        """The classes of a file, with bases that are followed through the project."""
        return ModuleClasses(tree, lambda imported: self._find(imported, PurePath(file)))

    def _find(self, imported: Imported, asking: PurePath) -> Optional[Elsewhere]:
        names = imported.path.split(".")
        for count in range(len(names) - 1, -1 if imported.level else 0, -1):
            for folder in _folders(imported.level, asking):
                place = folder.joinpath(*names[:count])
                found = self._classes_of(f"{place}.py") or self._classes_of(str(place / "__init__.py"))
                if found is not None:
                    return Elsewhere(found, ".".join(names[count:]))
        return None

    def _classes_of(self, path: str) -> Optional[ModuleClasses]:
        if path not in self._files:
            self._files[path] = None
            read = sum(each is not None for each in self._files.values())
            text = self._read(path) if read < _MOST_FILES else None
            if text is not None:
                with suppress(SyntaxError, ValueError, RecursionError):
                    self._files[path] = self.of(ast.parse(plain_source(text).text), path)
        return self._files[path]


def _folders(level: int, asking: PurePath) -> Iterator[PurePath]:
    """Where an import of this file may lead: for a relative one its package, else the folders above it and their ``src``."""
    if level:
        yield PurePath(*asking.parts[: max(1, len(asking.parts) - level)])
        return
    for folder in list(asking.parents)[: _FOLDERS_UP + 1]:
        yield folder
        yield folder / "src"
