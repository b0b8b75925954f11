"""A pass that is stopped: by a person, or because it takes too long; and where it was then."""

import threading
from typing import Any, Optional

from ..wire.problems import INFO, WARNING, Problem
from ..wire.traces import LayerCall
from .cancel import Cancelled
from .context import Context
from .places import Places


class Stopped(Cancelled):
    """The pass was cancelled; ``problem`` says where it was."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class TimeLimit:
    """A context that is cancelled after ``seconds`` (None: never), whatever the main thread is doing then."""

    def __init__(self, context: Context, seconds: Optional[float]) -> None:
        self._context = context
        self.seconds = seconds
        self.reached = False
        self._timer: Optional[threading.Timer] = None

    def __enter__(self) -> "TimeLimit":
        if self.seconds is not None:
            self._timer = threading.Timer(max(self.seconds, 0.0), self._stop)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()

    def _stop(self) -> None:
        self.reached = True
        self._context.cancel.request(self._context.request_id, interrupt=True)


def where_it_was(error: BaseException, opened: Optional[LayerCall], places: Places, limit: Optional[float]) -> Problem:
    """What the pass was at when it was stopped; ``limit`` is the seconds that were over, None when a person stopped it."""
    place = places.of_error(error)
    file, line = place or ((opened.file, opened.line) if opened else (None, None))
    inside = f"in `{opened.module}` ({opened.class_name})" if opened and opened.module else "in the model's own forward"
    at = f", at line {line}" if line else ""
    told: Any = {"module": opened.module if opened else "", "call": opened.index if opened else None, "file": file, "line": line}
    if limit is None:
        return Problem("run-stopped", f"The pass was stopped {inside}{at}.", INFO, "What it got to stays on screen.", **told)
    message = f"The pass was stopped after {limit:g} s {inside}{at}."
    return Problem("time-limit", message, WARNING, "Look for a loop that does not end there, or allow more time.", **told)
