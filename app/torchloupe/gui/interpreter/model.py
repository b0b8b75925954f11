"""Which Pythons there are on this machine, and which of them have torch - found out without importing torch."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torchloupe.gui.jobs import Progress
from torchloupe.gui.text_table import Row
from torchloupe.session.interpreters import default_interpreter, resolve_interpreter
from torchloupe.wire.errors import UsageError

PROBE_SECONDS = 15
PROBE = (
    "import sys\n"
    "try:\n from importlib.metadata import version; torch = version('torch')\n"
    "except Exception: torch = ''\n"
    "print('torchloupe-probe', sys.version.split()[0], torch)"
)


@dataclass(frozen=True)
class Found:
    """An interpreter: its path, where it was found, and after the probe its Python and torch or why it cannot be used."""

    path: str
    origin: str
    python: str = ""
    torch: str = ""
    trouble: str = "asking ..."


def candidates(current: str, near: Path | None, environment: Mapping[str, str] = os.environ) -> list[Found]:
    """Interpreters worth a look, each once: the current one, those around the model's file, the shell's, the app's own."""
    found: dict[str, Found] = {}
    for value, origin in _places(current, near, environment):
        try:
            path = resolve_interpreter(value)
        except UsageError:
            continue
        found.setdefault(path, Found(path, origin))
    return list(found.values())


def _places(current: str, near: Path | None, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield current, "in use"
    for folder in (near, *near.parents) if near else ():
        for name in (".venv", "venv", "env"):
            if (folder / name / "pyvenv.cfg").is_file():
                yield str(folder / name), f"beside {folder.name or folder}"
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environment.get(variable):
            yield environment[variable], variable
    with contextlib.suppress(UsageError):
        yield default_interpreter(), "runs Torchloupe"
    yield "python3", "on the PATH"


@dataclass(frozen=True)
class ProbeInterpreters:
    """Job: ask every interpreter for its version and its torch."""

    found: tuple[Found, ...]

    def __call__(self, progress: Progress) -> list[Found]:
        answers = []
        for number, entry in enumerate(self.found):
            progress(number, len(self.found), "asking interpreters")
            answers.append(_probe(entry))
        return answers


def _probe(entry: Found) -> Found:
    try:
        done = subprocess.run(
            [entry.path, "-c", PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Found(entry.path, entry.origin, trouble=f"does not start: {type(error).__name__}")
    words = next((line.split() for line in done.stdout.splitlines() if line.startswith("torchloupe-probe")), [])
    if len(words) < 2:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return Found(entry.path, entry.origin, trouble=f"does not answer: {last}")
    torch = words[2] if len(words) > 2 else ""
    return Found(entry.path, entry.origin, words[1], torch, "" if torch else "has no torch")


def interpreter_rows(found: list[Found]) -> list[Row]:
    """One row for each; the key is its path. Those without torch are listed with the reason."""
    return [
        Row(
            cells=(entry.path, entry.python, entry.torch or entry.trouble, entry.origin),
            key=entry.path,
            roles=(None if entry.torch else "muted", "muted", None if entry.torch else "warning", "muted"),
        )
        for entry in found
    ]
