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


def _bomb_of(opcodes: bytes, size: int) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeeze.compress(b"\x80\x02" + opcodes * ((size - 2) // len(opcodes))) + squeeze.flush()
    return _with_packed_member("data.pkl", packed, size)


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
    Case("cut in half", lambda: _padded()[: len(_padded()) // 2], WARNED, "no end record.*cut off.*are shown"),
    Case("cut in its pickle", lambda: _padded()[:150], WARNED, "no end record.*Its first member is shown"),
    Case("cut before its pickle", lambda: _padded()[:40], REFUSED, "no end record.*cut off"),
    Case(
        "cut, with a pickle that calls posix.system",
        lambda: torch_zip(pickled(dictionary({"weight": tensor(), "x": _SYSTEM})))[:400],
        WARNED,
        r"run code.*posix\.system",
    ),
    Case("ten thousand members without a table", lambda: _headers(10_000), REFUSED, "no end record"),
    Case("ten thousand pickles without a table", lambda: _headers(10_000, "data.pkl"), WARNED, "no end record"),
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
    Case("members on top of each other", lambda: _overlapping(), WARNED, "lie on top of each other"),
    Case("four thousand members at one place", lambda: _overlapping(4_000), WARNED, "lie on top of each other"),
    Case("encrypted", lambda: _flags(1), REFUSED, "is encrypted"),
    Case("odd flag bits", lambda: _flags(0x60), OPENED),
    Case("classic end record wrong, zip64 right", lambda: with_zip64_end(good()), OPENED),
    Case(
        "table not where it should be",
        lambda: good().replace(b"PK\x01\x02", b"PK\x01\x03"),
        WARNED,
        "table of members is not.*are shown",
    ),
    Case("table damaged later", lambda: _table_cut(), WARNED, "table of members is damaged"),
    Case("an empty zip with a comment", lambda: b"PK\x05\x06" + bytes(16) + b"\x03\x00abc", REFUSED, "empty zip file"),
)


def _overlapping(count: int = 1) -> bytes:
    """Members whose table says that they begin where the first storage does."""
    data = zipped([*torch_members(state_dict()), *((f"archive/data/x{index}", b"") for index in range(count))])
    end = bytearray(data[data.find(b"PK\x01\x02") :])
    table = len(data) - len(end)
    begin = data.find(b"PK\x03\x04", data.find(b"archive/data/0") - 40)
    at = end.find(b"archive/data/x") - 46
    while end[at : at + 4] == b"PK\x01\x02":
        struct.pack_into("<2I", end, at + 20, 48, 48)
        struct.pack_into("<I", end, at + 42, begin)
        at += 46 + struct.unpack_from("<H", end, at + 28)[0]
    return data[:table] + bytes(end)


def _headers(count: int, leaf: str = "x") -> bytes:
    """Headers of members with nothing between them and no table."""
    return b"".join(
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 8, 0, 0, 0, 0, 0, 0, 9 + len(leaf), 0)
        + b"a%07d/" % index
        + leaf.encode()
        + b"}."
        for index in range(count)
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
    Case("calls torch.hub", _with(call(named("torch.hub", "load"), text("a/b"), text("c"))), WARNED, r"run code.*torch\.hub\.load"),
    Case("calls what a call returns", _with(call(call(call(named("builtins", "getattr"), named("os", "path"), text("os")), text("x")), text("y"))), WARNED, r"run code.*builtins\.getattr"),
    Case("calls in calls, fifty thousand deep", _with(named("a.b", "C") + named("os", "system") * 50_000 + b")R" + b"\x85R" * 50_000), WARNED, r"run code.*os\.system"),
    Case("name through the stack with dots", _with(b"\x8c\x08builtins\x8c\x0c__import__.x\x93" + b")R"), WARNED, "damaged|run code|objects"),
    Case("name through the stack that is a number", _with(number(1) + number(2) + b"\x93"), REFUSED, "damaged at byte"),
    Case("name through the stack that is a tuple", _with(b"))" + b"\x93"), REFUSED, "damaged at byte"),
    Case("name with a line's end and NUL", _with(b"\x8c\x03o\ns\x8c\x08sys\0tem\n\x93)R"), WARNED, "objects|run code"),
    Case("state that sets attributes of a function", _with(named("os", "system") + dictionary({"__code__": number(1)}) + b"b"), WARNED, r"os\.system"),
    Case("extension of four bytes", _with(b"\x84\xff\xff\xff\x7f"), WARNED, "extension_2147483647"),
    Case("memo of the largest number", _with(number(1) + b"r\xff\xff\xff\xff"), OPENED),
    Case("memo with four hundred thousand entries", lambda: torch_zip(pickled(b"}", *(b"r" + struct.pack("<I", index) for index in range(400_000)))), OPENED),
    Case("memo doubles a tuple", lambda: torch_zip(pickled(b")", b"".join(b"\x94h%c\x86" % index for index in range(14)))), OPENED),
    Case("opcodes that do nothing", _only(b"\x80\x02" + b"N0" * 1_000_000 + dictionary({"weight": tensor()}) + b"."), OPENED),
    Case("marks without end", _only(b"\x80\x02}" + b"(" * 300_000), WARNED, "ends without its last opcode"),
    Case("opcodes without end, squeezed", lambda: _bomb_of(b"N0", 30 << 20), REFUSED, "more than is read here"),
    Case("frames that lie", _only(b"\x80\x04\x95" + b"\xff" * 8 + dictionary({"weight": tensor()}) + b"."), OPENED),
    Case("an out-of-band buffer", _with(b"\x97\x98"), OPENED),
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

_MANY = 200_000
_ONE = b'"layers.%d.w":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}'
OTHER_THINGS = (
    Case("nothing", lambda: b"", REFUSED, "is empty"),
    Case("only zeros", lambda: bytes(5000), REFUSED, "zero bytes"),
    Case("a Git LFS pointer", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", REFUSED, "LFS pointer.*12,345 bytes"),
    Case("a web page", lambda: b"<!DOCTYPE html><html><body>Log in</body></html>", REFUSED, "is a web page"),
    Case("a 7-Zip archive", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50), REFUSED, "7-Zip"),
    Case("HDF5", lambda: b"\x89HDF\r\n\x1a\n" + bytes(500), REFUSED, "HDF5"),
    Case("an infinite JSON", lambda: b"{" * 100_000, REFUSED, "JSON|text|nested"),
    Case("plain pickle of protocol 2", lambda: pickled(dictionary({"lr": number(1)})), OPENED),
    Case("plain pickle of protocol 4", lambda: b"\x80\x04\x95\x0c" + bytes(7) + b"}\x94\x8c\x02lr\x94K\x01s.", OPENED),
    Case("plain pickle of protocol 5", lambda: b"\x80\x05}\x94\x8c\x02lr\x94K\x01s.", OPENED),
    Case("plain pickle that calls posix.system", lambda: pickled(_SYSTEM), WARNED, r"run code.*posix\.system"),
    Case("plain pickle that ends early", lambda: pickled(dictionary({"lr": number(1)}))[:-1], WARNED, "ends without"),
)  # fmt: skip
SAFETENSORS += (
    Case("two hundred thousand keys", lambda: safetensors(b"{" + b",".join(_ONE % (n, 4 * n, 4 * n + 4) for n in range(_MANY)) + b"}", bytes(4 * _MANY)), OPENED, file="checkpoint.safetensors"),
)  # fmt: skip

ALL = (*ZIPS, *PICKLES, *SAFETENSORS, *OTHER_THINGS)
