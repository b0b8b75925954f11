"""Our times beside those of peers, in one run: ``compare.py PYTHON [--quick]``. PYTHON is that of the virtual environment.

Absolute times belong to this machine and this moment; read the ratios.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from figures import Figure, medians, output_of, seconds_of, seconds_until_painted
from listing import Listing
from value_peers import LARGE, LARGE_PART
from watching import BROKEN, FEW, MODELS, Watching

HERE = Path(__file__).resolve().parent
OTHER_PYTHON = "TORCHLOUPE_BENCH_PYTHON"
"""The variable that names an interpreter with transformers; without it a model of our own with the same shapes is measured."""
LOAD = "import sys, torch; torch.load(sys.argv[1], mmap=True, weights_only=True)"


@dataclass(frozen=True)
class Size:
    """How large and how often."""

    rounds: int
    megabytes: int
    images: str
    modules: str
    llama: str
    values_megabytes: dict[str, int]
    listed_gigabytes: int
    listed_tensors: int
    keys: int
    trees: dict[int, tuple[float, float, float, float]]
    """Of so many modules, and how many milliseconds it may take to open, to expand, to filter by a key, and to scroll by a frame."""


AIMS = {100_000: (50.0, 50.0, 20.0, 16.0), 1_000_000: (50.0, 50.0, 40.0, 16.0)}
FULL = Size(5, 300, "4,3,224,224", "many_modules", "llama", {"float32": 2000, "bfloat16": 500}, 4, 100_000, 20_000, AIMS)
QUICK = Size(1, 4, "1,3,64,64", "some_modules", "short_llama", {"float32": 4}, 1, 2_000, 2_000, {2_000: AIMS[100_000]})


@dataclass(frozen=True)
class Bench:
    """One run of all comparisons."""

    python: str
    size: Size
    environment: Mapping[str, str]
    folder: Path

    @property
    def torchloupe(self) -> list[str]:
        """The words that start the app."""
        return [self.python, "-m", "torchloupe"]

    def figures(self) -> Iterator[Figure]:
        """All of them, each as soon as it is known."""
        yield self.window("offscreen", self.environment)
        with display(self.environment) as environment:
            if environment:
                yield self.window("xcb", environment)
        yield from self.window_speed()
        yield from self.checkpoint()
        folder, size = self.folder, self.size
        yield from Listing(
            self.python, self.environment, folder, size.rounds, size.listed_gigabytes, size.listed_tensors
        ).figures()
        yield from self.values()
        small = Watching(self.python, self.environment, size.rounds, FEW, processes=1, threads=(1,))
        watching = Watching(self.python, self.environment, size.rounds, MODELS) if size is FULL else small
        yield from watching.figures()
        yield from watching.step("GPT-2 small" if size is FULL else "a small GPT", "make_gpt2" if size is FULL else "make_small")
        yield from watching.mismatches(*BROKEN if size is FULL else ("head",))
        yield from self.forward("ResNet-50", "resnet50", self.size.images)
        yield self.tree_on_screen()
        yield from self.registration()
        yield from self.without_data()
        yield from self.forward(self.size.modules.replace("_", " "), self.size.modules, "16,8")
        yield from self.saved("the example", HERE.parents[1] / "resources" / "example" / "classifier.py")
        if self.size is FULL:
            yield from self.saved("a model of 12 MB", HERE / "saved_small.py")

    def window(self, platform: str, environment: Mapping[str, str]) -> Figure:
        """Start of the process to the first paint, beside a window with nothing in it."""
        shown = {**environment, "QT_QPA_PLATFORM": platform, "TORCHLOUPE_TRACE_EVENTS": "1"}
        ours, peer = medians(
            self.size.rounds,
            partial(seconds_until_painted, self.torchloupe, shown),
            partial(seconds_until_painted, [self.python, str(HERE / "empty_window.py")], shown),
        )
        return Figure(f"window painted ({platform})", ours, "empty PySide6 window", peer, "s", 3.5)

    def window_speed(self) -> Iterator[Figure]:
        """How long the window's own thread is busy, beside what the eye forgives; and what it takes of memory."""
        script = [self.python, str(HERE / "window_speed.py")]
        for count, aims in self.size.trees.items():
            said = json.loads(output_of([*script, str(count), str(self.size.keys)], self.environment))
            for name, aim in zip(("opened", "expanded", "key", "frame"), aims, strict=True):
                yield Figure(f"tree of {count:,}: {name}", said["tree"][name], "aim", aim, "ms", 1.0)
        for name, aim in (("opened", 50.0), ("key", 20.0), ("frame", 16.0)):
            yield Figure(f"diff of {self.size.keys:,} keys: {name}", said["diff"][name], "aim", aim, "ms", 1.0)
        for name, aim in (("histogram", 16.0), ("10,000 bars", 33.0)):
            yield Figure(f"{name} drawn anew", said["plots"][name], "aim", aim, "ms", 1.0)
        megabytes = json.loads(output_of([*script, "memory"], self.environment))["megabytes"]
        yield Figure("window with a run of 12,000 modules", megabytes, "aim", 200.0, "MB", 1.0)

    def checkpoint(self) -> Iterator[Figure]:
        """What is in a checkpoint, beside ``torch.load`` with ``mmap``: whole processes; and how much of the file was read."""
        file = self.folder / "generated.pt"
        output_of([self.python, str(HERE / "write_checkpoint.py"), str(file), str(self.size.megabytes)], self.environment)
        show = [*self.torchloupe, "show", str(file), "--json"]
        ours, peer = medians(
            self.size.rounds,
            partial(seconds_of, show, self.environment),
            partial(seconds_of, [self.python, "-c", LOAD, str(file)], self.environment),
        )
        megabytes = file.stat().st_size / 1e6
        yield Figure(f"show a checkpoint of {megabytes:.0f} MB", ours, "torch.load(mmap=True)", peer, "s", 0.2)
        metadata = json.loads(output_of(show, self.environment))["metadata"]
        yield Figure("read of it", metadata["bytes_read"] / 1e6, "file", metadata["file_bytes"] / 1e6, "MB", 0.01)

    def values(self) -> Iterator[Figure]:
        """Two checkpoints compared value by value, beside reading both once and beside torch, tensor by tensor. All in page cache."""
        files = [str(self.folder / name) for name in ("epoch3.pt", "epoch4.pt")]
        script = [self.python, str(HERE / "value_peers.py")]
        diff = [*self.torchloupe, "diff", *files, "--values", "--json"]
        show = [*self.torchloupe, "show", files[0], "--tensor", LARGE, "--json"]
        for dtype, megabytes in self.size.values_megabytes.items():
            slowest = 3.0 if dtype == "float32" else None
            output_of([*script, "write", *files, str(megabytes), dtype], self.environment)
            ours, read, naive, shown, looked = medians(
                self.size.rounds,
                partial(self.values_seconds, diff),
                partial(self.said_seconds, [*script, "read", *files]),
                partial(self.said_seconds, [*script, "torch", *files]),
                partial(self.values_seconds, show),
                partial(self.said_seconds, [*script, "statistics", *files]),
            )
            name = f"values of two checkpoints of {megabytes} MB, {dtype}"
            yield Figure(name, ours, "reading both once", read, "s", slowest)
            yield Figure(name, ours, "torch, tensor by tensor", naive, "s", 0.125)
            yield Figure(f"statistics of a tensor of {megabytes // LARGE_PART} MB, {dtype}", shown, "torch", looked, "s", 1.0)
        for file in files:
            os.unlink(file)

    def forward(self, name: str, factory: str, shape: str) -> Iterator[Figure]:
        """A first forward pass: ours from question to answer (state kept and compared, statistics, pipe), the bare pass, torchinfo."""
        plain = [self.python, str(HERE / "plain_forward.py"), factory, shape]
        run = [*self.torchloupe, "run", f"{HERE / 'big_models.py'}:{factory}", "--input", f"float32[{shape}]", "--json"]
        ours, bare, torchinfo = medians(
            self.size.rounds,
            partial(self.traced_seconds, run),
            partial(self.said_seconds, [*plain, "plain"]),
            partial(self.said_seconds, [*plain, "torchinfo"]),
        )
        yield Figure(f"forward of {name}, traced", ours, "plain forward", bare, "s")
        yield Figure(f"forward of {name}, traced", ours, "torchinfo.summary", torchinfo, "s")

    def tree_on_screen(self) -> Figure:
        """A model of thousands of modules asked for until its tree is painted, beside building it."""
        script, factory = [self.python, str(HERE / "huge_models.py")], self.size.modules
        ours, peer = medians(
            self.size.rounds,
            partial(self.said_seconds, [*script, "window", factory]),
            partial(self.said_seconds, [*script, "plain", factory]),
        )
        return Figure(f"{factory.replace('_', ' ')} on screen", ours, "building them alone", peer, "s", 1.3)

    def registration(self) -> Iterator[Figure]:
        """Thousands of modules looked at for what is not registered, beside constructing them and beside peers that don't look."""
        user = self.environment.get(OTHER_PYTHON, self.python)
        said = self.said([user, str(HERE / "registration_peers.py"), self.size.modules, "16,8"])
        name = f"registration of {self.size.modules.replace('_', ' ')}"
        yield Figure(name, said["registration"], "constructing them", said["build"], "s", 2.0)
        yield Figure(f"{name}: closer look", said["closer_look"], "constructing them", said["build"], "s", 2.0)
        yield Figure(f"{name}: with the values", said["with_values"], "constructing them", said["build"], "s")
        for peer in ("torchinfo", "torchlens"):
            if peer in said:
                yield Figure(f"{name}: closer look", said["closer_look"], f"{peer}, one pass", said[peer], "s")

    def without_data(self) -> Iterator[Figure]:
        """The largest Llama constructed, listed and run on the meta device, beside torch alone; and the memory of it."""
        user = self.environment.get(OTHER_PYTHON, self.python)
        script = str(HERE / "huge_models.py")
        ours: list[dict[str, float]] = []
        plain: list[dict[str, float]] = []
        for _ in range(self.size.rounds):
            ours.append(self.said([self.python, script, "shapes", self.size.llama, user]))
            plain.append(self.said([user, script, "plain", self.size.llama]))
        seconds, bare = (median(each["seconds"] for each in said) for said in (ours, plain))
        yield Figure(f"{self.size.llama.replace('_', ' ')} of 405 billion, shapes alone", seconds, "torch alone", bare, "s", 1.5)
        megabytes, least = (median(each["megabytes"] for each in said) for said in (ours, plain))
        yield Figure("memory of it", megabytes, "torch alone", least, "MB", (least + 60) / least)

    def saved(self, name: str, file: Path) -> Iterator[Figure]:
        """From saving a model's file to its new result in the window: what is on top of the model's own time, and beside a process
        that imports torch, constructs and runs it."""
        script = [self.python, str(HERE / "saved_model.py"), str(file)]
        ours = self.said_seconds([*script, "window", str(self.size.rounds)])
        own, process = medians(
            self.size.rounds,
            partial(self.said_seconds, [*script, "plain"]),
            partial(seconds_of, [*script, "plain"], self.environment),
        )
        yield Figure(f"saved {name}: beyond its own time", max(ours - own, 0.0), "aim", 0.3, "s", 1.0)
        yield Figure(f"saved {name}: new result", ours, "python: import, construct, forward", process, "s")

    def traced_seconds(self, command: list[str]) -> float:
        """What ``torchloupe run`` says of the whole request."""
        return float(json.loads(output_of(command, self.environment))["seconds"]["forward"])

    def values_seconds(self, command: list[str]) -> float:
        """What ``torchloupe`` says of its work on stored values."""
        return float(json.loads(output_of(command, self.environment))["seconds"]["values"])

    def said_seconds(self, command: list[str]) -> float:
        """What the script itself measured."""
        return self.said(command)["seconds"]

    def said(self, command: list[str]) -> dict[str, float]:
        """All that the script measured."""
        return {name: float(value) for name, value in json.loads(output_of(command, self.environment)).items()}


