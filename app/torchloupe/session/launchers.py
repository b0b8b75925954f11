"""Ways to start a worker. A launcher is the words of a command line that ends up in ``worker/__main__.py NONCE`` somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torchloupe

from .interpreters import command_words, is_frozen, resolve_interpreter
from .luggage import bootstrap, luggage


class Launcher(Protocol):
    """Where and how a worker is started. Nobody else knows where it is: two pipes and a log."""

    @property
    def environment(self) -> Mapping[str, str] | None:
        """Variables that were set for this place on purpose."""

    @property
    def luggage(self) -> bytes:
        """What is written to its standard input before anything else."""

    @property
    def far_side(self) -> str:
        """How to say where paths are looked up, when that is not this machine: ``ssh host``; else empty."""

    def words(self, nonce: str) -> list[str]:
        """The command line."""

    def describe(self) -> str:
        """The place in a few words, for the status bar and the log."""


@dataclass(frozen=True)
class LocalPython:
    """An interpreter on this machine. ``environment`` is added to the app's own (cleaned) one."""

    interpreter: str
    environment: Mapping[str, str] | None = None
    luggage: bytes = b""
    far_side: str = ""

    def words(self, nonce: str) -> list[str]:
        """The command line: the worker's file by path, so that nothing needs to be installed there."""
        return [self.interpreter, "-u", str(worker_file()), nonce]

    def describe(self) -> str:
        """The interpreter's path."""
        return self.interpreter


@dataclass(frozen=True)
class PipedPython:
    """Any command line that ends in a Python: ``ssh host python3``, ``docker exec -i box python3``.

    Nothing of ours needs to lie there: the sources travel through its standard input.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] | None = None

    @property
    def luggage(self) -> bytes:
        """The sources."""
        return luggage()

    @property
    def far_side(self) -> str:
        """The command without the Python at its end."""
        return " ".join(self.command[:-1])

    def words(self, nonce: str) -> list[str]:
        """The command line: the person's words, and the code that unpacks the sources."""
        return [*self.command, "-u", "-c", bootstrap(), nonce]

    def describe(self) -> str:
        """The person's words."""
        return " ".join(self.command)


def launcher_of(interpreter: str) -> Launcher:
    """How to start what ``--python INTERPRETER`` names: a program here, or a command line of several words. Raises ``UsageError``.

    From a frozen app the sources travel to interpreters of this machine, too, which then see nothing of its folder.
    """
    resolved = resolve_interpreter(interpreter)
    words = command_words(resolved) or ((resolved,) if is_frozen() else ())
    return PipedPython(words) if words else LocalPython(resolved)


def worker_file() -> Path:
    """The file that is the worker."""
    return Path(torchloupe.__file__).parent / "worker" / "__main__.py"
