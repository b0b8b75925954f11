"""Checkpoint files made by hand for the tests: pickles from opcodes, zips from members. Nothing here needs torch."""

import io
import json
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence

STOP = b"."
RECORDS = {".format_version": b"1", ".storage_alignment": b"64", "byteorder": b"little", "version": b"3\n"}


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes((value,))
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes((len(raw),)) + raw


def numbers(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(number(value) for value in values) + b"t"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def call(function: bytes, *args: bytes) -> bytes:
    return function + b"(" + b"".join(args) + b"tR"


def storage(key: str = "0", numel: int = 12, kind: str = "FloatStorage") -> bytes:
    return b"(" + text("storage") + named("torch", kind) + text(key) + text("cpu") + number(numel) + b"tQ"


def tensor(
    shape: Sequence[int] = (3, 4),
    stride: Sequence[int] = (4, 1),
    offset: int = 0,
    key: str = "0",
    numel: int = 12,
    kind: str = "FloatStorage",
) -> bytes:
    hooks = call(named("collections", "OrderedDict"))
    rebuild = named("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, storage(key, numel, kind), number(offset), numbers(shape), numbers(stride), b"\x89", hooks)


def dictionary(entries: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def pickled(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + STOP


def state_dict() -> bytes:
    return pickled(dictionary({"weight": tensor()}))


def torch_members(pickle: bytes, storages: Mapping[str, bytes] | None = None, root: str = "archive") -> list[tuple[str, bytes]]:
    records = {"data.pkl": pickle, **RECORDS}
    records.update({f"data/{key}": data for key, data in ({"0": bytes(48)} if storages is None else storages).items()})
    return [(f"{root}/{name}", data) for name, data in records.items()]


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def torch_zip(pickle: bytes, storages: Mapping[str, bytes] | None = None) -> bytes:
    return zipped(torch_members(pickle, storages))


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(begin: int = 0, end: int = 16, shape: object = (4,), dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": list(shape) if isinstance(shape, tuple) else shape, "data_offsets": [begin, end]}


def with_zip64_end(plain: bytes) -> bytes:
    """The same zip with the zip64 end record and locator that torch writes, and nonsense in the classic one."""
    at = plain.rfind(b"PK\x05\x06")
    _, _, _, _, count, size, start, _ = struct.unpack_from("<4s4H2IH", plain, at)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0x12345678, 0)
    return plain[:at] + record + locator + end
