"""What a distributed checkpoint holds beside tensors: read, and never run."""

import io
import os
import pickle
import warnings
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dcp

from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.distributed_values import read_small_values
from torchloupe.wire.contents import CheckpointContents


class _Payload:
    def __reduce__(self) -> object:
        return os.system, ("touch PWNED",)


def _saved(folder: Path, state: dict[str, object]) -> CheckpointContents:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=folder, no_dist=True)
    return read_contents(folder)


def test_that_small_values_are_listed_with_what_they_are(tmp_path: Path) -> None:
    state = {"w": torch.ones(2), "epoch": 3, "lr": 0.5, "name": "run 7", "done": None, "betas": (0.9, 0.99)}
    contents = _saved(tmp_path / "d", state)
    found = {value.path: value.value for value in contents.values}
    assert {name: found[name] for name in ("epoch", "lr", "name", "done")} == {
        "epoch": 3,
        "lr": 0.5,
        "name": "run 7",
        "done": None,
    }
    assert any(path.startswith("betas") for path in found)
    assert [problem.message for problem in contents.problems] == []


def test_that_the_state_of_an_optimizer_is_listed(tmp_path: Path) -> None:
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.25, momentum=0.5)
    contents = _saved(tmp_path / "d", {"model": net.state_dict(), "optim": optimizer.state_dict(), "step": 17})
    found = {value.path: value.value for value in contents.values}
    assert found["step"] == 17
    assert 0.25 in found.values()


def test_that_only_what_is_small_is_read(tmp_path: Path) -> None:
    contents = _saved(tmp_path / "d", {"w": torch.ones(1_000_000), "epoch": 3, "text": "x" * 2_000_000})
    assert contents.bytes_read < 30_000
    found = {value.path: value for value in contents.values}
    assert found["epoch"].value == 3
    assert found["text"].type == "pickled"
    assert "bytes in __0_0.distcp" in found["text"].value


def test_that_what_would_run_is_named_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    contents = _saved(tmp_path / "d", {"w": torch.ones(2), "evil": _Payload()})
    (warning,) = [problem for problem in contents.problems if problem.code == "checkpoint-runs-code"]
    assert warning.message.startswith("evil: This file would run code")
    assert f"{os.system.__module__}.system" in contents.globals
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def _file(folder: Path, data: bytes) -> dict[str, tuple[str, int, int]]:
    (folder / "part").write_bytes(data)
    return {"x": ("part", 0, len(data))}


def _torch_bytes(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def test_that_tensors_inside_of_a_value_are_told_by_their_shape(tmp_path: Path) -> None:
    found = read_small_values(tmp_path, _file(tmp_path, _torch_bytes({"a": torch.ones(2, 3), "n": 1})))
    assert {value.path: value.value for value in found.values["x"]} == {"x.n": 1, "x.a": "float32 [2, 3]"}
    assert found.bytes_read > 0


@pytest.mark.parametrize("data", [b"", b"rubbish" * 50, pickle.dumps(3), _torch_bytes(3)[:60]])
def test_that_what_is_no_torch_file_is_left_out(tmp_path: Path, data: bytes) -> None:
    found = read_small_values(tmp_path, _file(tmp_path, data))
    assert (found.values, found.problems) == ({}, [])


@pytest.mark.parametrize(
    "place",
    [("../part", 0, 100), ("/etc/passwd", 0, 10), ("gone", 0, 100), ("part", -5, 100), ("part", 0, 1 << 60), ("part", 50, -10)],
)
def test_that_a_place_outside_of_the_file_or_folder_is_left_out(tmp_path: Path, place: tuple[str, int, int]) -> None:
    (tmp_path / "part").write_bytes(_torch_bytes(3))
    (tmp_path / "inner").mkdir()
    assert read_small_values(tmp_path / "inner" if ".." in place[0] else tmp_path, {"x": place}).values == {}
