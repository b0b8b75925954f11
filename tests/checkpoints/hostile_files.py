# ruff: noqa: E501
"""Bad files, one or more for each way in which a file can be bad, and what must come of each.

``REFUSED`` has a piece of the sentence, ``WARNED`` a piece of the warning, ``OPENED`` nothing more to say. None of these may run
anything, take more than two seconds, or need much memory.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

from checkpoints.making_files import (
    call,
    dictionary,
    entry,
    named,
    number,
    pickled,
    safetensors,
    state_dict,
    storage,
    tensor,
    text,
    torch_members,
    torch_zip,
    with_zip64_end,
    zipped,
)

REFUSED, WARNED, OPENED = "refused", "warned", "opened"


class Case(NamedTuple):
    """``build`` makes the bytes; ``says`` is a regular expression for the sentence that must come."""

    name: str
    build: Callable[[], bytes]
    outcome: str
    says: str = ""
    file: str = "checkpoint.pt"


def good() -> bytes:
    return torch_zip(state_dict())


def _padded() -> bytes:
    return zipped(torch_members(state_dict(), {"0": bytes(48), "1": bytes(200_000)}))


def _without(leaf: str) -> bytes:
    return zipped([member for member in torch_members(state_dict()) if not member[0].endswith(leaf)])


def _replaced(leaf: str, data: bytes) -> bytes:
    return zipped([(name, data if name.endswith(leaf) else old) for name, old in torch_members(state_dict())])


def _also(*members: tuple[str, bytes]) -> bytes:
    return zipped([*torch_members(state_dict()), *members])


def _twice() -> bytes:
    """Two members of one name, made by renaming one of the same length."""
    plain = zipped([*torch_members(state_dict()), ("archive/data.pkk", pickled(dictionary({})))])
    return plain.replace(b"archive/data.pkk", b"archive/data.pkl")


def _flags(bits: int) -> bytes:
    """Flag bits set in the table's entry of the first member, which is the pickle."""
    data = bytearray(good())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= bits
    return bytes(data)


def _other_local_name() -> bytes:
    data = good()
    at = data.find(b"archive/data.pkl")
    return data[:at] + b"archive/data.pkx" + data[at + 16 :]


def _flipped_pickle() -> bytes:
    data = bytearray(good())
    data[data.find(b"weight") + 1] ^= 1
    return bytes(data)


def _flipped_value() -> bytes:
    data = bytearray(zipped(torch_members(state_dict(), {"0": b"\x07" * 48})))
    data[data.find(b"\x07" * 48) + 5] ^= 0xFF
    return bytes(data)


