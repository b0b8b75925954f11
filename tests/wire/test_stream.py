"""Frames over two pipes: what is sent comes out, and what is no frame is refused."""

import dataclasses
import gc
import io
import json
import os
import struct
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.wire.codec import MESSAGES, PART_ROWS
from torchloupe.wire.errors import ProtocolError
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.requests import MAGIC, PROTOCOL, Cancel, Hello, ListTargets, OpenedTarget, Progress
from torchloupe.wire.stream import (
    EVENT,
    HELLO,
    MAX_BANNER_BYTES,
    MAX_HEADER_BYTES,
    REPLY,
    REQUEST,
    EndOfStream,
    Frame,
    Stream,
    magic_line,
)
from wire.message_strategies import messages_of

NONCE = "5f2a"
HELLO_MESSAGE = Hello(1, "3.11.7", "python", 12)


class Dribble(io.RawIOBase):
    """A pipe that hands out and takes at most a few bytes at a time, as real ones may."""

    def __init__(self, data: bytes = b"", at_once: int = 3) -> None:
        self._data = io.BytesIO(data)
        self._at_once = at_once
        self.written = bytearray()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        return self._data.read(self._at_once if size is None or size < 0 else min(size, self._at_once))

    def write(self, data: Any) -> int:
        part = bytes(data[: self._at_once])
        self.written += part
        return len(part)


def sent(*frames: tuple[str, int, Any, Sequence[bytes]]) -> bytes:
    """The bytes that a stream writes for these frames."""
    written = io.BytesIO()
    stream = Stream(io.BytesIO(), written)
    for kind, request_id, message, blobs in frames:
        stream.send(kind, request_id, message, blobs)
    return written.getvalue()


def reading(data: bytes) -> Stream:
    """A stream that reads these bytes and then meets the end."""
    return Stream(io.BytesIO(data), io.BytesIO())


