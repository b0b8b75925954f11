"""Where a command writes: text for a person on a terminal, or JSON for a program."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TextIO

_CODES = {"error": "31", "warning": "33", "info": "36", "good": "32", "strong": "1", "dim": "2"}


@dataclass(frozen=True)
class Terminal:
    """Two streams and how to write on them. ``width`` is 0 where nothing is to be cut (a pipe, a file)."""

    out: TextIO
    err: TextIO
    colour: bool = False
    width: int = 0

    def line(self, text: str = "") -> None:
        """One line on standard output."""
        print(text, file=self.out)

    def lines(self, texts: Iterable[str]) -> None:
        """Lines on standard output."""
        self.out.write("".join([f"{text}\n" for text in texts]))

    def complain(self, text: str) -> None:
        """One line on standard error."""
        print(text, file=self.err, flush=True)

    def paint(self, text: str, role: str) -> str:
        """The text in the colour of ``error``, ``warning``, ``info``, ``good``, ``strong`` or ``dim``; plain without colours."""
        code = _CODES.get(role)
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text


def standard_terminal(environment: Mapping[str, str] = os.environ) -> Terminal:
    """The standard streams. Colours only on a terminal, and not where NO_COLOR is set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a key may hold what this encoding cannot say
    is_terminal = sys.stdout.isatty()
    colour = is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if is_terminal else 0
    return Terminal(sys.stdout, sys.stderr, colour, width)
