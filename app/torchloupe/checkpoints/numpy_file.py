"""numpy arrays: one in a ``.npy`` file, several in an ``.npz`` archive. Arrays of Python objects are named and never loaded."""

from typing import List

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import CheckpointError
from .npy_header import LONGEST, MAGIC, Header, bytes_after, header_end, read_header
from .pickle_reading import Progress, odd_file
from .source import SourceFile
from .tensor_rows import broken_tensors
from .zip_directory import Directory
from .zip_member import read_member_head

_SUFFIX = ".npy"
_USUAL = 128
"""numpy pads the header of nearly every array to this length."""


def recognises(source: SourceFile) -> bool:
    """True for a single array."""
    return source.head.startswith(MAGIC)


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The array of a ``.npy`` file; raises CorruptFile when its header makes no sense."""
    progress(0, 1, "reading the header")
    header = read_header(source.at(0, LONGEST), source.name)
    end = header.begin + bytes_after(header)
    row = _row(source.path.stem, header, f"{header.begin}:{end}", source.size)
    remarks = []
    if not row.broken and end < source.size:
        remarks.append(f"{source.size - end:,} bytes follow the array.")
    return _contents(source, "numpy", [row], remarks)


def is_npz(directory: Directory) -> bool:
    """True for a zip file with arrays in it and nothing of torch."""
    return any(name.endswith(_SUFFIX) for name in directory.members)


def read_npz(source: SourceFile, directory: Directory, progress: Progress) -> CheckpointContents:
    """The arrays of an archive; a member that cannot be read is a broken row."""
    rows: List[StoredTensor] = []
    remarks = list(directory.remarks)
    others = 0
    for done, (name, member) in enumerate(directory.members.items()):
        if not name.endswith(_SUFFIX):
            others += 1
            continue
        if done % 1000 == 0:
            progress(done, len(directory.members), "reading headers")
        key = name[: -len(_SUFFIX)]
        try:
            head = read_member_head(source, name, member, _USUAL)
            if header_end(head) > len(head):
                head = read_member_head(source, name, member, LONGEST)
            row = _row(key, read_header(head, name), name, member.size)
        except CheckpointError as error:
            row = StoredTensor(key, (), "?", 0, stored_at=name, broken=str(error))
        rows.append(row)
    if others:
        remarks.append(f"{others:,} of its members are no arrays and are left out.")
    if directory.repeated:
        remarks.append(f"It has several members named {directory.repeated[0][:100]}; the last one is shown.")
    return _contents(source, "numpy archive", rows, remarks)


def _row(key: str, header: Header, place: str, available: int) -> StoredTensor:
    size = bytes_after(header)
    broken = header.broken
    if not broken and header.begin + size > available:
        broken = f"Its elements take {size:,} bytes; {max(0, available - header.begin):,} are there."
    return StoredTensor(
        key,
        header.shape,
        header.dtype,
        size,
        stored_at=place,
        strides=header.strides,
        broken=broken,
        big_endian=header.big_endian,
    )


def _contents(source: SourceFile, form: str, rows: List[StoredTensor], remarks: List[str]) -> CheckpointContents:
    return CheckpointContents(
        path=str(source.path),
        format=form,
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        problems=(*map(odd_file, remarks), *broken_tensors(rows)),
    )
