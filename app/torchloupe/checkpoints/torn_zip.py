"""What is left of a zip file whose table of members is gone: the members that stand at its front, found by their own headers.

torch leaves the sizes in those headers at zero. Its pickle stands first, ends by itself, and tells the sizes of the storages.
"""

import struct
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..wire.errors import CorruptFile
from .dtypes import BITS
from .front import FrontReader
from .inert import Storage
from .rebuilders import storage_from
from .source import SourceFile
from .zip_directory import STORED, Directory, Member, long_fields, read_directory

_LOCAL = b"PK\x03\x04"
_DESCRIPTOR = b"PK\x07\x08"
_local = struct.Struct("<4s5H3I2H")
_SIZE_FOLLOWS = 0x0008
_PICKLE = "data.pkl"
_STORAGES = "data/"
_MOST_MEMBERS = 100_000
_MOST_PICKLES = 8
_BLOCK = 4096
"""Room for a header with its name and padding, for a small record, and for what stands between two members."""


class _Header(NamedTuple):
    """A member as its own header describes it, and where its data begin; ``is_open`` when its sizes only follow behind them."""

    name: str
    member: Member
    begin: int
    is_open: bool


def read_members(source: SourceFile) -> Directory:
    """The table of members, or what can be found without it; raises CorruptFile when there is neither."""
    try:
        return read_directory(source)
    except CorruptFile as error:
        found = _Front(source).directory(error)
        if not found.members:
            raise
        return found


class _Front:
    """A walk along the members of a file, from its front to where it breaks off."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._sizes: Dict[str, int] = {}
        self._pickles = 0

    def directory(self, fault: CorruptFile) -> Directory:
        """The members in the order of the file."""
        members: Dict[str, Member] = {}
        repeated: List[str] = []
        at: Optional[int] = 0
        while at is not None and len(members) < _MOST_MEMBERS:
            header = self._header(at)
            if header is None:
                break
            member, at = self._sized(header)
            if header.name in members:
                repeated.append(header.name)
            if member is not None:
                members[header.name] = member
            at = self._next(at) if at is not None else None
        remark = (
            f"{fault} Its first {len(members):,} members are shown."
            if len(members) > 1
            else f"{fault} Its first member is shown."
        )
        return Directory(members, tuple(repeated), (remark,), 0, fault)

    def _header(self, at: int) -> Optional[_Header]:
        block = self._source.at(at, _BLOCK)
        if len(block) < _local.size or block[:4] != _LOCAL:
            return None
        _, _, flags, method, _, _, crc, packed, plain, name_length, extra_length = _local.unpack_from(block)
        name = block[_local.size : _local.size + name_length]
        extra = block[_local.size + name_length : _local.size + name_length + extra_length]
        if len(name) < name_length or not name:
            return None
        packed, plain, _ = long_fields(extra, packed, plain, 0)
        member = Member(flags, method, crc, packed, plain, at)
        is_open = bool(flags & _SIZE_FOLLOWS) and not packed
        return _Header(name.decode("utf-8", "backslashreplace"), member, at + _local.size + name_length + extra_length, is_open)

    def _sized(self, header: _Header) -> Tuple[Optional[Member], Optional[int]]:
        """The member with its size, and where it ends; None in place of what cannot be told. A pickle may end with the file."""
        if header.is_open:
            return self._found(header)
        member, end = header.member, header.begin + header.member.packed
        if end > self._source.size > header.begin and header.name.endswith(_PICKLE) and member.method == STORED:
            left = self._source.size - header.begin
            return member._replace(packed=left, size=left), None
        return member, end

    def _found(self, header: _Header) -> Tuple[Optional[Member], Optional[int]]:
        """The same for a member whose header does not say its size."""
        name, begin = header.name, header.begin
        end: Optional[int]
        self._pickles += name.endswith(_PICKLE)
        if header.member.method != STORED or begin > self._source.size or self._pickles > _MOST_PICKLES:
            return None, None
        if name.endswith(_PICKLE):
            end = self._end_of_pickle(name, begin)
        else:
            known = self._sizes.get(name)
            end = self._described_end(begin) if known is None else begin + known
        if end is None:
            return None, None
        behind = self._source.at(end, 8)
        crc = int.from_bytes(behind[4:], "little") if behind[:4] == _DESCRIPTOR else 0
        return header.member._replace(crc=crc, packed=end - begin, size=end - begin), end

    def _end_of_pickle(self, name: str, begin: int) -> int:
        """Where the pickle ends; notes what it says of its storages. One that breaks off ends with the file."""
        root = name[: -len(_PICKLE)]

        def noted(persistent_id: Any) -> Any:
            made = storage_from(persistent_id)
            if type(made) is Storage and type(made.key) is str and type(made.numel) is int and made.dtype is not None:
                self._sizes[f"{root}{_STORAGES}{made.key}"] = max(0, made.numel) * max(8, BITS.get(made.dtype, 8)) // 8
            return made

        front = FrontReader(self._source, name, begin)
        try:
            whole = front.next(noted, _silent).whole
        except CorruptFile:
            return self._source.size
        return front.at if whole else self._source.size

    def _described_end(self, begin: int) -> Optional[int]:
        """Where a small record ends: where the description behind it says that it has just this size."""
        block = self._source.at(begin, _BLOCK)
        at = block.find(_DESCRIPTOR)
        while at >= 0:
            if int.from_bytes(block[at + 8 : at + 12], "little") == at:
                return begin + at
            at = block.find(_DESCRIPTOR, at + 1)
        return None

    def _next(self, at: int) -> Optional[int]:
        """Where the next header stands, a description of the last member before it at most."""
        found = self._source.at(at, 32).find(_LOCAL)
        return None if found < 0 else at + found


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what
