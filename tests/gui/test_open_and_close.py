"""Windows that come and go leave nothing behind: no widget, thread, file descriptor or process, and hardly an object."""

import gc
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from gui import rich_window
from gui.conftest import failing_run
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.session.scripted import ScriptedSession
from torchloupe.wire.requests import OpenTarget

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "packaging" / "bench" / "open_and_close.py"
CYCLES = int(os.environ.get("TORCHLOUPE_CYCLES", "0"))
"""So many cycles with real workers, three seconds each; none in the usual run."""
ROUNDS = 3
OBJECTS_EACH = 40
"""So many objects may stay of one window: what Qt and Python keep for later. A panel that stays is thousands."""


def held() -> dict[str, int]:
    for _ in range(4):  # what one search finds lets go of Qt's objects, which hold others
        gc.collect()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QApplication.processEvents()
    descriptors = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    return {"widgets": len(QApplication.allWidgets()), "threads": threading.active_count(), "descriptors": descriptors}


def one_round(qtbot: Any, folder: Path) -> None:
    """A window with something in every panel, which is closed as the program closes one."""
    folder.mkdir()
    answers = {OpenTarget: [rich_window.panel_data.opened()], **rich_window.script()}
    window: Any = MainWindow(lambda _python, _log: ScriptedSession(answers), "/usr/bin/python3", Settings(None), True)
    window.resize(1280, 800)
    with qtbot.waitExposed(window):
        window.show()
    rich_window.fill(window, qtbot, folder)
    rich_window.panels(window, qtbot)
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()


def test_that_windows_which_were_filled_and_closed_leave_nothing_behind(qtbot: Any, tmp_path: Path) -> None:
    for number in range(2):
        one_round(qtbot, tmp_path / f"first {number}")
    before, objects = held(), len(gc.get_objects())
    for number in range(ROUNDS):
        one_round(qtbot, tmp_path / str(number))
    assert held() == before
    assert not [each for each in gc.get_objects() if type(each) is MainWindow]
    assert len(gc.get_objects()) - objects < OBJECTS_EACH * ROUNDS


def test_that_the_run_after_a_run_keeps_only_what_history_shows(make_window: Any, qtbot: Any, tmp_path: Path) -> None:
    window = make_window(rich_window.script())
    rich_window.fill(window, qtbot, tmp_path)
    count = len(failing_run()) - 1
    for _ in range(5):
        with qtbot.waitSignal(window.opening.run_finished, timeout=10_000):
            window.opening.run_forward()
        rich_window.wait_until_idle(window, qtbot)
        assert len(window.workbench.calls) == count
        assert not window.workbench.running


@pytest.mark.skipif(not CYCLES, reason="takes three seconds a cycle: TORCHLOUPE_CYCLES=200 runs 200 of them")
@pytest.mark.timeout(3600)
def test_that_many_cycles_with_real_workers_grow_nothing() -> None:
    command = [sys.executable, str(BENCH), "--cycles", str(CYCLES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    grown = json.loads(done.stdout.splitlines()[-1])["grown"]
    assert grown["resident_kb"] < 100 * CYCLES
    assert grown["objects"] < OBJECTS_EACH * CYCLES
