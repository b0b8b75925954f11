"""A few values as they are stored, and a whole tensor as an .npy file."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from checkpoints.saved_state import saved
from torchloupe.analysis.tensor_slices import sliced
from torchloupe.checkpoints.values import open_values
from torchloupe.numbers import npy_file
from torchloupe.numbers.npy_file import save_npy
from torchloupe.numbers.slices import slice_of
from torchloupe.wire.errors import CheckpointError, TorchloupeError, UsageError

INDEXES = ["", "0", "-1", "1:3", "0, 1:3", "..., 0", ":, ::2, 1", "1, ..., 2", "5:2"]


@pytest.mark.parametrize("index", INDEXES)
def test_that_a_slice_holds_what_indexing_gives(tmp_path: Path, index: str) -> None:
    tensor = torch.randn(4, 5, 6)
    contents = saved(tmp_path / "a.pt", {"a": tensor.permute(2, 0, 1).contiguous().permute(1, 2, 0)})
    expected = eval(f"tensor[{index or '...'}]", {"tensor": tensor})
    with open_values(contents) as values:
        found = slice_of(values, sliced(contents.tensors[0], index), index)
    assert (found.index, found.shape) == (index, tuple(expected.shape))
    assert list(found.values) == expected.flatten().tolist()


def test_that_values_are_of_their_own_kind(tmp_path: Path) -> None:
    state = {
        "whole": torch.tensor([(1 << 62) + 1]),
        "truth": torch.tensor([True, False]),
        "half": torch.tensor([0.1], dtype=torch.bfloat16),
        "complex": torch.tensor([1.5 - 2j]),
    }
    contents = saved(tmp_path / "a.pt", state)
    with open_values(contents) as values:
        found = {row.key: slice_of(values, row, "").values for row in contents.tensors}
    assert found == {
        "whole": ((1 << 62) + 1,),
        "truth": (True, False),
        "half": (state["half"].float().item(),),
        "complex": ("1.5-2j",),
    }


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.int64, torch.uint16, torch.bool, torch.complex64]
)
def test_that_an_npy_file_is_the_tensor_bit_for_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = (torch.randn(70, 3) * 10).to(dtype)
    contents = saved(tmp_path / "a.pt", {"a": tensor.t()})
    with open_values(contents) as values:
        name = save_npy(values, contents.tensors[0], tmp_path / "a.npy")
    found = numpy.load(tmp_path / "a.npy")
    assert str(found.dtype) == name == str(dtype).removeprefix("torch.")
    assert numpy.array_equal(found, tensor.t().numpy())
    assert (tmp_path / "a.npy").stat().st_mode == (tmp_path / "a.pt").stat().st_mode


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_that_what_numpy_does_not_know_is_saved_as_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.randn(100).to(dtype)
    contents = saved(tmp_path / "a.pt", {"a": tensor, "scalar": torch.tensor(2.0)})
    with open_values(contents) as values:
        assert save_npy(values, contents.tensors[0], tmp_path / "a.npy") == "float32"
        save_npy(values, contents.tensors[1], tmp_path / "scalar.npy")
    assert numpy.array_equal(numpy.load(tmp_path / "a.npy"), tensor.float().numpy())
    assert numpy.load(tmp_path / "scalar.npy") == 2.0


def test_that_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(3)})
    (tmp_path / "a.npy").write_text("mine")
    with open_values(contents) as values:
        with pytest.raises(UsageError, match="exists already"):
            save_npy(values, contents.tensors[0], tmp_path / "a.npy")
        assert (tmp_path / "a.npy").read_text() == "mine"
        save_npy(values, contents.tensors[0], tmp_path / "a.npy", force=True)
    assert numpy.load(tmp_path / "a.npy").tolist() == [1, 1, 1]


def test_that_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(3)})
    (tmp_path / "a.npy").write_text("mine")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(npy_file, "_write", full)
    with open_values(contents) as values, pytest.raises(TorchloupeError, match="No space left on device"):
        save_npy(values, contents.tensors[0], tmp_path / "a.npy", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "a.pt"]
    assert (tmp_path / "a.npy").read_text() == "mine"


def test_that_a_cancelled_save_leaves_nothing(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(3)})

    def stop(done: int, _total: int, _what: str) -> None:
        if done:
            raise KeyboardInterrupt

    with open_values(contents) as values, pytest.raises(KeyboardInterrupt):
        save_npy(values, contents.tensors[0], tmp_path / "a.npy", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_that_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(3)})
    with open_values(contents) as values, pytest.raises(TorchloupeError, match="cannot be written"):
        save_npy(values, contents.tensors[0], tmp_path / "no folder/a.npy")


def test_that_a_file_that_shrank_is_not_saved(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(300_000)})
    with open_values(contents) as values:
        with pytest.raises(CheckpointError):
            save_npy(values, contents.tensors[0], tmp_path / "a.npy", progress=lambda *_: os.truncate(tmp_path / "a.pt", 5000))
        assert not (tmp_path / "a.npy").exists()
