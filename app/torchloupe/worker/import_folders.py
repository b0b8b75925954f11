"""Where the imports of a file lead: the root of its package, and the folders of its project that Python would not look into by itself."""

import ast
import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Set, Tuple

_PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_MOST_UP = 6


@dataclass(frozen=True)
class ImportFolders:
    """``root`` is where ``dotted`` is imported from; ``more`` are other folders that its imports need."""

    root: str
    dotted: str
    more: Tuple[str, ...] = ()

    def apply(self, given: Sequence[str] = ()) -> None:
        """Put them on Python's search path: what a person gave first, then the root, the others last."""
        first = [os.path.abspath(os.path.expanduser(folder)) for folder in given] + [self.root]
        sys.path[:0] = [folder for folder in first if folder not in sys.path]
        sys.path.extend(folder for folder in self.more if folder not in sys.path)


def import_folders(file: str, tree: Optional[ast.Module] = None) -> ImportFolders:
    """The folders for a file. Its ``tree`` tells of packages that have no ``__init__.py``, and of imports from the project's root."""
    root, names = _package(file, max((node.level for node in _from_imports(tree)), default=0))
    above = list(_folders_above(os.path.dirname(file)))
    more: List[str] = []
    for dotted in _absolute_imports(tree):
        if not _is_found(dotted.partition(".")[0], root):
            place = next((folder for folder in _places_in(above) if holds_module(folder, dotted)), None)
            more += [place] if place and place not in more else []
    project = next((folder for folder in above if _is_project(folder)), None)
    if project:
        source = os.path.join(project, "src")
        more += [each for each in (project, source) if each not in more and os.path.isdir(each)]
    return ImportFolders(root, ".".join(names), tuple(each for each in more if each != root))


def folders_with(module: str, near: Sequence[str]) -> Iterator[str]:
    """Folders around the given ones that hold the module: they, those above them up to the project, and those directly inside."""
    seen: Set[str] = set()
    for start in near:
        for above in _folders_above(os.path.abspath(start)):
            for folder in (above, *_inside(above)):
                if folder not in seen and holds_module(folder, module):
                    yield folder
                seen.add(folder)


def holds_module(folder: str, dotted: str) -> bool:
    """Is there ``a/b.py``, a package ``a/b`` or, for a name of a module, ``a.py`` in the folder?"""
    parts = dotted.split(".")
    place = os.path.join(folder, *parts)
    if os.path.isfile(place + ".py") or os.path.isfile(os.path.join(place, "__init__.py")):
        return True
    return os.path.isdir(place) and any(name.endswith(".py") for name in _listed(place))


def _package(file: str, levels: int) -> Tuple[str, List[str]]:
    """The folder to import from and the dotted name. A relative import needs a package, with ``__init__.py`` or without."""
    folder, stem = os.path.split(os.path.splitext(file)[0])
    names: List[str] = [] if stem == "__init__" else [stem.replace(".", "_")]  # a dot would ask for a package
    packages = 0
    while os.path.basename(folder).isidentifier() and (packages < levels or os.path.isfile(os.path.join(folder, "__init__.py"))):
        folder, name = os.path.split(folder)
        names.insert(0, name)
        packages += 1
    return folder, names


def _folders_above(folder: str) -> Iterator[str]:
    """The folder and those above it, up to the one with the marks of a project, and never as far as the home folder."""
    home = os.path.expanduser("~")
    for _ in range(_MOST_UP):
        yield folder
        above = os.path.dirname(folder)
        if _is_project(folder) or above in (folder, home, os.path.sep):
            return
        folder = above


def _is_project(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, mark)) for mark in _PROJECT_MARKS)


def _places_in(folders: Sequence[str]) -> Iterator[str]:
    for folder in folders:
        yield folder
        yield os.path.join(folder, "src")


def _inside(folder: str) -> List[str]:
    found = [os.path.join(folder, name) for name in sorted(_listed(folder))[:200] if not name.startswith((".", "_"))]
    return [path for path in found if os.path.isdir(path)]


def _listed(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_found(name: str, root: str) -> bool:
    """Does Python find it as it is, or from the root? A first name is looked up without importing anything."""
    if name in sys.builtin_module_names or holds_module(root, name):
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _from_imports(tree: Optional[ast.Module]) -> List[ast.ImportFrom]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)] if tree else []


def _absolute_imports(tree: Optional[ast.Module]) -> List[str]:
    """The modules that a file imports, relative ones left out."""
    names = [node.module for node in _from_imports(tree) if node.module and not node.level]
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)] if tree else []
    return names + [alias.name for node in imports for alias in node.names]
