"""Checkpoints in the format of torch 0.1.10 to 1.5: five pickles at the front, then the storages one after another."""

import re
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile
from ..wire.problems import Problem
from .dtypes import BITS
from .front import FrontReader
from .inert import Global, Mapping, Storage
from .pickle_reading import BIG_ENDIAN, Progress, odd_file, pickled_from
from .rebuilders import storage_from
from .source import SourceFile
from .tensor_rows import StoredRecord, broken_tensors, row_of
from .training import format_of
from .zip_file import recognises_late_start

_MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa850192e")
"""The pickled number that torch writes first, after the pickle's own header."""
_MAGIC_WITHIN = 16
_PROTOCOL = 1001
_COUNT = 8
"""Bytes in front of each storage that repeat its number of elements."""
_COUNTS_CHECKED = 2000
_LONGEST_SOURCE = 20_000


class _Place(NamedTuple):
    """Where a storage's bytes lie in the file, and a sentence when they cannot be used."""

    begin: int
    end: int
    fault: str


class Persistent:
    """Makes storages and classes of persistent ids, and notes them: the storages by key, source texts by class."""

    def __init__(self) -> None:
        self.storages: Dict[str, Storage] = {}
        self.sources: Dict[str, Tuple[str, str]] = {}

    def __call__(self, persistent_id: Any) -> Any:
        """The object that stands for ``persistent_id``."""
        if type(persistent_id) is tuple and len(persistent_id) == 4 and persistent_id[0] == "module":
            self.note_source(*persistent_id[1:])
            return persistent_id[1]
        made = storage_from(persistent_id)
        if type(made) is Storage and type(made.key) is str:
            first = self.storages.setdefault(made.key, made)
            view = persistent_id[5] if len(persistent_id) > 5 else None
            if view is not None:
                made.view = view
            elif (first.numel, first.dtype) == (made.numel, made.dtype):
                return first
        return made

    def note_source(self, cls: Any, file: Any, text: Any) -> None:
        """Keep the source text that came with a class, if any."""
        if type(cls) is Global and type(text) is str:
            self.sources[cls.text] = (file if type(file) is str else "", text)

    def values(self) -> List[StoredValue]:
        """The source texts as values: what the classes of a module that was saved whole looked like."""
        return [
            StoredValue(f"source of {name}", re.split(r"[\\/]", file)[-1] or "source", text[:_LONGEST_SOURCE])
            for name, (file, text) in self.sources.items()
        ]


