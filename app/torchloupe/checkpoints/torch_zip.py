"""Checkpoints that torch.save has written since torch 1.6, and TorchScript archives: a zip with a pickle and one record per storage."""

from dataclasses import replace
from typing import Dict, List, Set, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from ..wire.problems import ERROR, Problem
from .foreign_zip import what_zip_is_this
from .inert import Storage
from .pickle_reading import BIG_ENDIAN, Progress, odd_file, read_pickle
from .source import SourceFile
from .tensor_rows import FindRecord, StoredRecord, broken_tensors, rows_of
from .torch_script import CONSTANTS, code_values, is_script, of_scripts
from .training import format_of
from .unfold import join
from .zip_directory import DEFLATED, ENCRYPTED, STORED, Directory, Member
from .zip_member import read_member

_PICKLE = "data.pkl"
_FOLDERS = ("data", "tensors")
_CONSTANT_FOLDERS = ("constants", "tensors")
_METHODS = (STORED, DEFLATED)
_MOST_ROOTS = 8
_LONGEST_SMALL_RECORD = 64
_ABOUT = {"version": "version", "byteorder": "byte order", ".format_version": "format version", ".storage_alignment": "alignment"}
"""Small records beside the pickle, and what they say."""


class _Archive:
    """The records of the file, looked up by storage."""

    def __init__(self, source: SourceFile, directory: Directory) -> None:
        self.source = source
        self.members = directory.members
        self._size = source.size
        self.is_torn = directory.fault is not None
        self._repeated = frozenset(directory.repeated)
        self._orders: Dict[str, bytes] = {}

    def records(self, root: str, folders: Tuple[str, ...], names_from: int) -> FindRecord:
        """Tells what the archive has for a storage in one of ``folders``. The key is only ever looked up in the table of members.

        So many letters of a member's name are left out, those of the root when it is the only one.
        """
        members, repeated, end = self.members, self._repeated, self._size
        prefixes = [f"{root}{folder}/" for folder in folders]

        def record(storage: Storage) -> StoredRecord:
            key = storage.key
            if type(key) is not str:
                return "", 0, "Its storage has no name."
            for prefix in prefixes:
                name = prefix + key
                member = members.get(name)
                if member is not None:
                    flags, method, _, packed, size, start = member
                    place = name[names_from:]
                    if flags & ENCRYPTED or method not in _METHODS or start + packed > end:
                        return place, size, self._fault(member)
                    return place, size, "The file has several records of its name." if name in repeated else ""
            return f"data/{key}"[:200], 0, f"Its record data/{key[:100]} is missing in the file."

        return record

    def byte_order(self, root: str) -> bytes:
        """What the record of that name says; files from before torch 2.1 have none and are little endian."""
        name = f"{root}byteorder"
        member = self.members.get(name)
        if member is None:
            return b"little"
        if member.size > _LONGEST_SMALL_RECORD:
            return b"a long text"
        if name not in self._orders:
            self._orders[name] = read_member(self.source, name, member).data.strip()
        return self._orders[name]

    def about(self, root: str) -> List[StoredValue]:
        """What the small records say of the file."""
        found = []
        for record, name in _ABOUT.items():
            member = self.members.get(root + record)
            if member is not None and member.size <= _LONGEST_SMALL_RECORD and not self._fault(member):
                text = self.byte_order(root) if record == "byteorder" else read_member(self.source, root + record, member).data
                found.append(StoredValue(name, "str", text.decode("utf-8", "replace").strip()))
        return found

    def _fault(self, member: Member) -> str:
        if member.flags & ENCRYPTED:
            return "Its record is encrypted."
        if member.start + member.packed > self._size:
            return "Its record lies beyond the end of the file."
        if member.method in _METHODS:
            return ""
        return f"Its record is compressed by method {member.method}, which is not read here."


def is_torch(directory: Directory) -> bool:
    """True when one of the members is the pickle that torch.save writes."""
    return any(name == _PICKLE or name.endswith("/" + _PICKLE) for name in directory.members)


def read(source: SourceFile, directory: Directory, progress: Progress) -> CheckpointContents:
    """The contents of a torch archive; raises UnsupportedFormat when the zip is something else."""
    archive = _Archive(source, directory)
    roots = _roots(source, directory)
    problems = [_cut_off(remark) if archive.is_torn else odd_file(remark) for remark in directory.remarks]
    if len(roots) > 1:
        names = ", ".join(root[:100] for root in roots)
        problems.append(odd_file(f"It holds {len(roots)} checkpoints, in the folders {names}; torch.load refuses that."))
    tensors: List[StoredTensor] = []
    values: List[StoredValue] = []
    mentioned: Set[str] = set()
    script = any(is_script(directory, root) for root in roots)
    for root in roots:
        problems.extend(_about_records(archive, root))
        path, names_from = (root.rstrip("/"), 0) if len(roots) > 1 else ("", len(root))
        parts = [(_PICKLE, path, _FOLDERS)]
        if is_script(directory, root):
            parts.append((CONSTANTS, join(path, "constants"), _CONSTANT_FOLDERS))
        for name, place, folders in parts:
            found = read_member(source, root + name, directory.members[root + name])
            problems.extend(odd_file(remark) for remark in found.remarks)
            pickled = read_pickle(found.data, name, place, progress, may_break_off=directory.fault is not None)
            rows = rows_of(pickled.unfolded.tensors, archive.records(root, folders, names_from))
            tensors.extend([replace(row, big_endian=True) for row in rows] if archive.byte_order(root) == b"big" else rows)
            values.extend(pickled.unfolded.values if name == _PICKLE or pickled.unfolded.tensors else ())
            mentioned.update(pickled.globals)
            problems.extend(of_scripts(pickled.problems) if script else pickled.problems)
        values.extend(code_values(source, directory, root) if script else ())
    problems.extend(broken_tensors(tensors))
    return CheckpointContents(
        path=str(source.path),
        format="TorchScript" if script else format_of("torch zip", values),
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(tensors),
        values=tuple(values),
        globals=tuple(sorted(mentioned)),
        problems=tuple(problems),
        about=tuple(archive.about(roots[0])),
    )


def _cut_off(remark: str) -> Problem:
    return Problem("checkpoint-cut-off", remark, ERROR, "Get the file again. What could be read of it is shown.")


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
    if not archive.is_torn and f"{root}version" not in members and f"{root}.data/version" not in members:
        problems.append(odd_file("It has no version record; torch.load refuses it without one."))
    order = archive.byte_order(root)
    if order == b"big":
        problems.append(BIG_ENDIAN)
    elif order != b"little":
        problems.append(odd_file(f"Its byte order is called {order[:20]!r}, which is neither little nor big."))
    return problems
