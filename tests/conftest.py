"""Rules for every test: it leaves no thread and no process running and logs no warning that it did not ask for."""

import faulthandler
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from torchloupe.gui.qt_classes import every_class_at_once

PATIENCE_SECONDS = 3.0
"""How long a thread or process may take to end after its test."""

STUCK_SECONDS = 240.0
"""After this a test is stuck in native code, where its time limit does not reach."""

LONGEST_FIRST = ("packaging", "journeys", "architecture", "session", "cli", "worker")
"""Folders of the tests that take longest, in the order in which they are run."""

TERMINAL = pytest.StashKey[int]()
"""The real standard error, which pytest puts out of the way during a test."""

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
settings.register_profile("torchloupe", deadline=None, database=None, derandomize=True)
settings.load_profile("torchloupe")
with every_class_at_once():  # before a plugin imports it
    import PySide6.QtWidgets  # noqa: F401


def pytest_addoption(parser: pytest.Parser) -> None:
    """For golden pictures and texts."""
    parser.addoption("--accept", action="store_true", help="take the new pictures and texts as the golden ones")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether what is new becomes golden."""
    return bool(request.config.getoption("--accept"))


def pytest_configure(config: pytest.Config) -> None:
    """Keeps the way to the terminal."""
    config.stash[TERMINAL] = os.dup(2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several processes share the tests file by file: the longest come first, so that none is left with one."""
    if hasattr(config, "workerinput"):
        order = {folder: number for number, folder in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: order.get(item.nodeid.split("/")[1], len(order)))


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: the collector need not go through them each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that is stuck ends its process, after the stacks of all threads were written: the run goes on without it and fails."""
    faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True, file=item.config.stash[TERMINAL])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True, scope="session")
def own_folders() -> Iterator[None]:
    """Settings, state and sockets of this run lie in a folder of its own, never in those of the person who runs the tests."""
    with tempfile.TemporaryDirectory(prefix="torchloupe-tests-") as folder, pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
            place = Path(folder, name.lower())
            place.mkdir(mode=0o700)
            patch.setenv(name, str(place))
        yield


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fails the test that leaves a thread or a child process behind, and says where it is."""
    threads_before, children_before = set(running_threads()), set(child_processes())
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        threads = [thread for thread in running_threads() if thread not in threads_before]
        children = {pid: words for pid, words in child_processes().items() if pid not in children_before}
        if not (threads or children) or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    left = [where_a_thread_is(thread) for thread in threads] + [f"process {pid}: {words}" for pid, words in children.items()]
    for pid in children:
        end_process(pid)
    if left:
        pytest.fail("The test left behind:\n" + "\n".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def no_stray_log_records(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test during which something logged a warning or worse; a test that takes ``caplog`` looks for itself."""
    collector = Collector()
    logging.getLogger().addHandler(collector)
    yield
    logging.getLogger().removeHandler(collector)
    if collector.lines and "caplog" not in request.fixturenames:
        pytest.fail("Logged and not expected:\n" + "\n".join(collector.lines), pytrace=False)


class Collector(logging.Handler):
    """Keeps records from WARNING up, as text with their place."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(f"{record.pathname}:{record.lineno}: {record.levelname} {record.getMessage()}")


def running_threads() -> list[threading.Thread]:
    """Threads that Python started. Those that Qt or torch started and that only passed through Python do not count."""
    return [thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)]


def where_a_thread_is(thread: threading.Thread) -> str:
    """Its name and the lines it stands at."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = "".join(traceback.format_stack(frame)[-4:]) if frame else "  (ended meanwhile)\n"
    return f"thread {thread.name!r} at\n{stack}"


def child_processes() -> dict[int, str]:
    """Command lines of this process's children by pid, zombies included; empty where the system has no /proc."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (ChildProcessError, AttributeError):  # no child at all, which is the usual case; or no such question here
        return {}
    children: dict[int, str] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        parent = read_or_nothing(status).rpartition(")")[2].split()[1:2]
        if parent == [str(os.getpid())]:
            words = read_or_nothing(status.with_name("cmdline")).replace("\0", " ").strip() or "(ended, never waited for)"
            children[int(status.parent.name)] = words
    return {pid: words for pid, words in children.items() if "multiprocessing.resource_tracker" not in words}


def read_or_nothing(path: Path) -> str:
    """The text of a file of /proc, whose process may have ended meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def end_process(pid: int) -> None:
    """Kill a forgotten child, so that it disturbs no later test."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
