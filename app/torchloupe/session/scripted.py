"""A session that plays a script: the same face as ``Session``, no process. For tests of both skins."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import PROTOCOL, Failed, Hello

from .session import BUSY, NOT_RUNNING, STOPPED, OnEvent

UNTIL_CANCELLED = object()
"""An item of a script at which the request waits until somebody cancels it; its reply is then a cancelled ``Failed``."""
LONGEST_WAIT_SECONDS = 30.0

Script = Sequence[Any] | Callable[[Any], Any]


class ScriptedSession:
    """Answers requests by their class.

    For each request the list of its class is played: all but the last item are events (a message, or a pair of message and blobs),
    the last one is the reply. A callable in place of a list is given the request and returns such a list, or the reply alone.
    ``asked`` holds every request in order.
    """

    def __init__(self, script: Mapping[type, Script] | None = None, hello: Hello | None = None) -> None:
        self.on_state: Callable[[str], None] = lambda _state: None
        self.script = dict(script or {})
        self.asked: list[Any] = []
        self.restarts = 0
        self.has_spare = True
        self.state = STOPPED
        self.hello: Hello | None = None
        self.problem: Problem | None = None
        self._hello = hello or Hello(PROTOCOL, "3.11.0", "python", 0, torch="2.13.0", devices=("cpu",), abilities=("hooks",))
        self._asking = threading.Lock()
        self._cancelled = threading.Event()
        self._rung = 0
        self._closed = False

    def start(self) -> None:
        """Ready at once."""
        if self.state == STOPPED and not self._closed:
            self._enter("starting")
            self.hello = self._hello
            self._enter("ready")

    def ask(self, message: Any, on_event: OnEvent | None = None) -> Any:
        """Play what the script has for this request."""
        with self._asking:
            if self._closed:
                return NOT_RUNNING
            self.start()
            self.asked.append(message)
            self._rung = 0
            self._cancelled.clear()
            self._enter(BUSY)
            try:
                return self._play(self._items(message), on_event)
            finally:
                if not self._closed:
                    self._enter("ready")

    def cancel(self) -> str:
        """The next rung of the ladder, as the real session names it; empty when nothing runs."""
        if self.state != BUSY:
            return ""
        self._rung += 1
        self._cancelled.set()
        return ("asked", "interrupted", "killed")[min(self._rung, 3) - 1]

    def restart(self, spare: bool = True) -> None:
        """Counted in ``restarts``; what runs is given up."""
        self.restarts += 1
        self.has_spare = spare
        self._cancelled.set()

    def keep_spare(self) -> None:
        """There is no process to launch: it says that there is one."""
        self.has_spare = True

    def close(self) -> None:
        """Refuse every later question; what runs is given up."""
        self._closed = True
        self._cancelled.set()
        self._enter(STOPPED)

    def _items(self, message: Any) -> Sequence[Any]:
        script = self.script.get(type(message))
        if script is None:
            name = type(message).__name__
            return [Failed((Problem("not-scripted", f"The script has no answer to {name}.", hint="Add one to the test."),))]
        items = script(message) if callable(script) else script
        return items if isinstance(items, list) else [items] if callable(script) else list(items)

    def _play(self, items: Sequence[Any], on_event: OnEvent | None) -> Any:
        for item in items[:-1] if items[-1] is not UNTIL_CANCELLED else items:
            if item is UNTIL_CANCELLED:
                self._cancelled.wait(LONGEST_WAIT_SECONDS)
                return Failed((), cancelled=True)
            event, blobs = item if isinstance(item, tuple) else (item, ())
            if on_event is not None:
                on_event(event, blobs)
        return items[-1]

    def _enter(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.on_state(state)
