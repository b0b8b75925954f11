"""Peers of the comparison of values: ``value_peers.py write A B MEGABYTES``, ``value_peers.py read A B``, ``value_peers.py torch A B``.

``read`` is what the machine can do: both files once, into memory that stays in the cache. ``torch`` is what a person writes.
Both print their seconds; the import is not counted.
"""

import json
import sys
import time

SIDE = 1024
BLOCK = 1 << 20


def write(paths: list[str], megabytes: int) -> None:
    """Two checkpoints of so many megabytes each; the second one moved a little."""
    import torch

    layers = {f"layers.{number}.weight": torch.randn(SIDE, SIDE) for number in range(max(1, megabytes // 4))}
    torch.save(layers, paths[0])
    for weight in layers.values():
        weight += 1e-3 * torch.randn(SIDE, SIDE)
    torch.save(layers, paths[1])


def read(paths: list[str]) -> float:
    """Seconds to read the files once."""
    memory = memoryview(bytearray(BLOCK))
    began = time.perf_counter()
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.readinto(memory):
                pass
    return time.perf_counter() - began


def compare(paths: list[str]) -> float:
    """Seconds to compare them tensor by tensor with torch."""
    import torch

    began = time.perf_counter()
    one, other = (torch.load(path, mmap=True, weights_only=True) for path in paths)
    for key, expected in one.items():
        found = other[key]
        delta = found - expected
        delta.abs().max().item()
        (delta.norm() / expected.norm()).item()
        torch.nn.functional.cosine_similarity(expected.flatten(), found.flatten(), 0).item()
        (delta != 0).float().mean().item()
        (found.isnan() | expected.isnan()).sum().item()
    return time.perf_counter() - began


if __name__ == "__main__":
    what, files = sys.argv[1], sys.argv[2:4]
    if what == "write":
        write(files, int(sys.argv[4]))
    else:
        print(json.dumps({"seconds": {"read": read, "torch": compare}[what](files)}))
