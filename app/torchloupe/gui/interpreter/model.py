"""The interpreters of this machine and the worker that runs in one of them, as texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torchloupe.gui.jobs import Reporter
from torchloupe.gui.log_book import BookLine
from torchloupe.gui.text_table import Row
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.gui.worker_state import seconds_text
from torchloupe.session.discovery import Interpreter, find_interpreters, probe_devices, probe_interpreters

LAST_LINES = 20


@dataclass(frozen=True)
class FindInterpreters:
    """Job: look for interpreters and ask each. What was found is told at once, then every one that has answered."""

    current: str
    near: Path | None

    def __call__(self, progress: Reporter) -> list[Interpreter]:
        progress(0, 0, "looking for interpreters")
        found = find_interpreters(self.near, self.current)
        for one in found:
            progress.tell(replace(one, trouble="asking …"))
        return probe_interpreters(found, progress.tell)


@dataclass(frozen=True)
class AskForDevices:
    """Job: import the torch of each interpreter and see what it can run on."""

    found: tuple[Interpreter, ...]

    def __call__(self, progress: Reporter) -> None:
        for number, one in enumerate(self.found):
            progress(number, len(self.found), f"importing torch in {one.path}")
            progress.tell(probe_devices(one))


def interpreter_rows(found: Iterable[Interpreter]) -> list[Row]:
    """One row for each; the key is its path. Those that cannot be used are listed with the reason."""
    return [_row(one) for one in found]


def _row(one: Interpreter) -> Row:
    good = bool(one.torch) and not one.trouble
    devices = ", ".join(one.devices) or one.build
    return Row(
        cells=(one.path, one.python, one.trouble or one.torch, devices, one.origin),
        key=one.path,
        roles=(None if good else "muted", "muted", None if good else "warning", "muted", "muted"),
        tips=(one.path, "", one.trouble or one.torch, devices, one.prefix),
    )


def worker_facts(worker: WorkerLink) -> dict[str, str]:
    """What can be said of the worker now, by title, in the order in which it is shown."""
    facts = {"Interpreter": worker.interpreter}
    hello = worker.hello
    if hello is not None:
        facts["Python"] = hello.python
        facts["torch"] = hello.torch or hello.torch_error
        facts["Devices"] = ", ".join(hello.devices) or "none"
        facts["Process"] = f"{hello.pid}, up {seconds_text(worker.up_seconds)}"
    if worker.state == "busy":
        facts["Doing"] = f"{worker.jobs.label}, {seconds_text(worker.busy_seconds)}"
    return facts


def last_lines(lines: Iterable[BookLine]) -> Sequence[str]:
    """The end of the log."""
    return [f"{line.time}  {line.text}" for line in list(lines)[-LAST_LINES:]]
