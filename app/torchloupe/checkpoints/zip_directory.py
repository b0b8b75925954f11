"""The table of a zip file's members, read from its end with as few bytes as possible.

Our own because the standard library's reads each local header, and because a damaged end is worth more than an exception.
"""

import struct
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple

from ..wire.errors import CorruptFile
from .source import SourceFile

END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_ENTRY = b"PK\x01\x02"

_end = struct.Struct("<4s4H2IH")
_end_64 = struct.Struct("<4sQ2H2I4Q")
_entry = struct.Struct("<4s4x2H4x3I3H8xI")
"""Signature, flags, method, check sum, both sizes, lengths of name, extra fields and comment, place of the local header."""
_ABSENT = 0xFFFFFFFF
_LONGEST_END = 66_000
"""A comment of 64 kB, the end records, and some rubbish behind them."""
_MAX_DIRECTORY = 256 << 20

_ODD_SIGNS = ("..", "\\", "\0", "\n/")

ENCRYPTED = 0x0001
STORED = 0
DEFLATED = 8


class Member(NamedTuple):
    """One member: its compression ``method`` and flags, check sum, stored and plain size, and where its local header starts."""

    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int


class Directory(NamedTuple):
    """The members by name, in the order of the table; ``repeated`` names are in it more than once (the last one is kept).

    ``remarks`` are sentences about what is odd, ``shift`` the number of bytes before the zip begins. ``fault`` is why the table
    itself cannot be read, when the members were found without it.
    """

    members: Dict[str, Member]
    repeated: Tuple[str, ...]
    remarks: Tuple[str, ...]
    shift: int
    fault: Optional[CorruptFile] = None


class _Place(NamedTuple):
    """Where the table should be, as an end record says: its size, its offset, and where what follows it begins."""

    size: int
    offset: int
    ends_at: int


def read_directory(source: SourceFile) -> Directory:
    """The members of the zip file; raises CorruptFile when there is no end record or no table where it points."""
    remarks: List[str] = []
    places = _end_places(source, source.tail, source.size - len(source.tail), remarks)
    if not places and source.size > len(source.tail):
        tail = source.at(max(0, source.size - _LONGEST_END), _LONGEST_END)
        places = _end_places(source, tail, source.size - len(tail), remarks)
    if not places:
        raise CorruptFile(
            f"{source.name} begins as a zip file and has no end record in its {source.size:,} bytes: it was cut off.",
            "Get the file again; the download or the save was interrupted.",
        )
    for place in places:
        for start in (place.ends_at - place.size, place.offset):
            table = _table_at(source, place, start)
            if table is not None:
                return _directory(table, start - place.offset, remarks)
    raise CorruptFile(
        f"{source.name} is a damaged zip file: its table of members is not where its end record says.",
        "Get the file again; if it was made by a tool, save it again with torch.save.",
    )


def _end_places(source: SourceFile, tail: bytes, tail_at: int, remarks: List[str]) -> List[_Place]:
    """Where the end records say the table is, the most trusted first; remarks on rubbish after the end and on a cut."""
    found = _find_end(tail)
    if found is None:
        place = _place_64(source, tail, tail_at, tail.rfind(_END_64))
        if place is not None:
            remarks.append("The last bytes of the file are missing; its table of members is still whole.")
            return [place]
        return []
    fields = _end.unpack_from(tail, found)
    rubbish = len(tail) - found - _end.size - fields[7]
    if rubbish > 0:
        remarks.append(f"{rubbish:,} bytes follow the end of the zip file.")
    places = []
    if tail[max(0, found - 20) : max(0, found - 16)] == _LOCATOR_64:
        pointed = struct.unpack_from("<Q", tail, found - 12)[0] - tail_at
        for at in (found - 20 - _end_64.size, pointed):
            place = _place_64(source, tail, tail_at, at)
            if place is not None:
                places.append(place)
    places.append(_Place(fields[5], fields[6], tail_at + found))
    return places


def _find_end(tail: bytes) -> Optional[int]:
    """Where the end record starts: one whose comment ends with the file, else the last whole one."""
    last = None
    at = tail.rfind(END)
    while at >= 0:
        if at + _end.size <= len(tail):
            after = at + _end.size + int.from_bytes(tail[at + 20 : at + 22], "little")
            if after == len(tail):
                return at
            if after < len(tail) and last is None:
                last = at
        at = tail.rfind(END, 0, at)
    return last


