"""Checkpoints that torch.save has written since torch 1.6, and TorchScript archives: a zip with a pickle and one record per storage."""

from functools import partial
from typing import List, Set

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from ..wire.problems import INFO, Problem
from .foreign_zip import what_zip_is_this
from .inert import Storage
from .pickle_reading import Progress, odd_file, read_pickle
from .source import SourceFile
from .tensor_rows import StoredRecord, broken_tensors, rows_of
from .training import format_of
from .zip_directory import DEFLATED, ENCRYPTED, END, STORED, Directory, Member, read_directory
from .zip_member import read_member

_PICKLE = "data.pkl"
_STORAGE_FOLDERS = ("data", "tensors", "constants")
_MOST_ROOTS = 8
_LONGEST_SMALL_RECORD = 64


class _Archive:
    """The records of the file, looked up by storage."""

    def __init__(self, source: SourceFile, directory: Directory) -> None:
        self.source = source
        self.members = directory.members
        self._size = source.size
        self._repeated = frozenset(directory.repeated)

    def record(self, root: str, storage: Storage) -> StoredRecord:
        """What the archive has for a storage. The key is only ever looked up in the table of members."""
        key = storage.key
        if type(key) is not str:
            return "", 0, "Its storage has no name."
        for folder in _STORAGE_FOLDERS:
            place = f"{folder}/{key}"
            member = self.members.get(root + place)
            if member is not None:
                flags, method, _, packed, size, start = member
                if flags & ENCRYPTED or method not in (STORED, DEFLATED) or start + packed > self._size:
                    return place, size, self._fault(member)
                if root + place in self._repeated:
                    return place, size, "The file has several records of its name."
                return place, size, ""
        return f"data/{key}"[:200], 0, f"Its record data/{key[:100]} is missing in the file."

    def _fault(self, member: Member) -> str:
        if member.flags & ENCRYPTED:
            return "Its record is encrypted."
        if member.start + member.packed > self._size:
            return "Its record lies beyond the end of the file."
        return f"Its record is compressed by method {member.method}, which is not read here."


def recognises(source: SourceFile) -> bool:
    """True for a zip file that begins where the file begins."""
    return source.head.startswith((b"PK\x03\x04", END))


def recognises_late_start(source: SourceFile) -> bool:
    """True for a zip file with other bytes in front of it."""
    return END in source.tail and b"PK\x01\x02" in source.tail


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a torch archive; raises UnsupportedFormat when the zip is something else."""
    directory = read_directory(source)
    archive = _Archive(source, directory)
    roots = _roots(source, directory)
    problems = [odd_file(remark) for remark in directory.remarks]
    if len(roots) > 1:
        names = ", ".join(root[:100] for root in roots)
        problems.append(odd_file(f"It holds {len(roots)} checkpoints, in the folders {names}; torch.load refuses that."))
    tensors: List[StoredTensor] = []
    values: List[StoredValue] = []
    mentioned: Set[str] = set()
    for root in roots:
        problems.extend(_about_records(archive, root))
        found = read_member(source, root + _PICKLE, directory.members[root + _PICKLE])
        problems.extend(odd_file(remark) for remark in found.remarks)
        pickled = read_pickle(found.data, _PICKLE, root.rstrip("/") if len(roots) > 1 else "", progress)
        tensors.extend(rows_of(pickled.unfolded.tensors, partial(archive.record, root)))
        values.extend(pickled.unfolded.values)
        mentioned.update(pickled.globals)
        problems.extend(pickled.problems)
    problems.extend(broken_tensors(tensors))
    script = any(f"{root}constants.pkl" in directory.members for root in roots)
    return CheckpointContents(
        path=str(source.path),
        format="TorchScript" if script else format_of("torch zip", values),
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(tensors),
        values=tuple(values),
        globals=tuple(sorted(mentioned)),
        problems=tuple(problems),
    )


def _roots(source: SourceFile, directory: Directory) -> List[str]:
    """The folders that hold a checkpoint, each with a slash at its end; the folder's name is not the file's."""
    names = directory.members
    roots = [name[: -len(_PICKLE)] for name in names if name == _PICKLE or name.endswith("/" + _PICKLE)]
    if not roots:
        raise what_zip_is_this(source.name, list(names))
    twice = [root + _PICKLE for root in roots if root + _PICKLE in directory.repeated]
    if twice:
        raise CorruptFile(
            f"{source.name} has several members named {twice[0]}: what it holds depends on who reads it.",
            "Do not trust this file; get it again from its author.",
        )
    if len(roots) > _MOST_ROOTS:
        raise UnsupportedFormat(
            f"{source.name} holds {len(roots):,} checkpoints in one zip file.", "Unpack it and open one of them."
        )
    return roots


def _about_records(archive: _Archive, root: str) -> List[Problem]:
    """What the small records beside the pickle say about the file."""
    members = archive.members
    problems = []
    if f"{root}version" not in members and f"{root}.data/version" not in members:
        problems.append(odd_file("It has no version record; torch.load refuses it without one."))
    name = f"{root}byteorder"
    if name in members:
        order = _small(archive, name)
        if order == b"big":
            problems.append(Problem("checkpoint-byte-order", "Its values are stored in big endian order.", INFO))
        elif order != b"little":
            problems.append(odd_file(f"Its byte order is called {order[:20]!r}, which is neither little nor big."))
    return problems


def _small(archive: _Archive, name: str) -> bytes:
    member = archive.members[name]
    if member.size > _LONGEST_SMALL_RECORD:
        return b"a long text"
    return read_member(archive.source, name, member).data.strip()
