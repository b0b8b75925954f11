"""The worker as the window sees it: one session at a time, its state as a signal, and the interpreter it runs in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.gui.log_book import LogBook
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

    def start(self) -> None:
        """Bring the process up in the background."""

    def ask(self, message: Any, on_event: Callable[[Any, tuple[bytes, ...]], None] | None = None) -> Any:
        """The reply to a request; blocks."""

    def cancel(self) -> str:
        """The rung that was taken."""

    def restart(self) -> None:
        """Another process in place of this one."""

    def close(self) -> None:
        """No process is left."""


MakeSession = Callable[[str, Callable[[Any], None]], WorkerSession]
"""A session for an interpreter, and who hears its log lines."""


@dataclass(frozen=True)
class RestartWorker:
    """Job: another process in place of the one that hangs or died."""

    session: WorkerSession

    def __call__(self, progress: Progress) -> str:
        progress(0, 0, "restarting the worker")
        self.session.restart()
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
        self._book = book
        self.interpreter = interpreter
        self._heard.connect(self._state_changed)
        self._session: WorkerSession | None = None
        self.jobs = Jobs(self, self)

    @property
    def session(self) -> WorkerSession:
        """The session; made when it is first needed, so that the window need not wait for its modules."""
        if self._session is None:
            self._session = self._make(self.interpreter, lambda line: self._book.add(line.source, line.text))
            self._session.on_state = partial(self._heard.emit, self._session)
        return self._session

    @property
    def state(self) -> str:
        """Where the worker stands."""
        return self._session.state if self._session is not None else "stopped"

    @property
    def hello(self) -> Hello | None:
        """What the worker said of itself, None until it has come up."""
        return self._session.hello if self._session is not None else None

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
            if state not in ("busy", "ready"):
                self._book.add("app", self.tr("worker: {0}").format(state))
            self.changed.emit(state)


def _deaf(_state: str) -> None:
    """Nobody listens to a session that is being closed."""
