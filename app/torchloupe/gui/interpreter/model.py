"""The interpreters of this machine and the worker that runs in one of them, as texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torchloupe.analysis.package_names import package_of, wanted_text
from torchloupe.analysis.wording import counted
from torchloupe.gui.jobs import Reporter
from torchloupe.gui.log_book import BookLine
from torchloupe.gui.text_table import Row
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.gui.worker_state import seconds_text
from torchloupe.session.discovery import Interpreter, find_interpreters, probe_devices, probe_interpreters
from torchloupe.session.wanted_python import best_first, has, modules_of

LAST_LINES = 20
ASKING = "asking …"
"""The trouble of an interpreter that has not answered yet."""


@dataclass(frozen=True)
class FindInterpreters:
    """Job: look for interpreters and ask each. What was found is told at once, then every one that has answered."""

    current: str
    near: Path | None
    wanted: str = ""

    def __call__(self, progress: Reporter) -> list[Interpreter]:
        progress(0, 0, "looking for interpreters")
        found = find_interpreters(self.near, self.current)
        for one in found:
            progress.tell(replace(one, trouble=ASKING))
        return probe_interpreters(found, progress.tell, modules=modules_of(self.wanted))


@dataclass(frozen=True)
class AskForDevices:
    """Job: import the torch of each interpreter and see what it can run on."""

    found: tuple[Interpreter, ...]

    def __call__(self, progress: Reporter) -> None:
        for number, one in enumerate(self.found):
            progress(number, len(self.found), f"importing torch in {one.path}")
            progress.tell(probe_devices(one))


def interpreter_rows(found: Iterable[Interpreter], wanted: str = "") -> list[Row]:
    """One row for each; the key is its path. Those that cannot be used are listed with the reason, those that have what is
    ``wanted`` come first, and a last column says so."""
    return [_row(one, wanted) for one in best_first(list(found), wanted)] if wanted else [_row(one) for one in found]


def _row(one: Interpreter, wanted: str = "") -> Row:
    good = bool(one.torch) and not one.trouble
    devices = ", ".join(one.devices) or one.build
    row = Row(
        cells=(one.path, one.python, one.trouble or one.torch, devices, one.origin),
        key=one.path,
        roles=(None if good else "muted", "muted", None if good else "warning", "muted", "muted"),
        tips=(one.path, "", one.trouble or one.torch, devices, one.prefix),
    )
    if not wanted:
        return row
    mark = "✓" if has(one, wanted) else "" if not one.python else "–"
    role = "matched" if has(one, wanted) else "muted"
    return replace(row, cells=(*row.cells, mark), roles=(*row.roles, role), tips=(*row.tips, ""))


def holder(found: Iterable[Interpreter], wanted: str) -> str:
    """The first that has what is wanted, and torch; empty when there is none."""
    fitting = (one for one in best_first(list(found), wanted) if has(one, wanted) and one.torch and not one.trouble)
    return next((one.path for one in fitting), "")


def search_text(found: Iterable[Interpreter], wanted: str, current: str) -> str:
    """What came of looking for it, in a sentence; with the way out when nobody has it."""
    holders, what = [one for one in found if has(one, wanted)], wanted_text(wanted)
    if holders:
        usable = sum(bool(one.torch) and not one.trouble for one in holders)
        some = f"{counted(usable, 'interpreter')} {'has' if usable == 1 else 'have'} {what} and torch."
        return some if usable else f"Only interpreters without torch have {what}."
    install = f" To install it in the one in use: {current} -m pip install {package_of(wanted)}" if modules_of(wanted) else ""
    return f"None of these has {what}.{install}"


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
