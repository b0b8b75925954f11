# ruff: noqa: E501
"""Damage to good files: at random, or where it hurts - pickle opcodes, lengths, names in JSON, fields of headers."""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from random import Random

from checkpoints.making_files import zipped

Damage = Callable[[bytes, Random], bytes]

_NUMBERS = (
    0,
    1,
    2,
    7,
    127,
    128,
    255,
    256,
    65_535,
    1 << 20,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
_PIECES = (
    b"cposix\nsystem\n", b"(tR", b")R", b"\x85R", b"}", b"]", b")", b"(", b"u", b"e", b"s", b"a", b"b", b"t", b"Q", b"0", b"2", b"R", b"o",
    b"\x81", b"\x92", b"\x93", b"\x94", b"\x85", b"\x86", b"\x87", b"\x90", b"\x91", b"\x8f", b"h\x00", b"q\x00", b"j\xff\xff\xff\xff", b"r\xff\xff\xff\x7f",
    b"X\x01\x00\x00\x00k", b"\x8c\x01k", b"K\x05", b"J\xff\xff\xff\xff", b"\x8a\x09" + b"\xff" * 9, b"N", b"\x88", b"\x89", b"\x82\x01", b"I7\n", b"Gabcdefgh",
    b".", b"P1\n", b"iposix\nsystem\n", b"\x95" + b"\xff" * 8, b"\x98", b"\x97", b"\x8e" + b"\xff" * 8,
    b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n", b"ccollections\nOrderedDict\n", b"c_codecs\nencode\n", b"ctorch\nSize\n",
)  # fmt: skip
_JSON_VALUES: tuple[object, ...] = (
    None, True, -1, 0, 1.5, 1 << 63, 1 << 70, "", "x", "../../etc/passwd", "/dev/zero", "\0", "\u202e", [], {}, [0], [0, 0], [-1, 5], [1 << 62, 4],
    [[[[]]]], {"a": {}}, ["a"], "F32", "F4", "I64", float("inf"),
)  # fmt: skip


def flipped(data: bytes, random: Random) -> bytes:
    """Some bytes changed."""
    made = bytearray(data)
    for _ in range(random.randint(1, 6) if made else 0):
        made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def cut(data: bytes, random: Random) -> bytes:
    """The end missing."""
    return data[: random.randrange(len(data) + 1)]


def numbered(data: bytes, random: Random) -> bytes:
    """A number somewhere that is as small or large as such a number can be."""
    form = random.choice(["<B", "<H", "<I", "<Q", ">I", ">Q"])
    size = struct.calcsize(form)
    at = random.randrange(max(1, len(data) - size))
    value = random.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack(form, value) + data[at + size :]


def moved(data: bytes, random: Random) -> bytes:
    """A piece repeated, taken out, or put elsewhere."""
    begin = random.randrange(len(data) + 1)
    end = min(len(data), begin + random.choice((1, 2, 8, 64, 500)))
    piece, at = data[begin:end], random.randrange(len(data) + 1)
    how = random.randrange(3)
    if how == 0:
        return data[:begin] + data[end:]
    return data[:at] + piece * (1 if how == 1 else random.choice((2, 50, 2000))) + data[at:]


def with_opcodes(data: bytes, random: Random) -> bytes:
    """Opcodes put between those of a pickle, or in their place."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        piece = random.choice(_PIECES) * random.choice((1, 1, 1, 2, 30))
        data = data[:at] + piece + data[at + random.choice((0, 0, len(piece))) :]
    return data


def in_a_zip(data: bytes, random: Random) -> bytes:
    """One member damaged and the zip made anew, so that its own checks pass and the damage reaches the reader of the member."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError, RuntimeError):
        return flipped(data, random)
    small = [index for index, (name, _) in enumerate(members) if not name.rsplit("/", 1)[-1].isdigit()]
    if not small:
        return flipped(data, random)
    chosen = random.choice(small)
    name, plain = members[chosen]
    if random.random() < 0.1:
        name = random.choice(("../" + name, name + "/", "", "/" + name, name.upper(), members[0][0]))
    how = with_opcodes if name.endswith(".pkl") else in_json if name.endswith(".json") else numbered
    members[chosen] = (name, random.choice((how, how, how, flipped, moved, cut))(plain, random))
    return zipped(
        ((name or "x", plain) for name, plain in dict(members).items()),
        random.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)),
    )


def in_json(data: bytes, random: Random) -> bytes:
    """A value or a key of a JSON text replaced."""
    try:
        root = json.loads(data)
    except ValueError:
        return flipped(data, random)
    holder, places = root, []
    while isinstance(holder, (dict, list)) and holder:
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        places.append((holder, key))
        if random.random() < 0.3:
            break
        holder = holder[key]
    if places:
        inner, key = places[-1]
        if isinstance(inner, dict) and random.random() < 0.3:
            inner[str(random.choice(_JSON_VALUES))[:50]] = inner.pop(key)
        else:
            inner[key] = random.choice(_JSON_VALUES)
    return json.dumps(root).encode()


def in_safetensors(data: bytes, random: Random) -> bytes:
    """The header's JSON damaged, its length right."""
    length = int.from_bytes(data[:8], "little")
    header = in_json(data[8 : 8 + length], random)
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


_BY_NAME: dict[str, Damage] = {
    "torch before 1.6": with_opcodes,
    "torch tar": with_opcodes,
    "safetensors": in_safetensors,
    "key list": in_json,
    "pickle": with_opcodes,
    "sharded, its index": in_json,
    "sharded, a shard": in_safetensors,
    "distributed, its index": with_opcodes,
    **dict.fromkeys(("torch zip", "pickled module", "lightning", "torchscript", "exported program", "npz"), in_a_zip),
}


def damaged(name: str, data: bytes, random: Random) -> bytes:
    """A file of the format ``name`` with some damage, of the kind that this format is prone to in half of all cases."""
    special = _BY_NAME.get(name, numbered)
    for _ in range(random.choice((1, 1, 2))):
        data = random.choice((special, special, special, special, flipped, cut, numbered, moved))(data, random)
    return data
