"""Files as torch wrote them before version 1.6; today's torch still writes them on request."""

import io
import warnings

import numpy
import pytest
import torch

from checkpoints.making_files import state_dict, torch_zip
from checkpoints.making_legacy import legacy, legacy_storage, view_storage
from checkpoints.stored_values import values_of
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents


def _saved(tmp_path, value, **how) -> CheckpointContents:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, tmp_path / "old.pt", _use_new_zipfile_serialization=False, **how)
    return read_contents(tmp_path / "old.pt")


def test_that_a_training_checkpoint_is_read_with_its_values_in_place(tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.BatchNorm1d(7)).double()
    contents = _saved(tmp_path, {"model": net.state_dict(), "epoch": 3})
    assert (contents.format, contents.problems) == ("torch before 1.6", ())
    assert [row.key for row in contents.tensors] == list(net.state_dict())
    for row in contents.tensors:
        assert (row.container, row.broken) == ("model", "")
        assert numpy.array_equal(values_of(tmp_path / "old.pt", row), net.state_dict()[row.key].numpy())
    assert {value.path: value.value for value in contents.values} == {"epoch": 3}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_that_every_protocol_is_recognised(tmp_path, protocol):
    contents = _saved(tmp_path, {"a": torch.arange(6.0).reshape(2, 3).T}, pickle_protocol=protocol)
    (row,) = contents.tensors
    assert (contents.format, row.shape, row.strides) == ("torch before 1.6", (3, 2), (1, 3))
    assert values_of(tmp_path / "old.pt", row).tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("dtype", ["float16", "int64", "uint8", "bool", "complex64", "int8"])
def test_that_storages_of_every_width_are_found(tmp_path, dtype):
    kind = getattr(torch, dtype)
    contents = _saved(tmp_path, [torch.ones(3, dtype=kind), torch.zeros(5, dtype=torch.float64), torch.ones(2, dtype=kind)])
    assert [row.dtype for row in contents.tensors] == [dtype, "float64", dtype]
    assert [values_of(tmp_path / "old.pt", row).sum() for row in contents.tensors] == [3, 0, 2]


def test_that_tensors_that_share_a_storage_are_seen_to_share_it(tmp_path):
    whole = torch.arange(10.0)
    contents = _saved(tmp_path, {"whole": whole, "part": whole[2:5]})
    assert len({row.stored_at for row in contents.tensors}) == 1
    assert values_of(tmp_path / "old.pt", contents.tensors[1]).tolist() == [2, 3, 4]


def test_that_a_view_of_a_storage_begins_where_the_view_begins(tmp_path):
    # torch wrote such keys up to version 0.3.
    (tmp_path / "old.pt").write_bytes(legacy({"part": view_storage(offset=4, size=6)}, {"0": [float(n) for n in range(12)]}))
    (row,) = read_contents(tmp_path / "old.pt").tensors
    assert (row.broken, row.offset) == ("", 4)
    assert values_of(tmp_path / "old.pt", row).tolist() == [[4, 5, 6], [7, 8, 9]]


def test_that_a_whole_module_shows_its_source_text(tmp_path):
    contents = _saved(tmp_path, torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)))
    assert [row.key for row in contents.tensors] == ["0.weight", "0.bias", "1.weight", "1.bias"]
    sources = {value.path: value for value in contents.values if value.path.startswith("source of ")}
    assert set(sources) == {"source of torch.nn.modules.container.Sequential", "source of torch.nn.modules.linear.Linear"}
    linear = sources["source of torch.nn.modules.linear.Linear"]
    assert linear.type.endswith("linear.py")
    assert linear.value.startswith("class Linear(Module):")
    assert "return F.linear(input, self.weight, self.bias)" in linear.value


def test_that_only_the_front_of_a_large_file_is_read(tmp_path):
    _saved(tmp_path, {f"layer{index}.weight": torch.zeros(300_000) for index in range(20)})
    contents = read_contents(tmp_path / "old.pt")
    assert contents.file_bytes > 24_000_000
    assert contents.bytes_read < 75_000


def test_that_an_index_longer_than_the_first_look_is_read_whole(tmp_path):
    state = {f"some.rather.long.name.of.layer{index}.weight": torch.zeros(index % 3 + 1) for index in range(3000)}
    contents = _saved(tmp_path, state)
    assert [(row.key, row.broken) for row in contents.tensors] == [(key, "") for key in state]


def test_that_a_cut_file_keeps_its_keys(tmp_path):
    _saved(tmp_path, {"a": torch.zeros(1000), "b": torch.zeros(1000)})
    data = (tmp_path / "old.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(data[:-2000])
    contents = read_contents(tmp_path / "cut.pt")
    assert [row.key for row in contents.tensors] == ["a", "b"]
    assert any("cut off" in problem.message for problem in contents.problems)
    assert sorted(bool(row.broken) for row in contents.tensors) == [False, True]


def test_that_two_formats_in_one_file_are_said_to_be_so(tmp_path):
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, stream, _use_new_zipfile_serialization=False)
    (tmp_path / "both.pt").write_bytes(stream.getvalue() + torch_zip(state_dict()))
    contents = read_contents(tmp_path / "both.pt")
    assert [row.key for row in contents.tensors] == ["a"], "torch takes the old format too"
    assert any("two formats in one file" in problem.message for problem in contents.problems)


def test_that_a_big_endian_file_is_marked(tmp_path):
    raw = legacy({"w": legacy_storage()}, {"0": [1.0] * 12}, little_endian=False)
    (tmp_path / "old.pt").write_bytes(raw)
    contents = read_contents(tmp_path / "old.pt")
    assert contents.tensors[0].big_endian
    assert any("big endian" in problem.message for problem in contents.problems)


def test_that_a_lightning_checkpoint_of_that_time_is_called_so(tmp_path):
    saved = {"state_dict": {"w": torch.zeros(1)}, "pytorch-lightning_version": "0.7.1", "hyper_parameters": {"lr": 0.5}}
    contents = _saved(tmp_path, saved)
    assert contents.format == "Lightning"
    assert ("hyper_parameters.lr", 0.5) in [(value.path, value.value) for value in contents.values]


def test_that_an_old_file_says_its_protocol_and_byte_order(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    about = {value.path: value.value for value in read_contents(tmp_path / "a.pt").about}
    assert about == {"protocol version": 1001, "byte order": "little"}
