"""Read many paths in one guarded process, and tell what came of each."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
APP = HERE.parents[2] / "app"
PATIENCE_SECONDS = 100


@dataclass(frozen=True)
class Outcome:
    """What came of one path: ``outcome`` is ``opened``, ``refused`` with ``sentence`` and ``hint``, or ``failed``, which is a fault.

    ``count`` is the number of tensors; ``tensors`` are the first of them as (container, key, shape, dtype, broken), ``values`` says
    of each ``read`` or why not. ``problems`` are (code, severity, message). ``alarms`` rang while it was read.
    """

    outcome: str
    sentence: str
    count: int
    problems: Sequence[tuple[str, str, str]]
    tensors: Sequence[tuple[str, str, Sequence[int], str, str]]
    seconds: float
    alarms: Sequence[str]
    hint: str = ""
    format: str = ""
    bytes_read: int = 0
    values: Sequence[str] = ()

    @property
    def messages(self) -> list[str]:
        """The sentences of the problems."""
        return [message for _, _, message in self.problems]

    @property
    def faults(self) -> list[str]:
        """What is wrong with the file itself: warnings and errors, without those about names that loading it would import."""
        return [message for code, severity, message in self.problems if severity != "info" and code not in _ABOUT_NAMES]


_ABOUT_NAMES = {"checkpoint-runs-code", "checkpoint-pickled-objects"}


def read_guarded(folder: Path, wanted: Sequence[tuple[Path, Path]]) -> list[Outcome]:
    """Read each (path, home) in a process of its own, which may open nothing but what is in that home. ``folder`` is empty."""
    listed = folder / "listed.json"
    listed.write_text(json.dumps([[str(path), os.path.realpath(home)] for path, home in wanted]))
    inside = folder / "works-here"
    inside.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", str(HERE / "guarded.py"), str(APP), str(listed)],
        cwd=inside,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"after {len(lines)} of {len(wanted)}: {done.stderr[-3000:]}"
    assert list(inside.iterdir()) == [], "a canary died: something was written"
    return [outcome_of(json.loads(line)) for line in lines]


def outcome_of(found: dict[str, Any]) -> Outcome:
    """The outcome that a line of the guarded process tells."""
    return Outcome(**found)
