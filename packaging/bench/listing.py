"""How long it takes to list what is in large files, how much is read for it and how much memory it takes: whole processes.

``listing.py pt FILE GIGABYTES TENSORS`` writes a checkpoint whose values are a hole in the file; so does ``safetensors``.
"""

import json
import math
import os
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from figures import Figure, medians, output_of

TORCH_LOAD = "import sys, torch; torch.load(sys.argv[1], mmap=True, weights_only=True)"
SAFE_OPEN = (
    "import sys; from safetensors import safe_open\n"
    "with safe_open(sys.argv[1], 'pt') as file: print(*((k, file.get_slice(k).get_shape()) for k in file.keys()))"
)
READ = (
    "import sys, time; from pathlib import Path; from torchloupe.checkpoints import read_contents\n"
    "began = time.perf_counter(); read_contents(Path(sys.argv[1])); print(time.perf_counter() - began)"
)
TENTH, FOUR_TIMES, WITHIN = 0.1, 4.0, 1.0
MOST_MEGABYTES = 60.0
SHARDS, SHARD_TENSORS, SHARD_SHAPE = 191, 6, (16384, 16384)


@dataclass(frozen=True)
class Listing:
    """The comparisons of one run. ``gigabytes`` is the size of the large files, ``tensors`` the number in the crowded ones."""

    python: str
    environment: Mapping[str, str]
    folder: Path
    rounds: int
    gigabytes: int
    tensors: int

    def figures(self) -> Iterator[Figure]:
        """All of them, each as soon as it is known."""
        pickled, plain = self.folder / "large.pt", self.folder / "large.safetensors"
        self.write(pickled, self.gigabytes, 300)
        self.write(plain, self.gigabytes, 300)
        load = [self.python, "-c", TORCH_LOAD, str(pickled)]
        yield from self.large(pickled, load, "torch.load(mmap=True)", floor_of_zip(pickled))
        yield from self.large(plain, load, "torch.load(mmap=True) of .pt", floor_of_safetensors(plain))
        yield from self.beside(plain, [self.python, "-c", SAFE_OPEN, str(plain)], "safe_open")
        for name in ("crowded.pt", "crowded.safetensors"):
            self.write(self.folder / name, 1, self.tensors)
            yield self.read_within_a_second(f"list {self.tensors:,} tensors ({Path(name).suffix})", self.folder / name)
            yield self.within_a_second(f"... and print them all ({Path(name).suffix})", self.folder / name, None)
        yield self.within_a_second(f"show a folder of {SHARDS} shards", write_shards(self.folder / "shards"))

    def large(self, file: Path, peer: Sequence[str], peer_name: str, floor: int) -> Iterator[Figure]:
        """Time, memory and bytes for a large file."""
        yield from self.beside(file, peer, peer_name, TENTH)
        yield Figure(
            f"peak memory ({file.suffix})", megabytes_of(self.show(file), self.environment), "most", MOST_MEGABYTES, "MB", 1
        )
        read = json.loads(output_of([*self.show(file), "--json"], self.environment))["metadata"]["bytes_read"]
        yield Figure(f"read of it ({file.suffix})", read / 1e3, "least possible", floor / 1e3, "kB", FOUR_TIMES)

    def beside(self, file: Path, peer: Sequence[str], peer_name: str, target: float | None = None) -> Iterator[Figure]:
        """Our process beside another one, from start to end."""
        ours, theirs = self.seconds(self.show(file), peer)
        yield Figure(f"show {self.gigabytes} GB ({file.suffix})", ours, peer_name, theirs, "s", target)

    def read_within_a_second(self, name: str, path: Path) -> Figure:
        """What the window waits for, beside one second."""
        command = [self.python, "-c", READ, str(path)]
        (seconds,) = medians(self.rounds, lambda: float(output_of(command, self.environment)))
        return Figure(name, seconds, "limit", WITHIN, "s", 1)

    def within_a_second(self, name: str, path: Path, target: float | None = 1) -> Figure:
        """Our process beside one second."""
        return Figure(name, self.seconds(self.show(path))[0], "limit", WITHIN, "s", target)

    def show(self, path: Path) -> list[str]:
        """The words that list a checkpoint."""
        return [self.python, "-m", "torchloupe", "show", str(path)]

    def seconds(self, *commands: Sequence[str]) -> list[float]:
        """How long each process takes; the median."""
        return medians(self.rounds, *(partial(process_seconds, command, self.environment) for command in commands))

    def write(self, path: Path, gigabytes: int, tensors: int) -> None:
        """A checkpoint, written by a process that has torch."""
        words = [self.python, __file__, path.suffix[1:], str(path), str(gigabytes), str(tensors)]
        output_of(words, self.environment)


def process_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """From the start of the process to its end; what it says goes nowhere."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def megabytes_of(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """The most memory that the process had."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def floor_of_zip(path: Path) -> int:
    """The bytes that must be read of a torch file: the table with what follows it, one local header, the pickle."""
    with zipfile.ZipFile(path) as archive:
        pickle = next(member for member in archive.infolist() if member.filename.endswith("data.pkl"))
        return path.stat().st_size - archive.start_dir + 30 + len(pickle.filename) + pickle.file_size


def floor_of_safetensors(path: Path) -> int:
    """The length and the header."""
    with path.open("rb") as stream:
        return 8 + int.from_bytes(stream.read(8), "little")


def names_of(count: int) -> list[str]:
    """Keys as models have them."""
    return [f"model.layers.{number // 8}.mlp.{number % 8}.weight" for number in range(count)]


def write_pt(path: Path, gigabytes: int, tensors: int) -> None:
    """As torch writes it, without the values."""
    import torch

    elements = max(1, gigabytes * 10**9 // tensors // 4)
    with torch.serialization.skip_data():
        torch.save({name: torch.empty(elements) for name in names_of(tensors)}, path)


def write_safetensors(path: Path, gigabytes: int, tensors: int) -> None:
    """The header, then a hole."""
    write_header(path, dict.fromkeys(names_of(tensors), (max(1, gigabytes * 10**9 // tensors // 4),)))


def write_header(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """A safetensors file of float32 without its values."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    raw = json.dumps(header, separators=(",", ":")).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(raw)) + raw)
        stream.truncate(8 + len(raw) + end)


def write_shards(folder: Path) -> Path:
    """A folder like that of a model of 405 thousand million parameters."""
    folder.mkdir()
    homes = {}
    for shard in range(SHARDS):
        file = f"model-{shard + 1:05}-of-{SHARDS:05}.safetensors"
        shapes = {f"model.layers.{shard}.{number}.weight": SHARD_SHAPE for number in range(SHARD_TENSORS)}
        write_header(folder / file, shapes)
        homes.update(dict.fromkeys(shapes, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": homes}))
    return folder


WRITERS: dict[str, Callable[[Path, int, int], None]] = {"pt": write_pt, "safetensors": write_safetensors}

if __name__ == "__main__":
    WRITERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
