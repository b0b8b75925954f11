"""Started through the pipe: the sources came as a zip, are kept in memory, and nothing is written on this side.

It is run before there is a package: it imports nothing of ours until the zip can be imported from.
"""

import os
import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType
from typing import Any, Dict, NoReturn, Optional
from zipfile import ZipFile

ROOT = os.path.join(os.path.abspath(os.sep), "torchloupe.zip")
"""What stands in front of the names of our files here, in tracebacks; there is no such file."""


class Archive(MetaPathFinder, InspectLoader):
    """Imports from sources in memory, and hands them to tracebacks."""

    def __init__(self, sources: Dict[str, str], files: Optional[Dict[str, bytes]] = None) -> None:
        self._sources = sources
        self._files = files or {}

    def find_spec(self, fullname: str, _path: Any = None, _target: Any = None) -> Optional[ModuleSpec]:
        """The module, when it is one of these."""
        name = self._file(fullname)
        if name is None:
            return None
        origin = os.path.join(ROOT, *name.split("/"))
        spec = ModuleSpec(fullname, self, origin=origin, is_package=self.is_package(fullname))
        spec.has_location = True
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(os.path.dirname(origin))
        return spec

    def is_package(self, fullname: str) -> bool:
        """Whether it has modules below it."""
        return (self._file(fullname) or "").endswith("/__init__.py")

    def get_source(self, fullname: str) -> str:
        """Its source, which ``linecache`` asks for."""
        name = self._file(fullname)
        if name is None:
            raise ImportError(f"There is no {fullname} in the archive.")
        return self._sources[name]

    def get_data(self, path: str) -> bytes:
        """What is in a file that is no source. Raises OSError when there is no such file."""
        name = os.path.relpath(path, ROOT).replace(os.sep, "/")
        if name not in self._files:
            raise FileNotFoundError(f"There is no {name} in the archive.")
        return self._files[name]

    def get_code(self, fullname: str) -> CodeType:
        """Its code, with a file name that says where it comes from."""
        source, name = self.get_source(fullname), self._file(fullname) or ""
        return compile(source, os.path.join(ROOT, *name.split("/")), "exec", dont_inherit=True)

    def _file(self, fullname: str) -> Optional[str]:
        stem = fullname.replace(".", "/")
        return next((name for name in (f"{stem}.py", f"{stem}/__init__.py") if name in self._sources), None)


def start(archive: ZipFile) -> NoReturn:
    """Run the worker that is in the zip. What else is in there is imported only where this Python lacks it."""
    files = {name: archive.read(name) for name in archive.namelist()}
    sources = {name: data.decode("utf-8") for name, data in files.items() if name.endswith(".py")}
    ours = {name: source for name, source in sources.items() if name.startswith("torchloupe/")}
    sys.meta_path.insert(0, Archive(ours, files))
    sys.meta_path.append(Archive({name: source for name, source in sources.items() if name not in ours}))

    from torchloupe.worker.serve import serve_command_line

    serve_command_line()
