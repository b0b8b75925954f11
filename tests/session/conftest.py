"""Sessions over real processes that need no torch."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.session import LogLine, Session
from torchloupe.wire.requests import SummaryTable, SummaryText

ODD_WORKER = Path(__file__).with_name("odd_worker.py")
LONG = 30.0


@dataclass(frozen=True)
class Script:
    """A launcher of any command line; ``{nonce}`` in a word is the nonce."""

    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None
    luggage: bytes = b""
    far_side: str = ""

    def words(self, nonce: str) -> list[str]:
        return [word.replace("{nonce}", nonce) for word in self.command]

    def describe(self) -> str:
        return self.command[0]


def odd_worker(interpreter: str = "", **environment: str) -> Script:
    """A launcher of the odd worker."""
    return Script((interpreter or default_interpreter(), "-u", str(ODD_WORKER), "{nonce}"), environment)


def python(code: str) -> Script:
    """A launcher of a Python that runs ``code`` in place of a worker."""
    return Script((default_interpreter(), "-u", "-c", code, "{nonce}"))


def do(*words: str) -> SummaryTable:
    """The request that makes the odd worker do something."""
    return SummaryTable(words)


def wait_until(what: Callable[[], object], seconds: float = LONG) -> None:
    """Wait for a condition; fails when it does not come true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s"
        time.sleep(0.002)


def is_running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@dataclass
class Watched:
    """A session, what it logged, its states, and asking it in the background."""

    session: Session
    lines: list[LogLine]
    states: list[str] = field(default_factory=list)

    def ask(self, *words: str) -> Any:
        return self.session.ask(do(*words))

    def text(self, *words: str) -> str:
        reply = self.ask(*words)
        assert isinstance(reply, SummaryText), reply
        return reply.text

    def said(self, source: str) -> list[str]:
        return [line.text for line in list(self.lines) if line.source == source]

    def begin(self, *words: str) -> "Asking":
        """Ask on another thread; returns when the worker has sent its first event."""
        asking = Asking(self.session, words)
        assert asking.heard.wait(LONG)
        return asking


class Asking:
    """A request that runs on another thread."""

    def __init__(self, session: Session, words: tuple[str, ...]) -> None:
        self.heard = threading.Event()
        self.reply: Any = None
        self.thread = threading.Thread(target=self._run, args=(session, words))
        self.thread.start()

    def _run(self, session: Session, words: tuple[str, ...]) -> None:
        self.reply = session.ask(do(*words), lambda _message, _blobs: self.heard.set())

    def result(self) -> Any:
        self.thread.join(LONG)
        assert not self.thread.is_alive()
        return self.reply


@pytest.fixture
def opened() -> Iterator[Callable[..., Watched]]:
    """Makes sessions that are closed at the end, with nothing left over."""
    made: list[Watched] = []
    threads = set(threading.enumerate())

    def open_session(launcher: Any = None, **options: Any) -> Watched:
        lines: list[LogLine] = []
        options = {"spare": False, **options}
        watched = Watched(Session(launcher or odd_worker(), lines.append, **options), lines)
        watched.session.on_state = watched.states.append
        made.append(watched)
        return watched

    yield open_session
    for watched in made:
        watched.session.close()
    wait_until(lambda: set(threading.enumerate()) <= threads)


@pytest.fixture
def odd(opened: Callable[..., Watched]) -> Watched:
    """A session with the odd worker, no spare."""
    return opened()
