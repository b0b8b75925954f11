"""The one door for slow work: requests to the worker and callables run on threads, their answers arrive in the window's thread.

A job holds all of its inputs. The latest start with a tag wins: an older one that waits is dropped, the answer of one that runs
is ignored. Requests are asked one after the other; local work runs beside them, one at a time for each tag, and asks what it needs
in between through ``Jobs.ask``.
"""

import itertools
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from torchloupe.gui.inbox import the_inbox
from torchloupe.gui.turns import Asks, OnEvent, Turns
from torchloupe.wire.errors import TorchloupeError
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed
from torchloupe.wire.requests import Progress as ProgressMessage

EVENT_INTERVAL_MS = 100
"""Events reach the panels at most this often, all that came meanwhile together."""
AGAIN_MS = 10
"""After so long a cancel that came too early is tried again."""

WORKER = "worker"
"""The lane of requests."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Reporter:
    """What local work is given: called, it says how far the work is; ``tell`` sends an event to the panel that started it.

    Calling it raises ``Cancelled`` once the work was cancelled.
    """

    progress: Progress
    tell: Callable[[Any], None]

    def __call__(self, done: int, total: int, what: str = "") -> None:
        self.progress(done, total, what)


class Cancelled(BaseException):
    """Raised at the progress calls of local work that was cancelled; not an ``Exception``, so that nobody swallows it."""


@dataclass(eq=False)
class Job:
    """One piece of work with everything it needs, and where its answer goes."""

    work: Any
    done: Callable[[Any], object] | None
    failed: Callable[[Failed], object] | None
    events: Callable[[list[Any]], object] | None
    tag: str
    label: str
    lane: str
    gives_way: bool = False  # to every other request
    gave_way: bool = False  # it is to be asked again
    unheard: bool = False  # its owner is gone
    stop: threading.Event = field(default_factory=threading.Event)
    superseded: bool = False
    pending: list[Any] = field(default_factory=list)
    thread: threading.Thread | None = None


class Jobs(QObject):
    """Starts jobs and hands their results to the window's thread."""

    busy_changed = Signal(bool)
    progress = Signal(str, int, int)  # label, done, total (0: unknown)
    went_wrong = Signal(object)  # Failed of a job that was started without ``failed``

    def __init__(self, session: Asks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._turns = Turns(session)
        self._inbox = the_inbox()
        self._here = threading.local()  # the job of this thread
        self._lanes: dict[str, list[Job]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._flushed = 0.0
        self._closed = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._flush_all)
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self._give_way)
        self._too_early = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._too_early.timeout.connect(self._cancel_asked)

    def start(
        self,
        work: Any,
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Failed], object] | None = None,
        event: Callable[[Any], object] | None = None,
        tag: str = "",
        label: str = "",
        events: Callable[[list[Any]], object] | None = None,
        owner: QObject | None = None,
        gives_way: bool = False,
    ) -> None:
        """Start work: a wire request, or a callable ``(progress) -> result``.

        ``event`` gets each event, ``events`` all that came in the last tenth of a second as one list. An ``owner`` that is gone by
        then (a dialog that was closed) is told nothing. A request that ``gives_way`` is stopped for any other one, also for those of
        local work, and asked again after it.
        """
        if event is not None:
            events = partial(_one_by_one, event)
        local = callable(work)
        lane = f"local {tag or next(self._numbers)}" if local else WORKER
        job = Job(work, done, failed, events, tag, label or type(work).__name__, lane, gives_way)
        if owner is not None:
            owner.destroyed.connect(lambda: setattr(job, "unheard", True))
        was_busy = self.busy
        if tag:
            self._supersede(tag)
        queue = self._lanes.setdefault(lane, [])
        queue.append(job)
        if queue[0] is job:
            self._launch(job)
        else:
            self._give_way()
        if not was_busy:
            self.busy_changed.emit(True)

    @property
    def busy(self) -> bool:
        """Something runs or waits."""
        return any(not job.superseded for queue in self._lanes.values() for job in queue)

    @property
    def label(self) -> str:
        """What runs now, in words; empty when nothing does."""
        return next((queue[0].label for queue in self._lanes.values() if queue and not queue[0].superseded), "")

    def runs(self, tag: str) -> bool:
        """A job with this tag runs or waits."""
        return any(job.tag == tag and not job.superseded for queue in self._lanes.values() for job in queue)

    def cancel(self) -> str:
        """Stop everything. The answer is the rung of the worker's ladder (asked, interrupted, killed), ``asked`` for local work
        alone, empty when nothing was running."""
        rung = "asked" if self.busy else ""
        for queue in list(self._lanes.values()):
            for job in queue[1:]:
                self._answer(job, Failed((), cancelled=True))
            del queue[1:]
            queue[0].gave_way = False
            self._turns.stop(queue[0])
        if self._lanes.get(WORKER):
            rung = self._cancel_asked() or rung
        return rung

    def _cancel_asked(self) -> str:
        """The rung that was taken; none when the session has not begun with what it is asked: then again in a moment, and once."""
        self._too_early.stop()
        queue = self._lanes.get(WORKER)
        if self._is_over or not queue or not queue[0].stop.is_set():
            return ""
        rung = self.session.cancel()
        if not rung and self._turns.asks(queue[0]):
            self._too_early.start()
        return rung

    def drop(self, tag: str) -> None:
        """What runs or waits with this tag is of no use any more: it is stopped, and its answer is ignored."""
        was_busy = self.busy
        self._supersede(tag)
        if was_busy and not self.busy:
            self.busy_changed.emit(False)

    def close(self, seconds: float = 2.0) -> None:
        """No answer is delivered any more; waits a little for threads about to end. The session is its owner's to close."""
        self._closed = True
        self._timer.stop()
        self._again.stop()
        self._too_early.stop()
        jobs = [job for queue in self._lanes.values() for job in queue]
        self._lanes.clear()
        for job in jobs:
            self._turns.stop(job)
        end = time.monotonic() + seconds
        for job in jobs:
            if job.thread:
                job.thread.join(max(0.0, end - time.monotonic()))

    def _supersede(self, tag: str) -> None:
        for queue in self._lanes.values():
            queue[1:] = [job for job in queue[1:] if job.tag != tag]
            if queue and queue[0].tag == tag:
                queue[0].superseded = True
                self._turns.stop(queue[0])

    def _launch(self, job: Job) -> None:
        job.thread = threading.Thread(target=self._work, args=(job,), name=f"job {job.label}", daemon=True)
        job.thread.start()

    # on the job's thread

    def ask(self, message: Any, on_event: OnEvent | None = None) -> Any:
        """The reply to a request in the middle of local work; what gives way does so until that work is done."""
        job: Job = self._here.job
        self._turns.begin(job)
        self._inbox.post(self._give_way)
        return self._turns.ask(job, message, on_event)

    def _work(self, job: Job) -> None:
        self._here.job = job
        try:
            result = self._answer_of(job)
        except Cancelled:
            result = Failed((), cancelled=True)
        except Exception as error:
            result = failed_from(error)
        self._inbox.post(partial(self._finish, job, result))
        self._turns.end(job)  # after its answer is on the way: what gave way to it answers later

    def _answer_of(self, job: Job) -> Any:
        if callable(job.work):
            return job.work(Reporter(partial(self._report, job), partial(self._hear, job)))
        return self._turns.ask(job, job.work, partial(self._hear, job))

    def _report(self, job: Job, done: int, total: int, what: str = "") -> None:
        if job.stop.is_set():
            raise Cancelled
        self._hear(job, ProgressMessage(done, total, what))

    def _hear(self, job: Job, message: Any, _blobs: tuple[bytes, ...] = ()) -> None:
        with self._lock:
            job.pending.append(message)
            first = len(job.pending) == 1
        if first:
            self._inbox.post(self._flush_soon)

    # in the window's thread

    def _give_way(self) -> None:
        queue = self._lanes.get(WORKER)
        if self._is_over or not (queue and queue[0].gives_way):
            return
        if self._turns.give_way(queue[0], any(not job.gives_way for job in queue[1:])):
            self._again.start()

    def _flush_soon(self) -> None:
        if self._is_over:
            return
        waited = (time.monotonic() - self._flushed) * 1000
        if waited >= EVENT_INTERVAL_MS:
            self._flush_all()
        elif not self._timer.isActive():
            self._timer.start(round(EVENT_INTERVAL_MS - waited))

    def _flush_all(self) -> None:
        self._flushed = time.monotonic()
        for queue in list(self._lanes.values()):
            if queue:
                self._flush(queue[0])

    def _flush(self, job: Job) -> None:
        with self._lock:
            heard, job.pending = job.pending, []
        if job.superseded or self._closed or job.unheard:
            return
        steps = [message for message in heard if isinstance(message, ProgressMessage)]
        if steps:
            self.progress.emit(steps[-1].what or job.label, steps[-1].done, steps[-1].total)
        others = [message for message in heard if not isinstance(message, ProgressMessage)]
        if others and job.events:
            job.events(others)

    @property
    def _is_over(self) -> bool:
        return self._closed or not shiboken6.isValid(self)

    def _finish(self, job: Job, result: Any) -> None:
        if job.thread:
            job.thread.join()  # it has nothing left to do; were its reference to this object the last one, it would die over there
        if self._is_over:
            return
        was_busy = self.busy
        self._flush(job)
        queue = self._lanes[job.lane]
        queue.pop(0)
        again = job.gave_way and not job.superseded and isinstance(result, Failed) and result.cancelled
        if again:
            job.gave_way = False
            queue.append(job)
        queue.sort(key=attrgetter("gives_way"))
        if queue:
            self._launch(queue[0])
        else:
            del self._lanes[job.lane]
        if was_busy and not self.busy:
            self.busy_changed.emit(False)
        if not again:
            self._answer(job, result)

    def _answer(self, job: Job, result: Any) -> None:
        if job.superseded or job.unheard:
            return
        if not isinstance(result, Failed):
            if job.done:
                job.done(result)
        elif job.failed:
            job.failed(result)
        else:
            self.went_wrong.emit(result)


def _one_by_one(event: Callable[[Any], object], messages: list[Any]) -> None:
    for message in messages:
        event(message)


def failed_from(error: Exception) -> Failed:
    """An exception of local work as a reply: one sentence of what is wrong, one of what to do."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, TorchloupeError):
        problem = Problem(error.code, str(error), hint=error.hint)
    elif isinstance(error, SyntaxError):
        problem = Problem(
            "target-syntax",
            f"Line {error.lineno} is not Python: {error.msg}.",
            hint="Correct the line and open the file again.",
            file=error.filename,
            line=error.lineno,
            details=details,
        )
    elif isinstance(error, OSError):
        name = f"{error.filename} cannot be read" if error.filename else "The file cannot be read"
        problem = Problem(
            "file-unreadable", f"{name}: {error.strerror or error}.", hint="Check that it is there and may be read."
        )
    else:
        problem = Problem(
            "internal-error",
            f"Torchloupe made a mistake: {type(error).__name__}: {error}.",
            hint="What was open stays open. The details are in the log.",
            details=details,
        )
    return Failed((problem,))
