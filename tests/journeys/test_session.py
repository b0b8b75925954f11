"""The program as a person starts it twice, kills it, and starts it again: one process, one session, nothing lost."""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from journeys.real_display import PATIENCE_SECONDS, Program

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def start(tmp_path):
    """Starts the program with folders of its own; what still runs at the end is ended."""
    folders = {name: tmp_path / name.lower() for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    for folder in folders.values():
        folder.mkdir(mode=0o700)
    settings = {
        "PYTHONPATH": str(ROOT / "app"),
        "QT_QPA_PLATFORM": "offscreen",
        "TORCHLOUPE_TRACE_EVENTS": "1",
        "OMP_NUM_THREADS": "1",
        **{name: str(folder) for name, folder in folders.items()},
    }
    programs = []

    def start_program(*words):
        command = [sys.executable, "-W", "ignore", "-m", "torchloupe", *map(str, words)]
        programs.append(Program(command, {**os.environ, **settings}))
        return programs[-1]

    with tempfile.TemporaryDirectory(prefix="tl-") as sockets:  # the name of a socket must be short
        settings["XDG_RUNTIME_DIR"] = sockets
        yield start_program
        left = [program for program in programs if not program.process.stdout.closed]
        for program in left:
            program.process.send_signal(signal.SIGTERM)
        crashes = [log.read_text(encoding="utf-8") for log in folders["XDG_DATA_HOME"].rglob("crash.log")]
        assert [program.ended() for program in left] == [0] * len(left), crashes


def session_of(tmp_path):
    try:
        return json.loads((tmp_path / "xdg_config_home/torchloupe/session/session.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"windows": []}


def wait_until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def keys_file(folder, name):
    path = folder / name
    path.write_text('{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}', encoding="utf-8")
    return path


def test_that_a_second_start_hands_over_and_a_killed_session_is_offered_and_an_ended_one_comes_back(start, tmp_path):
    one, two = keys_file(tmp_path, "один.json"), keys_file(tmp_path, "two.json")
    first = start(one)
    first.wait("opened", path=str(one))
    second = start(f"{two}::fc.weight[0, :]")
    assert second.ended() == 0
    assert second.events("painted") == []
    first.wait("opened", path=str(two))
    first.wait("selection", stored="fc.weight")
    wait_until(lambda: [each["checkpoint"] for each in session_of(tmp_path)["windows"]] == [str(one), str(two)])
    first.process.kill()
    first.ended()

    after_crash = start()
    assert after_crash.wait("noticed")["text"] == "The last session ended unexpectedly."
    assert after_crash.events("opened") == []
    after_crash.process.send_signal(signal.SIGTERM)
    assert after_crash.ended() == 0
    assert session_of(tmp_path)["ended"] is True

    third = start(one)
    third.wait("opened", path=str(one))
    third.process.send_signal(signal.SIGTERM)
    assert third.ended() == 0
    fourth = start()
    fourth.wait("opened", path=str(one))
    assert fourth.events("noticed") == []
