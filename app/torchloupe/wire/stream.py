"""Frames over two pipes: a 4-byte length, a JSON header, then the raw blobs that the header announces.

The header is ``{"kind", "id", "blobs": [bytes, ...], "body": message}``. ``kind`` is ``hello``, ``request``, ``reply`` or ``event``;
``id`` ties replies and events to their request. Before its first frame the worker writes one magic line that ends in the nonce
it was started with, so that a login banner in front of it is never read as a length.
"""

import json
import struct
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO, List, Sequence, Tuple

from .codec import decode, encode
from .errors import ProtocolError
from .requests import MAGIC, PROTOCOL

HELLO, REQUEST, REPLY, EVENT = "hello", "request", "reply", "event"
MAX_HEADER_BYTES = 1 << 30
MAX_BANNER_BYTES = 1 << 20
_LENGTH = struct.Struct(">I")


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
        text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
        with self._lock:
            self._write(_LENGTH.pack(len(text)) + text)
            for blob in blobs:
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
        except (ValueError, KeyError, TypeError) as error:
            raise ProtocolError(f"Not a frame: {text[:80]!r}.") from error
        if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
            raise ProtocolError(f"Not a frame: {text[:80]!r}.")
        message = decode(body)
        return Frame(kind, request_id, message, tuple([self._read(size) for size in sizes]))

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


def magic_line(nonce: str) -> bytes:
    """The line that says: from here on, frames."""
    return f"{MAGIC} {PROTOCOL} {nonce}\n".encode()
