"""The steps of an optimizer that the file keeps as tensors."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from checkpoints.saved_state import saved
from torchloupe.checkpoints import optimizer_steps as module
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.wire.contents import CheckpointContents


def kept(tmp_path: Path, *steps: torch.Tensor) -> CheckpointContents:
    state = {number: {"step": step, "exp_avg": torch.zeros(2)} for number, step in enumerate(steps)}
    return saved(tmp_path / "a.pt", {"optimizer": {"state": state, "param_groups": [{"lr": 0.1, "params": [0]}]}})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.int32])
def test_that_the_step_is_read_whatever_its_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    contents = kept(tmp_path, torch.tensor(1200, dtype=dtype), torch.tensor(7, dtype=dtype))
    assert optimizer_steps(contents) == {("optimizer", "0"): 1200.0, ("optimizer", "1"): 7.0}


def test_that_a_step_of_many_numbers_or_another_dtype_is_left(tmp_path: Path) -> None:
    contents = kept(tmp_path, torch.zeros(3), torch.tensor(1, dtype=torch.int8), torch.tensor(2.0))
    assert optimizer_steps(contents) == {("optimizer", "2"): 2.0}


def test_that_only_so_many_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_READ", 2)
    assert len(optimizer_steps(kept(tmp_path, *(torch.tensor(float(n)) for n in range(5))))) == 2


def test_that_a_file_that_is_gone_or_broken_has_no_steps(tmp_path: Path) -> None:
    contents = kept(tmp_path, torch.tensor(5.0))
    broken = replace(contents, tensors=tuple(replace(tensor, broken="It is cut off.") for tensor in contents.tensors))
    assert optimizer_steps(broken) == {}
    (tmp_path / "a.pt").unlink()
    assert optimizer_steps(contents) == {}


def test_that_a_file_without_an_optimizer_is_not_opened(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"step.weight": torch.zeros(1), "state.x.steps": torch.zeros(1)})
    (tmp_path / "a.pt").unlink()
    assert optimizer_steps(contents) == {}
