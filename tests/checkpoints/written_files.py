"""What the tests of writing share: tensors of every kind, written and loaded again by torch and by safetensors."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.writing import write_checkpoint
from torchloupe.checkpoints.writing.checkpoint import Written
from torchloupe.wire.contents import CheckpointContents

State = Mapping[str, torch.Tensor]


def random_bits(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Every bit pattern that the type has, NaN among them."""
    item = torch.empty((), dtype=dtype).element_size()
    count = item
    for length in shape:
        count *= length
    return torch.randint(0, 2 if dtype is torch.bool else 256, (count,), dtype=torch.uint8).view(dtype).reshape(shape)


def raw(tensor: torch.Tensor) -> bytes:
    """The bytes of its elements in row-major order."""
    flat = tensor.detach().clone(memory_format=torch.contiguous_format).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def loaded(path: Path) -> dict[str, torch.Tensor]:
    """What the libraries themselves read of a file; the pickle of torch in its strictest way."""
    if path.suffix == ".safetensors":
        return dict(load_file(path))
    return dict(torch.load(path, weights_only=True))


def written(source: CheckpointContents | Path, goal: Path, rename: Callable[[str], str] = str, **options: Any) -> Written:
    """Write all tensors of a checkpoint."""
    contents = read_contents(source) if isinstance(source, Path) else source
    return write_checkpoint(contents, [(rename(tensor.key), tensor) for tensor in contents.tensors], goal, **options)


def check_same(found: State, expected: State) -> None:
    """The same keys in the same order, types, shapes, and every bit of every value."""
    assert sorted(found) == sorted(expected)
    for key, tensor in expected.items():
        assert (found[key].dtype, found[key].shape) == (tensor.dtype, tensor.shape), key
        assert raw(found[key]) == raw(tensor), key
