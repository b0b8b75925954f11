"""A forward pass, plain and watched in turns: ``watched_forward.py MODEL THREADS ROUNDS WAY``, or ``watched_forward.py MODEL memory WAY``.
With ``cuda`` in place of a number of threads it is done on the GPU.

``shapes`` and ``statistics`` are ours, everything told into a pipe that somebody empties at once; ``read`` is the least that statistics of
every activation can cost: each read once; ``hook`` keeps a shape. torchinfo and TorchLens stand beside them where they are installed. One
way with the plain pass to a process: what a way leaves behind in Python's specialised code would be paid for by the others. CPU time of
the process (with a GPU, the time until that has done everything), and the median of what each pass took beside the plain one next to it, so
that other work on the machine counts little.
"""

import gc
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from watched_models import MODELS

from torchloupe.wire.requests import CallsFinished, CallsMeasured
from torchloupe.wire.stream import EVENT, Stream
from torchloupe.wire.traces import LayerCall
from torchloupe.worker.device_clock import clock_of
from torchloupe.worker.trace import ForwardTrace

ON_GPU = "cuda"

PEERS = ("torchinfo", "TorchLens")
"""They take seconds: once is enough."""
MOST_FOR_TORCHLENS = 1000
"""Modules; of more it takes minutes."""


class Nowhere(io.BytesIO):
    """Takes what is written, and keeps nothing."""

    def write(self, data: Any, /) -> int:
        return len(data)


def watched(model: nn.Module, inputs: torch.Tensor, statistics: bool) -> None:
    """One pass inside the trace, its calls encoded and written."""
    stream = Stream(io.BytesIO(), Nowhere())

    def tell(calls: Sequence[LayerCall]) -> None:
        stream.send(EVENT, 1, CallsFinished(tuple(calls)))

    trace = ForwardTrace(model, tell, lambda: None, statistics=statistics, clock=clock_of(model))
    with trace:
        model(inputs)
    stream.send(EVENT, 1, CallsMeasured(tuple(trace.late_calls())))


def read_once(model: nn.Module, inputs: torch.Tensor) -> None:
    """The output of every layer read, and nothing else."""

    def read(_module: nn.Module, _args: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            output.detach().sum()

    handles = [part.register_forward_hook(read) for part in model.modules() if not list(part.children())]
    model(inputs)
    for handle in handles:
        handle.remove()


def keep_shapes(model: nn.Module, inputs: torch.Tensor) -> None:
    """The least that hooks on every module can do: keep the shape of what comes out."""
    shapes: list[tuple[int, ...]] = []

    def keep(_module: nn.Module, _args: object, output: object) -> None:
        if isinstance(output, torch.Tensor):
            shapes.append(tuple(output.shape))

    handles = [part.register_forward_hook(keep) for part in model.modules()]
    model(inputs)
    for handle in handles:
        handle.remove()


def peers(model: nn.Module, inputs: torch.Tensor) -> dict[str, Callable[[], object]]:
    """Other tools that go through a pass, those that are installed."""
    found: dict[str, Callable[[], object]] = {}
    try:
        import torchinfo

        found["torchinfo"] = lambda: torchinfo.summary(model, input_data=inputs, verbose=0)
    except ImportError:
        pass
    try:
        import torchlens

        if sum(1 for _ in model.modules()) <= MOST_FOR_TORCHLENS:
            found["TorchLens"] = lambda: torchlens.trace(model, inputs)
    except ImportError:
        pass
    return found


def ways(model: nn.Module, inputs: torch.Tensor) -> dict[str, Callable[[], object]]:
    """What can be measured."""
    return {
        "plain": lambda: model(inputs),
        "shapes": lambda: watched(model, inputs, False),
        "statistics": lambda: watched(model, inputs, True),
        "read": lambda: read_once(model, inputs),
        "hook": lambda: keep_shapes(model, inputs),
        **peers(model, inputs),
    }


def seconds(work: Callable[[], object]) -> float:
    """CPU time, with that of looking through the objects it made for garbage: else whoever comes next would pay for it."""
    clock = time.perf_counter if torch.cuda.is_initialized() else time.process_time
    gc.collect(1)
    began = clock()
    work()
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    gc.collect(1)
    return clock() - began


def main() -> None:
    name, threads, *rounds, way = sys.argv[1:]
    torch.set_num_threads(int(threads) if threads.isdigit() else 1)
    make, give = MODELS[name]
    gc.freeze()  # as the worker does
    model, inputs = make(), give()
    if threads == ON_GPU:
        model, inputs = model.to(ON_GPU), inputs.to(ON_GPU)
    known = ways(model, inputs)
    if threads == "memory":
        known[way]()
        print(json.dumps({"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    measured = {each: known[each] for each in ("plain", way) if each in known}
    taken: dict[str, list[float]] = {each: [] for each in measured}
    for work in measured.values():
        work()
    for number in range(1 if way in PEERS else int(rounds[0])):
        for each in sorted(measured, reverse=bool(number % 2)):  # none always comes after the other
            taken[each].append(seconds(measured[each]))
    plain = median(taken["plain"])
    shares = {each: median(map(truediv, times, taken["plain"])) for each, times in taken.items()}
    print(json.dumps({each: plain * share for each, share in shares.items()}))


if __name__ == "__main__":
    main()
