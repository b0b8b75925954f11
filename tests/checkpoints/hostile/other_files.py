# ruff: noqa: E501
"""Bad files of the other formats, in the manner of ``torch_files``."""

import struct
import zipfile
from collections.abc import Callable, Sequence

from checkpoints.hostile.torch_files import OPENED, REFUSED, WARNED, Case, good
from checkpoints.making_files import call, dictionary, named, number, pickled, text, zipped
from checkpoints.making_legacy import MAGIC, legacy, legacy_storage, tar, torch_tar, view_storage

_TWELVE = {"0": [1.0] * 12}
_SYSTEM = call(named("posix", "system"), text("touch PWNED"))


def _old(*, storages: dict[str, list[float]] | None = None, cut: int = 0, **how: object) -> Callable[[], bytes]:
    """An old torch file with one tensor, cut by so many bytes."""
    entries = how.pop("entries", {"weight": legacy_storage()})
    return lambda: (lambda data: data[: len(data) - cut])(legacy(entries, _TWELVE if storages is None else storages, **how))  # type: ignore[arg-type]


LEGACY = (
    Case("old: good", _old(), OPENED),
    Case("old: cut in its values", _old(cut=20), WARNED, "cut off"),
    Case("old: cut in its index", _old(cut=60), WARNED, "ends before its values|list of its storages"),
    Case("old: cut in its pickle", _old(cut=220), WARNED, "ends"),
    Case("old: only the magic number", lambda: MAGIC, WARNED, "protocol number"),
    Case("old: other protocol number", _old(protocol=pickled(number(7))), WARNED, "protocol number is 7"),
    Case("old: wrong magic number", lambda: _old()().replace(b"\x6c\xfc\x9c", b"\x6c\xfc\x9d", 1), OPENED),
    Case("old: joined to a zip file", lambda: _old()() + good(), WARNED, "two formats in one file"),
    Case("old: calls posix.system", _old(entries={"weight": legacy_storage(), "x": _SYSTEM}), WARNED, r"run code.*posix\.system"),
    Case("old: calls it in the list of storages", _old(keys=pickled(_SYSTEM)), WARNED, "list of storages is none"),
    Case("old: calls it as the protocol number", _old(protocol=pickled(_SYSTEM)), WARNED, "protocol number is"),
    Case("old: big endian", _old(little_endian=False), OPENED),
    Case("old: storage of negative size", _old(entries={"weight": legacy_storage(numel=-12)}), WARNED, "is not known|negative"),
    Case("old: storage of 2^60 elements", _old(entries={"weight": legacy_storage(numel=1 << 60)}), WARNED, "cut off"),
    Case("old: storage of other size at its place", _old(entries={"weight": legacy_storage(numel=11, shape=(2, 3))}), WARNED, "elements in the index"),
    Case("old: storage that the list lacks", _old(storages={}), WARNED, "not in the file"),
    Case("old: list names an unknown storage", _old(keys=pickled(b"](" + text("x") + b"e")), WARNED, "is not known"),
    Case("old: list names it twice", _old(keys=pickled(b"](" + text("0") + text("0") + b"e")), WARNED, "is not known"),
    Case("old: view beyond its storage", _old(entries={"weight": view_storage(8, 6)}), WARNED, "claims 24 bytes; the file has 16"),
    Case("old: view that begins before it", _old(entries={"weight": view_storage(-8, 6)}), WARNED, "does not say of which part"),
    Case("old: view that is a text", _old(entries={"weight": legacy_storage(view=text("all"))}), WARNED, "does not say of which part"),
    Case("old: rubbish after the values", lambda: _old()() + b"rubbish", WARNED, "7 bytes follow"),
    Case("old: source text that is a number", _old(entries={"weight": legacy_storage(), "n": b"(" + text("module") + named("my", "Net") + number(1) + number(2) + b"tQ)\x81"}), WARNED, "my.Net"),
    Case("old: text longer than the file", _old(entries={"weight": legacy_storage(), "n": b"X\xff\xff\xff\x7fabc"}), WARNED, "the file ends inside it"),
    Case("tar: good", torch_tar, OPENED),
    Case("tar: cut", lambda: torch_tar()[: torch_tar().find(b"storages") + 600], WARNED, "ends|not in the file|beyond|is damaged"),
    Case("tar: storages that never come", lambda: torch_tar(count=900_000), WARNED, "list of storages ends early"),
    Case("tar: 2^60 storages", lambda: torch_tar(count=1 << 60), WARNED, "no possible count"),
    Case("tar: calls posix.system", lambda: tar({"storages": pickled(number(0)) + pickled(b"]"), "tensors": pickled(number(0)), "pickle": pickled(dictionary({"x": _SYSTEM}))}), WARNED, r"run code.*posix\.system"),
    Case("tar: members that hold nothing", lambda: tar({"storages": b"", "tensors": b"", "pickle": b""}), WARNED, "ends"),
    Case("tar: names that climb", lambda: tar({"../../storages": b"", "tensors": b"", "pickle": b""}), REFUSED, "is a tar file"),
)  # fmt: skip


