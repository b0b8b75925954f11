"""A checkpoint is dragged out of a file manager that is not ours: PCManFM, which is GTK."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "resources" / "example"
FIRST_ICON = (205, 75)
"""Where the first file of a folder lies in its window."""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def folder(display, tmp_path):
    """A window of the file manager at the left of the screen, which shows one checkpoint; what shows it, and the file."""
    missing = [tool for tool in ("pcmanfm", "dbus-run-session") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    shown = tmp_path / "checkpoints of today"
    shown.mkdir()
    shutil.copy(EXAMPLE / "checkpoint.pt", shown / "model a.pt")

    started = []

    def show():
        words, quiet = ["dbus-run-session", "pcmanfm", "--no-desktop", str(shown)], subprocess.DEVNULL
        started.append(subprocess.Popen(words, env=display.environment, stdout=quiet, stderr=quiet, start_new_session=True))
        identity = display.tool("search", "--sync", "--onlyvisible", "--name", shown.name).split()[0]
        display.tool("windowsize", "--sync", identity, 480, 420)
        display.tool("windowmove", identity, 10, 60)
        time.sleep(1.5)  # it says nothing of when its icons are there
        left, top, _, _ = display.find(shown.name)
        return left + FIRST_ICON[0], top + FIRST_ICON[1]

    yield show, shown / "model a.pt"
    for process in started:
        os.killpg(process.pid, signal.SIGTERM)  # the bus of the session, too
        process.wait(10)


def test_that_a_checkpoint_is_dropped_from_a_file_manager(display, folder):
    show, file = folder
    window = display.start_torchloupe()
    icon = show()
    end = (display.middle[0] + 200, display.middle[1])
    display.tool("mousemove", *icon, "click", 1)
    time.sleep(0.4)
    display.tool("mousedown", 1)
    time.sleep(0.15)
    display._move(icon, end)
    assert window.wait("drag_entered")["text"].startswith("Release to open model a.pt")
    display.tool("mouseup", 1)
    assert window.wait("drop")["paths"] == [str(file)]
    assert window.wait("opened", kind="checkpoint")["tensors"] == 47
    assert file.exists()
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
