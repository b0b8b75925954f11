"""Packages of the app's own installation that the worker may use when the user's environment has none."""

import importlib.util
from pathlib import Path


def torchinfo_folder() -> str | None:
    """Where the app's own torchinfo lies; it is found without being imported."""
    found = importlib.util.find_spec("torchinfo")
    return str(Path(found.origin).parent.parent) if found is not None and found.origin else None