def npy(header: str | bytes, data: bytes = bytes(16), version: int = 1, length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else header.encode()
    size = len(raw) if length is None else length
    return b"\x93NUMPY" + bytes((version, 0)) + size.to_bytes(2 if version == 1 else 4, "little") + raw + data


def _described(descr: str = "'<f4'", shape: str = "(4,)", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def _npz(*members: tuple[str, bytes]) -> Callable[[], bytes]:
    return lambda: zipped([("good.npy", npy(_described())), *members])


NUMPY = tuple(
    case._replace(file="checkpoint.npy" if "npy" in case.name else "checkpoint.npz")
    for case in (
        Case("npy: good", lambda: npy(_described()), OPENED),
        Case("npy: objects", lambda: npy(_described("'|O'"), pickled(_SYSTEM)), WARNED, "never loaded"),
        Case("npy: objects in fields", lambda: npy(_described("[('a', '|O')]"), pickled(_SYSTEM)), WARNED, "records"),
        Case("npy: only the magic", lambda: b"\x93NUMPY", REFUSED, "no numpy header"),
        Case("npy: cut in its header", lambda: npy(_described())[:30], REFUSED, "ends inside its header"),
        Case("npy: cut in its values", lambda: npy(_described(), bytes(10)), WARNED, "take 16 bytes; 10 are there"),
        Case("npy: version 9", lambda: npy(_described(), version=9), REFUSED, "format version is 9"),
        Case("npy: header of 4 GB", lambda: npy(_described(), version=2, length=0xFFFFFFFF), REFUSED, "claims a header of 4,294,967,295"),
        Case("npy: header calls eval", lambda: npy("__import__('os').system('touch PWNED')"), REFUSED, "no dict"),
        Case("npy: header with a call in its shape", lambda: npy(_described(shape="(open('PWNED','w'),)")), REFUSED, "no dict"),
        Case("npy: header of brackets", lambda: npy("(" * 9000 + ")" * 5), REFUSED, "no dict"),
        Case("npy: header of signs", lambda: npy("-" * 9000 + "1"), REFUSED, "no dict"),
        Case("npy: header of signs with gaps", lambda: npy("- " * 4000 + "1"), REFUSED, "no dict"),
        Case("npy: header of sums", lambda: npy("1+" * 4000 + "1j"), REFUSED, "no dict|does not say"),
        Case("npy: header of negations", lambda: npy("not " * 2000 + "1"), REFUSED, "no dict"),
        Case("npy: header of attributes", lambda: npy("a" + ".a" * 4000), REFUSED, "no dict"),
        Case("npy: header of powers", lambda: npy(_described(shape="(9**9**9,)")), REFUSED, "no dict"),
        Case("npy: header without a shape", lambda: npy("{'descr': '<f4', 'fortran_order': False}"), REFUSED, "does not say"),
        Case("npy: shape is a text", lambda: npy(_described(shape="'abc'")), REFUSED, "no tuple"),
        Case("npy: shape of texts", lambda: npy(_described(shape="('a',)")), WARNED, "list of numbers"),
        Case("npy: negative shape", lambda: npy(_described(shape="(-4,)")), WARNED, "negative dimension"),
        Case("npy: shape overflows", lambda: npy(_described(shape="(1099511627776, 1099511627776)")), WARNED, "64 bits"),
        Case("npy: shape of many digits", lambda: npy(_described(shape="(" + "9" * 5000 + ",)")), REFUSED, "no dict"),
        Case("npy: unknown type", lambda: npy(_described("'<z9'")), WARNED, "'<z9' is not one"),
        Case("npy: type is a number", lambda: npy(_described("5")), WARNED, "several fields"),
        Case("npy: order is a text", lambda: npy(_described(order="'x'")), OPENED),
        Case("npy: more values than declared", lambda: npy(_described(), bytes(20)), WARNED, "4 bytes follow"),
        Case("npy: header with NUL", lambda: npy("{'descr': '<f4'\0}"), REFUSED, "no dict"),
        Case("archive: good", _npz(), OPENED),
        Case("archive: a member of objects", _npz(("bad.npy", npy(_described("'|O'"), pickled(_SYSTEM)))), WARNED, "never loaded"),
        Case("archive: a member that is no array", _npz(("bad.npy", b"nonsense")), WARNED, "no numpy header"),
        Case("archive: names that climb", _npz(("../../bad.npy", npy(_described()))), WARNED, "odd names"),
        Case("archive: a bomb", lambda: zipped([("bomb.npy", npy(_described("'|u1'", "(200000000,)"), bytes(50_000_000)))], zipfile.ZIP_DEFLATED), WARNED, "take 200,000,000 bytes"),
        Case("archive: a name twice", lambda: _npz(("gooo.npy", npy(_described())))().replace(b"gooo.npy", b"good.npy"), WARNED, "several members named good.npy"),
        Case("archive: cut", lambda: _npz()()[:150], WARNED, "no end record"),
    )
)  # fmt: skip


def text_of(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def setting(key: str, kind: int, raw: bytes) -> bytes:
    return text_of(key) + struct.pack("<I", kind) + raw


def _gguf_tensor(
    name: str | bytes = "w", shape: tuple[int, ...] = (4,), kind: int = 0, offset: int = 0, dimensions: int | None = None
) -> bytes:
    count = len(shape) if dimensions is None else dimensions
    return text_of(name) + struct.pack(f"<I{len(shape)}QIQ", count, *shape, kind, offset)


def gguf(
    tensors: Sequence[bytes] = (_gguf_tensor(),),
    settings: Sequence[bytes] = (),
    data: int = 16,
    counts: tuple[int, int] | None = None,
    version: int = 3,
) -> bytes:
    """A GGUF file of zeros, with the counts that it should have or others."""
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(settings)))) + b"".join((*settings, *tensors))
    return head + bytes(-len(head) % 32) + bytes(data)


