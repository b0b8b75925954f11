"""Packages of the app's own installation that the worker may use when the user's environment has none."""

import importlib.util
from pathlib import Path

from .interpreters import is_frozen


def torchinfo_folder() -> str | None:
    """Where the app's own torchinfo lies; it is found without being imported. None for that of a frozen app, which has travelled."""
    if is_frozen():
        return None
    found = importlib.util.find_spec("torchinfo")
    return str(Path(found.origin).parent.parent) if found is not None and found.origin else None
