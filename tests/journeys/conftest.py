"""Journeys start whole programs; those through the real window bring their own display."""

import shutil

import pytest
from real_display import RealDisplay

TOOLS = ("Xvfb", "openbox", "xdotool", "import")


@pytest.fixture
def display(tmp_path):
    """A display of its own; everything on it ends with the test."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    display = RealDisplay(tmp_path)
    yield display
    display.close()