def _place_64(source: SourceFile, tail: bytes, tail_at: int, at: int) -> Optional[_Place]:
    if at < 0:
        return None
    record = tail[at : at + _end_64.size] if at + _end_64.size <= len(tail) else b""
    if len(record) < _end_64.size or record[:4] != _END_64:
        return None
    fields = _end_64.unpack(record)
    return _Place(fields[8], fields[9], tail_at + at) if fields[8] <= source.size else None


def _table_at(source: SourceFile, place: _Place, start: int) -> Optional[bytes]:
    """The bytes of the table when one begins at ``start``."""
    if start < 0 or start + place.size > source.size or place.size > _MAX_DIRECTORY:
        return None
    if place.size == 0:
        return b""
    tail_at = source.size - len(source.tail)
    if start >= tail_at:
        table = source.tail[start - tail_at : start - tail_at + place.size]
    elif start + place.size > tail_at:
        # The end of the table has been read with the tail.
        table = source.at(start, tail_at - start) + source.tail[: start + place.size - tail_at]
    else:
        table = source.at(start, place.size)
    return table if table[:4] == _ENTRY and len(table) == place.size else None


def _directory(table: bytes, shift: int, remarks: List[str]) -> Directory:
    members: Dict[str, Member] = {}
    repeated: List[str] = []
    pos, end, reached, in_order = 0, len(table), 0, True
    unpack, size, make = _entry.unpack_from, _entry.size, Member._make
    while pos + size <= end:
        signature, flags, method, crc, packed, plain, named, extra, comment, start = unpack(table, pos)
        if signature != _ENTRY:
            remarks.append(f"The table of members is damaged after {len(members):,} entries.")
            break
        after = pos + size + named
        if after > end:
            remarks.append("The table of members ends inside an entry.")
            break
        name = table[pos + size : after].decode("utf-8", "backslashreplace")
        if packed == _ABSENT or plain == _ABSENT or start == _ABSENT:
            packed, plain, start = long_fields(table[after : after + extra], packed, plain, start)
        if name in members:
            repeated.append(name)
        in_order = in_order and start >= reached
        reached = start + packed
        members[name] = make((flags, method, crc, packed, plain, start + shift))
        pos = after + extra + comment
    if shift:
        remarks.append(f"{shift:,} bytes stand before the zip file begins; torch.load refuses such a file.")
    if not in_order and _overlap(members.values()):
        remarks.append("Some of its members lie on top of each other, which no program that makes zip files does.")
    odd = _odd_names(list(members))
    if odd:
        remarks.append(f"{len(odd):,} members have odd names, such as {odd[0][:100]!r}; nothing is extracted here.")
    return Directory(members, tuple(repeated), tuple(remarks), shift)


def _overlap(members: Iterable[Member]) -> bool:
    reached = 0
    for _, _, _, packed, _, start in sorted(members, key=lambda member: (member.start, member.packed)):
        if start < reached:
            return True
        reached = start + packed
    return False


def _odd_names(names: List[str]) -> List[str]:
    """Names that would leave their folder if someone unpacked them, or that other readers cut short."""
    # One look at all names together answers for nearly every file.
    together = "\n".join(names)
    if not any(sign in together for sign in _ODD_SIGNS) and not together.startswith("/"):
        return []
    return [name for name in names if name.startswith("/") or any(sign in name for sign in _ODD_SIGNS)]


def long_fields(extra: bytes, packed: int, plain: int, start: int) -> Tuple[int, int, int]:
    """The packed and plain size and the offset, those that do not fit in 32 bits taken from the zip64 extra field."""
    pos = 0
    while pos + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, pos)
        if kind == 1:
            numbers = list(struct.unpack_from(f"<{min(length, len(extra) - pos - 4) // 8}Q", extra, pos + 4))
            plain = numbers.pop(0) if plain == _ABSENT and numbers else plain
            packed = numbers.pop(0) if packed == _ABSENT and numbers else packed
            start = numbers.pop(0) if start == _ABSENT and numbers else start
            break
        pos += 4 + length
    return packed, plain, start
