"""The bytes of one zip member, with every claim about their number held against a limit first."""

import struct
import zlib
from typing import List, NamedTuple

from ..wire.errors import CorruptFile, UnsupportedFormat
from .source import SourceFile
from .zip_directory import DEFLATED, ENCRYPTED, STORED, Member

MAX_PLAIN = 512 << 20
"""Largest pickle that is read."""
_SUSPICIOUS_PLAIN = 4 << 20
_SUSPICIOUS_RATIO = 200
"""A pickle that inflates to more than both of these is a bomb: real ones shrink to a tenth at best."""

_LOCAL = b"PK\x03\x04"
_local = struct.Struct("<4s5H3I2H")
_SPARE = 128
"""torch pads the local header so that data begin at a multiple of 64: read that along in the same read."""


class MemberBytes(NamedTuple):
    """The plain bytes and remarks about them."""

    data: bytes
    remarks: List[str]


def read_member(source: SourceFile, name: str, member: Member) -> MemberBytes:
    """All bytes of a small member; raises CorruptFile or UnsupportedFormat when they cannot be had within the limits."""
    label = f"{name} in {source.name}"
    _refuse(label, member)
    remarks: List[str] = []
    packed = _packed_bytes(source, label, name, member, remarks)
    if member.method == STORED:
        data = packed
    else:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.size + 1)
        except zlib.error as error:
            raise CorruptFile(f"{label} cannot be inflated: {error}.", "Get the file again.") from None
    if len(data) != member.size:
        raise CorruptFile(f"{label} has another size than its table of members says.", "Get the file again.")
    if zlib.crc32(data) != member.crc:
        remarks.append(f"The check sum of {name} does not match: the file was damaged after it was written.")
    return MemberBytes(data, remarks)


def _refuse(label: str, member: Member) -> None:
    if member.flags & ENCRYPTED:
        raise UnsupportedFormat(f"{label} is encrypted.", "Unpack it with its password and open what is inside.")
    if member.method not in (STORED, DEFLATED):
        raise UnsupportedFormat(
            f"{label} is compressed by method {member.method}, which is not read here.",
            "Zip the folder again without compression, or save it again with torch.save.",
        )
    bomb = member.size > _SUSPICIOUS_PLAIN and member.size > _SUSPICIOUS_RATIO * max(1, member.packed)
    if max(member.size, member.packed) > MAX_PLAIN or bomb:
        raise CorruptFile(
            f"{label} claims {member.size:,} bytes from {member.packed:,} packed ones, more than is read here.",
            "If you did not make this file yourself, do not trust it.",
        )


def _packed_bytes(source: SourceFile, label: str, name: str, member: Member, remarks: List[str]) -> bytes:
    if member.method == STORED and member.packed != member.size:
        raise CorruptFile(f"{label} is stored with another size than its own.", "Get the file again.")
    raw_name = name.encode("utf-8")
    front = _local.size + len(raw_name) + _SPARE
    block = source.at(member.start, front + member.packed)
    if len(block) < _local.size or block[:4] != _LOCAL:
        raise CorruptFile(f"{label} is not where the table of members says.", "Get the file again.")
    *_, name_length, extra_length = _local.unpack_from(block)
    if block[_local.size : _local.size + name_length] != raw_name:
        remarks.append(f"{name} has another name at its place in the file than in the table of members.")
    begin = _local.size + name_length + extra_length
    packed = block[begin : begin + member.packed]
    missing = member.packed - len(packed)
    if missing:
        packed += source.exactly(member.start + begin + len(packed), missing, name)
    return packed


def read_member_head(source: SourceFile, name: str, member: Member, length: int) -> bytes:
    """The first ``length`` plain bytes of a member, or all when it is shorter. Raises CorruptFile or UnsupportedFormat."""
    label = f"{name[:200]} in {source.name}"
    if member.flags & ENCRYPTED or member.method not in (STORED, DEFLATED):
        _refuse(label, member)
    block = source.at(member.start, _local.size + len(name.encode("utf-8", "replace")) + _SPARE + min(length, member.packed))
    if len(block) < _local.size or block[:4] != _LOCAL:
        raise CorruptFile(f"{label} is not where the table of members says.", "Get the file again.")
    *_, name_length, extra_length = _local.unpack_from(block)
    begin = _local.size + name_length + extra_length
    packed = block[begin : begin + member.packed]
    if member.method == STORED:
        return packed[:length]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, length)
    except zlib.error as error:
        raise CorruptFile(f"{label} cannot be inflated: {error}.", "Get the file again.") from None
