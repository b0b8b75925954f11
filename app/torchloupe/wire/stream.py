"""Frames over two pipes: a 4-byte length, a JSON header, then the raw blobs that the header announces.

The header is ``{"kind", "id", "blobs": [bytes, ...], "body": message}``; one with long rows has ``"parts": [bytes, ...]``, too: JSON
texts that follow it and stand where ``{"$parts": [number, ...]}`` does. ``kind`` is ``hello``, ``request``, ``reply`` or ``event``;
``id`` ties replies and events to their request. Before its first frame the worker writes one magic line that ends in the nonce
it was started with, so that a login banner in front of it is never read as a length.
"""

import gc
import json
import struct
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO, List, Sequence, Tuple

from .codec import Rows, decode, encode
from .errors import ProtocolError
from .requests import MAGIC, PROTOCOL

HELLO, REQUEST, REPLY, EVENT = "hello", "request", "reply", "event"
MAX_HEADER_BYTES = 1 << 30
MAX_BANNER_BYTES = 1 << 20
_LENGTH = struct.Struct(">I")
_SHORT: Any = {"separators": (",", ":"), "allow_nan": False, "check_circular": False}
"""A cycle ends in a RecursionError soon enough; looking for one costs a third."""
_plain_json = json.JSONEncoder(**_SHORT).encode


@dataclass(frozen=True)
class Frame:
    """One message with its kind, the id of its request, and its blobs."""

    kind: str
    id: int
    message: Any
    blobs: Tuple[bytes, ...] = ()


class EndOfStream(Exception):
    """The other side closed the pipe."""


class Stream:
    """Sends frames from any thread and reads them from one. Closing the pipes is their owner's business."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        self._reading = reading
        self._writing = writing
        self._lock = threading.Lock()

    def send(self, kind: str, request_id: int, message: Any, blobs: Sequence[bytes] = ()) -> None:
        """Write one frame. Raises ``OSError`` or ``ValueError`` when the other side is gone."""
        header = {"kind": kind, "id": request_id, "blobs": [len(blob) for blob in blobs], "body": encode(message)}
        parts: List[bytes] = []

        def apart(rows: Any) -> Any:
            numbers = range(len(parts), len(parts) + len(rows.parts))
            parts.extend(_plain_json(part).encode() for part in rows.parts)
            return {"$parts": list(numbers)}

        text = json.JSONEncoder(default=apart, **_SHORT).encode(header).encode()
        if parts:
            text = b'{"parts":[%s],%s' % (",".join([str(len(part)) for part in parts]).encode(), text[1:])
        with self._lock:
            self._write(_LENGTH.pack(len(text)) + text)
            for blob in (*parts, *blobs):
                self._write(blob)
            self._writing.flush()

    def receive(self) -> Frame:
        """The next frame. Raises ``EndOfStream`` at the end, ``ProtocolError`` when what came is no frame."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        if length > MAX_HEADER_BYTES:
            raise ProtocolError(f"A header of {length} bytes was announced.")
        text = self._read(length)
        try:
            header = json.loads(text)
            kind, request_id, sizes, body = header["kind"], header["id"], header["blobs"], header["body"]
            parts = header.get("parts", [])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"Not a frame: {text[:80]!r}.") from error
        if not _are_sizes(sizes) or not _are_sizes(parts):
            raise ProtocolError(f"Not a frame: {text[:80]!r}.")
        message = self._long_message(body, parts) if parts else decode(body)
        return Frame(kind, request_id, message, tuple([self._read(size) for size in sizes]))

    def _long_message(self, body: Any, sizes: List[int]) -> Any:
        """A message whose long rows follow the header. All of it stays, so the garbage collector need not go through it."""
        was_on = gc.isenabled()
        gc.disable()
        try:
            parts = [json.loads(self._read(size)) for size in sizes]
            return decode(_put_together(body, parts))
        except (ValueError, TypeError, IndexError) as error:
            raise ProtocolError(f"Not the parts of a frame: {error}.") from error
        finally:
            if was_on:
                gc.freeze()
                gc.enable()

    def send_magic(self, nonce: str) -> None:
        """Write the magic line."""
        with self._lock:
            self._write(magic_line(nonce))
            self._writing.flush()

    def await_magic(self, nonce: str) -> List[str]:
        """Read up to the magic line; the lines that came before it. Raises ``EndOfStream`` or ``ProtocolError``."""
        wanted, seen = magic_line(nonce), 0
        noise: List[str] = []
        while True:
            line = self._reading.readline(MAX_BANNER_BYTES)
            if line.endswith(wanted):
                before = line[: -len(wanted)]
                return noise + ([before.decode("utf-8", "replace")] if before else [])
            if not line:
                raise EndOfStream("\n".join(noise))
            seen += len(line)
            if seen > MAX_BANNER_BYTES:
                raise ProtocolError("A megabyte arrived and no worker said hello.")
            noise.append(line.decode("utf-8", "replace").rstrip("\r\n"))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = self._writing.write(rest)
            rest = rest[written:]

    def _read(self, size: int) -> bytes:
        parts: List[bytes] = []
        while size:
            part = self._reading.read(size)
            if not part:
                raise EndOfStream
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _are_sizes(sizes: Any) -> bool:
    return isinstance(sizes, list) and all(type(size) is int and size >= 0 for size in sizes)


def _put_together(plain: Any, parts: List[Any]) -> Any:
    """The body with ``Rows`` where it names parts."""
    if isinstance(plain, dict):
        if plain.keys() == {"$parts"}:
            return Rows([parts[number] for number in plain["$parts"]])
        return {key: _put_together(value, parts) for key, value in plain.items()}
    return [_put_together(value, parts) for value in plain] if isinstance(plain, list) else plain


def magic_line(nonce: str) -> bytes:
    """The line that says: from here on, frames."""
    return f"{MAGIC} {PROTOCOL} {nonce}\n".encode()
