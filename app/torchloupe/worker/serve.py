"""The worker's life: take over stdio, say hello, answer requests one at a time on the main thread until the pipe closes.

Only the reader is a thread. The user's model runs where it would run without us.
"""

import faulthandler
import os
import signal
import sys
import threading
import traceback
import types
from queue import SimpleQueue
from typing import Any, Callable, Dict, NoReturn, Optional, Tuple

from ..wire.errors import GPU_LOST, GPU_LOST_STATUS, ProtocolError
from ..wire.problems import Problem
from ..wire.requests import Cancel as CancelRequest
from ..wire.requests import Failed, Hello
from ..wire.stream import HELLO, REPLY, EndOfStream, Frame, Stream
from .abilities import HOOKS, introduce
from .cancel import Cancel, Cancelled
from .collector import collector_at_rest
from .context import Context
from .keeper import have_a_keeper
from .stdio import take_over_stdio

Handlers = Dict[type, Callable[[Context, Any], Any]]
Explain = Callable[[BaseException], Tuple[Problem, ...]]

CANCELLED = Failed((), cancelled=True)
PROTOCOL_BROKEN = 70
"""Exit status after something arrived that is not in the protocol."""


def load_handlers() -> Tuple[Handlers, Explain]:
    """The table of answers, and the one function that turns exceptions into problems. Imports what needs torch."""
    from .explain import explain
    from .handlers import HANDLERS

    return HANDLERS, explain


def serve_command_line() -> NoReturn:
    """The worker as a program, however its sources came here: the nonce is its only argument."""
    nonce, sys.argv = sys.argv[1], [""]
    sys.modules["__main__"] = types.ModuleType("__main__")  # processes that user code spawns must not start another worker
    serve(nonce)


def serve(
    nonce: str,
    introduce: Callable[[], Hello] = introduce,
    load: Callable[[], Tuple[Handlers, Explain]] = load_handlers,
) -> NoReturn:
    """Serve the window on standard input and output until it closes them; never returns."""
    have_a_keeper()
    stream = take_over_stdio()
    stream.send_magic(nonce)
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _on_terminate)
    requests: "SimpleQueue[Frame]" = SimpleQueue()
    cancel = Cancel()
    threading.Thread(target=_read, args=(stream, requests, cancel), name="torchloupe reader", daemon=True).start()
    with collector_at_rest():  # what is imported stays
        hello = introduce()
    stream.send(HELLO, 0, hello)
    desk = _Desk(stream, cancel, hello, load)
    while True:
        desk.answer(requests.get())


class _Desk:
    """Answers one request after the other."""

    def __init__(self, stream: Stream, cancel: Cancel, hello: Hello, load: Callable[[], Tuple[Handlers, Explain]]) -> None:
        self._stream = stream
        self._cancel = cancel
        self._state: Dict[str, Any] = {}
        self._handlers: Handlers = {}
        self._explain: Explain = lambda error: (_unexplained(error),)
        self._refusal = _refusal(hello)
        if self._refusal is None:
            self._load(hello, load)

    def _load(self, hello: Hello, load: Callable[[], Tuple[Handlers, Explain]]) -> None:
        try:
            self._handlers, self._explain = load()
        except Exception as error:
            message = f"The worker does not run beside torch {hello.torch}: {type(error).__name__}: {error}"
            hint = "Choose an interpreter with a newer torch."
            self._refusal = Problem("worker-start-failed", message, hint=hint, details=traceback.format_exc())

    def answer(self, frame: Frame) -> None:
        """Reply to one request. Ends the process when nobody is there to hear the reply, or when it has lost its GPU."""
        try:
            reply = self._reply_to(frame)
        except Cancelled:  # the interrupt came while another exception was on its way out
            reply = CANCELLED
        try:
            self._send(frame.id, reply)
        except OSError:
            leave()
        if isinstance(reply, Failed) and any(problem.code == GPU_LOST for problem in reply.problems):
            leave(GPU_LOST_STATUS)

    def _reply_to(self, frame: Frame) -> Any:
        if self._refusal is not None:
            return Failed((self._refusal,))
        handler = self._handlers.get(type(frame.message))
        if handler is None:
            name = type(frame.message).__name__
            return Failed((Problem("protocol-error", f"The worker has no answer to {name}.", hint="Update Torchloupe."),))
        context = Context(frame.id, self._stream, self._cancel, self._state)
        try:
            self._cancel.begin(frame.id)
            reply = handler(context, frame.message)
            context.flush()
            return reply
        except BaseException as error:
            return self._failure(error)
        finally:
            self._cancel.end()

    def _failure(self, error: BaseException) -> Failed:
        """SystemExit, KeyboardInterrupt and the like are the user's code's business too: none of them ends the worker."""
        if isinstance(error, Cancelled) or (isinstance(error, KeyboardInterrupt) and self._cancel.requested):
            where = getattr(error, "problem", None)
            return CANCELLED if where is None else Failed((where,), cancelled=True)
        self._cancel.end()
        try:
            return Failed(self._explain(error))
        except Exception as second:  # an exception whose text cannot even be asked for
            second.__context__ = None
            return Failed((_unexplained(error),))

    def _send(self, request_id: int, reply: Any) -> None:
        try:
            self._stream.send(REPLY, request_id, reply)
        except (ProtocolError, TypeError, ValueError, RecursionError) as error:  # raised before the first byte went out
            self._stream.send(REPLY, request_id, Failed((_unexplained(error),)))


def _read(stream: Stream, requests: "SimpleQueue[Frame]", cancel: Cancel) -> None:
    """The reader thread: cancels at once, queues the rest, ends the process with the pipe."""
    while True:
        try:
            frame = stream.receive()
        except (EndOfStream, OSError):
            leave()
        except Exception as error:
            sys.stderr.write(f"torchloupe-worker: not understood, so the worker ends: {error}\n")
            os._exit(PROTOCOL_BROKEN)
        if isinstance(frame.message, CancelRequest):
            cancel.request(frame.id, frame.message.interrupt)
        else:
            requests.put(frame)


def leave(status: int = 0) -> NoReturn:
    """End the process and what the user's code started, whatever it is doing: nobody is listening any more, or it is of no more use."""
    global _leaving
    _leaving = True
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)
    os._exit(status)


_leaving = False


def _on_terminate(number: int, _frame: Any) -> None:
    """The signal that ``leave`` sends to the group comes back to us and must not be what we die of; anybody else's is."""
    if not _leaving:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _refusal(hello: Hello) -> Optional[Problem]:
    """Why nothing can be answered in this interpreter, if so."""
    hint = "Choose another interpreter, or install torch in this one."
    if hello.torch is None:
        return Problem("no-torch", f"{hello.executable} cannot import torch: {hello.torch_error}", hint=hint)
    if HOOKS not in hello.abilities:
        message = f"torch {hello.torch} of {hello.executable} is too old; 2.1 or newer is needed."
        return Problem("no-torch", message, hint="Choose another interpreter, or install a newer torch in this one.")
    return None


def _unexplained(error: BaseException) -> Problem:
    """The plainest problem there is, for what cannot be explained."""
    name = type(error).__name__
    return Problem("failed", f"The worker failed with {name}.", hint="The log may say more.", details=_traceback(error))


def _traceback(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=-60))
    except Exception:
        return "".join(traceback.format_tb(error.__traceback__, limit=-60))