def array_of_kind(inner: int, count: int, raw: bytes = b"") -> bytes:
    return struct.pack("<IQ", inner, count) + raw


GGUF = tuple(
    case._replace(file="checkpoint.gguf")
    for case in (
        Case("gguf: good", lambda: gguf(), OPENED),
        Case("gguf: no tensors", lambda: gguf(()), OPENED),
        Case("gguf: only the magic", lambda: b"GGUF", REFUSED, "ends in the middle of its version"),
        Case("gguf: version 99", lambda: gguf(version=99), REFUSED, "version 99"),
        Case("gguf: version 0", lambda: gguf(version=0), REFUSED, "version 0"),
        Case("gguf: 2^60 tensors", lambda: gguf(counts=(1 << 60, 0)), REFUSED, "claims a table of tensors of 1,152,921,504,606,846,976"),
        Case("gguf: 2^60 settings", lambda: gguf(counts=(1, 1 << 60)), REFUSED, "claims settings of"),
        Case("gguf: one tensor too many", lambda: gguf(counts=(2, 0)), REFUSED, "ends in the middle|claims"),
        Case("gguf: cut in its table", lambda: gguf()[:40], REFUSED, "ends in the middle|claims"),
        Case("gguf: cut in its values", lambda: gguf(data=10), WARNED, "It ends at byte"),
        Case("gguf: name of 2^63 bytes", lambda: gguf([struct.pack("<Q", 1 << 63) + bytes(40)]), REFUSED, "claims the name of a tensor of"),
        Case("gguf: name of 1 MB", lambda: gguf([_gguf_tensor("n" * 1_000_000)]), REFUSED, "claims the name of a tensor of 1,000,000"),
        Case("gguf: 4 billion dimensions", lambda: gguf([_gguf_tensor(dimensions=0xFFFFFFFF)]), REFUSED, "4,294,967,295 dimensions"),
        Case("gguf: shape overflows", lambda: gguf([_gguf_tensor(shape=(1 << 40, 1 << 40))]), WARNED, "64 bits"),
        Case("gguf: offset overflows", lambda: gguf([_gguf_tensor(offset=(1 << 64) - 1)]), WARNED, "It ends at byte"),
        Case("gguf: unknown element type", lambda: gguf([_gguf_tensor(kind=777)]), WARNED, "type 777 is not known"),
        Case("gguf: half a block", lambda: gguf([_gguf_tensor(shape=(33,), kind=2)], data=64), WARNED, "no whole blocks"),
        Case("gguf: tensors that overlap", lambda: gguf([_gguf_tensor(), _gguf_tensor("v", offset=8)], data=64), WARNED, "1 of its tensors overlap"),
        Case("gguf: a name twice", lambda: gguf([_gguf_tensor(), _gguf_tensor(offset=32)], data=64), WARNED, "the name of another"),
        Case("gguf: odd names", lambda: gguf([_gguf_tensor(b"\xff\xfe\0\n")]), OPENED),
        Case("gguf: setting of an unknown type", lambda: gguf(settings=[setting("a", 77, b"")]), REFUSED, "type 77"),
        Case("gguf: array of 2^60 bytes", lambda: gguf(settings=[setting("a", 9, array_of_kind(0, 1 << 60))]), REFUSED, "claims an array of"),
        Case("gguf: array of 2^60 texts", lambda: gguf(settings=[setting("a", 9, array_of_kind(8, 1 << 60))]), REFUSED, "claims an array of"),
        Case("gguf: array of a type that is none", lambda: gguf(settings=[setting("a", 9, array_of_kind(77, 1))]), REFUSED, "type 77"),
        Case("gguf: arrays of arrays without end", lambda: gguf(settings=[setting("a", 9, array_of_kind(9, 1) * 3000)]), REFUSED, "type 9"),
        Case("gguf: array of wide arrays", lambda: gguf(settings=[setting("a", 9, array_of_kind(9, 20_000, array_of_kind(9, 0) * 20_000))]), OPENED),
        Case("gguf: a setting twice", lambda: gguf(settings=[setting("a", 0, b"\1")] * 2), WARNED, "stand in it twice"),
        Case("gguf: alignment of zero", lambda: gguf(settings=[setting("general.alignment", 4, bytes(4))]), WARNED, "alignment is 0"),
        Case("gguf: alignment that is a text", lambda: gguf(settings=[setting("general.alignment", 8, text_of("x"))]), WARNED, "alignment is x"),
        Case("gguf: text of 1 GB", lambda: gguf(settings=[setting("a", 8, struct.pack("<Q", 1 << 30))]), REFUSED, "claims a setting of"),
        Case("gguf: many empty texts", lambda: gguf(settings=[setting("a", 9, array_of_kind(8, 150_000, bytes(1_200_000)))]), OPENED),
    )
)  # fmt: skip


