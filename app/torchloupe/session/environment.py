"""The environment of the processes that we start: the one that the person's shell would give them, without what we brought along."""

import os
from collections.abc import Mapping
from pathlib import Path

import torchloupe

from .interpreters import is_frozen

_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
_OURS = ("_PYI", "_MEI", "PYSIDE6_OPTION_", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH", "QML2_IMPORT_PATH")


def without_our_libraries(environment: Mapping[str, str], frozen: bool | None = None) -> dict[str, str]:
    """``environment`` without what a frozen app sets for itself: its libraries would be loaded by every program that inherits them."""
    frozen = is_frozen() if frozen is None else frozen
    kept = {name: value for name, value in environment.items() if not name.startswith(_OURS)}
    for name in _LIBRARY_PATHS:
        before = kept.pop(f"{name}_ORIG", None)
        if before is not None:
            kept[name] = before
        elif frozen:
            kept.pop(name, None)
    return kept


def clean_environment(
    environment: Mapping[str, str], added: Mapping[str, str] | None = None, frozen: bool | None = None
) -> dict[str, str]:
    """``environment`` as it was before the app was started, with ``added`` (what was set for this place on purpose) on top.

    A frozen app puts its own libraries on the loader's path, and torch would load them. PYTHONHOME belongs to one interpreter,
    and of PYTHONPATH the folder that holds Torchloupe itself is taken out; the others mean the same from everywhere.
    """
    kept = {name: value for name, value in without_our_libraries(environment, frozen).items() if not name.startswith("QT_")}
    kept.pop("PYTHONHOME", None)
    kept.pop("__PYVENV_LAUNCHER__", None)
    python_path = _without_ourselves(kept.pop("PYTHONPATH", ""))
    if python_path:
        kept["PYTHONPATH"] = python_path
    return kept | dict(added or {})


def _without_ourselves(python_path: str) -> str:
    ours = Path(torchloupe.__file__).resolve().parent.parent
    folders = [folder for folder in python_path.split(os.pathsep) if folder]
    return os.pathsep.join(os.path.abspath(folder) for folder in folders if Path(folder).resolve() != ours)
