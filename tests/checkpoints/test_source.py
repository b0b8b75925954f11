"""Reading a file by position, and counting."""

import os

import pytest

from torchloupe.checkpoints.source import SourceFile
from torchloupe.wire.errors import CheckpointError, CorruptFile


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "file.bin"
    made.write_bytes(bytes(range(256)) * 400)
    return made


def test_that_any_range_can_be_read(path):
    with SourceFile(path) as source:
        assert source.at(50_000, 10) == path.read_bytes()[50_000:50_010]
        assert source.at(5, 3) == b"\5\6\7"
        assert source.at(102_390, 50) == path.read_bytes()[102_390:]
        assert source.at(200_000, 50) == b""
        assert source.tail == path.read_bytes()[-4096:]


def test_that_only_what_is_read_is_counted(path):
    with SourceFile(path) as source:
        assert source.bytes_read == len(source.head) == 1024
        source.at(0, 100)
        assert source.bytes_read == 1024
        source.at(50_000, 10)
        assert source.bytes_read == 1034
        assert (len(source.tail), len(source.tail)) == (4096, 4096)
        assert source.bytes_read == 1034 + 4096


def test_that_a_claim_larger_than_the_file_allocates_nothing(path):
    with SourceFile(path) as source:
        assert len(source.at(1000, 1 << 60)) == 102_400 - 1000


def test_that_a_missing_end_is_said(path):
    with SourceFile(path) as source, pytest.raises(CorruptFile, match="ends in the middle of its header: it has 102,400 bytes"):
        source.exactly(102_000, 500, "its header")


def test_that_a_file_that_shrinks_gives_a_short_read(path):
    with SourceFile(path) as source:
        path.write_bytes(b"short")
        assert source.at(50_000, 10) == b""
        assert source.changed()


def test_that_it_reads_without_pread_as_on_windows(path, monkeypatch):
    monkeypatch.delattr("os.pread")
    with SourceFile(path) as source:
        assert source.at(50_000, 10) == path.read_bytes()[50_000:50_010]


def test_that_a_file_without_permission_is_said_to_be_so(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CheckpointError, match="may not be read by you") as caught:
        SourceFile(path)
    assert "permissions" in caught.value.hint


def test_that_a_stamp_tells_a_file_from_the_one_that_takes_its_place(path):
    with SourceFile(path) as source:
        first = source.stamp()
    with SourceFile(path) as source:
        assert source.stamp() == first
        assert source.stamp("shard").file == "shard"
    path.with_suffix(".new").write_bytes(path.read_bytes())
    os.replace(path.with_suffix(".new"), path)
    with SourceFile(path) as source:
        assert source.stamp() != first
