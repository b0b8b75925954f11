"""Pickles one after another, read from as few bytes as they need."""

import pickle
import struct

import pytest

from torchloupe.checkpoints.front import FrontReader
from torchloupe.checkpoints.inert import Mapping
from torchloupe.checkpoints.rebuilders import storage_from
from torchloupe.checkpoints.source import SourceFile
from torchloupe.wire.errors import CorruptFile


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what


@pytest.fixture
def front_of(tmp_path):
    opened = []

    def make(data: bytes, *where: int) -> FrontReader:
        (tmp_path / "file").write_bytes(data)
        opened.append(SourceFile(tmp_path / "file"))
        return FrontReader(opened[-1], "file", *where)

    yield make
    for source in opened:
        source.close()


def _next(front: FrontReader):
    return front.next(storage_from, _silent)


def test_that_pickles_come_in_their_order(front_of):
    front = front_of(b"".join(pickle.dumps(value, 2) for value in (1, [2, 3], "four")) + b"the rest")
    assert [_next(front).root for _ in range(3)] == [1, [2, 3], "four"]
    assert front.bytes(100) == b"the rest"
    assert front.bytes(100) == b""


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("count", [10, 5000, 60_000])
def test_that_a_pickle_longer_than_the_window_is_read_whole(front_of, protocol, count):
    front = front_of(pickle.dumps(list(range(count)), protocol) + b"N." + bytes(100_000))
    found = _next(front)
    assert (found.root, found.whole) == (list(range(count)), True)
    assert _next(front).root is None


@pytest.mark.parametrize("length", [65_530, 65_536, 65_540, 300_000])
def test_that_a_text_across_the_end_of_a_window_is_read_whole(front_of, length):
    front = front_of(pickle.dumps("x" * length, 2) + pickle.dumps({"a": 1}, 2) + bytes(100_000))
    assert _next(front).root == "x" * length
    assert type(_next(front).root) is Mapping


def test_that_a_pickle_after_a_jump_is_found(front_of):
    front = front_of(pickle.dumps(1, 2) + bytes(300_000) + pickle.dumps("far", 2) + bytes(50))
    assert _next(front).root == 1
    front.at += 300_000
    assert _next(front).root == "far"


def test_that_a_part_of_a_file_ends_where_it_ends(front_of):
    data = pickle.dumps("inside", 2)
    front = front_of(bytes(10) + data + pickle.dumps("outside", 2), 10, 10 + len(data))
    assert _next(front).root == "inside"
    assert front.bytes(10) == b""
    assert not _next(front).whole


@pytest.mark.parametrize("cut", [1, 3, 20])
def test_that_a_cut_pickle_gives_what_is_there(front_of, cut):
    data = pickle.dumps({"first": 1, "second": "x" * 50}, 2)
    found = _next(front_of(data[:-cut]))
    assert not found.whole
    assert type(found.root) is Mapping
    assert found.root.pairs[:2] == ["first", 1]
    assert found.machine.faults


def test_that_a_pickle_that_makes_no_sense_is_refused(front_of):
    with pytest.raises(CorruptFile, match="never stored"):
        _next(front_of(b"\x80\x02h\x07." + bytes(100)))


def test_that_a_claim_of_gigabytes_does_not_read_the_file(front_of):
    front = front_of(b"\x80\x02X" + struct.pack("<I", 0xFFFFFFFF) + bytes(2_000_000))
    assert not _next(front).whole
    assert len(front._window) <= 2_100_000
