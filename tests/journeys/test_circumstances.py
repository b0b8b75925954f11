"""What happens around the window: its files vanish, are rubbish or are opened twice, and the screen under it goes away."""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from journeys.real_display import PATIENCE_SECONDS, Program
from journeys.test_real_window import _is_worker_of, _wait_until_gone

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "example"
MODELS = ROOT / "tests" / "models"
TWO_SCREENS = (
    '{"screens": [{"name": "left", "width": 1280, "height": 800}, {"name": "right", "x": 1280, "width": 1280, "height": 800}]}'
)
ONE_SCREEN = '{"screens": [{"name": "left", "width": 1280, "height": 800}]}'
RUBBISH = (
    b"",
    b"\x00" * 4096,
    b"\xff\xfe[General]\nversion=1",
    b'{"windows": 7',
    b"[General]\nversion=1\ngeometry=!!\ntext_size=x\n",
    b"[]",
)
PLACE = """
import sys
from PySide6.QtWidgets import QApplication
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.gui.start_up import make_application, real_session
app = make_application()
window = MainWindow(real_session, sys.executable, Settings(__import__("pathlib").Path(sys.argv[1])))
window.show()
if sys.argv[2] == "move":
    window.move(1400, 60)
app.processEvents()
corner = window.frameGeometry().topLeft()
print(len(app.screens()), corner.x(), corner.y(), any(screen.geometry().contains(corner) for screen in app.screens()))
window.close()
"""

pytestmark = [pytest.mark.timeout(180)]


@pytest.fixture
def folders(tmp_path):
    """Where a program keeps what it remembers, each in a folder of this test."""
    names = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
    made = {name: tmp_path / name.lower() for name in names}
    for folder in made.values():
        folder.mkdir(mode=0o700)
    return made


@pytest.fixture
def start(folders):
    """Starts the program without a display; what still runs at the end is ended, which must go well."""
    programs = []
    with tempfile.TemporaryDirectory(prefix="tl-") as sockets:  # the name of a socket must be short
        settings = {
            "QT_QPA_PLATFORM": "offscreen",
            "TORCHLOUPE_TRACE_EVENTS": "1",
            "OMP_NUM_THREADS": "1",
            "XDG_RUNTIME_DIR": sockets,
        }
        settings |= {"PYTHONPATH": str(ROOT / "app"), **{name: str(folder) for name, folder in folders.items()}}

        def start_program(*words):
            command = [sys.executable, "-W", "ignore", "-m", "torchloupe", *map(str, words)]
            programs.append(Program(command, {**os.environ, **settings}))
            programs[-1].wait("painted")
            return programs[-1]

        yield start_program
        for program in programs:
            end(program)


def end(program):
    if program.process.poll() is None:
        program.process.send_signal(signal.SIGTERM)
    if not program.process.stdout.closed:
        assert program.ended() == 0, program.lines[-12:]
    assert not [line for line in program.lines if "Traceback" in line or ("Error" in line and not line.startswith("{"))]


def settings_files(folders):
    return [
        path
        for folder in folders.values()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".ini", ".json", "")
    ]


# files


def test_that_rubbish_in_everything_that_is_remembered_costs_only_what_was_remembered(start, folders, tmp_path):
    checkpoint = tmp_path / "a.json"
    checkpoint.write_text('{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}', encoding="utf-8")
    first = start(checkpoint)
    first.wait("opened", path=str(checkpoint))
    end(first)
    known = settings_files(folders)
    assert {"window.ini", "session.json"} <= {path.name for path in known}
    for number, rubbish in enumerate(RUBBISH[:2]):
        for place, path in enumerate(known):
            path.write_bytes(RUBBISH[(number + place) % len(RUBBISH)] or rubbish)
        again = start(checkpoint)
        again.wait("opened", path=str(checkpoint))
        end(again)


def test_that_a_model_and_a_checkpoint_that_are_deleted_while_they_are_open_leave_what_is_shown(display, tmp_path):
    for name in ("classifier.py", "checkpoint.pt"):
        shutil.copy(EXAMPLE / name, tmp_path / name)
    window = display.start_torchloupe(tmp_path / "classifier.py", tmp_path / "checkpoint.pt")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == ["shape-mismatch"]
    (tmp_path / "classifier.py").unlink()
    (tmp_path / "checkpoint.pt").unlink()

    window.wait_enabled("run.forward")
    display.press("F5")  # the worker has the code
    assert window.wait("run_finished", 2)["problems"] == ["shape-mismatch"]
    window.wait_enabled("reload")
    display.press("ctrl+r")
    refused = window.wait("refused")
    assert any("classifier.py" in sentence or "checkpoint.pt" in sentence for sentence in refused["problems"])

    shutil.copy(EXAMPLE / "classifier.py", tmp_path / "classifier.py")
    shutil.copy(EXAMPLE / "checkpoint.pt", tmp_path / "checkpoint.pt")
    number = len([event for event in window.events("opened") if event["kind"] == "model"])
    display.press("ctrl+r")
    window.wait("opened", number + 1, kind="model")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []


def test_that_two_programs_have_one_file_open_and_both_see_it_saved(start, tmp_path):
    file = tmp_path / "model.py"
    shutil.copy(MODELS / "clean_cnn.py", file)
    programs = [start("--fresh", "--new-window", "--trust", file) for _ in range(2)]
    for program in programs:
        program.wait("opened", kind="model")
    file.write_text(file.read_text(encoding="utf-8") + "\n# saved\n", encoding="utf-8")
    for program in programs:
        program.wait("reloaded")
    end(programs[0])
    assert programs[1].process.poll() is None


# screens


def test_that_a_window_whose_screen_is_gone_at_the_next_start_is_on_one_that_is_there(folders, tmp_path):
    import subprocess

    def corner(screens, how):
        (tmp_path / "screens.json").write_text(screens, encoding="utf-8")
        platform = {"QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screens.json'}", "PYTHONPATH": str(ROOT / "app")}
        words = [sys.executable, "-W", "ignore", "-c", PLACE, str(tmp_path / "window.ini"), how]
        told = subprocess.run(
            words, env={**os.environ, **platform}, capture_output=True, text=True, timeout=60, check=True
        ).stdout
        count, x, y, seen = told.split()
        return int(count), int(x), int(y), seen == "True"

    assert corner(TWO_SCREENS, "move")[:2] == (2, 1400)
    assert corner(TWO_SCREENS, "stay")[1] >= 1280
    count, x, _y, seen = corner(ONE_SCREEN, "stay")
    assert (count, seen) == (1, True)
    assert x < 1280


@pytest.mark.real_window
def test_that_a_display_that_goes_away_ends_the_window_and_its_worker(display):
    window = display.start_torchloupe(MODELS / "clean_cnn.py")
    window.wait("opened", kind="model")
    workers = [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_worker_of(pid, window.process.pid)]
    assert workers
    display._server.kill()
    display._server.wait(10)
    limit = time.monotonic() + PATIENCE_SECONDS
    while window.process.poll() is None:
        assert time.monotonic() < limit, "the window lives on without a display"
        time.sleep(0.05)
    window.ended()
    for pid in workers:
        _wait_until_gone(pid)
