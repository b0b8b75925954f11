"""What every sub-command is: a name, options, and a function from options to a report."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .interrupts import cancelling
from .report import Report
from .terminal import Terminal

if TYPE_CHECKING:
    from torchloupe.session.log import LogLine
    from torchloupe.session.session import OnEvent, Session
    from torchloupe.wire.requests import Hello


class AnySession(Protocol):
    """The part of a session that commands use; the real one and the scripted one have it."""

    @property
    def hello(self) -> "Hello | None":
        """What the worker said of itself, once it is up."""

    def ask(self, message: Any, on_event: "OnEvent | None" = None) -> Any:
        """The reply to a request, or ``Failed``."""

    def cancel(self) -> str:
        """Stop what runs."""

    def restart(self) -> None:
        """A fresh worker."""

    def close(self) -> None:
        """End everything."""


OpenSession = Callable[[str | None, bool, Terminal], AnySession]
"""A session for an interpreter (None: the usual one), with a spare worker or without."""


def real_session(interpreter: str | None, spare: bool, terminal: Terminal) -> "Session":
    """A worker in a process of its own; what the user's code prints goes to standard error. Raises ``UsageError``."""
    # Here, not above: a command that only reads a file has no worker and need not wait for this.
    from torchloupe.session.launchers import launcher_of
    from torchloupe.session.session import Session
    from torchloupe.session.usual_interpreter import usual_interpreter

    launcher = launcher_of(interpreter or usual_interpreter(Path.cwd()))

    def log(line: "LogLine") -> None:
        if line.source == "user":
            terminal.complain(line.text)

    return Session(launcher, log, spare=spare)


@dataclass(frozen=True)
class Desk:
    """What a command works with: where to write, and how to get a worker."""

    terminal: Terminal
    open_session: OpenSession = field(default=real_session)

    @contextmanager
    def session(self, interpreter: str | None, spare: bool = False) -> Iterator[AnySession]:
        """A session that ends with the block; Ctrl-C within it cancels what runs."""
        with closing(self.open_session(interpreter, spare, self.terminal)) as session, cancelling(session.cancel):
            yield session


class Command(Protocol):
    """One sub-command. The docstring of its class is its help."""

    name: ClassVar[str]

    def add_options(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """Do it: a report for each thing asked for, as soon as it is ready. Raises ``TorchloupeError``."""
