"""The rules of ``tests/conftest.py``, tried on a small test file in a process of its own."""

import re
import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

SMALL_TESTS = """
import logging, os, subprocess, sys, threading
from pathlib import Path

import conftest

conftest.PATIENCE_SECONDS = 0.3
wake = threading.Event()

def test_thread_left():
    threading.Thread(target=wake.wait, name="forgotten worker", daemon=True).start()

def test_thread_ended():
    threading.Thread(target=lambda: None).start()

def test_process_left():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).returncode = 0

def test_process_waited_for():
    subprocess.run([sys.executable, "-c", ""])

def test_warning_logged():
    logging.getLogger("torchloupe").warning("the reader gave up")

def test_warning_expected(caplog):
    logging.getLogger("torchloupe").warning("the reader gave up")

def test_remark_logged():
    logging.getLogger("torchloupe").info("all well")

def test_surroundings():
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert not Path(os.environ["XDG_CONFIG_HOME"]).is_relative_to(Path.home() / ".config")
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.RunResult:
    """One run of the small tests under our conftest."""
    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copy(CONFTEST, pytester.path / "conftest.py")
    pytester.makepyfile(test_small=SMALL_TESTS)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "--no-header", "-rE")


def test_that_what_a_test_leaves_behind_fails_it_and_says_where(outcome: pytest.RunResult) -> None:
    outcome.assert_outcomes(passed=8, errors=3)
    text = outcome.stdout.str()
    assert "thread 'forgotten worker' at" in text
    assert "in wait" in text
    assert "import time; time.sleep(60)" in text
    assert re.search(r"test_small\.py:\d+: WARNING the reader gave up", text)
    failed = {line.split("::")[1].split(" ")[0] for line in text.splitlines() if line.startswith("ERROR test_small")}
    assert failed == {"test_thread_left", "test_process_left", "test_warning_logged"}
