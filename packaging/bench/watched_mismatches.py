"""Models that do not fit: ``watched_mismatches.py ROUNDS MODEL ...`` prints what finding and trying everything takes, and what a run
on shapes alone takes of the one that fits. CPU time; ``first`` is the time until the first finding is told."""

import io
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
import broken_models

from torchloupe.wire.mismatches import MismatchSeen
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.wire.stream import Stream
from torchloupe.worker.cancel import Cancel
from torchloupe.worker.context import Context
from torchloupe.worker.handlers import forward, open_target


class Hearing(Context):
    """Notes when the first finding comes."""

    first: float | None = None

    def emit(self, message: Any, blobs: Any = ()) -> None:
        """Sent as ever."""
        if isinstance(message, MismatchSeen) and self.first is None:
            self.first = time.process_time()
        super().emit(message, blobs)


def opened(make: str) -> Hearing:
    """A model in a worker that is this process."""
    context = Hearing(1, Stream(io.BytesIO(), io.BytesIO()), Cancel(), {})
    open_target(context, OpenTarget(f"{broken_models.__file__}:{make}"))
    return context


def measured(context: Hearing, request: RunForward) -> tuple[float, float]:
    """Seconds of the whole, and until the first finding."""
    context.first, began = None, time.process_time()
    report = forward(context, request)
    ended = time.process_time()
    if context.first is not None and not all(fix.verified for problem in report.problems for fix in problem.fixes[:1]):
        sys.exit("a fix was not found")
    return ended - began, (context.first or ended) - began


def main() -> None:
    rounds, broken = int(sys.argv[1]), sys.argv[2:]
    torch.set_num_threads(1)
    contexts = {make: opened(make) for make in ("repaired", *broken)}
    asked = {make: RunForward(shapes_only=make == "repaired") for make in contexts}
    for make, context in contexts.items():
        measured(context, asked[make])
    taken: dict[str, list[tuple[float, float]]] = {make: [] for make in contexts}
    for _ in range(rounds):
        for make, context in contexts.items():
            taken[make].append(measured(context, asked[make]))
    whole = {make: median(each for each, _ in times) for make, times in taken.items()}
    first = {f"{make} first": median(each for _, each in times) for make, times in taken.items()}
    print(json.dumps({**whole, **first}))


if __name__ == "__main__":
    main()