def recognises(source: SourceFile) -> bool:
    """True when the file begins with the pickle of torch's magic number, of any protocol."""
    return 0 < source.head.find(_MAGIC, 0, _MAGIC_WITHIN + len(_MAGIC)) <= _MAGIC_WITHIN


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of an old torch file; raises CorruptFile when its first pickles make no sense."""
    front = FrontReader(source, source.name)
    persistent = Persistent()
    front.next(persistent, progress)
    protocol = front.next(persistent, progress).root
    about = front.next(persistent, progress).root
    found = front.next(persistent, progress)
    pickled = pickled_from(found.machine, found.root, "")
    problems = [*_about_file(source, protocol, about), *pickled.problems]
    keys = _storage_keys(front, progress, problems) if found.whole else []
    places, remarks = _places(source, front.at, keys, persistent.storages)
    problems.extend(odd_file(remark) for remark in remarks)
    big = _is_big_endian(about)
    rows = [_row(placed, places, big) for placed in pickled.unfolded.tensors]
    problems.extend(broken_tensors(rows))
    values = (*pickled.unfolded.values, *persistent.values())
    return CheckpointContents(
        path=str(source.path),
        format=format_of("torch before 1.6", values),
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=values,
        globals=tuple(sorted(pickled.globals)),
        problems=tuple(problems),
        about=(
            StoredValue("protocol version", "int", protocol if type(protocol) is int else str(protocol)[:50]),
            StoredValue("byte order", "str", "big" if big else "little"),
        ),
    )


def _about_file(source: SourceFile, protocol: Any, about: Any) -> List[Problem]:
    problems = []
    if protocol != _PROTOCOL:
        problems.append(odd_file(f"Its protocol number is {str(protocol)[:50]}, where torch has always written {_PROTOCOL}."))
    if _is_big_endian(about):
        problems.append(BIG_ENDIAN)
    if recognises_late_start(source):
        problems.append(odd_file("A zip file is joined to its end: two formats in one file. The old format is shown."))
    return problems


def _is_big_endian(about: Any) -> bool:
    if type(about) is not Mapping:
        return False
    pairs = about.pairs
    return any(type(key) is str and key == "little_endian" and value is False for key, value in zip(pairs[::2], pairs[1::2]))


def _storage_keys(front: FrontReader, progress: Progress, problems: List[Problem]) -> List[str]:
    try:
        found = front.next(storage_from, progress)
    except CorruptFile as error:
        problems.append(odd_file(f"The list of its storages cannot be read: {error}"))
        return []
    if not found.whole or type(found.root) is not list or any(type(key) is not str for key in found.root):
        problems.append(odd_file("The file ends before its values, or its list of storages is none: no values are in it."))
        return []
    return found.root


def _places(source: SourceFile, at: int, keys: List[str], storages: Dict[str, Storage]) -> Tuple[Dict[str, _Place], List[str]]:
    """Where each storage lies, computed from the sizes that the pickle declares; remarks on what does not fit the file."""
    places: Dict[str, _Place] = {}
    for key in keys:
        storage = storages.get(key)
        bits = BITS.get(storage.dtype or "uint8") if storage is not None and storage.dtype is not None else None
        if storage is None or bits is None or type(storage.numel) is not int or storage.numel < 0 or key in places:
            return places, [f"The size of its storage {key[:100]!r} is not known, so what follows it cannot be found."]
        begin = at + _COUNT
        at = begin + (storage.numel * max(8, bits) + 7) // 8
        fault = "" if at <= source.size else f"Its storage ends at byte {at:,}; the file has {source.size:,}."
        if not fault and len(places) < _COUNTS_CHECKED:
            count = source.at(begin - _COUNT, _COUNT)
            if storage.numel not in (int.from_bytes(count, "little"), int.from_bytes(count, "big")):
                stored = int.from_bytes(count, "little")
                fault = f"Its storage has {storage.numel:,} elements in the index and {stored:,} at its place."
        places[key] = _Place(begin, at, fault)
    if places and at < source.size:
        return places, [f"{source.size - at:,} bytes follow the last storage."]
    if at > source.size:
        return places, [f"The file was cut off: it has {source.size:,} bytes of {at:,}."]
    return places, []


def _row(placed: Any, places: Dict[str, _Place], big_endian: bool) -> StoredTensor:
    storage = placed.tensor.storage
    shift = 0
    if type(storage) is Storage and storage.view is not None:
        shift = _shift_of(storage)
    row = row_of(placed, lambda wanted: _record(wanted, places, shift))
    if shift > 0:
        row = replace(row, offset=row.offset + shift)
    return replace(row, big_endian=True) if big_endian else row


def _shift_of(storage: Storage) -> int:
    """Where a view of a storage begins in it, in elements; its own length takes the place of the storage's. -1 is nonsense."""
    view = storage.view
    if type(view) is tuple and len(view) == 3 and all(type(number) is int and number >= 0 for number in view[1:]):
        storage.numel = view[2]
        return int(view[1])
    return -1


def _record(storage: Storage, places: Dict[str, _Place], shift: int) -> StoredRecord:
    place = places.get(storage.key) if type(storage.key) is str else None
    if place is None:
        return "", 0, "Its storage is not in the file."
    if shift < 0:
        return "", 0, "It is a view of a storage and does not say of which part."
    itemsize = max(8, BITS[storage.dtype] if storage.dtype else 8) // 8
    return f"{place.begin}:{place.end}", place.end - place.begin - shift * itemsize, place.fault
