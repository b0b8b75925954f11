"""What watching a forward pass costs, as ratios to the plain one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from figures import Figure, output_of

HERE = Path(__file__).resolve().parent
MODELS = {
    "ResNet-50": (1.05, 1.20),
    "ResNet-50, 8 images": (1.05, 1.20),
    "ViT-B": (1.05, 1.07),
    "ViT-B, 8 images": (1.05, 1.07),
    "GPT-2 small": (1.05, 1.07),
    "GPT-2 small, 512 tokens": (1.05, 1.07),
    "U-Net": (1.05, 1.20),
    "12,000 modules": (1.5, 3.0),
    "12,000 tiny modules": (None, None),
}
"""The targets: shapes and times; exact statistics and histograms of everything. Layers that take less time than a note in Python have none:
for them the hook that does nothing but keep a shape stands beside ours."""
MOST_ON_GPU = 1.25
"""The target of statistics there, of a model of few modules."""
BROKEN = {"head": "a head", "shortcut": "a shortcut", "both": "both"}
"""What does not fit in the models of ``broken_models.py``."""
FEW = {"400 modules": (1.5, 3.0)}
TARGETED, PEERS = ("shapes", "statistics"), ("torchinfo", "TorchLens")
INSTALLED = "import sys; from importlib.util import find_spec; print(*(name for name in sys.argv[1:] if find_spec(name.lower())))"
BESIDE = {
    "shapes": {"hook": "a hook that keeps a shape"},
    "statistics": {"read": "each output read once", **{peer: peer for peer in PEERS}},
}
MOST_EXTRA_MEGABYTES = 50
MOST_FOR_A_STEP = 1.10
MOST_FOR_MISMATCHES = 3.0
FIRST_FINDING = 0.3
REUSED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""Memory that was given back is used again, and not asked of the system anew, which takes longer in one process than in another."""


class Watching:
    """Runs ``watched_forward.py`` for every model: each way in so many ``processes``, of so many ``rounds``, with so many ``threads``."""

    def __init__(
        self,
        python: str,
        environment: Mapping[str, str],
        rounds: int,
        models: Mapping[str, tuple[float | None, float | None]],
        processes: int = 3,
        threads: Sequence[int] = (1, 2),
    ) -> None:
        self._python = python
        self._environment = environment
        self._rounds = rounds
        self._models = models
        self._processes = processes
        self._threads = threads

    def figures(self) -> Iterator[Figure]:
        """Each model with one number of threads, then with the next; on the GPU, where there is one; what it takes of memory."""
        for threads in self._threads:
            label = f"{threads} thread{'s' if threads > 1 else ''}"
            for name, (shapes, statistics) in self._models.items():
                yield from self._times(name, str(threads), label, shapes, statistics, is_short=threads > 1)
        for name, (shapes, statistics) in self._models.items() if self._has_gpu else ():
            most = statistics and max(statistics, MOST_ON_GPU)
            yield from self._times(name, "cuda", "GPU", shapes, most, is_short=True)
        for name in self._models:
            plain, ours = (self._ran("watched_forward.py", name, "memory", way)["megabytes"] for way in ("plain", "statistics"))
            most = (plain + MOST_EXTRA_MEGABYTES) / plain
            yield Figure(f"{name}: memory with statistics", ours, "plain", plain, "MB", most)

    def step(self, name: str, make: str) -> Iterator[Figure]:
        """A watched training step beside a plain one; of memory one more copy of the weights."""
        said = self._ran("watched_step.py", make, str(self._rounds), more=REUSED)
        yield Figure(f"{name}: watched step", said["watched"], "plain step", said["plain"], "s", MOST_FOR_A_STEP)
        plain, ours = (self._ran("watched_step.py", make, "memory", way)["megabytes"] for way in ("plain", "watched"))
        most = (plain + said["megabytes"] + MOST_EXTRA_MEGABYTES) / plain
        yield Figure(f"{name}: memory of the step", ours, "plain", plain, "MB", most)

    def mismatches(self, *broken: str) -> Iterator[Figure]:
        """Everything found and tried in models that do not fit, beside a run on shapes alone of the one that fits."""
        said = self._ran("watched_mismatches.py", str(self._rounds), *broken)
        for make in broken:
            name = BROKEN[make]
            yield Figure(
                f"mismatches of {name}", said[make], "repaired, shapes alone", said["repaired"], "s", MOST_FOR_MISMATCHES
            )
            yield Figure(f"mismatches of {name}: first finding", said[f"{make} first"], "aim", FIRST_FINDING, "s", 1.0)

    def _times(
        self, name: str, where: str, label: str, shapes: float | None, statistics: float | None, is_short: bool
    ) -> Iterator[Figure]:
        """On the processor with ``where`` threads, or on the GPU. ``is_short``: without the peers."""
        label = f"{name}, {label}"
        ways = (*TARGETED, "read") if is_short else (*TARGETED, "hook", "read", *self._peers)
        measured = {way: self._said_often(name, where, str(self._rounds), way) for way in ways}
        for way, target in zip(TARGETED, (shapes, statistics), strict=True):
            ours, plain = measured[way][way], measured[way]["plain"]
            yield Figure(f"{label}: {way}", ours, "plain forward", plain, "s", target)
            for other, said in BESIDE[way].items():
                if other in measured.get(other, {}):  # its share of a plain pass of its own process
                    yield Figure(f"{label}: {way}", ours, said, plain * measured[other][other] / measured[other]["plain"], "s")

    @cached_property
    def _has_gpu(self) -> bool:
        return output_of([self._python, "-c", "import torch; print(torch.cuda.is_available())"], self._environment).split() == [
            "True"
        ]

    @cached_property
    def _peers(self) -> tuple[str, ...]:
        """Those that are installed."""
        return tuple(output_of([self._python, "-c", INSTALLED, *PEERS], self._environment).split())

    def _said_often(self, *words: str) -> dict[str, float]:
        """What the middle one of a few processes says: where in memory each has its things makes a difference of some hundredths."""
        *_, way = words
        said = [self._said(*words) for _ in range(1 if way in PEERS else self._processes)]
        return sorted(said, key=lambda each: each.get(way, 0.0) / each["plain"])[len(said) // 2]

    def _said(self, *words: str) -> dict[str, float]:
        return self._ran("watched_forward.py", *words, more=REUSED)

    def _ran(self, script: str, *words: str, more: Mapping[str, str] = MappingProxyType({})) -> dict[str, float]:
        command = [self._python, str(HERE / script), *words]
        answer: dict[str, float] = json.loads(output_of(command, {**self._environment, **more}).splitlines()[-1])
        return answer
