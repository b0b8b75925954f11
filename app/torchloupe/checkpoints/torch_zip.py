"""Checkpoints that torch.save has written since torch 1.6, and TorchScript archives: a zip with a pickle and one record per storage."""

from typing import Any, List, NamedTuple, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor, StoredValue
from ..wire.errors import CorruptFile, UnsupportedFormat
from ..wire.problems import INFO, WARNING, Problem
from .foreign_zip import what_zip_is_this
from .inert import Storage
from .pickle_reading import Pickled, Progress, odd_file, read_pickle
from .source import SourceFile
from .tensor_rows import StoredRecord, broken_tensors, rows_of
from .unfold import join
from .zip_directory import DEFLATED, END, ENCRYPTED, STORED, Directory, read_directory
from .zip_member import read_member

_PICKLE = "data.pkl"
_STORAGE_FOLDERS = ("data", "tensors", "constants")
_MOST_ROOTS = 8


class _Archive(NamedTuple):
    source: SourceFile
    directory: Directory

    def record(self, root: str, storage: Storage) -> StoredRecord:
        """What the archive has for a storage. The key is only ever looked up in the table of members."""
        key = storage.key
        if type(key) is not str:
            return StoredRecord("", 0, "Its storage has no name.")
        for folder in _STORAGE_FOLDERS:
            name = f"{root}{folder}/{key}"
            member = self.directory.members.get(name)
            if member is not None:
                return StoredRecord(f"{folder}/{key}", member.size, self._fault(name))
        return StoredRecord(f"data/{key}"[:200], 0, f"Its record data/{key[:100]} is missing in the file.")

    def _fault(self, name: str) -> str:
        member = self.directory.members[name]
        if name in self.directory.repeated:
            return f"The file has several records named {name}."
        if member.flags & ENCRYPTED:
            return "Its record is encrypted."
        if member.method not in (STORED, DEFLATED):
            return f"Its record is compressed by method {member.method}, which is not read here."
        if member.start + member.packed > self.source.size:
            return "Its record lies beyond the end of the file."
        return ""


def recognises(source: SourceFile) -> bool:
    """True for a zip file, also one with other bytes in front of it."""
    return source.head.startswith((b"PK\x03\x04", END)) or (END in source.tail[-1024:] and b"PK\x01\x02" in source.tail)


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a torch archive; raises UnsupportedFormat when the zip is something else."""
    directory = read_directory(source)
    archive = _Archive(source, directory)
    roots = [name[: -len(_PICKLE)] for name in directory.members if name == _PICKLE or name.endswith("/" + _PICKLE)]
    if not roots:
        raise what_zip_is_this(source.name, list(directory.members))
    _refuse_ambiguous(source, directory, roots)
    problems = [odd_file(remark) for remark in directory.remarks]
    if len(roots) > 1:
        problems.append(odd_file(f"It holds {len(roots)} checkpoints: {', '.join(root[:100] for root in roots)}; all are shown."))
    tensors: List[StoredTensor] = []
    values: List[StoredValue] = []
    names: List[str] = []
    for root in roots:
        prefix = root.rstrip("/") if len(roots) > 1 else ""
        pickled = _read_root(archive, root, prefix, progress, problems)
        rows = rows_of(pickled.unfolded.tensors, lambda storage, root=root: archive.record(root, storage))  # type: ignore[misc]
        tensors.extend(rows)
        values.extend(pickled.unfolded.values)
        names.extend(pickled.globals)
    problems.extend(broken_tensors(tensors))
    is_script = any(f"{root}constants.pkl" in directory.members for root in roots)
    return CheckpointContents(
        str(source.path),
        "TorchScript" if is_script else "torch zip",
        source.size,
        source.bytes_read,
        tuple(tensors),
        tuple(values),
        tuple(sorted(set(names))),
        tuple(problems),
    )
