"""A training step, plain and watched in turns: ``watched_step.py TARGET ROUNDS``, or ``watched_step.py TARGET memory WAY``.

The watched one is the whole request: the model saved, trained, measured, judged, put back. Both make their optimizer anew. CPU time; where
memory that was given back is not used again, it is mostly the time in which the system finds fresh memory for either.
"""

import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
import trained_model

from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import RunStep
from torchloupe.wire.stream import Stream
from torchloupe.worker.cancel import Cancel
from torchloupe.worker.context import Context
from torchloupe.worker.handlers import open_target, training_step


def opened(make: str) -> tuple[Context, nn.Module]:
    """The model in a worker that is this process."""
    context = Context(1, Stream(io.BytesIO(), io.BytesIO()), Cancel(), {})
    open_target(context, OpenTarget(f"{trained_model.__file__}:{make}"))
    return context, context.state["open"].model


def plain(model: nn.Module) -> None:
    """What a training loop does."""
    optimizer = trained_model.make_optimizer(model.parameters())
    optimizer.zero_grad()
    trained_model.loss_fn(model(*trained_model.example_inputs())).backward()
    optimizer.step()
    optimizer.zero_grad()


def seconds(work: Callable[[], object]) -> float:
    """CPU time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    make, rounds, *way = sys.argv[1:]  # before a target is imported, which gets words of its own
    torch.set_num_threads(1)
    context, model = opened(make)
    ways = {"plain": lambda: plain(model), "watched": lambda: training_step(context, RunStep())}
    if rounds == "memory":
        ways[way[0]]()
        print(json.dumps({"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    for work in ways.values():
        work()
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(int(rounds)):
        for way, work in ways.items():
            taken[way].append(seconds(work))
    size = sum(each.numel() * each.element_size() for each in model.parameters()) / 1e6
    print(json.dumps({**{way: median(each) for way, each in taken.items()}, "megabytes": size}))


if __name__ == "__main__":
    main()
