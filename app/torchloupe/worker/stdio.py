"""The worker's first act: the protocol gets private copies of standard input and output, everybody else gets the log."""

import io
import os
import sys

from ..wire.stream import Stream


def take_over_stdio() -> Stream:
    """The stream to the window, over copies of descriptors 0 and 1 that no child process inherits.

    From here on what is printed, by Python or by native code, goes to standard error, and whoever reads standard input finds it
    empty.
    """
    reading, writing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    for text in (sys.stdout, sys.stderr):  # a print of the user must not fail at a letter that the locale lacks
        if isinstance(text, io.TextIOWrapper):
            text.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    _let_go_after_fork(reading, writing)
    return Stream(os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0))


def _let_go_after_fork(reading: int, writing: int) -> None:
    """A forked child of the user's code must neither speak on the pipe nor keep it open when the worker is gone."""

    def let_go() -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, reading, inheritable=False)
        os.dup2(null, writing, inheritable=False)
        os.close(null)

    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=let_go)
