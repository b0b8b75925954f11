"""The check sums of a zip file, on demand: torch.load does not look at them, so a flipped byte of a weight goes unnoticed."""

import zlib
from pathlib import Path
from typing import List, NamedTuple, Tuple, Union

from ..wire.errors import CheckpointError, UnsupportedFormat
from . import zip_file
from .pickle_reading import Progress
from .records import DeflatedRecord, PlainRecord, Record, ValueFile
from .torn_zip import read_members
from .zip_directory import DEFLATED, ENCRYPTED, STORED, Member

_CHUNK = 1 << 20


class CheckSums(NamedTuple):
    """How many members were checked, and a sentence for each that is damaged."""

    checked: int
    damaged: Tuple[str, ...]


def check_sums(path: Union[str, Path], progress: Progress) -> CheckSums:
    """Read every member of the zip file at ``path`` and compare it with its check sum, as fast as the disk. Raises CheckpointError;
    UnsupportedFormat when the file is of a format that keeps no check sums."""
    damaged: List[str] = []
    source = ValueFile(path)
    with source:
        if not (zip_file.recognises(source) or zip_file.recognises_late_start(source)):
            raise UnsupportedFormat(
                f"{source.name} is no zip file, and its format keeps no check sums.",
                "Compare it with the file it was copied from.",
            )
        members = read_members(source).members
        total, done = sum(member.packed for member in members.values()), 0
        for name, member in members.items():
            progress(done, total, name)
            done += member.packed
            try:
                if _sum_of(source, name, member) != member.crc:
                    damaged.append(f"{name} was damaged after it was written.")
            except CheckpointError as error:
                damaged.append(str(error))
        progress(total, total, "")
    return CheckSums(len(members), tuple(damaged))


def _sum_of(source: ValueFile, name: str, member: Member) -> int:
    start = source.data_start(member.start, name)
    if member.flags & ENCRYPTED or member.method not in (STORED, DEFLATED):
        raise UnsupportedFormat(f"{name} cannot be checked: it is encrypted, or compressed in an unknown way.", "Zip it anew.")
    record: Record = PlainRecord(source, start, member.size)
    if member.method == DEFLATED:
        record = DeflatedRecord(source, start, member.packed, member.size, name)
    memory = memoryview(bytearray(min(_CHUNK, member.size)))
    found = 0
    for begin in range(0, member.size, _CHUNK):
        chunk = memory[: member.size - begin]
        record.into(begin, chunk)
        found = zlib.crc32(chunk, found)
    return found
