"""Bad folders and bad indexes of files, in the manner of ``torch_files``: each is made in an empty folder of its own.

Beside that folder lies ``outside.safetensors``, which is whole: whoever opens it has left the folder.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from checkpoints.hostile.torch_files import OPENED, REFUSED, WARNED
from checkpoints.making_files import (
    call,
    dictionary,
    entry,
    named,
    number,
    numbers,
    pickled,
    safetensors,
    state_dict,
    text,
    torch_zip,
)

OUTSIDE = "outside.safetensors"
_SYSTEM = call(named("posix", "system"), text("touch PWNED"))


class FolderCase(NamedTuple):
    """``build`` fills the folder and answers the path to open; ``says`` is as in ``Case``."""

    name: str
    build: Callable[[Path], Path]
    outcome: str
    says: str = ""


def whole(key: str = "a") -> bytes:
    return safetensors({key: entry()}, bytes(16))


def _index(weights: object, files: dict[str, bytes] | None = None, raw: bytes | None = None) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        for name, data in ({"m-1.safetensors": whole()} if files is None else files).items():
            (folder / name).write_bytes(data)
        path = folder / "model.safetensors.index.json"
        path.write_bytes(json.dumps({"metadata": {}, "weight_map": weights}).encode() if raw is None else raw)
        return path

    return build


def _names(name: object) -> Callable[[Path], Path]:
    """An index with a good key and one in the file of this name."""
    return _index({"a": "m-1.safetensors", "bad": name})


def _linked(target: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / "link.safetensors").symlink_to(target)
        return _names("link.safetensors")(folder)

    return build


def _linked_folder(folder: Path) -> Path:
    (folder / "sub").symlink_to("..")
    return _names(f"sub/{OUTSIDE}")(folder)


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.safetensors")
    return _names("pipe.safetensors")(folder)


def _inner_folder(folder: Path) -> Path:
    (folder / "inner.safetensors").mkdir()
    return _names("inner.safetensors")(folder)


def _loop(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def _itself(folder: Path) -> Path:
    (folder / "here").symlink_to(".")
    (folder / "model.safetensors").write_bytes(whole())
    return folder / "here" / "here" / "here"


def _folder(files: dict[str, bytes]) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    return build


def _many_files(folder: Path) -> Path:
    for index in range(20_001):
        os.close(os.open(folder / str(index), os.O_CREAT))
    return folder


def _only_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "model.safetensors")
    return folder


def _only_link(folder: Path) -> Path:
    (folder / "model.safetensors").symlink_to(f"../{OUTSIDE}")
    return folder


INDEXES = (
    FolderCase("index: good", _index({"a": "m-1.safetensors"}), OPENED),
    FolderCase("index: climbs", _names(f"../{OUTSIDE}"), WARNED, "leads out of the checkpoint's folder"),
    FolderCase("index: climbs later", _names(f"x/../../{OUTSIDE}"), WARNED, "leads out"),
    FolderCase("index: absolute", _names("/etc/passwd"), WARNED, "leads out"),
    FolderCase("index: device", _names("/dev/zero"), WARNED, "leads out"),
    FolderCase("index: UNC", _names("\\\\server\\share\\x.safetensors"), WARNED, "leads out"),
    FolderCase("index: drive", _names("C:\\x.safetensors"), WARNED, "leads out"),
    FolderCase("index: URL", _names("http://example.org/x.safetensors"), WARNED, "leads out"),
    FolderCase("index: NUL", _names("m-1.safetensors\0x"), WARNED, "leads out"),
    FolderCase("index: symbolic link", _linked(f"../{OUTSIDE}"), WARNED, "is a link that leads out"),
    FolderCase("index: absolute symbolic link", _linked("/etc/passwd"), WARNED, "is a link that leads out"),
    FolderCase("index: through a linked folder", _linked_folder, WARNED, "is a link that leads out"),
    FolderCase("index: link to itself", _linked("link.safetensors"), WARNED, "cannot be opened"),
    FolderCase("index: missing file", _names("m-2.safetensors"), WARNED, r"There is no file m-2\.safetensors"),
    FolderCase("index: a pipe", _pipe, WARNED, "is a named pipe"),
    FolderCase("index: a folder", _inner_folder, WARNED, "is a folder"),
    FolderCase("index: the folder itself", _names("."), WARNED, "leads out"),
    FolderCase("index: itself", _names("model.safetensors.index.json"), WARNED, "neither a torch file"),
    FolderCase("index: no name", _names(""), WARNED, "is no name"),
    FolderCase("index: number for a name", _names(5), WARNED, "names no file"),
    FolderCase("index: long name", _names("x" * 5000), WARNED, "is no name"),
    FolderCase("index: key that the file lacks", _names("m-1.safetensors"), WARNED, r"is not in m-1\.safetensors"),
    FolderCase(
        "index: key in two files",
        _index({"a": "m-1.safetensors"}, {"m-1.safetensors": whole(), "m-2.safetensors": whole()}),
        OPENED,
    ),
    FolderCase(
        "index: key in two files that are read",
        _index(
            {"a": "m-1.safetensors", "b": "m-2.safetensors"},
            {
                "m-1.safetensors": whole(),
                "m-2.safetensors": safetensors({"a": entry(), "b": entry(16, 32)}, bytes(32)),
            },
        ),
        WARNED,
        "in a second file too",
    ),
    FolderCase(
        "index: key that it lacks",
        _index({"a": "m-1.safetensors"}, {"m-1.safetensors": safetensors({"a": entry(), "z": entry(16, 32)}, bytes(32))}),
        WARNED,
        "not in the index, such as 'z'",
    ),
    FolderCase("index: key twice", _index({}, raw=b'{"weight_map": {"a": "x", "a": "y"}}'), REFUSED, "key 'a' twice"),
    FolderCase("index: cut", _index({}, raw=b'{"weight_map": {"a": "x"'), REFUSED, "not whole JSON"),
    FolderCase("index: deep", _index({}, raw=b'{"weight_map": ' + b"[" * 100_000), REFUSED, "nested"),
    FolderCase("index: list", _index({}, raw=b'{"weight_map": [1]}'), REFUSED, "has no weight_map"),
    FolderCase("index: no map", _index({}, raw=b'{"metadata": {}}'), REFUSED, "has no weight_map"),
    FolderCase(
        "index: many missing files",
        _index({f"k{n}": f"m-{n}.safetensors" for n in range(30_000)}, {}),
        WARNED,
        "29,980 more of its files",
    ),
    FolderCase(
        "index: a shard that runs code",
        _index({"weight": "m.bin"}, {"m.bin": torch_zip(pickled(b"}" + text("x") + _SYSTEM + b"s"))}),
        WARNED,
        r"run code.*posix\.system",
    ),
    FolderCase("index: a damaged shard", _index({"a": "m.bin"}, {"m.bin": torch_zip(state_dict())[:100]}), WARNED, "cut off"),
    FolderCase(
        "index: an LFS pointer", _index({"a": "m"}, {"m": b"version https://git-lfs.github.com/spec/v1\n"}), WARNED, "LFS"
    ),
    FolderCase("index: an empty shard", _index({"a": "m"}, {"m": b""}), WARNED, "is empty"),
)

FOLDERS = (
    FolderCase("folder: good", _folder({"model.safetensors": whole(), "config.json": b"{}"}), OPENED),
    FolderCase("folder: empty", _folder({}), REFUSED, "without a checkpoint"),
    FolderCase("folder: nothing of ours", _folder({"a.txt": b"x", "b/c.pt": b"x"}), REFUSED, r"without a checkpoint.*a\.txt, b"),
    FolderCase("folder: two models", _folder({"a.pt": b"x", "b.pt": b"x"}), REFUSED, r"2 checkpoints: a\.pt, b\.pt"),
    FolderCase("folder: too many files", _many_files, REFUSED, "more than 20,000 files"),
    FolderCase("folder: a pipe for a model", _only_pipe, REFUSED, "named pipe"),
    FolderCase("folder: a link out for a model", _only_link, REFUSED, "is a link that leads out"),
    FolderCase("folder: a link to itself", _loop, REFUSED, "cannot be opened"),
    FolderCase("folder: inside itself", _itself, OPENED),
    FolderCase(
        "folder: two indexes",
        _folder({"a.safetensors.index.json": b"{}", "b.safetensors.index.json": b"{}"}),
        REFUSED,
        "2 checkpoints in several files",
    ),
    FolderCase("folder: a file of a set missing", _folder({"m-00001-of-00002.safetensors": whole()}), WARNED, "1 of 2 files"),
    FolderCase("folder: no file of a set whole", _folder({"m-00001-of-00002.bin": b"x"}), REFUSED, "None of the 1 files"),
)


def _object(name: str, **attributes: bytes) -> bytes:
    return named("torch.distributed.checkpoint.metadata", name) + b")\x81" + dictionary(attributes) + b"b"


def _numbers(*values: int) -> bytes:
    return call(named("torch", "Size"), numbers(values))


def _distributed(
    *more: bytes, size: bytes = _numbers(4), file: str = "__0_0.distcp", length: int = 16, chunks: bytes | None = None
) -> Callable[[Path], Path]:
    """A distributed checkpoint with one tensor of four, and ``more`` as a value of the index."""
    parts = b"](" + _object("ChunkStorageMetadata", offsets=_numbers(0), sizes=_numbers(4)) + b"e" if chunks is None else chunks
    properties = (
        named("torch.distributed.checkpoint.metadata", "TensorProperties") + b")\x81(" + named("torch", "float32") + b"tb"
    )
    declared = _object("TensorStorageMetadata", properties=properties, size=size, chunks=parts)
    place = _object("_StorageInfo", relative_path=text(file), offset=number(0), length=number(length))
    index = _object(
        "Metadata",
        state_dict_metadata=dictionary({"w": declared}),
        storage_data=b"}" + _object("MetadataIndex", fqn=text("w"), offset=_numbers(0)) + place + b"s",
        planner_data=b"".join(more) or b"N",
    )
    return _folder({".metadata": pickled(index), "__0_0.distcp": bytes(16)})


_DEEP = b")" + b"\x85" * 200_000
DISTRIBUTED = (
    FolderCase("distributed: good", _distributed(), OPENED),
    FolderCase("distributed: calls posix.system", _distributed(_SYSTEM), WARNED, r"run code.*posix\.system"),
    FolderCase("distributed: only a call", _folder({".metadata": pickled(_SYSTEM)}), REFUSED, "not the index"),
    FolderCase("distributed: empty index", _folder({".metadata": b""}), REFUSED, "not the index"),
    FolderCase("distributed: index of rubbish", _folder({".metadata": b"rubbish" * 9}), REFUSED, "not the index|damaged"),
    FolderCase("distributed: file climbs", _distributed(file=f"../{OUTSIDE}"), WARNED, "leads out"),
    FolderCase("distributed: file is absolute", _distributed(file="/etc/passwd"), WARNED, "leads out"),
    FolderCase("distributed: file is missing", _distributed(file="x"), WARNED, "is missing"),
    FolderCase("distributed: file too short", _distributed(length=17), WARNED, "It ends at byte 17"),
    FolderCase("distributed: negative length", _distributed(length=-1), WARNED, "It ends at byte"),
    FolderCase("distributed: size is deep", _distributed(size=_DEEP), WARNED, "list of numbers"),
    FolderCase("distributed: size overflows", _distributed(size=_numbers(1 << 40, 1 << 40)), WARNED, "64 bits"),
    FolderCase(
        "distributed: part is deep",
        _distributed(chunks=b"](" + _object("ChunkStorageMetadata", offsets=_DEEP, sizes=_DEEP) + b"e"),
        WARNED,
        "does not lie within it",
    ),
    FolderCase("distributed: parts are a number", _distributed(chunks=number(5)), WARNED, "names no parts"),
    FolderCase("distributed: path is deep", _distributed(dictionary({"w": _DEEP})), OPENED),
    FolderCase("distributed: index is a link out", lambda folder: _linked_index(folder), REFUSED, "is a link that leads out"),
)


good_distributed = _distributed()
"""Fills a folder with a distributed checkpoint in which nothing is wrong."""


def _linked_index(folder: Path) -> Path:
    (folder / ".metadata").symlink_to(f"../{OUTSIDE}")
    return folder


def _pipe_itself(folder: Path) -> Path:
    os.mkfifo(folder / "model.pt")
    return folder / "model.pt"


def _linked_in_a_ring(folder: Path) -> Path:
    (folder / "a.pt").symlink_to("b.pt")
    (folder / "b.pt").symlink_to("a.pt")
    return folder / "a.pt"


PATHS = (
    FolderCase("path: a pipe", _pipe_itself, REFUSED, "is a named pipe"),
    FolderCase("path: a device", lambda _: Path("/dev/zero"), REFUSED, "is a device"),
    FolderCase("path: links in a ring", _linked_in_a_ring, REFUSED, "cannot be opened"),
    FolderCase("path: nothing there", lambda folder: folder / "gone.pt", REFUSED, "There is no file gone.pt"),
    FolderCase("path: a name that is too long", lambda folder: folder / ("x" * 5000), REFUSED, "cannot be opened"),
    FolderCase("path: through a file", lambda folder: _file(folder) / "model.pt", REFUSED, "cannot be opened"),
)


def _file(folder: Path) -> Path:
    (folder / "file").write_bytes(whole())
    return folder / "file"


ALL_FOLDERS = (*PATHS, *INDEXES, *FOLDERS, *DISTRIBUTED)