def _exported(config: bytes, weight: bytes = bytes(16)) -> Callable[[], bytes]:
    return lambda: zipped(
        [("m/archive_format", b"pt2"), ("m/data/weights/model_weights_config.json", config), ("m/data/weights/weight_0", weight)]
    )


EXPORTED = tuple(
    case._replace(file="checkpoint.pt2")
    for case in (
        Case("pt2: no entries", _exported(b'{"config": {}}'), OPENED),
        Case("pt2: description is no JSON", _exported(b'{"config": '), REFUSED, "is not JSON"),
        Case("pt2: description is deep", _exported(b'{"config": ' + b"[" * 100_000), REFUSED, "nested"),
        Case("pt2: description is a list", _exported(b"[1]"), REFUSED, "has no config"),
        Case("pt2: a key twice", _exported(b'{"config": {"a": 1, "a": 2}}'), REFUSED, "key 'a' twice"),
        Case("pt2: entry is a number", _exported(b'{"config": {"a": 1}}'), WARNED, "description is damaged"),
        Case("pt2: name climbs", _exported(b'{"config": {"a": {"path_name": "../../../etc/passwd", "tensor_meta": {}}}}'), WARNED, "list of numbers"),
        Case("pt2: nothing described", lambda: zipped([("m/archive_format", b"pt2")]), REFUSED, "torch.export"),
    )
)  # fmt: skip


