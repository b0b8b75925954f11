"""Reading from front to back without reading what is passed over."""

import struct

import pytest

from torchloupe.checkpoints.source import SourceFile
from torchloupe.checkpoints.window import Window
from torchloupe.wire.errors import CorruptFile

_SIZE = 100_000


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(index % 251 for index in range(_SIZE)))
    with SourceFile(path) as opened:
        yield opened


def _expected(begin: int, length: int) -> bytes:
    return bytes(index % 251 for index in range(begin, begin + length))


def test_that_bytes_come_in_order(source):
    window = Window(source, 4096)
    assert b"".join(window.take(700, "a part") for _ in range(100)) == _expected(0, 70_000)
    assert window.pos == 70_000
    assert window.left() == 30_000


def test_that_what_is_passed_over_is_not_read(source):
    window = Window(source, 64)
    before = source.bytes_read
    for begin in (5000, 50_000, 99_000):
        window.pos = begin
        assert window.take(10, "a part") == _expected(begin, 10)
    assert source.bytes_read - before == 3 * 64


def test_that_the_head_of_the_file_is_not_read_again(source):
    before = source.bytes_read
    assert Window(source, 4096).take(1000, "a part") == _expected(0, 1000)
    assert source.bytes_read == before


def test_that_it_may_go_back(source):
    window = Window(source, 4096, 60_000)
    assert window.take(4, "a part") == _expected(60_000, 4)
    window.pos = 10
    assert window.take(4, "a part") == _expected(10, 4)


def test_that_a_part_longer_than_a_block_comes_whole(source):
    assert Window(source, 16, 5000).take(20_000, "a part") == _expected(5000, 20_000)


def test_that_numbers_are_unpacked(source):
    window = Window(source, 64, 3)
    assert window.unpack(struct.Struct("<HB"), "numbers") == (3 | 4 << 8, 5)
    assert window.pos == 6


@pytest.mark.parametrize(("begin", "length"), [(_SIZE - 5, 6), (_SIZE, 1), (_SIZE + 50, 1), (0, _SIZE + 1), (1 << 70, 8)])
def test_that_the_end_of_the_file_is_named_by_what_it_cuts(source, begin, length):
    window = Window(source, 64, begin)
    with pytest.raises(CorruptFile, match="ends in the middle of the settings: it has 100,000 bytes"):
        window.take(length, "the settings")


def test_that_nothing_can_be_taken_at_the_very_end(source):
    assert Window(source, 64, _SIZE).take(0, "nothing") == b""
