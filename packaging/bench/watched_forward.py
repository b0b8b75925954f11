"""A forward pass, plain and watched in turns, as ratios: ``watched_forward.py MODEL THREADS ROUNDS``.

``shapes`` and ``statistics`` are ours, everything told into a pipe that nobody reads slowly; ``read`` is the least that statistics of
every activation can cost: each read once. CPU time of the process, so that other work on the machine counts little.
"""

import gc
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from watched_models import MODELS

from torchloupe.wire.requests import CallsFinished
from torchloupe.wire.stream import EVENT, Stream
from torchloupe.worker.trace import ForwardTrace


class Nowhere(io.RawIOBase):
    """Takes what is written."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """CPU time and time on the clock."""
    began, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - began, time.perf_counter() - clock


def watched(model: nn.Module, inputs: torch.Tensor, statistics: bool) -> None:
    """One pass inside the trace, its calls encoded and written."""
    stream = Stream(io.BytesIO(), Nowhere())  # type: ignore[arg-type]
    with ForwardTrace(
        model, lambda calls: stream.send(EVENT, 1, CallsFinished(tuple(calls))), lambda: None, statistics=statistics
    ):
        model(inputs)


def read_once(model: nn.Module, inputs: torch.Tensor) -> None:
    """The output of every layer read, and nothing else."""

    def read(_module: nn.Module, _args: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            output.detach().sum()

    handles = [part.register_forward_hook(read) for part in model.modules() if not list(part.children())]
    model(inputs)
    for handle in handles:
        handle.remove()


def main() -> None:
    name, threads, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    make, give = MODELS[name]
    gc.freeze()  # as the worker does
    model, inputs = make(), give()
    ways: dict[str, Callable[[], None]] = {
        "plain": lambda: void(model(inputs)),
        "shapes": lambda: watched(model, inputs, False),
        "statistics": lambda: watched(model, inputs, True),
        "read": lambda: read_once(model, inputs),
    }
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for work in ways.values():
        work()
    for _ in range(rounds):
        for way, work in ways.items():
            taken[way].append(seconds(work))
    answer = {way: {"cpu": median(cpu for cpu, _ in each), "clock": median(clock for _, clock in each)} for way, each in taken.items()}
    print(json.dumps(answer))


def void(_value: object) -> None:
    """Drops it."""


if __name__ == "__main__":
    main()
