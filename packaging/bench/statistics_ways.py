"""Statistics of tensors each way, beside one read of them: ``statistics_ways.py [--quick]``, with a Python that has torch.

One thread and processor time, so that a busy machine does little harm; the ways take turns. Read the ratios.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from figures import medians

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "app"))

from torchloupe.worker.statistics import tensor_stats
from torchloupe.worker.statistics.native_way import LIBRARY, NativeWay
from torchloupe.worker.statistics.torch_way import TorchWay
from torchloupe.worker.statistics.ways import Way

FOUR_KIB = 1 << 10


def naive(tensor: torch.Tensor) -> object:
    """What people write: a reduction for each number, each waited for."""
    numbers = tensor.float()
    known = [numbers.mean(), numbers.std(), numbers.min(), numbers.max(), (numbers == 0).sum(), numbers.isnan().sum()]
    return [float(number) for number in [*known, numbers.isinf().sum()]], torch.histc(numbers, 64).tolist()


def seconds(work: Callable[[torch.Tensor], object], tensor: torch.Tensor, times: int) -> float:
    """Processor time of one call."""
    began = time.process_time()
    for _ in range(times):
        work(tensor)
    return (time.process_time() - began) / times


def works() -> dict[str, Callable[[torch.Tensor], object]]:
    """What is compared, by name."""
    ways: list[Way] = [*([NativeWay()] if LIBRARY.exists() else []), TorchWay()]
    ours = {way.name: partial(tensor_stats, way=way) for way in ways}
    return {"one read (sum)": torch.sum, **ours, "naive": naive}


def tensors(large: int) -> dict[str, torch.Tensor]:
    """Activations of several sizes and types, by name; the largest has ``large`` elements."""
    torch.manual_seed(0)
    numbers = torch.randn(large)
    middle = numbers[: large // 16]
    return {
        "4 KiB float32": numbers[:FOUR_KIB],
        f"{middle.nbytes >> 20} MiB float32": middle,
        f"{numbers.nbytes >> 20} MiB float32": numbers,
        f"{numbers.nbytes >> 20} MiB float32, half of it zero": numbers.relu(),
        f"{numbers.nbytes >> 21} MiB bfloat16": numbers.bfloat16(),
        f"{numbers.nbytes >> 21} MiB float16": numbers.half(),
        f"{numbers.nbytes >> 22} MiB int8": numbers.to(torch.int8),
        f"{numbers.nbytes >> 21} MiB float32, every other": numbers[::2],
    }


def main(quick: bool) -> None:
    """A line for each tensor: the read, then each way, in GB/s and in microseconds a call."""
    torch.set_num_threads(1)
    for name, tensor in tensors(1 << 18 if quick else 1 << 24).items():
        size = tensor.numel() * tensor.element_size()
        times = max((1 << 16 if quick else 1 << 23) // size, 1)
        named = works()
        took = medians(1 if quick else 7, *(partial(seconds, work, tensor, times) for work in named.values()))
        said = [f"{way} {size / each / 1e9:.2f} GB/s {each * 1e6:.1f} us" for way, each in zip(named, took, strict=True)]
        print(f"{name:<36} {'   '.join(said)}", flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
