"""What makes the reader worth having: no torch, little time, the collector left as it was."""

import gc
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from checkpoints.making_files import state_dict, torch_zip
from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import CheckpointError

_APP = str(Path(__file__).parents[2] / "app")


def test_that_reading_loads_neither_torch_nor_numpy_nor_pickle(tmp_path):
    (tmp_path / "a.pt").write_bytes(torch_zip(state_dict()))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from torchloupe.checkpoints import read_contents;"
        "assert len(read_contents(sys.argv[2]).tensors) == 1;"
        "print(sorted({'torch', 'numpy', 'PySide6', 'pickle', '_pickle', 'zipfile'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, _APP, str(tmp_path / "a.pt")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_that_five_thousand_tensors_take_little_time(tmp_path):
    torch.save({f"layers.{index}.weight": torch.zeros(4, 4) for index in range(5000)}, tmp_path / "a.pt")
    took = []
    for _ in range(5):
        began = time.process_time()
        contents = read_contents(tmp_path / "a.pt")
        took.append(time.process_time() - began)
    assert len(contents.tensors) == 5000
    # About 0.04 s on a quiet machine.
    assert min(took) < 0.25


def test_that_the_time_grows_with_the_number_of_tensors_and_no_faster(tmp_path):
    def seconds(count: int) -> float:
        path = tmp_path / f"{count}.pt"
        shared = torch.zeros(4)
        torch.save(
            {f"k{index}": shared for index in range(count)} | {f"t{index}": torch.zeros(1) for index in range(count)}, path
        )
        took = []
        for _ in range(3):
            began = time.process_time()
            read_contents(path)
            took.append(time.process_time() - began)
        return min(took)

    assert seconds(8000) < 16 * seconds(1000)


@pytest.mark.parametrize("on", [True, False])
def test_that_the_garbage_collector_is_left_as_it_was(tmp_path, on):
    (tmp_path / "a.pt").write_bytes(torch_zip(state_dict()))
    (tmp_path / "b.pt").write_bytes(b"nothing")
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        read_contents(tmp_path / "a.pt")
        with pytest.raises(CheckpointError):
            read_contents(tmp_path / "b.pt")
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()


def test_that_many_objects_are_set_aside_so_that_the_next_round_of_the_collector_is_short(tmp_path):
    shared = torch.zeros(4)
    torch.save({f"k{index}": shared for index in range(25_000)}, tmp_path / "a.pt")
    before = gc.get_freeze_count()
    try:
        contents = read_contents(tmp_path / "a.pt")
        assert gc.get_freeze_count() > before + 10_000
        assert gc.get_count()[0] < 1000
        assert len(contents.tensors) == 25_000
    finally:
        gc.unfreeze()
