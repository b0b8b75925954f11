"""Old torch files made by hand: pickles one after another, then storages."""

import io
import struct
import tarfile
from collections.abc import Mapping, Sequence

from checkpoints.making_files import call, dictionary, named, number, numbers, pickled, text

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
PROTOCOL = pickled(number(1001))


def legacy_storage(key: str = "0", numel: int = 12, view: bytes = b"N", shape: Sequence[int] = (3, 4)) -> bytes:
    """A contiguous tensor whose storage's id has the sixth field."""
    stored = b"(" + text("storage") + named("torch", "FloatStorage") + text(key) + text("cpu") + number(numel) + view + b"tQ"
    hooks = call(named("collections", "OrderedDict"))
    rebuild = named("torch._utils", "_rebuild_tensor_v2")
    return call(rebuild, stored, number(0), numbers(shape), numbers((shape[1], 1)), b"\x89", hooks)


def view_storage(offset: int, size: int) -> bytes:
    """A tensor of 2 by 3 in a view of a storage of twelve."""
    return legacy_storage(view=b"(" + text("view") + number(offset) + number(size) + b"t", shape=(2, 3))


def legacy(
    entries: Mapping[str, bytes],
    storages: Mapping[str, Sequence[float]],
    little_endian: bool = True,
    protocol: bytes = PROTOCOL,
    keys: bytes | None = None,
) -> bytes:
    about = pickled(b"}" + text("little_endian") + (b"\x88" if little_endian else b"\x89") + b"s")
    listed = pickled(b"](" + b"".join(map(text, storages)) + b"e") if keys is None else keys
    order = "<" if little_endian else ">"
    stored = b"".join(struct.pack(f"{order}q{len(values)}f", len(values), *values) for values in storages.values())
    return MAGIC + protocol + about + pickled(dictionary(entries)) + listed + stored


def tar(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def torch_tar(numel: int = 12, count: int = 1) -> bytes:
    """A file of torch 0.1: one storage of floats, a view of its second half, a tensor in each; a dict that names both."""
    entry = pickled(b"(" + number(7) + text("cpu") + named("torch", "FloatStorage") + b"t")
    views = pickled(b"](" + b"(" + number(8) + number(7) + number(6) + number(6) + b"t" + b"e")
    storages = pickled(number(count)) + entry + struct.pack(f"<q{numel}f", numel, *range(numel)) + views
    tensors = pickled(number(2))
    for key, place, shape in ((1, 7, (3, 4)), (2, 8, (2, 3))):
        tensors += pickled(b"(" + number(key) + number(place) + named("torch", "FloatTensor") + b"t")
        tensors += struct.pack("<ii2q2qq", 2, 0, *shape, shape[1], 1, 0)
    pickle = pickled(dictionary({"a": text("1") + b"Q", "b": text("2") + b"Q"}))
    return tar({"sys_info": pickled(b"}"), "pickle": pickle, "tensors": tensors, "storages": storages})
