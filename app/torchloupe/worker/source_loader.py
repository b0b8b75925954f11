"""A target file as source: read, parsed, and run as a module even when it was saved by a notebook."""

import ast
import importlib
import importlib.util
import linecache
import os
import sys
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Optional

from ..analysis.notebook_source import STAND_INS, plain_source

_MOST_BYTES = 2 << 20


def read_text(path: str) -> Optional[str]:
    """The text of a source file of the project; None when there is none or it is no source that anybody wrote."""
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            return None
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def parsed(path: str) -> Optional[ast.Module]:
    """The syntax tree of a file without its notebook commands, None when it has none: importing it then says why."""
    try:
        return ast.parse(plain_source(read_text(path) or "").text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def load_module(file: str, dotted: str, is_script: bool) -> ModuleType:
    """Run a file as the module ``dotted``; a lone script gets another name where that one is taken."""
    package = dotted.rpartition(".")[0]
    if package:
        importlib.import_module(package)
        if dotted in sys.modules:
            return sys.modules[dotted]
    name = dotted
    if is_script and (not dotted.isidentifier() or dotted in sys.modules):
        name = f"_torchloupe_target_{abs(hash(file))}"
    submodules = [os.path.dirname(file)] if os.path.basename(file) == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, loader=_Loader(name, file), submodule_search_locations=submodules)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    vars(spec)["_initializing"] = True  # as an import has it: an import in a circle is then called one
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        vars(spec)["_initializing"] = False
    return sys.modules.get(name, module)


class _Loader(SourceFileLoader):
    """Passes over notebook commands; a notebook's own functions are there and do nothing."""

    def get_code(self, _fullname: str) -> CodeType:
        """Compiled anew each time: the compiled file on disk may be that of another reader."""
        return self._compiled(self.get_data(self.path), self.path)

    def _compiled(self, data: bytes, path: str) -> CodeType:
        """The code of the source as it is, or of the source without notebook commands."""
        linecache.cache.pop(path, None)
        try:
            return self.source_to_code(data, path)
        except SyntaxError:
            plain = plain_source(importlib.util.decode_source(data))
            if not plain.left_out:
                raise
            _show_as_source(path, plain.text)
            return self.source_to_code(plain.text.encode(), path)

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        source = read_text(self.path) or ""
        for name in STAND_INS:
            if name in source:
                setattr(module, name, _Notebook())
        super().exec_module(module)


def _show_as_source(path: str, text: str) -> None:
    """What looks up the source of a class gets the one that was run: Python does not read the other."""
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)


class _Notebook:
    """Stands for ``get_ipython()`` and ``display``: whatever is asked of it, nothing happens."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self if not args and not kwargs else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self
