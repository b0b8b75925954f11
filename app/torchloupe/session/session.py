"""A conversation with a worker: asked one thing at a time, cancelled in steps, replaced when it dies."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.requests import Failed, Hello
from torchloupe.wire.stream import EVENT

from .channel import ENDED, READY, STARTING, Channel
from .launchers import Launcher
from .log import LogLine

__all__ = ["LogLine", "Session"]

OnEvent = Callable[[Any, tuple[bytes, ...]], None]

STOPPED, BUSY, DIED = "stopped", "busy", "died"
NOT_RUNNING = Failed((Problem("no-worker", "No Python is running.", hint="Choose an interpreter."),))
KILLED = Problem(
    "cancelled", "The worker did not stop when asked, so it was ended; the next run starts a new one.", severity=INFO
)
REPLACED = Problem("cancelled", "The worker was replaced by a new one.", severity=INFO)
CLOSED = Problem("cancelled", "The worker was closed.", severity=INFO)


class Session:
    """The worker as the rest of the app sees it.

    With ``spare``, a second worker with torch already imported waits in the background, so that ``restart`` and the run after a
    crash do not cost the import. All methods may be called from any thread.
    """

    def __init__(
        self,
        launcher: Launcher,
        log: Callable[[LogLine], None] = lambda _line: None,
        spare: bool = True,
        start_seconds: float = 30.0,
    ) -> None:
        self.on_state: Callable[[str], None] = lambda _state: None
        """Called with each new state, from any thread; it must return soon and neither ask nor close the session."""
        self.launcher = launcher
        self._log = log
        self._wants_spare = spare
        self._start_seconds = start_seconds
        self._asking = threading.Lock()
        self._changed = threading.Condition(threading.RLock())
        self._announcing = threading.RLock()
        self._announced = STOPPED
        self._current: Channel | None = None
        self._spare: Channel | None = None
        self._channels: list[Channel] = []
        self._closed = False
        self._died = False
        self._died_of: Problem | None = None
        self._request_id = 0
        self._running = False
        self._rung = 0

    # what it is

    @property
    def state(self) -> str:
        """``stopped`` (not started, or closed), ``starting``, ``ready``, ``busy`` or ``died``."""
        with self._changed:
            if self._closed:
                return STOPPED
            if self._current is None:
                return DIED if self._died else STOPPED
            if self._current.hello is None:
                return STARTING
            return BUSY if self._running else READY

    @property
    def hello(self) -> Hello | None:
        """What the worker said of itself, once it is up."""
        with self._changed:
            return self._current.hello if self._current is not None else None

    @property
    def has_spare(self) -> bool:
        """Another worker is up and waits: ``restart`` will not take the time of a start."""
        with self._changed:
            return self._spare is not None and self._spare.state == READY

    @property
    def problem(self) -> Problem | None:
        """Why the last worker that died by itself did; None while one is there."""
        with self._changed:
            return self._died_of if self._died else None

    # what it does

    def start(self) -> None:
        """Bring a worker up in the background, if none is there. Returns at once."""
        with self._announcing, self._changed:  # so that a start that fails at once is told after it was told to begin
            if not self._closed and self._current is None:
                self._take_another()
            self._announce()

    def ask(self, message: Any, on_event: OnEvent | None = None) -> Any:
        """The reply to a request, or ``Failed``; blocks. Events go to ``on_event`` on the calling thread.

        Whatever the worker does is a value: it died, it never came up, it was cancelled. A worker that is not there is started.
        """
        with self._asking:
            try:
                channel = self._ready_channel()
                return channel if isinstance(channel, Failed) else self._converse(channel, message, on_event)
            finally:
                with self._changed:
                    self._running = False
                self._announce()

    def cancel(self) -> str:
        """Stop the request that runs; call again for the next rung. The rung that was taken: ``asked`` (it stops at the next
        layer), ``interrupted`` (in the middle of Python code), ``killed`` (the process); empty when nothing runs."""
        with self._changed:
            if not self._running:
                return ""
            rung, channel = self._rung, self._current
            self._rung += 1
            self._changed.notify_all()
            if channel is None or channel.state != READY:
                return "asked"  # it waits for a start, and need not
            request_id = self._request_id
        if rung >= 2:
            channel.kill(KILLED)
            return "killed"
        channel.cancel(request_id, interrupt=rung == 1)
        return ("asked", "interrupted")[rung]

    def restart(self, spare: bool = True) -> None:
        """A fresh worker in place of this one, at once when the spare is ready. What runs is given up. Without ``spare`` the next
        spare, whose import of torch keeps the machine busy, is not launched before ``keep_spare``."""
        with self._changed:
            if self._closed:
                return
            old, self._current = self._current, None
            self._take_another(spare)
        if old is not None:
            old.kill(REPLACED)
        self._announce()

    def keep_spare(self) -> None:
        """See to it that a spare waits, if one is wanted."""
        with self._changed:
            if not self._closed:
                self._keep_a_spare()

    def close(self) -> None:
        """End everything: no process, thread or descriptor is left. What runs is given up; later questions are refused."""
        with self._changed:
            self._closed = True
            channels, self._channels = self._channels, []
            self._current = self._spare = None
            self._changed.notify_all()
        for channel in channels:
            channel.kill(CLOSED)
        for channel in channels:
            channel.join()
        self._announce()

    # asking

    def _ready_channel(self) -> Channel | Failed:
        """The worker to ask, started or awaited if need be."""
        with self._changed:
            self._rung, self._running = 0, True
        while True:
            with self._changed:
                if self._closed:
                    return NOT_RUNNING
                if self._current is None:
                    self._take_another()
                channel = self._current
            self._announce()
            if channel is not None and (answer := self._awaited(channel)) is not None:
                return answer

    def _awaited(self, channel: Channel) -> Channel | Failed | None:
        """The channel once it is up, or why it did not come up; None when another one has taken its place meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: channel.state == READY or self._rung or self._closed or self._current is not channel)
            if self._rung:  # cancelled before it was asked: the worker was told of no request yet
                return Failed((), cancelled=True)
            if self._current is channel and channel.state == READY:
                self._request_id += 1
                return channel
            if channel.hello is None and not channel.stopped and channel.problem is not None:
                return Failed((channel.problem,))
            return None

    def _converse(self, channel: Channel, message: Any, on_event: OnEvent | None) -> Any:
        request_id = self._request_id
        self._announce()
        channel.ask(request_id, message)
        while (frame := channel.replies.get()) is not None:
            if frame.id != request_id:
                continue  # of a request whose asker failed in on_event
            if frame.kind != EVENT:
                channel.asked = None
                return _said_where(frame.message, self.launcher.far_side)
            if on_event is not None:
                on_event(frame.message, frame.blobs)
        assert channel.problem is not None
        return Failed((channel.problem,), cancelled=channel.stopped)

    # workers

    def _take_another(self, spare: bool = True) -> None:
        """The spare becomes the worker; without one, a new one is launched."""
        self._died = False
        self._current, self._spare = self._spare or self._launch(), None
        if spare:
            self._keep_a_spare()

    def _launch(self) -> Channel:
        self._channels = [channel for channel in self._channels if channel.is_alive()]
        channel = Channel(self.launcher, self._log, self._on_change, self._start_seconds)
        self._channels.append(channel)
        return channel

    def _keep_a_spare(self) -> None:
        """Not before the worker itself is up (it shall not wait for its spare), and not where torch is missing."""
        hello = self._current.hello if self._current is not None else None
        if self._wants_spare and self._spare is None and hello is not None and hello.torch is not None:
            self._spare = self._launch()

    def _on_change(self, channel: Channel) -> None:
        """A channel came up or ended; on its thread."""
        died = False
        with self._changed:
            if channel is self._current and channel.state == ENDED:
                self._current, self._died, died = None, True, True
                self._died_of = channel.problem
            elif channel is self._spare and channel.state == ENDED:
                self._spare = None
            elif channel is self._current and not self._closed:
                self._keep_a_spare()
            self._changed.notify_all()
        if died and channel.problem is not None:
            self._log(LogLine("app", channel.problem.message))
        self._announce()

    def _announce(self) -> None:
        """Tell ``on_state`` when the state is another one than it last heard."""
        with self._announcing:
            state = self.state
            if state != self._announced:
                self._announced = state
                self.on_state(state)


def _said_where(reply: Any, far_side: str) -> Any:
    """A path that is not there may well be here: say which machine it was looked up on."""
    if not far_side or not isinstance(reply, Failed):
        return reply
    told = f"Paths are those of the far side ({far_side})."
    problems = [replace(each, hint=f"{each.hint} {told}") if each.code == "usage" else each for each in reply.problems]
    return replace(reply, problems=tuple(problems))
