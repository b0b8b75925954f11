"""Checkpoints of the first torch releases (0.1): a tar file with the members ``storages``, ``tensors`` and ``pickle``."""

import struct
from typing import Any, Dict, List, NamedTuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CorruptFile, UnsupportedFormat
from .dtypes import BITS
from .front import FrontReader
from .inert import Global, PickledTensor, Record, Storage
from .legacy_torch import Persistent
from .pickle_reading import Progress, odd_file, pickled_from
from .rebuilders import storage_from
from .source import SourceFile
from .tensor_rows import MOST_DIMENSIONS, StoredRecord, broken_tensors, rows_of

_MAGIC_AT = 257
_BLOCK = 512
_MOST_MEMBERS = 1000
_MOST_ENTRIES = 1_000_000
_NEEDED = ("storages", "tensors", "pickle")


class _Member(NamedTuple):
    begin: int
    end: int


class _Objects(Persistent):
    """The storages and tensors by the numbers under which the pickle mentions them."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Dict[Any, Any] = {}
        self.places: Dict[str, StoredRecord] = {}

    def __call__(self, persistent_id: Any) -> Any:
        """The tensor or storage of this number, or the class that came with its source text."""
        if type(persistent_id) is tuple and len(persistent_id) == 3:
            self.note_source(*persistent_id)
            return persistent_id[0]
        if type(persistent_id) in (str, int):
            return self.made.get(str(persistent_id), Record(Global("persistent", "id"), (persistent_id,)))
        return storage_from(persistent_id)


def recognises(source: SourceFile) -> bool:
    """True for any tar file."""
    return source.head[_MAGIC_AT : _MAGIC_AT + 5] == b"ustar"


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of the old tar format; raises UnsupportedFormat for other tar files."""
    members = _members(source)
    if any(name not in members for name in _NEEDED):
        raise UnsupportedFormat(f"{source.name} is a tar file.", "Unpack it and open the checkpoint inside.")
    objects = _Objects()
    remarks: List[str] = []
    for name, part in (("storages", _read_storages), ("tensors", _read_tensors)):
        try:
            part(FrontReader(source, name, *members[name]), objects, progress)
        except (CorruptFile, struct.error, TypeError, ValueError) as error:
            # A file that was cut off has still its keys.
            remarks.append(f"Its list of {name} ends early: {error}")
    found = FrontReader(source, "pickle", *members["pickle"]).next(objects, progress)
    pickled = pickled_from(found.machine, found.root, "")
    rows = rows_of(pickled.unfolded.tensors, lambda storage: _record(storage, objects))
    return CheckpointContents(
        path=str(source.path),
        format="torch 0.1 tar",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=(*pickled.unfolded.values, *objects.values()),
        globals=tuple(sorted(pickled.globals)),
        problems=(*map(odd_file, remarks), *pickled.problems, *broken_tensors(rows)),
    )


def _members(source: SourceFile) -> Dict[str, _Member]:
    found: Dict[str, _Member] = {}
    at = 0
    for _ in range(_MOST_MEMBERS):
        header = source.at(at, _BLOCK)
        if len(header) < _BLOCK or not header.strip(b"\0"):
            break
        name = header[:100].rstrip(b"\0").decode("utf-8", "backslashreplace")
        digits = header[124:136].strip(b" \0")
        if not digits.isdigit() or any(digit > ord("7") for digit in digits):
            break
        size = int(digits, 8)
        found.setdefault(name[2:] if name.startswith("./") else name, _Member(at + _BLOCK, at + _BLOCK + size))
        at += _BLOCK + (size + _BLOCK - 1) // _BLOCK * _BLOCK
    return found


def _next(front: FrontReader, progress: Progress) -> Any:
    found = front.next(storage_from, progress)
    if not found.whole:
        raise ValueError("the file was cut off.")
    return found.root


def _count(front: FrontReader, progress: Progress) -> int:
    count = _next(front, progress)
    if type(count) is not int or not 0 <= count <= _MOST_ENTRIES:
        raise ValueError("it has no possible count.")
    return count


def _read_storages(front: FrontReader, objects: _Objects, progress: Progress) -> None:
    for _ in range(_count(front, progress)):
        key, location, cls = _next(front, progress)
        (numel,) = struct.unpack("<q", front.bytes(8))
        made = storage_from(("storage", cls, str(key), location, numel))
        if type(made) is not Storage or made.dtype is None or numel < 0:
            raise ValueError(f"the class of storage {str(key)[:50]} is not known.")
        size = numel * max(8, BITS[made.dtype or "uint8"]) // 8
        fault = "" if front.at + size <= front.end else "Its storage lies beyond the end of the file."
        objects.places[str(key)] = f"{front.at}:{front.at + size}", size, fault
        objects.made[str(key)] = made
        front.at += size
    for target, root, offset, numel in _next(front, progress):
        whole = objects.made[str(root)]
        view = Storage(whole.class_name, whole.dtype, whole.key, whole.location, numel)
        view.view = (target, offset, numel)
        objects.made[str(target)] = view


def _read_tensors(front: FrontReader, objects: _Objects, progress: Progress) -> None:
    for _ in range(_count(front, progress)):
        key, storage_key, _ = _next(front, progress)
        (dimensions,) = struct.unpack("<i4x", front.bytes(8))
        if not 0 <= dimensions <= MOST_DIMENSIONS:
            raise ValueError(f"a tensor claims {dimensions:,} dimensions.")
        *lengths, offset = struct.unpack(f"<{2 * dimensions + 1}q", front.bytes(16 * dimensions + 8))
        storage = objects.made.get(str(storage_key))
        dtype = storage.dtype if type(storage) is Storage else None
        whole = storage
        if type(storage) is Storage and type(storage.view) is tuple:
            offset += storage.view[1]
            whole = objects.made.get(storage.key)
        objects.made[str(key)] = PickledTensor(
            whole, offset, tuple(lengths[:dimensions]), tuple(lengths[dimensions:]), False, dtype
        )


def _record(storage: Storage, objects: _Objects) -> StoredRecord:
    return objects.places.get(storage.key, ("", 0, "Its storage is not in the file."))
