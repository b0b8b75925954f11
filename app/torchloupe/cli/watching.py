"""``--watch``: a command does its work again each time that a file of its targets is saved, until Ctrl-C."""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from torchloupe.session.saved_files import Stamps, changed_files, stamps_of

from .command import AnySession, Desk
from .interrupts import interruptible
from .report import Report
from .target_runs import asked_target
from .terminal import Terminal

PAUSE_SECONDS = 0.1
"""Between two looks at the files."""


def add_watch_option(parser: ArgumentParser) -> None:
    """``--watch``."""
    parser.add_argument(
        "--watch", action="store_true", help="do it again each time that a file of the project is saved, until Ctrl-C"
    )


def rounds(
    options: Namespace, desk: Desk, targets: list[str], one_round: Callable[[AnySession], Iterator[Report]]
) -> Iterator[Report]:
    """The reports of one round, or with ``--watch`` of one round after each save, each in a fresh worker."""
    with desk.session(options.python, spare=len(targets) > 1 or options.watch) as session:
        stamps = stamps_of(filter(None, (_own_file(target) for target in targets)), {})
        while True:
            for report in one_round(session):
                yield report
                if report.cancelled:
                    return
                if report.target is not None:  # what is known already keeps the stamp from before the round
                    stamps = {**stamps_of(report.target.project_files, {}), **stamps}
            if not options.watch or not stamps:
                return
            stamps = _after_a_save(stamps, desk.terminal)
            if not stamps:
                return
            session.restart()


def _own_file(target: str) -> str:
    file = asked_target(target).file
    return os.path.abspath(os.path.expanduser(file)) if file else ""


def _after_a_save(before: Stamps, terminal: Terminal) -> Stamps:
    """Wait until one of the files holds something else than before: what they hold then, nothing after Ctrl-C."""
    try:
        with interruptible():
            terminal.complain("Waiting for a file of the project to be saved; Ctrl-C ends.")
            while True:
                now = stamps_of(before, before)
                saved = changed_files(before, now)
                if saved:
                    terminal.complain(f"Saved: {', '.join(os.path.basename(file) for file in saved)}.")
                    return now
                pause()
    except KeyboardInterrupt:
        return {}


def pause() -> None:
    """Until the next look."""
    time.sleep(PAUSE_SECONDS)
