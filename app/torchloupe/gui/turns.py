"""Who asks the worker now: one at a time, and what gives way does so for everything else. No Qt here."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from torchloupe.wire.requests import Failed

OnEvent = Callable[[Any, tuple[bytes, ...]], None]


class Asks(Protocol):
    """What is needed of a session."""

    def ask(self, message: Any, on_event: OnEvent | None = None) -> Any:
        """The reply to a request; blocks."""

    def cancel(self) -> str:
        """Ask the running request to stop, harder each time; the rung that was taken."""


class Asker(Protocol):
    """A job, as far as its turn goes."""

    gives_way: bool
    gave_way: bool
    stop: threading.Event


class Turns:
    """Threads ``ask``, the window's thread sees to it that what gives way does so."""

    def __init__(self, session: Asks) -> None:
        self.session = session
        self._changed = threading.Condition()
        self._asking: Asker | None = None
        self._between: list[Asker] = []

    def ask(self, asker: Asker, message: Any, on_event: OnEvent | None = None) -> Any:
        """The reply, when it is this one's turn; cancelled without a question when it was stopped or gave way before."""
        with self._changed:
            self._changed.wait_for(lambda: asker.stop.is_set() or asker.gave_way or self._is_free_for(asker))
            if asker.stop.is_set() or asker.gave_way:
                return Failed((), cancelled=True)
            self._asking = asker
        try:
            return self.session.ask(message, on_event)
        finally:
            with self._changed:
                self._asking = None
                self._changed.notify_all()

    def begin(self, asker: Asker) -> None:
        """This one asks now and then; until its ``end`` nothing that gives way is asked."""
        with self._changed:
            if asker not in self._between:
                self._between.append(asker)

    def end(self, asker: Asker) -> None:
        """It has no more questions."""
        with self._changed:
            if asker in self._between:
                self._between.remove(asker)
                self._changed.notify_all()

    def give_way(self, asker: Asker, is_waited_for: bool) -> bool:
        """Stop this one when another ``is_waited_for``, or asks now and then; True when that has to be tried again in a moment."""
        with self._changed:  # so that nobody else's question is the one that is cancelled
            asks = self._asking is asker
            if asker.gave_way or not (is_waited_for or (asks and self._between)):
                return False
            asker.gave_way = not asks or bool(self.session.cancel())  # no rung: the session has not begun with it
            self._changed.notify_all()
            return not asker.gave_way

    def asks(self, asker: Asker) -> bool:
        """It is this one's turn; the session may not have begun with it."""
        with self._changed:
            return self._asking is asker

    def stop(self, asker: Asker) -> None:
        """It is of no use any more."""
        asker.stop.set()
        with self._changed:
            self._changed.notify_all()

    def _is_free_for(self, asker: Asker) -> bool:
        return self._asking is None and not (asker.gives_way and self._between)
