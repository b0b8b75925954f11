"""Zip files whose end is missing: what stands at their front is shown, and its values are right."""

import io
from pathlib import Path

import numpy
import pytest
import torch

from checkpoints.making_files import dictionary, number, pickled, torch_members, zipped
from checkpoints.stored_values import array_of
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.source import SourceFile
from torchloupe.checkpoints.torn_zip import read_members
from torchloupe.checkpoints.values import open_values
from torchloupe.checkpoints.zip_directory import read_directory
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import CheckpointError, CorruptFile

_COUNT = 12
_LENGTH = 300


@pytest.fixture(scope="module")
def whole() -> bytes:
    stream = io.BytesIO()
    state = {f"layer{index}": torch.arange(float(_LENGTH)) + index for index in range(_COUNT)}
    torch.save({"model": state, "half": torch.ones(3, dtype=torch.float16), "epoch": 3}, stream)
    return stream.getvalue()


def _cut(tmp_path: Path, data: bytes, length: int) -> CheckpointContents:
    (tmp_path / "cut.pt").write_bytes(data[:length])
    return read_contents(tmp_path / "cut.pt")


def _values(contents: CheckpointContents, row: StoredTensor) -> numpy.ndarray:
    with open_values(contents) as values:
        return array_of(b"".join(map(bytes, values.of(row).chunks())), row)


def test_that_every_key_is_listed_as_soon_as_the_pickle_is_there(tmp_path: Path, whole: bytes) -> None:
    contents = _cut(tmp_path, whole, whole.find(b".format_version"))
    assert [row.key for row in contents.tensors] == [*(f"layer{index}" for index in range(_COUNT)), "half"]
    assert [(value.path, value.value) for value in contents.values] == [("epoch", 3)]
    first, *_ = contents.problems
    assert "no end record" in first.message
    assert "Its first member is shown." in first.message


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_that_the_values_that_are_there_are_right_and_the_others_are_marked(tmp_path: Path, whole: bytes, share: float) -> None:
    contents = _cut(tmp_path, whole, int(len(whole) * share))
    read = 0
    for index, row in enumerate(contents.tensors[:_COUNT]):
        if not row.broken:
            assert numpy.array_equal(_values(contents, row), numpy.arange(_LENGTH, dtype=numpy.float32) + index)
            read += 1
    assert 0 < read < _COUNT
    assert abs(read - share * _COUNT) < 3


def test_that_a_pickle_that_breaks_off_gives_what_came_before(tmp_path: Path, whole: bytes) -> None:
    counts = [len(_cut(tmp_path, whole, length).tensors) for length in range(100, 1400, 100)]
    assert counts == sorted(counts)
    assert 0 <= counts[0] < counts[-1] <= _COUNT + 1


def test_that_members_that_say_their_size_need_no_pickle(tmp_path: Path) -> None:
    stream = io.BytesIO()
    numpy.savez(stream, a=numpy.arange(6.0), b=numpy.ones((2, 2)), c=numpy.zeros(1000))
    data = stream.getvalue()
    contents = _cut(tmp_path, data, data.find(b"c.npy") + 300)
    a, b, *_ = contents.tensors
    assert (a.key, b.key) == ("a", "b")
    assert _values(contents, a).tolist() == [0, 1, 2, 3, 4, 5]
    assert "cut off" in contents.problems[0].message


def test_that_a_table_that_is_damaged_is_gone_around(tmp_path: Path, whole: bytes) -> None:
    contents = _cut(tmp_path, whole.replace(b"PK\x01\x02", b"PK\x01\x03"), len(whole))
    assert [row.broken for row in contents.tensors] == [""] * (_COUNT + 1)
    assert "table of members is not where its end record says" in contents.problems[0].message


def test_that_the_members_found_are_those_of_the_table(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "whole.pt").write_bytes(whole)
    with SourceFile(tmp_path / "whole.pt") as source:
        table = read_directory(source).members
        assert read_members(source).fault is None
    (tmp_path / "cut.pt").write_bytes(whole[: whole.find(b"PK\x01\x02")])
    with SourceFile(tmp_path / "cut.pt") as source:
        found = read_members(source)
    assert isinstance(found.fault, CorruptFile)
    assert {name: member._replace(flags=0) for name, member in found.members.items()} == {
        name: member._replace(flags=0) for name, member in table.items()
    }


def test_that_a_file_without_anything_of_use_is_refused_as_cut_off(tmp_path: Path) -> None:
    other = zipped([("readme.txt", b"x" * 500), ("more.txt", b"x" * 500)])
    with pytest.raises(CheckpointError, match="no end record"):
        _cut(tmp_path, other, 700)
    with pytest.raises(CorruptFile, match="no end record"):
        _cut(tmp_path, zipped(torch_members(pickled(dictionary({"a": number(1)})))), 20)
