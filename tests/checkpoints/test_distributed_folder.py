"""Folders that torch.distributed.checkpoint wrote, by one process and as several would have written them."""

import io
import pickle
import warnings
from types import SimpleNamespace

import pytest
import torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint import metadata as parts
from torch.distributed.checkpoint.filesystem import _StorageInfo

from torchloupe.checkpoints import distributed_folder, read_contents
from torchloupe.wire.errors import CorruptFile


def _saved(folder, state):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=folder, no_dist=True)
    return read_contents(folder)


def _piece(folder, file: str, stored_at: str) -> torch.Tensor:
    begin, end = map(int, stored_at.split(":"))
    return torch.load(io.BytesIO((folder / file).read_bytes()[begin:end]))


def _trained():
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.zeros(2, 2)).sum().backward()
    optimizer.step()
    return net, optimizer


def test_that_a_model_and_its_optimizer_are_two_containers(tmp_path):
    net, optimizer = _trained()
    contents = _saved(tmp_path / "step_1", {"model": net.state_dict(), "optim": optimizer.state_dict(), "epoch": 3})
    assert (contents.format, contents.problems) == ("torch distributed", ())
    assert [row.key for row in contents.tensors if row.container == "model"] == list(net.state_dict())
    optim = [row.key for row in contents.tensors if row.container == "optim"]
    assert optim[:3] == ["state.0.step", "state.0.exp_avg", "state.0.exp_avg_sq"]
    assert {row.container for row in contents.tensors} == {"model", "optim"}
    assert "epoch" in [value.path for value in contents.values]


def test_that_the_place_of_a_tensor_is_a_whole_torch_file(tmp_path):
    net, _ = _trained()
    contents = _saved(tmp_path / "a", {"model": net.state_dict()})
    for row in contents.tensors:
        assert (row.broken, row.pieces, row.dtype) == ("", (), str(net.state_dict()[row.key].dtype).removeprefix("torch."))
        assert torch.equal(_piece(tmp_path / "a", row.file, row.stored_at), net.state_dict()[row.key])


def test_that_only_the_index_is_read(tmp_path):
    contents = _saved(tmp_path / "a", {"w": torch.zeros(500_000)})
    assert contents.bytes_read == (tmp_path / "a" / ".metadata").stat().st_size
    assert contents.file_bytes > 2_000_000
    assert [(row.container, row.key) for row in contents.tensors] == [("", "w")]


def _two_ranks(folder, **how):
    """The folder that two processes write, each with two rows of a tensor of four."""
    folder.mkdir()
    whole = torch.arange(12.0).reshape(4, 3)
    chunks, storage = [], {}
    for rank in range(2):
        stream = io.BytesIO()
        torch.save(whole[2 * rank : 2 * rank + 2].clone(), stream)
        name = f"__{rank}_0.distcp"
        (folder / name).write_bytes(b"x" * 100 * rank + stream.getvalue())
        offsets = torch.Size([2 * rank, 0])
        chunks.append(parts.ChunkStorageMetadata(offsets, torch.Size([2, 3])))
        place = _StorageInfo(how.get("file", name), 100 * rank, len(stream.getvalue()))
        storage[parts.MetadataIndex("w", offsets, rank)] = place
    properties = parts.TensorProperties(dtype=torch.float32)
    tensors = {"w": parts.TensorStorageMetadata(properties, how.get("size", whole.shape), chunks[: how.get("chunks", 2)])}
    index = parts.Metadata(tensors, how.get("planner_data", {"w": ("model", "w")}), how.get("storage", storage))
    (folder / ".metadata").write_bytes(pickle.dumps(index))
    return whole


def test_that_a_tensor_in_several_files_has_its_pieces(tmp_path):
    whole = _two_ranks(tmp_path / "a")
    (row,) = read_contents(tmp_path / "a").tensors
    assert (row.container, row.key, row.shape, row.broken, row.file, row.stored_at) == ("model", "w", (4, 3), "", None, "")
    assert [(piece.file, piece.offsets, piece.shape) for piece in row.pieces] == [
        ("__0_0.distcp", (0, 0), (2, 3)),
        ("__1_0.distcp", (2, 0), (2, 3)),
    ]
    found = torch.cat([_piece(tmp_path / "a", piece.file, piece.stored_at) for piece in row.pieces])
    assert torch.equal(found, whole)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"chunks": 1}, "Its parts have 6 elements; it has 12"),
        ({"chunks": 0}, "names no parts"),
        ({"size": torch.Size([2, 3])}, "does not lie within it"),
        ({"storage": {}}, "does not say where"),
        ({"file": "../outside.distcp"}, "leads out"),
        ({"file": "missing.distcp"}, "is missing"),
    ],
)
def test_that_a_part_that_cannot_be_had_is_said_to_be_so(tmp_path, how, says):
    _two_ranks(tmp_path / "a", **how)
    contents = read_contents(tmp_path / "a")
    assert says in contents.tensors[0].broken
    assert any("cannot be read" in problem.message for problem in contents.problems)


def test_that_a_file_that_was_cut_off_is_noticed(tmp_path):
    _two_ranks(tmp_path / "a")
    data = (tmp_path / "a" / "__1_0.distcp").read_bytes()
    (tmp_path / "a" / "__1_0.distcp").write_bytes(data[:-1])
    assert "It ends at byte" in read_contents(tmp_path / "a").tensors[0].broken


def test_that_a_name_without_a_path_is_a_key_of_the_top(tmp_path):
    _two_ranks(tmp_path / "a", planner_data=None)
    assert read_contents(tmp_path / "a").tensors[0].container == ""


def test_that_an_index_of_something_else_is_refused(tmp_path):
    (tmp_path / ".metadata").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CorruptFile, match="not the index of a distributed checkpoint"):
        read_contents(tmp_path)


def test_that_a_call_that_runs_code_is_named_wherever_torch_keeps_it() -> None:
    machine = SimpleNamespace(globals={"torch.serialization.load": 3, "pathlib.os.system": 9, "pathlib.PosixPath": 20})
    (problem,) = distributed_folder._about_names(machine)  # type: ignore[arg-type]  # its names are all that is asked of it
    assert (problem.code, set(problem.data["names"])) == (
        "checkpoint-runs-code",
        {"torch.serialization.load", "pathlib.os.system"},
    )
