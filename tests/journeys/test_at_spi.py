"""What a screen reader is told: the real window on a bus of its own, walked through AT-SPI."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "example"
WALK = Path(__file__).with_name("at_spi_walk.py")
PYTHON = "/usr/bin/python3"
LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
INSIDE = {"scroll bar", "separator", "filler"}
"""Roles that Tab does not stop at, whatever their state says."""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


def missing_tools():
    missing = [] if shutil.which("dbus-daemon") else ["dbus-daemon"]
    if not any(Path(launcher).exists() for launcher in LAUNCHERS):
        missing.append("at-spi2-core")
    probe = [PYTHON, "-c", "import pyatspi"]
    if not Path(PYTHON).exists() or subprocess.run(probe, capture_output=True, check=False).returncode:
        missing.append("python3-pyatspi")
    return missing


@pytest.fixture
def spoken(display):
    """Walks a program on the display; all of its processes end with the test."""
    if missing := missing_tools():
        pytest.skip(f"needs {', '.join(missing)}")
    settings = display.environment
    settings |= {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "XDG_CONFIG_HOME": str(display.folder / "config")}
    words = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    bus = subprocess.Popen(words, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    settings["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
    launcher = next(each for each in LAUNCHERS if Path(each).exists())
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    registry = subprocess.Popen([launcher, "--launch-immediately"], env=settings, **quiet)

    def walk():
        done = subprocess.run(
            [PYTHON, WALK, "torchloupe"], env=settings, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    yield walk
    for process in (registry, bus):
        process.terminate()
        process.wait(10)
    bus.stdout.close()


def test_that_a_screen_reader_is_told_a_name_for_everything_and_what_the_panels_say(display, spoken):
    window = display.start_torchloupe(EXAMPLE / "checkpoint.pt", EXAMPLE / "classifier.py")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    window.wait("run_finished")
    window.wait("selection", problem="shape-mismatch")
    heard = spoken()
    assert [facts for facts in heard if facts["focusable"] and not facts["name"].strip() and facts["role"] not in INSIDE] == []
    roles = {facts["role"] for facts in heard}
    assert {"frame", "menu bar", "tool bar", "table", "table cell", "page tab", "push button", "text", "combo box"} <= roles

    frame = next(facts["name"] for facts in heard if facts["role"] == "frame")
    assert frame == "classifier.py:LetterClassifier, checkpoint.pt – Torchloupe"
    assert {"Checkpoint", "Modules", "Calls", "Problems"} <= {facts["name"] for facts in heard if facts["role"] == "table"}
    cells = [facts["name"] for facts in heard if facts["role"] == "table cell"]
    assert "State: ✖ failed" in cells
    assert "Severity: ✖ error" in cells
    assert any(text.startswith("Problem: fc1 (Linear) is built for 3136 features") for text in cells)
    assert any(text.startswith("level 2, fc1, Linear, error") for text in cells)
    fields = {facts["name"]: facts["description"] for facts in heard if facts["role"] == "text"}
    assert {"Sample input", "Filter Modules", "Filter Calls", "Filter Problems"} <= fields.keys()
    buttons = {facts["name"]: facts["description"] for facts in heard if facts["role"] == "push button"}
    assert buttons["Run"] == "Run one forward pass and watch every call (F5)"
    assert [name for name in buttons if name.startswith("Problems: ")] == ["Problems: 5 errors"]

    display.press("alt+1")
    window.wait("action", id="panel.modules")
    display.press("Down")
    window.wait("selection", module="dropout")
    assert [
        facts["name"]
        for facts in spoken()
        if facts["focused"] and facts["role"] == "table cell" and facts["name"].startswith("level")
    ] == ["level 2, dropout, Dropout"]
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