@contextmanager
def display(environment: Mapping[str, str]) -> Iterator[Mapping[str, str] | None]:
    """An environment with an X display: a virtual one when Xvfb is there, else the person's own, else None."""
    xvfb = shutil.which("Xvfb")
    if not xvfb:
        yield environment if environment.get("DISPLAY") else None
        return
    read_end, write_end = os.pipe()
    command = [xvfb, "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(write_end,), stderr=subprocess.DEVNULL) as server:
        os.close(write_end)
        with os.fdopen(read_end) as said:
            number = said.readline().strip()
        yield {**environment, "DISPLAY": f":{number}"} if number else None
        server.terminate()


def clean_environment(folder: Path) -> dict[str, str]:
    """The app of this tree, one thread, and settings of nobody."""
    places = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    app = str(HERE.parents[1] / "app")
    return {**os.environ, **places, "PYTHONPATH": app, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}


def main(python: str, size: Size, say: Callable[[str], None]) -> int:
    """Say each figure as a line; 1 when a target is missed."""
    with tempfile.TemporaryDirectory(prefix="torchloupe-bench-") as name:
        folder = Path(name)
        missed = 0
        for figure in Bench(python, size, clean_environment(folder), folder).figures():
            say(str(figure))
            missed += not figure.met
    say("All targets met." if not missed else f"Targets missed: {missed}.")
    return 1 if missed and size is FULL else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], QUICK if "--quick" in sys.argv[2:] else FULL, partial(print, flush=True)))
