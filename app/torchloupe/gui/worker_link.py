"""The worker as the window sees it: one session at a time, its state as a signal, and the interpreter it runs in."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.gui.log_book import INFO, WARNING, LogBook
from torchloupe.session.interpreters import command_words
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Hello


class WorkerSession(Protocol):
    """What the window needs of a session (``session.Session``, or ``session.ScriptedSession`` in tests)."""

    on_state: Callable[[str], None]

    @property
    def state(self) -> str:
        """``stopped``, ``starting``, ``ready``, ``busy`` or ``died``."""

    @property
    def hello(self) -> Hello | None:
        """What the worker said of itself, once it is up."""

    @property
    def problem(self) -> Problem | None:
        """Why it died, when it did."""

    def start(self) -> None:
        """Bring the process up in the background."""

    def ask(self, message: Any, on_event: Callable[[Any, tuple[bytes, ...]], None] | None = None) -> Any:
        """The reply to a request; blocks."""

    def cancel(self) -> str:
        """The rung that was taken."""

    def restart(self, spare: bool = True) -> None:
        """Another process in place of this one; the next spare now, or at ``keep_spare``."""

    def keep_spare(self) -> None:
        """Have another process ready."""

    def close(self) -> None:
        """No process is left."""


MakeSession = Callable[[str, Callable[[Any], None]], WorkerSession]
"""A session for an interpreter, and who hears its log lines."""


@dataclass(frozen=True)
class RestartWorker:
    """Job: another process in place of the one that hangs or died."""

    session: WorkerSession
    spare: bool = True

    def __call__(self, progress: Progress) -> str:
        progress(0, 0, "restarting the worker")
        self.session.restart(self.spare)
        return self.session.state


@dataclass(frozen=True)
class CloseWorker:
    """Job: end the process of an interpreter that is no longer wanted."""

    session: WorkerSession

    def __call__(self, progress: Progress) -> None:
        progress(0, 0, "ending the old worker")
        self.session.close()


class WorkerLink(QObject):
    """Owns the session. Its ``changed`` arrives in the window's thread."""

    changed = Signal(str)  # stopped, starting, ready, busy, died
    restarted = Signal()
    _heard = Signal(object, str)

    def __init__(self, make: MakeSession, interpreter: str, book: LogBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self.book = book
        self.interpreter = interpreter
        self._heard.connect(self._state_changed)
        self._session: WorkerSession | None = None
        self._process = (-1, 0.0)
        self._busy_since = 0.0
        self.jobs = Jobs(self, self)

    @property
    def session(self) -> WorkerSession:
        """The session; made when it is first needed, so that the window need not wait for its modules."""
        if self._session is None:
            self._session = self._make(self.interpreter, lambda line: self.book.add(line.source, line.text))
            self._session.on_state = partial(self._heard.emit, self._session)
        return self._session

    @property
    def is_remote(self) -> bool:
        """It runs on the far side of a command line: paths are those of another machine."""
        return bool(command_words(self.interpreter))

    @property
    def state(self) -> str:
        """Where the worker stands."""
        return self._session.state if self._session is not None else "stopped"

    @property
    def hello(self) -> Hello | None:
        """What the worker said of itself, None until it has come up."""
        return self._session.hello if self._session is not None else None

    @property
    def problem(self) -> Problem | None:
        """Why the last process died, until another one is there."""
        return self._session.problem if self._session is not None else None

    @property
    def up_seconds(self) -> float:
        """How long this process has been up."""
        return time.monotonic() - self._process[1] if self.hello is not None else 0.0

    @property
    def busy_seconds(self) -> float:
        """How long it has been answering."""
        return time.monotonic() - self._busy_since if self.state == "busy" else 0.0

    def start(self) -> None:
        """Bring the worker up in the background."""
        self.session.start()

    def ask(self, message: Any, on_event: Callable[[Any, tuple[bytes, ...]], None] | None = None) -> Any:
        """Hand a request to the session of this moment; blocks."""
        return self.session.ask(message, on_event)

    def cancel(self) -> str:
        """The next rung of the ladder."""
        return self.session.cancel()

    def use(self, interpreter: str) -> None:
        """Run in another interpreter from now on; the old process is ended in the background."""
        self.jobs.cancel()
        old, self._session = self.session, None
        old.on_state = _deaf
        self.interpreter = interpreter
        self.jobs.start(CloseWorker(old), label=self.tr("ending the old worker"))
        self.start()
        self.restarted.emit()

    def restart(self) -> None:
        """Another process in the same interpreter."""
        self.jobs.start(
            RestartWorker(self.session),
            done=lambda _state: self.restarted.emit(),
            tag="restart",
            label=self.tr("restarting the worker"),
        )

    def close(self) -> None:
        """The window closes: no process and no thread is left."""
        if self._session is not None:
            self._session.on_state = _deaf
            self.jobs.cancel()
            self._session.close()
        self.jobs.close()

    def _state_changed(self, session: object, state: str) -> None:
        if session is self._session:
            if self.hello is not None and self.hello.pid != self._process[0]:
                self._process = (self.hello.pid, time.monotonic())
            self._busy_since = time.monotonic() if state == "busy" else 0.0
            if state not in ("busy", "ready"):
                self.book.add("app", self.tr("worker: {0}").format(state), WARNING if state == "died" else INFO)
            self.changed.emit(state)


def _deaf(_state: str) -> None:
    """Nobody listens to a session that is being closed."""
