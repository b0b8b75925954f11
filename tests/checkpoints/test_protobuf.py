"""The walk through protobuf fields."""

import pytest

from checkpoints.hostile.other_files import field, varint
from torchloupe.checkpoints.protobuf import BYTES, NARROW, VARINT, WIDE, Message
from torchloupe.checkpoints.source import SourceFile
from torchloupe.checkpoints.window import Window
from torchloupe.wire.errors import CorruptFile


@pytest.fixture
def message_of(tmp_path):
    opened = []

    def make(data: bytes) -> Message:
        path = tmp_path / "message"
        path.write_bytes(data)
        opened.append(SourceFile(path))
        return Message(Window(opened[-1], 64), 0, len(data), "message")

    yield make
    for source in opened:
        source.close()


def test_that_fields_of_every_kind_are_found(message_of):
    data = field(1, 300) + field(2, b"abc") + varint(3 << 3 | 1) + bytes(8) + varint(400 << 3 | 5) + bytes(4) + field(1, 7)
    found = list(message_of(data).fields())
    assert [(part.number, part.wire) for part in found] == [(1, VARINT), (2, BYTES), (3, WIDE), (400, NARROW), (1, VARINT)]
    assert (found[0].value, found[4].value) == (300, 7)
    assert data[found[1].begin : found[1].end] == b"abc"


def test_that_a_message_in_a_field_is_read_within_it(message_of):
    message = message_of(field(7, field(1, 5) + field(2, b"x")) + field(1, 6))
    outer = list(message.fields())
    assert [part.number for part in message.inner(outer[0]).fields()] == [1, 2]


def test_that_the_window_may_be_moved_between_fields(message_of):
    message = message_of(field(1, b"first") + field(2, b"second") + field(3, 9))
    texts = [message.text(part) for part in message.fields() if part.wire == BYTES]
    assert texts == ["first", "second"]


def test_that_a_long_text_is_cut(message_of):
    message = message_of(field(1, b"x" * 500))
    (part,) = message.fields()
    assert message.text(part, 10) == "x" * 10


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_that_packed_numbers_come_one_by_one(message_of, count):
    message = message_of(field(1, b"".join(varint(number * 1000) for number in range(count))))
    (part,) = message.fields()
    assert list(message.numbers(part, 30)) == [number * 1000 for number in range(min(count, 30))]


def test_that_a_field_that_reaches_beyond_the_end_is_noticed(message_of):
    message = message_of(field(1, 5) + varint(2 << 3 | 2) + varint(1000) + b"short")
    assert [part.number for part in message.fields()] == [1, 2]
    assert message.cut


def test_that_a_whole_message_is_not_cut(message_of):
    message = message_of(field(1, 5) + field(2, b"abc"))
    list(message.fields())
    assert not message.cut


@pytest.mark.parametrize("data", [b"\x00\x00", b"\x0b", b"\x0c", b"\x0e", b"\x0f", b"\xff" * 11, b"\x08" + b"\xff" * 11])
def test_that_what_begins_no_field_is_refused_with_its_place(message_of, data):
    with pytest.raises(CorruptFile, match="begins no field"):
        list(message_of(field(1, 5) + data).fields())


def test_that_an_empty_message_has_no_fields(message_of):
    assert list(message_of(b"").fields()) == []
