"""The last runs as a file, so that what ran before the last start can still be laid beside what runs now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.gui.run_history import KeptRun, RunHistory
from torchloupe.wire.codec import Rows, from_plain, to_plain
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.requests import CallsFinished, RunForward
from torchloupe.wire.traces import ForwardReport

FILE = "runs.json"
SCHEMA = 1
MOST_RUNS, MOST_CALLS = 5, 3000
"""More are not written: they are a few megabytes."""


def runs_text(runs: Sequence[KeptRun]) -> str:
    """The latest of them as JSON."""
    kept: list[dict[str, Any]] = []
    room = MOST_CALLS
    for run in reversed(runs):
        room -= len(run.calls)
        if room >= 0 and len(kept) < MOST_RUNS:
            kept.insert(0, _plain(run))
    return json.dumps({"schema": SCHEMA, "runs": kept}, default=lambda rows: {"$rows": rows.parts})


def _plain(run: KeptRun) -> dict[str, Any]:
    facts = {"number": run.number, "at": run.at, "target": run.target, "weights": run.weights}
    calls = to_plain(CallsFinished(run.calls))
    return {**facts, "request": to_plain(run.request), "report": to_plain(run.report), "calls": calls}


def runs_of_text(text: str) -> list[KeptRun]:
    """What ``runs_text`` wrote. Raises ``ValueError`` or an error of ours."""
    plain = json.loads(text, object_hook=lambda found: Rows(found["$rows"]) if found.keys() == {"$rows"} else found)
    if plain["schema"] != SCHEMA:
        return []
    return [
        KeptRun(
            each["number"],
            each["at"],
            each["target"],
            from_plain(RunForward, each["request"]),
            from_plain(ForwardReport, each["report"]),
            from_plain(CallsFinished, each["calls"]).calls,
            each["weights"],
            earlier=True,
        )
        for each in plain["runs"]
    ]


@dataclass(frozen=True)
class WriteRuns:
    """Job: keep them. A folder that cannot be written to costs only the file."""

    file: Path
    runs: tuple[KeptRun, ...]

    def __call__(self, progress: Progress) -> None:
        progress(0, 0, "keeping the last runs")
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.write_text(runs_text(self.runs), encoding="utf-8")
        new.replace(self.file)


@dataclass(frozen=True)
class ReadRuns:
    """Job: those of the last session; none where there is no such file. One that cannot be read is put aside."""

    file: Path

    def __call__(self, progress: Progress) -> list[KeptRun]:
        progress(0, 0, "reading the last runs")
        try:
            return runs_of_text(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, TorchloupeError) as error:
            aside = self.file.with_suffix(".broken")
            self.file.replace(aside)
            text = f"The runs of the last session cannot be read, and were put aside as {aside.name}."
            raise UsageError(text, "The runs of this session are kept as usual.") from error


class KeepingRuns(QObject):
    """Follows the history of one window: what it holds at the end is there at the next start, marked as earlier."""

    def __init__(self, history: RunHistory, jobs: Jobs, folder: Path) -> None:
        super().__init__(history)
        self._history, self._jobs, self._file = history, jobs, folder / FILE
        history.changed.connect(self._keep)

    def read(self) -> None:
        """Those of the last session join the history."""
        label = self.tr("reading the last runs")
        self._jobs.start(ReadRuns(self._file), self._history.take_earlier, tag="read runs", label=label)

    def _keep(self) -> None:
        own = tuple(run for run in self._history.runs if not run.earlier)
        if own:
            runs = tuple(replace(run, tree=None) for run in self._history.runs)
            label = self.tr("keeping the last runs")
            self._jobs.start(WriteRuns(self._file, runs), failed=lambda _failed: None, tag="keep runs", label=label)
