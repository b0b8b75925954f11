"""Seconds of looking at the registration of a model, and of what peers take for theirs: ``registration_peers.py FACTORY SHAPE``.

``build`` is the model constructed alone; ``registration`` the same watched, its instances walked and judged, less ``build``;
``closer_look`` the watched passes and the modes; ``torchinfo`` and ``torchlens`` (where it is installed) their own account of one pass.
"""

import contextlib
import importlib.util
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import torch

sys.path.insert(0, str(Path(__file__).parent))
import big_models

from torchloupe.wire.registration import InspectModel
from torchloupe.worker.registration.constructed import registration_of
from torchloupe.worker.registration.inspect_model import inspect_model
from torchloupe.worker.registration.watch_construction import ConstructionWatch
from torchloupe.worker.target import import_target

FILE = Path(big_models.__file__)
ROUNDS = 3


def seconds_of(work: Callable[[], object]) -> float:
    """How long it took once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(factory: str, shape: str) -> dict[str, float]:
    """Medians of rounds in which each takes its turn; a peer that takes long has one round."""
    target = import_target(f"{FILE}:{factory}")
    make = getattr(big_models, factory)
    context = SimpleNamespace(state={}, progress=lambda *_: None, cancel=SimpleNamespace(raise_if_requested=lambda: None))
    request = InspectModel((f"float32[{shape}]",), values=False)
    taken: dict[str, list[float]] = {"build": [], "registration": [], "closer_look": [], "with_values": []}

    def looked_at() -> None:
        with ConstructionWatch() as watch:
            model = make()
        registration_of(model, target, watch)

    for _ in range(ROUNDS):
        model = make()
        taken["build"].append(seconds_of(make))
        taken["registration"].append(seconds_of(looked_at) - taken["build"][-1])
        for name, asked in (("closer_look", request), ("with_values", replace(request, values=True))):
            taken[name].append(
                seconds_of(lambda model=model, asked=asked: inspect_model(target, model, asked, context, [str(FILE)]))
            )
    given = torch.rand(*(int(size) for size in shape.split(",")))
    return {**{name: max(median(values), 0.0) for name, values in taken.items()}, **peers(make(), given)}


def peers(model: torch.nn.Module, given: torch.Tensor) -> dict[str, float]:
    """One pass each."""
    import torchinfo

    found = {"torchinfo": seconds_of(lambda: torchinfo.summary(model, input_data=given, verbose=0))}
    if importlib.util.find_spec("torchlens"):
        import torchlens

        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found["torchlens"] = seconds_of(lambda: torchlens.trace(model, given))
    return found


if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:])))
