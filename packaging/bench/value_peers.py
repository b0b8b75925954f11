"""Peers of what is done with stored values: ``value_peers.py write A B MEGABYTES DTYPE``, then ``read``, ``torch`` or ``statistics A B``.

``read`` is what the machine can do: both files once, into memory that stays in the cache. ``torch`` and ``statistics`` are what a
person writes: both files compared, and one large tensor of A looked at. They print their seconds; the import is not counted.
"""

import json
import sys
import time

SIDE = 1024
BLOCK = 1 << 20
LARGE, LARGE_PART = "embedding.weight", 10


def write(paths: list[str], megabytes: int, dtype: str) -> None:
    """Two checkpoints of so many megabytes each, a tenth of it one tensor; the second one moved a little."""
    import torch

    kind = getattr(torch, dtype)
    blocks = max(2, megabytes * 1_000_000 // (SIDE * SIDE * kind.itemsize))
    large = max(1, blocks // LARGE_PART)
    layers = {f"layers.{number}.weight": torch.randn(SIDE, SIDE).to(kind) for number in range(blocks - large)}
    layers[LARGE] = torch.randn(large * SIDE, SIDE).to(kind)
    torch.save(layers, paths[0])
    for weight in layers.values():
        weight += 1e-3 * torch.randn(weight.shape)
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


def statistics(paths: list[str]) -> float:
    """Seconds to look at one large tensor with torch."""
    import torch

    began = time.perf_counter()
    weight = torch.load(paths[0], mmap=True, weights_only=True)[LARGE].float()
    low, high = weight.min().item(), weight.max().item()
    (weight.mean().item(), weight.std().item(), (weight == 0).sum().item())
    (weight.isnan().sum().item(), weight.isinf().sum().item())
    torch.histc(weight, 64, low, high).tolist()
    return time.perf_counter() - began


if __name__ == "__main__":
    what, files = sys.argv[1], sys.argv[2:4]
    if what == "write":
        write(files, int(sys.argv[4]), sys.argv[5])
    else:
        print(json.dumps({"seconds": {"read": read, "torch": compare, "statistics": statistics}[what](files)}))