def varint(value: int) -> bytes:
    raw = bytearray()
    while value > 127:
        raw.append(value & 127 | 128)
        value >>= 7
    return bytes(raw) + bytes((value,))


def field(number: int, value: int | bytes) -> bytes:
    """A protobuf field: a number, or bytes with their length before them."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx_tensor(*more: bytes, dims: Sequence[int] = (4,), kind: int = 1, raw: bytes | None = bytes(16)) -> bytes:
    parts = [field(1, size) for size in dims] + [field(2, kind), field(8, b"w")]
    return b"".join((*parts, *more)) + (b"" if raw is None else field(9, raw))


def onnx_model(*tensors: bytes) -> bytes:
    graph = field(1, b"") + field(2, b"net") + b"".join(field(5, tensor) for tensor in tensors)
    return field(1, 8) + field(2, b"hand") + field(7, graph)


ONNX = tuple(
    case._replace(file="checkpoint.onnx")
    for case in (
        Case("onnx: good", lambda: onnx_model(onnx_tensor()), OPENED),
        Case("onnx: no graph", lambda: field(1, 8) + field(2, b"hand"), REFUSED, "has no graph"),
        Case("onnx: cut in its graph", lambda: onnx_model(onnx_tensor(), onnx_tensor())[:-20], WARNED, "cut off|What came before"),
        Case("onnx: field of 2^60 bytes", lambda: onnx_model(onnx_tensor(varint(9 << 3 | 2) + varint(1 << 60), raw=None)), WARNED, "It ends at byte"),
        Case("onnx: number without end", lambda: onnx_model(onnx_tensor()) + b"\xff" * 50, WARNED, "begins no field"),
        Case("onnx: field of number zero", lambda: onnx_model(onnx_tensor()) + b"\x00\x00", WARNED, "begins no field"),
        Case("onnx: groups", lambda: onnx_model(onnx_tensor()) + b"\x0b\x0c", WARNED, "begins no field"),
        Case("onnx: negative dimension", lambda: onnx_model(onnx_tensor(dims=((1 << 64) - 4,))), WARNED, "negative dimension"),
        Case("onnx: shape overflows", lambda: onnx_model(onnx_tensor(dims=(1 << 40, 1 << 40))), WARNED, "64 bits"),
        Case("onnx: two hundred thousand dimensions", lambda: onnx_model(onnx_tensor(field(1, b"\1" * 200_000))), WARNED, "65 dimensions"),
        Case("onnx: size and shape differ", lambda: onnx_model(onnx_tensor(dims=(5,))), WARNED, "takes 20 bytes"),
        Case("onnx: unknown element type", lambda: onnx_model(onnx_tensor(kind=99)), WARNED, "type 99"),
        Case("onnx: outside", lambda: onnx_model(onnx_tensor(field(14, 1), field(13, field(1, b"location") + field(2, b"../../etc/passwd")), raw=None)), WARNED, "leads out"),
        Case("onnx: absolute", lambda: onnx_model(onnx_tensor(field(14, 1), field(13, field(1, b"location") + field(2, b"/etc/passwd")), raw=None)), WARNED, "leads out"),
        Case("onnx: outside without a place", lambda: onnx_model(onnx_tensor(field(14, 1), raw=None)), WARNED, "is no name of a file"),
        Case("onnx: name that is no UTF-8", lambda: onnx_model(onnx_tensor(field(8, b"\xff\xfe\0"))), OPENED),
        Case("onnx: graphs in graphs", lambda: field(1, 8) + field(7, field(1, b"") * 100_000), OPENED),
        Case("onnx: packed numbers that never end", lambda: onnx_model(onnx_tensor(field(1, b"\xff" * 60))), WARNED, "begins no field"),
    )
)  # fmt: skip

OTHERS = (*LEGACY, *NUMPY, *GGUF, *EXPORTED, *ONNX)