def _bomb(leaf: str, declared: int | None = None) -> bytes:
    """A member of 48 MB, or of as many bytes as it declares, from 48 kB of packed zeros."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 20)
    packed = b"".join([*(squeeze.compress(block) for _ in range(48)), squeeze.flush()])
    return _with_packed_member(leaf, packed, 48 << 20 if declared is None else declared)


def _with_packed_member(leaf: str, packed: bytes, plain_size: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in torch_members(state_dict()):
            archive.writestr(zipfile.ZipInfo(name), packed if name.endswith(leaf) else data)
    data = bytearray(stream.getvalue())
    at = data.find(b"PK\x01\x02")
    while data[at : at + 4] == b"PK\x01\x02":
        name_length, extra, comment = struct.unpack_from("<3H", data, at + 28)
        if bytes(data[at + 46 : at + 46 + name_length]).endswith(leaf.encode()):
            struct.pack_into("<H", data, at + 10, 8)
            struct.pack_into("<I", data, at + 24, plain_size)
        at += 46 + name_length + extra + comment
    return bytes(data)


def _with(*parts: bytes) -> Callable[[], bytes]:
    """A file whose pickle is a dict with a good tensor, then ``parts`` as the value of one more entry."""
    return lambda: torch_zip(pickled(dictionary({"weight": tensor(), "other": b"".join(parts)})))


def _only(raw: bytes) -> Callable[[], bytes]:
    return lambda: torch_zip(raw)


def _one_tensor(**how: object) -> Callable[[], bytes]:
    return lambda: torch_zip(pickled(dictionary({"weight": tensor(**how)})))  # type: ignore[arg-type]


def _doubled(times: int) -> bytes:
    """``[x, x]`` of ``[x, x]`` of ...: 2^times leaves."""
    return torch_zip(pickled(b"]" + number(1) + b"a", b"".join(b"q\x00" + b"]" + b"(h\x00h\x00e" for _ in range(times))))


def _deep_tuple(levels: int) -> bytes:
    return torch_zip(pickled(dictionary({"weight": tensor(), "deep": b")" + b"\x85" * levels})))


def _zip_with_junk(before: bytes = b"", after: bytes = b"") -> Callable[[], bytes]:
    return lambda: before + good() + after


_SYSTEM = call(named("posix", "system"), text("touch PWNED"))
_EVAL = call(named("__builtin__", "eval"), text("open('PWNED', 'w')"))
_STACK_GLOBAL = b"\x8c\x05posix\x8c\x06system\x93" + text("touch PWNED") + b"\x85R"
_INST = b"(" + text("touch PWNED") + b"iposix\nsystem\n"
_OBJ = b"(" + named("os", "system") + text("touch PWNED") + b"o"

ZIPS = (
    Case("cut in half", lambda: _padded()[: len(_padded()) // 2], REFUSED, "no end record.*cut off"),
    Case("last ten bytes cut", lambda: with_zip64_end(good())[:-10], WARNED, "last bytes of the file are missing"),
    Case("only the zip signature", lambda: b"PK\x03\x04", REFUSED, "no end record"),
    Case("only an end record", lambda: b"PK\x05\x06" + bytes(18), REFUSED, "empty zip file"),
    Case("zipped again, stored", good, OPENED),
    Case("zipped again, deflated", lambda: zipped(torch_members(state_dict()), zipfile.ZIP_DEFLATED), OPENED),
    Case("zipped again with bzip2", lambda: zipped(torch_members(state_dict()), zipfile.ZIP_BZIP2), REFUSED, "method 12"),
    Case("rubbish before", _zip_with_junk(before=b"\x01rubbish" * 9), WARNED, "72 bytes stand before"),
    Case("rubbish after", _zip_with_junk(after=b"rubbish" * 9), WARNED, "63 bytes follow"),
    Case("storage record missing", lambda: _without("data/0"), WARNED, "data/0 is missing"),
    Case("storage record too short", lambda: _replaced("data/0", bytes(20)), WARNED, "claims 48 bytes; the file has 20"),
    Case("no pickle", lambda: _without("data.pkl"), REFUSED, "without data.pkl.*archive/version"),
    Case("byte of the pickle flipped", _flipped_pickle, WARNED, "check sum of archive/data.pkl does not match"),
    Case("byte of a value flipped", _flipped_value, OPENED),
    Case("byte order middle", lambda: _replaced("byteorder", b"middle"), WARNED, "neither little nor big"),
    Case("byte order big", lambda: _replaced("byteorder", b"big"), WARNED, "big endian"),
    Case("no version", lambda: _without("version"), WARNED, "no version record"),
    Case("two pickles of one name", _twice, REFUSED, "several members named archive/data.pkl"),
    Case(
        "two roots", lambda: _also(*torch_members(state_dict(), root="second")), WARNED, "holds 2 checkpoints.*archive/, second/"
    ),
    Case("names that climb", lambda: _also(("archive/../../evil", b"x")), WARNED, "odd names"),
    Case("pickle is a bomb", lambda: _bomb("data.pkl"), REFUSED, "more than is read here"),
    Case("pickle is a bomb that lies", lambda: _bomb("data.pkl", 1000), REFUSED, "another size"),
    Case(
        "pickle claims gigabytes", lambda: _with_packed_member("data.pkl", b"\x03\x00", 0xFFFFFFF0), REFUSED, "more than is read"
    ),
    Case("pickle is not deflated data", lambda: _with_packed_member("data.pkl", b"\xff" * 50, 50), REFUSED, "cannot be inflated"),
    Case("storage is a bomb", lambda: _bomb("data/0"), OPENED),
    Case("other name at its place", _other_local_name, WARNED, "another name at its place"),
    Case("encrypted", lambda: _flags(1), REFUSED, "is encrypted"),
    Case("odd flag bits", lambda: _flags(0x60), OPENED),
    Case("classic end record wrong, zip64 right", lambda: with_zip64_end(good()), OPENED),
    Case(
        "table not where it should be", lambda: good().replace(b"PK\x01\x02", b"PK\x01\x03"), REFUSED, "table of members is not"
    ),
    Case("table damaged later", lambda: _table_cut(), WARNED, "table of members is damaged"),
    Case("an empty zip with a comment", lambda: b"PK\x05\x06" + bytes(16) + b"\x03\x00abc", REFUSED, "empty zip file"),
)


def _table_cut() -> bytes:
    data = bytearray(good())
    data[data.rfind(b"PK\x01\x02") + 3] = 9
    return bytes(data)


PICKLES = (
    Case("calls posix.system", _with(_SYSTEM), WARNED, r"run code.*posix\.system"),
    Case("calls eval", _with(_EVAL), WARNED, r"run code.*builtins\.eval"),
    Case("names it through the stack", _with(_STACK_GLOBAL), WARNED, r"run code.*posix\.system"),
    Case("makes an instance", _with(_INST), WARNED, r"run code.*posix\.system"),
    Case("makes an object", _with(_OBJ), WARNED, r"run code.*os\.system"),
    Case("calls, then rubbish", _only(b"\x80\x02" + _SYSTEM + b"\xff\xfe\xfd"), WARNED, "0xff is no opcode"),
    Case("tensors, then rubbish", _only(b"\x80\x02}(" + text("weight") + tensor() + b"\xff\xff"), WARNED, "no opcode"),
    Case("extension", _with(b"\x82\x07"), WARNED, "extension_7"),
    Case("class of a project", _with(named("my.project", "Config"), b")\x81}", text("lr"), number(1), b"sb"), WARNED, "my.project.Config"),
    Case("memo never set", _with(b"h\x09"), REFUSED, "byte .*: it uses an object that it never stored"),
    Case("call on an empty stack", _only(b"\x80\x02R."), REFUSED, "byte 2: it takes an object where there is none"),
    Case("no mark", _only(b"\x80\x02Nt."), REFUSED, "takes an object where there is none"),
    Case("empty pickle", _only(b""), WARNED, "ends without its last opcode"),
    Case("stops with nothing", _only(b"\x80\x02."), REFUSED, "takes an object where there is none"),
    Case("no stop", _only(b"\x80\x02" + dictionary({"weight": tensor()})), WARNED, "ends without its last opcode"),
    Case("protocol of the future", _only(b"\x80\x09" + dictionary({})), WARNED, "protocol 9 is not known"),
    Case("tuple a million deep", lambda: _deep_tuple(1_000_000), WARNED, "nested more than 100,100 levels deep"),
    Case("dict a hundred thousand deep", _only(pickled(b"}" + (text("k") + b"}") * 100_000 + b"s" * 100_000)), WARNED, "nested 100,001 levels deep"),
    Case("list doubled sixty times", lambda: _doubled(60), WARNED, "shared many times over"),
    Case("number of two gigabytes", _with(b"\x8b\xff\xff\xff\x7f"), REFUSED, "claims 2,147,483,647 bytes"),
    Case("number of a megabyte", _with(b"\x8b" + struct.pack("<I", 1 << 20) + bytes(1 << 20)), REFUSED, "a number of 1,048,576 bytes"),
    Case("number of a thousand digits", _with(b"L" + b"9" * 1000 + b"L\n"), OPENED),
    Case("number of many digits", _with(b"L" + b"9" * 100_000 + b"L\n"), REFUSED, "line in it does not end"),
    Case("number that is none", _with(b"Iabc\n"), REFUSED, "invalid literal"),
    Case("text longer than the rest", _with(b"X\xff\xff\xff\x7fabc"), REFUSED, "text longer than the rest"),
    Case("text of 2^63 bytes", _with(b"\x8d" + b"\xff" * 7 + b"\x7f"), REFUSED, "more than the rest"),
    Case("bytes of 2^63 bytes", _with(b"\x8e" + b"\xff" * 7 + b"\x7f"), REFUSED, "more than the rest"),
    Case("text that is not UTF-8", _with(b"X\x02\x00\x00\x00\xff\xfe"), REFUSED, "codec can't decode"),
    Case("dict that contains itself", _only(pickled(b"}q\x00" + text("me") + b"h\x00s" + text("weight") + tensor() + b"s")), OPENED),
    Case("list that contains itself", _with(b"]q\x00h\x00a"), OPENED),
    Case("shape larger than its storage", _one_tensor(shape=(1_000_000, 1_000_000)), WARNED, "reaches to byte"),
    Case("storage larger than its record", _one_tensor(numel=1 << 40), WARNED, "claims 4,398,046,511,104 bytes"),
    Case("negative stride", _one_tensor(stride=(-4, 1)), WARNED, "strides is negative"),
    Case("negative offset", _one_tensor(offset=-4), WARNED, "offset is negative"),
    Case("negative size", _one_tensor(shape=(-3, 4)), WARNED, "negative dimension"),
    Case("expanded to 10^15", _one_tensor(shape=(10**15,), stride=(0,)), OPENED),
    Case("storage of negative size", _one_tensor(numel=-12), WARNED, "negative size"),
    Case("key that climbs", _one_tensor(key="../../etc/passwd"), WARNED, "data/../../etc/passwd is missing"),
    Case("more elements than 64 bits count", _one_tensor(shape=(1 << 40, 1 << 40)), WARNED, "more elements than can be counted"),
    Case("two hundred thousand dimensions", _one_tensor(shape=(1,) * 200_000, stride=(1,) * 200_000), WARNED, "claims 200,000 dimensions"),
    Case("item set on a tensor", _only(pickled(tensor() + number(0) + number(1) + b"s")), WARNED, "sets an item on a PickledTensor"),
    Case("appends to a tensor", _only(pickled(tensor() + number(0) + b"a")), WARNED, "appends to a PickledTensor"),
    Case("attributes on a list", _with(b"]}b"), WARNED, "sets attributes on a list"),
    Case("storage of an unknown class", _one_tensor(kind="SecretStorage"), WARNED, "element type is not known"),
    Case("rebuilt from nonsense", _with(call(named("torch._utils", "_rebuild_tensor_v2"), number(1))), WARNED, "cannot have"),
    Case("shape that is a text", _with(call(named("torch._utils", "_rebuild_tensor_v2"), storage(), number(0), text("ab"), b")", b"\x89", b"N")), WARNED, "not stored as a list of numbers"),
    Case("meta tensor with nonsense for strides", _with(call(named("torch._utils", "_rebuild_meta_tensor_no_storage"), named("torch", "float32"), number(3) + b"\x85", text("ab"), b"\x89")), OPENED),
    Case("tuple as a deep key", _only(pickled(b"}", b")" + b"\x85" * 500_000, number(1), b"s")), OPENED),
    Case("many wide dicts that are one", lambda: _shared_wide(), WARNED, "shared many times over"),
    Case("many objects with one long argument", lambda: _shared_arguments(), WARNED, "shared many times over"),
    Case("a key of a megabyte", _only(pickled(dictionary({"k" * 1_000_000: tensor(), "d": dictionary({"m" * 1_000_000: number(1)})}))), OPENED),
    Case("odd names", _only(pickled(dictionary({"a\0b": tensor(), "\u202ex": tensor(), "a\nb": tensor(), "": tensor(), "\ud800": tensor()}))), OPENED),
)  # fmt: skip


def _shared_wide() -> bytes:
    wide = b"}(" + b"".join(text(str(index)) + number(1) for index in range(5000)) + b"uq\x00"
    return torch_zip(pickled(b"](" + wide + b"h\x00" * 20_000 + b"e"))


def _shared_arguments() -> bytes:
    long = b"]q\x00(" + number(1) * 1 + b"]" * 5000 + b"e0"
    return torch_zip(pickled(long, b"](" + (named("my", "Thing") + b"h\x00\x85R") * 20_000 + b"e"))


_A16 = bytes(16)
SAFETENSORS = tuple(
    case._replace(file="checkpoint.safetensors")
    for case in (
        Case("good", lambda: safetensors({"a": entry()}, _A16), OPENED),
        Case("header of 2^63 bytes", lambda: safetensors({"a": entry()}, _A16, 1 << 63), REFUSED, "claims a header"),
        Case("header larger than the file", lambda: safetensors({"a": entry()}, _A16, 5000), REFUSED, "cut off"),
        Case("header of no bytes", lambda: struct.pack("<Q", 0) + b"{}", REFUSED, "claims a header of 0 bytes"),
        Case("fewer than 8 bytes", lambda: b"\x05\0\0", REFUSED, "has 3 bytes"),
        Case("not JSON", lambda: safetensors(b'{"a": nonsense}'), REFUSED, "is not JSON"),
        Case("not UTF-8", lambda: safetensors(b'{"a\xff": 1}'), REFUSED, "not UTF-8"),
        Case("a list", lambda: safetensors(b"[1, 2]"), REFUSED, "JSON list"),
        Case("a hundred thousand brackets", lambda: safetensors(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), REFUSED, "nested"),
        Case("a hundred thousand objects", lambda: safetensors(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), REFUSED, "nested"),
        Case("brackets in a name", lambda: safetensors({"a[[[[[[{{{{{{{\"[[[[[[{{{{{{": entry()}, _A16), OPENED),
        Case("a key twice", lambda: safetensors(b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', _A16), REFUSED, "key 'a' twice"),
        Case("overlap", lambda: safetensors({"a": entry(), "b": entry(8, 24)}, bytes(24)), WARNED, "overlaps with"),
        Case("hole", lambda: safetensors({"a": entry(), "b": entry(20, 36)}, bytes(36)), WARNED, "4 bytes between the tensors"),
        Case("out of the file", lambda: safetensors({"a": entry(), "b": entry(16, 32)}, _A16), WARNED, "ends at byte"),
        Case("trailing bytes", lambda: safetensors({"a": entry()}, bytes(20)), WARNED, "4 bytes follow"),
        Case("end before begin", lambda: safetensors({"a": entry(16, 0)}, _A16), WARNED, "which is no range"),
        Case("negative offset", lambda: safetensors({"a": entry(-16, 0)}, _A16), WARNED, "which is no range"),
        Case("one offset", lambda: safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0]}}, _A16), WARNED, "two numbers"),
        Case("size and shape differ", lambda: safetensors({"a": entry(shape=(5,))}, _A16), WARNED, "takes 20 bytes"),
        Case("shape overflows", lambda: safetensors({"a": entry(shape=(1 << 40, 1 << 40))}, _A16), WARNED, "64 bits"),
        Case("dimension with a fraction", lambda: safetensors({"a": entry(shape=[1.5])}, _A16), WARNED, "list of numbers"),
        Case("dimension that is true", lambda: safetensors({"a": entry(shape=[True, 4])}, _A16), WARNED, "list of numbers"),
        Case("unknown element type", lambda: safetensors({"a": entry(dtype="F31")}, _A16), WARNED, "'F31' is not known"),
        Case("half a byte", lambda: safetensors({"a": entry(0, 2, (3,), "F4")}, bytes(2)), WARNED, "whole bytes"),
        Case("entry that is a number", lambda: safetensors({"a": 5}), WARNED, "no JSON object"),
        Case("empty tensors at one place", lambda: safetensors({"a": entry(), "b": entry(0, 0, (0,)), "c": entry(16, 16, (0, 4))}, _A16), OPENED),
        Case("two hundred thousand dimensions", lambda: safetensors({"a": entry(0, 4, (1,) * 200_000)}, bytes(4)), WARNED, "200,000 dimensions"),
        Case("odd names", lambda: safetensors({"a\0b": entry(), "\u202ex": entry(16, 32), "a\nb": entry(32, 48), "": entry(48, 64), "x" * 1_000_000: entry(64, 80)}, bytes(80)), OPENED),
        Case("metadata that is no text", lambda: safetensors({"__metadata__": {"a": 5}, "a": entry()}, _A16), WARNED, "not text"),
        Case("metadata that is a list", lambda: safetensors({"__metadata__": [5], "a": entry()}, _A16), WARNED, "is no JSON object"),
        Case("a number of many digits", lambda: safetensors(b'{"a":{"dtype":"F32","shape":[' + b"9" * 6000 + b'],"data_offsets":[0,16]}}', _A16), REFUSED, "is not JSON"),
        Case("random bytes", lambda: random.Random(5).randbytes(5000), REFUSED, "claims a header"),
    )
)  # fmt: skip

ALL = (*ZIPS, *PICKLES, *SAFETENSORS)
