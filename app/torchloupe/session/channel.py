"""One worker process, from its launch to its end: two pipes, a log, and the threads that read them."""

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from io import BufferedReader, BufferedWriter
from queue import SimpleQueue
from typing import IO, Any

from torchloupe.wire.errors import ProtocolError
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Cancel, Hello
from torchloupe.wire.stream import REQUEST, EndOfStream, Frame, Stream

from . import deaths
from .environment import clean_environment
from .launchers import Launcher
from .log import LogLine

STARTING, READY, ENDED = "starting", "ready", "ended"
GRACE_SECONDS = 1.0
"""How long a process that has closed its pipe, or the children that it left, may take to go by themselves."""
_WORKER_SAYS = "torchloupe-worker: "
_MAX_LINE_BYTES = 1 << 16


class Channel:
    """A worker process. It is launched on a thread; ``state`` goes from ``starting`` to ``ready`` to ``ended``, never back.

    ``problem`` says why it ended, ``on_change`` is called from the channel's thread at each change of state. When it has ended no
    process, no descriptor and (after ``join``) no thread is left.
    """

    def __init__(
        self, launcher: Launcher, log: Callable[[LogLine], None], on_change: Callable[["Channel"], None], start_seconds: float
    ) -> None:
        self.state = STARTING
        self.hello: Hello | None = None
        self.problem: Problem | None = None
        self.stopped = False
        self.asked: Any = None
        self.replies: SimpleQueue[Frame | None] = SimpleQueue()
        self._nonce = secrets.token_hex(16)
        self._words = launcher.words(self._nonce)
        self._luggage, self._place = launcher.luggage, launcher.describe()
        self._environment = clean_environment(os.environ, launcher.environment)
        self._log = log
        self._on_change = on_change
        self._start_seconds = start_seconds
        self._late = False
        self._noise: list[str] = []
        self._tail: deque[str] = deque(maxlen=deaths.DETAIL_LINES)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._live, name="worker channel", daemon=True)
        self._thread.start()

    # from any thread

    def ask(self, request_id: int, message: Any) -> None:
        """Send a request; its events, its reply and, when the worker ends, None arrive in ``replies``."""
        self.asked = message
        self._send(request_id, message)

    def cancel(self, request_id: int, interrupt: bool) -> None:
        """Ask a running request to stop."""
        self._send(request_id, Cancel(interrupt))

    def kill(self, reason: Problem) -> None:
        """End the process now, on purpose: ``problem`` becomes ``reason``. Returns at once."""
        with self._lock:
            if not self.stopped and self.state != ENDED:
                self.stopped, self.problem = True, reason
            self._put_an_end_to_it()

    def is_alive(self) -> bool:
        """Whether its thread still runs: there may be a process."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until the channel's threads have ended."""
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _send(self, request_id: int, message: Any) -> None:
        assert self._stream is not None
        with contextlib.suppress(OSError, ValueError):  # it is dying: the reading side will say how
            self._stream.send(REQUEST, request_id, message)

    # on the channel's thread

    def _live(self) -> None:
        try:
            process = self._launch()
        except OSError as error:
            self._end(self.problem or deaths.not_launched(error, self._words[0]))
            return
        pump = threading.Thread(target=self._pump, args=(process.stderr,), name="worker log", daemon=True)
        pump.start()
        why = ""
        try:
            self._converse(process)
        except EndOfStream:
            pass
        except (ProtocolError, OSError, ValueError) as error:
            why = str(error)
        finally:
            self._bury(process, pump, why)

    def _bury(self, process: subprocess.Popen[bytes], pump: threading.Thread, why: str) -> None:
        """Nothing of the process is left after this, and its log is complete."""
        returncode = _wait(process, 0 if why else GRACE_SECONDS)
        _close(process.stdin)
        _sweep(process, pump)
        _close(process.stdout)
        if not pump.is_alive():
            _close(process.stderr)
        self._end(self.problem or self._explained(returncode, why))

    def _launch(self) -> subprocess.Popen[bytes]:
        """Its own process group, so that Ctrl-C in our terminal is ours alone and its children can be found."""
        pipe = subprocess.PIPE
        with self._lock:
            if self.stopped:
                raise ProcessLookupError
            self._process = subprocess.Popen(
                self._words,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=self._environment,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # a frozen window on Windows has no console to lend
            )
        return self._process

    def _converse(self, process: subprocess.Popen[bytes]) -> None:
        assert isinstance(process.stdin, BufferedWriter)
        assert isinstance(process.stdout, BufferedReader)
        stream = Stream(process.stdout, process.stdin)
        watchdog = threading.Timer(self._start_seconds, self._give_up)
        watchdog.daemon = True
        watchdog.start()
        noise: list[str] = []
        try:
            with contextlib.suppress(OSError, ValueError):  # it has ended: what it said tells why
                process.stdin.write(self._luggage)
                process.stdin.flush()
            noise = stream.await_magic(self._nonce)
        except EndOfStream as end:
            noise = str(end).splitlines()
            raise
        finally:
            watchdog.cancel()
            watchdog.join()
            self._noise = noise
            for line in noise:
                self._log(LogLine("worker", line))
        hello = stream.receive().message
        if not isinstance(hello, Hello):
            raise ProtocolError(f"It said {type(hello).__name__} where a Hello was due.")
        self._stream, self.hello, self.state = stream, hello, READY
        self._on_change(self)
        while True:
            self.replies.put(stream.receive())

    def _give_up(self) -> None:
        self._late = True
        with self._lock:
            self._put_an_end_to_it()

    def _put_an_end_to_it(self) -> None:
        """A worker behind another process (a shell, a container) is not ours to kill: it leaves when its standard input ends."""
        if self._process is not None:
            self._process.kill()
            _close(self._process.stdin)

    def _explained(self, returncode: int | None, why: str) -> Problem:
        lines = list(self._tail)
        if self._late:
            why = f"it said nothing for {self._start_seconds:g} seconds."
        if self.hello is None:
            return deaths.no_hello(self._place, returncode, self._noise + lines, why)
        if why:
            return Problem(
                "protocol-error",
                f"The worker said something that is not in the protocol: {why}",
                hint="The next run starts a new worker.",
                details="\n".join(lines),
            )
        return deaths.died(returncode, lines, self.asked)

    def _end(self, problem: Problem) -> None:
        self.problem = problem
        self.state = ENDED
        self._on_change(self)  # first: whoever hears of the end may ask again at once, and is to meet another channel
        self.replies.put(None)

    # the log

    def _pump(self, pipe: BufferedReader) -> None:
        for line in _lines(pipe):
            if line.startswith(_WORKER_SAYS):
                self._say("worker", line.removeprefix(_WORKER_SAYS))
            else:
                self._say("user" if self.hello is not None else "worker", line)

    def _say(self, source: Any, text: str) -> None:
        self._tail.append(text)
        self._log(LogLine(source, text))


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit status of a process that is about to end; None when it had to be killed because it did not."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def _sweep(process: subprocess.Popen[bytes], pump: threading.Thread) -> None:
    """End the children that the worker left behind; they hold the log open. Politely first: Python's own resource tracker ignores
    that, and cleans up by itself now."""
    _signal_group(process.pid, "SIGTERM")
    pump.join(GRACE_SECONDS)
    if pump.is_alive():
        _signal_group(process.pid, "SIGKILL")
        pump.join(GRACE_SECONDS)  # a connection that ssh shares keeps the log open for as long as it likes


def _close(pipe: IO[bytes] | None) -> None:
    assert pipe is not None
    with contextlib.suppress(OSError, ValueError):  # nobody reads what was still to be written
        pipe.close()


def _signal_group(leader: int, name: str) -> None:
    if hasattr(os, "killpg"):  # not on Windows
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, getattr(signal, name))


def _lines(pipe: BufferedReader) -> Iterator[str]:
    """The text of a pipe in lines, as they come; a progress bar that rewrites its line gives one each time."""
    rest = b""
    while chunk := pipe.read1(_MAX_LINE_BYTES):
        *whole, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        if len(rest) > _MAX_LINE_BYTES:
            whole, rest = [*whole, rest], b""
        yield from (line.decode("utf-8", "replace") for line in whole if line)
    if rest:
        yield rest.decode("utf-8", "replace")
