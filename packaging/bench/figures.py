"""Figures of a comparison: medians of runs that took turns, so that a busy moment of the machine meets both."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Figure:
    """Ours beside the peer's, in the same ``unit``. The ratio of the two should not be above ``target`` (None: for the record)."""

    name: str
    ours: float
    peer_name: str
    peer: float
    unit: str
    target: float | None = None

    @property
    def ratio(self) -> float:
        """Ours in terms of the peer's."""
        return self.ours / self.peer if self.peer else float("inf")

    @property
    def met(self) -> bool:
        """Is it within its target?"""
        return self.target is None or self.ratio <= self.target

    def __str__(self) -> str:
        wanted = "" if self.target is None else f"   target {self.target:g}   {'met' if self.met else 'MISSED'}"
        beside = f"{self.ours:9.3f} {self.unit}   {self.peer_name} {self.peer:.3f} {self.unit}"
        return f"{self.name:<44} {beside:<52} ratio {self.ratio:7.3f}{wanted}"


def medians(rounds: int, *measured: Callable[[], float]) -> list[float]:
    """The median of each, measured in turns: A B C A B C."""
    taken = [[measure() for measure in measured] for _ in range(rounds)]
    return [median(row[column] for row in taken) for column in range(len(measured))]


def seconds_of(command: Sequence[str | Path], environment: Mapping[str, str], accepted: Sequence[int] = (0,)) -> float:
    """How long the whole process took."""
    return run(command, environment, accepted)[0]


def output_of(command: Sequence[str | Path], environment: Mapping[str, str], accepted: Sequence[int] = (0,)) -> str:
    """Its standard output."""
    return run(command, environment, accepted)[1]


def run(command: Sequence[str | Path], environment: Mapping[str, str], accepted: Sequence[int]) -> tuple[float, str]:
    """Seconds and standard output of a process. Exits with its error text when its status is not among ``accepted``."""
    words = [str(word) for word in command]
    began = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    took = time.perf_counter() - began
    if done.returncode not in accepted:
        sys.exit(f"This failed with status {done.returncode}: {' '.join(words)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return took, done.stdout


def seconds_until_painted(command: Sequence[str | Path], environment: Mapping[str, str]) -> float:
    """From the start of the process to its line that says that the window is painted; then it is ended."""
    words = [str(word) for word in command]
    began = time.perf_counter()
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        watch = threading.Timer(LIMIT_SECONDS, end_group, [process])
        watch.start()
        took = next((time.perf_counter() - began for line in process.stdout or () if says_painted(line)), None)
        watch.cancel()
        end_group(process)
    if took is None:
        sys.exit(f"It ended before it was painted: {' '.join(words)}")
    return took


def says_painted(line: str) -> bool:
    """Is this the event of the first paint?"""
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("event") == "painted"


def end_group(process: subprocess.Popen[str]) -> None:
    """End a window and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, AttributeError):
        process.kill()
