"""Ways to start a worker. A launcher is the words of a command line that ends up in ``worker/__main__.py NONCE`` somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torchloupe


class Launcher(Protocol):
    """Where and how a worker is started. Nobody else knows where it is: two pipes and a log."""

    @property
    def environment(self) -> Mapping[str, str] | None:
        """Variables that were set for this place on purpose."""

    def words(self, nonce: str) -> list[str]:
        """The command line."""

    def describe(self) -> str:
        """The place in a few words, for the status bar and the log."""


@dataclass(frozen=True)
class LocalPython:
    """An interpreter on this machine. ``environment`` is added to the app's own (cleaned) one."""

    interpreter: str
    environment: Mapping[str, str] | None = None

    def words(self, nonce: str) -> list[str]:
        """The command line: the worker's file by path, so that nothing needs to be installed there."""
        return [self.interpreter, "-u", str(worker_file()), nonce]

    def describe(self) -> str:
        """The interpreter's path."""
        return self.interpreter


def worker_file() -> Path:
    """The file that is the worker."""
    return Path(torchloupe.__file__).parent / "worker" / "__main__.py"
