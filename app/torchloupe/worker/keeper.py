"""A small process beside the worker that ends it when nobody listens any more, also when it cannot do so itself.

The worker's reader sees the pipe close, but a native call that keeps Python's lock (a regular expression that never ends) keeps the
reader from running. The keeper does nothing but wait for the same end.
"""

import contextlib
import os
import select
import signal
import stat
import time
from typing import NoReturn

GRACE_SECONDS = 1.0
"""How long the worker and what the user's code started may take to go when they are asked to."""


def have_a_keeper() -> None:
    """Leave a keeper behind, and make this process the leader of a group, so that its children can be found.

    Must come before the first thread and before standard input is taken over. Where a process cannot fork there is none.
    """
    if not hasattr(os, "fork") or not _is_a_pipe(0):
        return
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    worker = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
    elif os.fork():  # the keeper is nobody's child here: the user's os.wait() does not meet it
        os._exit(0)
    else:
        _keep(worker)


def _keep(group: int) -> NoReturn:
    with contextlib.suppress(BaseException):
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):  # whoever reads there waits for the worker's end, not for ours
            os.dup2(null, descriptor)
        _await_the_end_of(0)
        _end(group)
    os._exit(0)


def _await_the_end_of(descriptor: int) -> None:
    """Wait until nobody can write there any more. Nothing is read: that is for the worker."""
    poll = select.poll()
    poll.register(descriptor, getattr(select, "POLLRDHUP", 0))
    poll.poll()


def _end(group: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
            while time.monotonic() < deadline:
                os.killpg(group, 0)
                time.sleep(0.01)


def _is_a_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