def framed(header: Any) -> bytes:
    """A frame with any header at all."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text


# frames


def test_that_a_frame_comes_out_as_it_was_sent() -> None:
    frame = reading(sent((REQUEST, 7, ListTargets("model.py"), ()))).receive()
    assert frame == Frame(REQUEST, 7, ListTargets("model.py"), ())


def test_that_frames_come_out_in_the_order_in_which_they_were_sent() -> None:
    stream = reading(sent((HELLO, 0, HELLO_MESSAGE, ()), (EVENT, 3, Progress(1, 2, "x"), ()), (REPLY, 3, Cancel(), ())))
    assert [stream.receive().kind for _ in range(3)] == [HELLO, EVENT, REPLY]


def test_that_blobs_travel_raw_behind_the_header_that_announces_them() -> None:
    blobs = (b"\x00\xff" * 5, b"", b"tensor")
    data = sent((REPLY, 1, Cancel(), blobs))
    assert data.endswith(b"".join(blobs))
    assert reading(data).receive().blobs == blobs


def test_that_a_frame_after_blobs_is_found() -> None:
    stream = reading(sent((REPLY, 1, Cancel(), (b"\x00\x00\x00\x05abcde",)), (EVENT, 2, Progress(1, 1, "y"), ())))
    stream.receive()
    assert stream.receive() == Frame(EVENT, 2, Progress(1, 1, "y"))


@given(
    st.sampled_from(sorted(MESSAGES)).flatmap(lambda name: messages_of(MESSAGES[name])),
    st.lists(st.binary(max_size=20), max_size=3),
    st.integers(0, 2**40),
)
def test_that_any_message_with_any_blobs_comes_out_equal(message: Any, blobs: list[bytes], request_id: int) -> None:
    assert reading(sent((EVENT, request_id, message, blobs))).receive() == Frame(EVENT, request_id, message, tuple(blobs))


def test_that_a_memoryview_can_be_a_blob() -> None:
    assert reading(sent((REPLY, 1, Cancel(), (memoryview(bytearray(b"values")),)))).receive().blobs == (b"values",)  # type: ignore[arg-type]


def test_that_a_pipe_that_takes_and_gives_few_bytes_at_a_time_is_no_hurdle() -> None:
    pipe = Dribble()
    Stream(Dribble(), pipe).send(REPLY, 9, ListTargets("a/long/path/to/model.py"), (b"0123456789",))  # type: ignore[arg-type]
    frame = Stream(Dribble(bytes(pipe.written)), io.BytesIO()).receive()  # type: ignore[arg-type]
    assert frame == Frame(REPLY, 9, ListTargets("a/long/path/to/model.py"), (b"0123456789",))


def test_that_a_text_of_any_script_comes_out_equal() -> None:
    message = ListTargets("модель v2 ✓ 😀 \\ \n \udcff.py")
    assert reading(sent((REQUEST, 1, message, ()))).receive().message == message


def test_that_threads_may_send_at_the_same_time_without_mixing_their_frames() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as incoming, os.fdopen(write_end, "wb", buffering=0) as outgoing:
        stream = Stream(incoming, outgoing)  # type: ignore[arg-type]
        blob = b"x" * 5000

        def send_some(request_id: int) -> None:
            for number in range(20):
                stream.send(EVENT, request_id, Progress(number, 20, "w" * 300), (blob,))

        threads = [threading.Thread(target=send_some, args=(request_id,)) for request_id in range(4)]
        for thread in threads:
            thread.start()
        frames = [stream.receive() for _ in range(80)]
        for thread in threads:
            thread.join()
    for request_id in range(4):
        assert [frame.message.done for frame in frames if frame.id == request_id] == list(range(20))
    assert all(frame.blobs == (blob,) for frame in frames)


# what is no frame


def test_that_the_end_of_the_pipe_between_two_frames_is_the_end_of_the_stream() -> None:
    stream = reading(sent((REQUEST, 1, Cancel(), ())))
    stream.receive()
    with pytest.raises(EndOfStream):
        stream.receive()


WHOLE = sent((REPLY, 1, ListTargets("model.py"), (b"blob", b"second")))


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_that_a_frame_cut_short_anywhere_is_the_end_of_the_stream(length: int) -> None:
    with pytest.raises(EndOfStream):
        reading(WHOLE[:length]).receive()


@pytest.mark.parametrize("length", [MAX_HEADER_BYTES + 1, 0xFFFFFFFF, struct.unpack(">I", b"Welc")[0]])
def test_that_a_huge_announced_length_is_refused_before_anything_is_read(length: int) -> None:
    stream = Stream(Dribble(struct.pack(">I", length) + b"x", at_once=4), io.BytesIO())  # type: ignore[arg-type]
    with pytest.raises(ProtocolError, match=f"{length} bytes was announced"):
        stream.receive()


@pytest.mark.parametrize(
    "header",
    [
        b"Welcome to the cluster",
        b"\xff\xfe",
        b"",
        b"[]",
        b"null",
        b"3",
        {"id": 1, "blobs": [], "body": {"is": "Cancel"}},
        {"kind": REPLY, "blobs": [], "body": {"is": "Cancel"}},
        {"kind": REPLY, "id": 1, "body": {"is": "Cancel"}},
        {"kind": REPLY, "id": 1, "blobs": []},
        {"kind": REPLY, "id": 1, "blobs": [], "body": {"is": "Explode"}},
        {"kind": REPLY, "id": 1, "blobs": [], "body": {"is": "Cancel", "softly": True}},
        {"kind": REPLY, "id": 1, "blobs": [], "body": {"is": "ListTargets"}},
    ],
)
def test_that_a_header_that_says_no_message_is_refused(header: Any) -> None:
    with pytest.raises(ProtocolError):
        reading(framed(header)).receive()


@pytest.mark.parametrize("blobs", [7, [-1], ["many"], [None], [1.5], [True, -3]])
def test_that_announced_blob_sizes_that_are_no_sizes_are_refused(blobs: Any) -> None:
    with pytest.raises(ProtocolError):
        reading(framed({"kind": REPLY, "id": 1, "blobs": blobs, "body": {"is": "Cancel"}}) + b"x" * 64).receive()


def test_that_what_cannot_be_said_is_refused_and_leaves_the_pipe_clean() -> None:
    written = io.BytesIO()
    stream = Stream(io.BytesIO(), written)
    with pytest.raises(ProtocolError):
        stream.send(REPLY, 1, "no message")
    assert written.getvalue() == b""


def test_that_sending_to_a_closed_pipe_is_an_error_of_the_pipe() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb", buffering=0) as outgoing, pytest.raises(OSError, match="pipe"):
        Stream(io.BytesIO(), outgoing).send(REPLY, 1, Cancel())  # type: ignore[arg-type]


# the magic line


def announced(before: bytes, after: bytes = b"") -> Stream:
    return reading(before + magic_line(NONCE) + after)


def test_that_the_magic_line_names_the_protocol_and_ends_in_the_nonce() -> None:
    assert magic_line(NONCE) == f"{MAGIC} {PROTOCOL} {NONCE}\n".encode()
    written = io.BytesIO()
    Stream(io.BytesIO(), written).send_magic(NONCE)
    assert written.getvalue() == magic_line(NONCE)


def test_that_a_worker_that_speaks_at_once_has_no_banner() -> None:
    assert announced(b"").await_magic(NONCE) == []


def test_that_a_login_banner_before_the_magic_line_is_handed_over_as_lines() -> None:
    stream = announced("Welcome to clüster7\r\n\r\n3 users, load 0.2\n".encode(), sent((HELLO, 0, HELLO_MESSAGE, ())))
    assert stream.await_magic(NONCE) == ["Welcome to clüster7", "", "3 users, load 0.2"]
    assert stream.receive().message == HELLO_MESSAGE


def test_that_a_prompt_without_a_line_end_before_the_magic_line_is_handed_over_too() -> None:
    assert announced(b"one\n(base) $ ").await_magic(NONCE) == ["one", "(base) $ "]


def test_that_bytes_of_no_text_in_a_banner_are_shown_somehow() -> None:
    assert announced(b"\xff\xfe\n").await_magic(NONCE) == ["\ufffd\ufffd"]


def test_that_the_magic_line_of_another_worker_is_banner() -> None:
    assert announced(magic_line("other")).await_magic(NONCE) == [magic_line("other").decode().strip()]


def test_that_the_end_before_the_magic_line_hands_over_what_was_said() -> None:
    with pytest.raises(EndOfStream, match="command not found"):
        reading(b"sh: python9: command not found\n").await_magic(NONCE)


def test_that_a_pipe_that_never_says_hello_is_given_up_after_a_megabyte() -> None:
    with pytest.raises(ProtocolError, match="no worker said hello"):
        reading(b"spam and eggs\n" * (MAX_BANNER_BYTES // 10)).await_magic(NONCE)


def test_that_a_line_without_end_is_given_up_after_a_megabyte_and_not_read_whole() -> None:
    data = io.BytesIO(b"x" * (8 * MAX_BANNER_BYTES))
    with pytest.raises(ProtocolError, match="no worker said hello"):
        Stream(data, io.BytesIO()).await_magic(NONCE)
    assert data.tell() <= 2 * MAX_BANNER_BYTES


# long messages


def entry(number: int, **other: Any) -> ModuleEntry:
    """A module that differs from the next one in everything that differs in models."""
    given = {"parameter_count": number % 3, "numel": number, "total_numel": 2**60 + number, "training": number % 2 == 0, **other}
    return ModuleEntry(f"blocks.{number}", f"Kind{number % 7}", settings=f"in={number}", **given)


def opened(modules: int, parameters: int) -> OpenedTarget:
    """A model of so many modules and parameters."""
    tree = ModuleTree(
        tuple(entry(number, file="net.py" if number % 5 == 0 else None, line=number or None) for number in range(modules)),
        tuple(
            ParameterEntry(
                f"p{n}", "", "parameter", (n, 2) if n % 2 else None, "float32", "cpu", True, n, 4 * n, ("q",) * (n % 3)
            )
            for n in range(parameters)
        ),
    )
    return OpenedTarget("net.py", "net.py", "Net", "Net", {"width": 3}, "given", tree)


@pytest.mark.parametrize("count", [0, 1, PART_ROWS, PART_ROWS + 1, 3 * PART_ROWS + 7])
def test_that_a_model_of_any_length_arrives_as_it_was_sent(count: int) -> None:
    message = opened(count, 2 * count)
    data = sent((REPLY, 7, message, (b"raw", b"")))
    assert reading(data).receive() == Frame(REPLY, 7, message, (b"raw", b""))


def test_that_no_json_text_of_a_long_model_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sent((REPLY, 7, opened(20 * PART_ROWS, 0), ()))
    lengths: list[int] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: lengths.append(len(text)) or loads(text))
    reading(data).receive()
    assert len(lengths) == 21
    assert max(lengths) < len(data) / 10


def test_that_a_column_in_which_all_is_equal_is_sent_once() -> None:
    alike = [entry(1)] * (PART_ROWS + 1)
    message = dataclasses.replace(opened(0, 0), tree=ModuleTree(tuple(alike), ()))
    data = sent((REPLY, 7, message, ()))
    assert len(data) < 2000
    assert reading(data).receive().message == message


def test_that_the_collector_is_as_it_was_after_a_long_message() -> None:
    data = sent((REPLY, 7, opened(PART_ROWS + 1, 0), ()))
    assert gc.isenabled()
    reading(data).receive()
    assert gc.isenabled()
    gc.disable()
    try:
        reading(data).receive()
        assert not gc.isenabled()
    finally:
        gc.enable()


def a_long_frame(parts: list[Any], body: Any = None) -> bytes:
    """A frame as somebody else might write it."""
    texts = [json.dumps(part).encode() if not isinstance(part, bytes) else part for part in parts]
    tree = {"modules": {"$parts": list(range(len(parts)))}, "parameters": []}
    message = {
        "is": "OpenedTarget",
        "target": "",
        "file": None,
        "name": "",
        "class_name": "",
        "arguments": {},
        "arguments_source": "",
    }
    header = {
        "kind": REPLY,
        "id": 1,
        "blobs": [],
        "parts": [len(text) for text in texts],
        "body": body or {**message, "tree": tree},
    }
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + b"".join(texts)


FIELDS = len(dataclasses.fields(ModuleEntry))


@pytest.mark.parametrize(
    "part",
    [
        b"{",
        [0, *[[]] * (FIELDS - 1)],
        [3, [1, 2], [1, 2, 3], *[[1]] * (FIELDS - 2)],
        [1, *[3] * FIELDS],
        [10**12, *[[1]] * FIELDS],
        [-1, *[[1]] * FIELDS],
        [1, None],
        {"a": 1},
        [],
        3,
        None,
    ],
)
def test_that_parts_that_do_not_fit_are_a_protocol_error(part: Any) -> None:
    with pytest.raises(ProtocolError):
        reading(a_long_frame([part])).receive()


@pytest.mark.parametrize("numbers", [[1], ["a"], None, 0, [None]])
def test_that_a_part_that_was_not_sent_is_a_protocol_error(numbers: Any) -> None:
    tree = {"modules": {"$parts": numbers}, "parameters": []}
    with pytest.raises(ProtocolError):
        reading(a_long_frame([[0, *[[]] * FIELDS]], {"is": "OpenedTarget", "tree": tree})).receive()


@pytest.mark.parametrize("sizes", [3, ["3"], [-1], [True], {"a": 1}])
def test_that_sizes_of_parts_that_are_none_are_a_protocol_error(sizes: Any) -> None:
    text = json.dumps({"kind": REPLY, "id": 1, "blobs": [], "parts": sizes, "body": {"is": "Cancel"}}).encode()
    with pytest.raises(ProtocolError):
        reading(struct.pack(">I", len(text)) + text).receive()
