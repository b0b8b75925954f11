"""Each target is opened as if it were the first: what an earlier one changed or imported is gone."""

import importlib
import os
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator, Optional, Set, Tuple

from .places import is_foreign
from .process_state import ProcessState


class CleanSlate:
    """What the process was like before it opened its first target."""

    def __init__(self) -> None:
        self._process = ProcessState()
        self._modules = set(sys.modules)
        self._folders: Set[str] = set()

    @contextmanager
    def clean(self, *folders: str) -> Iterator[None]:
        """Inside, a target of ``folders`` is opened. When that fails, everything is put back for the model that stays open."""
        now, forgotten = ProcessState(), self._own_modules()
        for name in forgotten:
            del sys.modules[name]
        self._process.restore()
        importlib.invalidate_caches()
        self._folders.update(os.path.join(os.path.realpath(folder), "") for folder in folders)
        try:
            yield
        except BaseException:
            now.restore()
            sys.modules.update(forgotten)
            raise

    @contextmanager
    def visited(self, *folders: str) -> Iterator[None]:
        """Inside, a target of ``folders`` is looked at as its files are now; the model that is open keeps its own modules."""
        now = ProcessState()
        before = self._own_modules()
        try:
            with self.clean(*folders):
                yield
        finally:
            for name in self._own_modules():
                del sys.modules[name]
            sys.modules.update(before)
            now.restore()

    def project_files(self, target: Optional[str]) -> Tuple[str, ...]:
        """The source file of the open target and those that it brought along, installed packages left out; absolute, sorted."""
        modules = [module for name, module in list(sys.modules.items()) if name not in self._modules]
        files = [getattr(module, "__file__", None) for module in modules]
        found = [file for file in files if isinstance(file, str) and _is_of_a_project(file)]
        return tuple(sorted({os.path.abspath(file) for file in (*found, target or "") if file.endswith(".py")}))

    def _own_modules(self) -> Dict[str, ModuleType]:
        """What earlier targets imported from their own folders, which may have changed on disk or have a namesake elsewhere."""
        modules = list(sys.modules.items())
        return {name: module for name, module in modules if name not in self._modules and self._is_own(module)}

    def _is_own(self, module: Any) -> bool:
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or "site-packages" in file:
            return False
        return os.path.realpath(file).startswith(tuple(self._folders))


def _is_of_a_project(file: str) -> bool:
    return not any(each in file for each in ("site-packages", "dist-packages")) and not is_foreign(file)


def slate_of(context: Any) -> CleanSlate:
    """The slate of this worker, made for the first target."""
    slate: CleanSlate = context.state.setdefault("slate", CleanSlate())
    return slate
