"""The bytes of a member, within limits."""

import struct
import zlib

import pytest

from checkpoints.making_files import zipped
from torchloupe.checkpoints.source import SourceFile
from torchloupe.checkpoints.zip_directory import Member, read_directory
from torchloupe.checkpoints.zip_member import MemberBytes, read_member
from torchloupe.wire.errors import CorruptFile, UnsupportedFormat

_TEXT = b"weights and more weights " * 40


def _read(tmp_path, data: bytes, **changes: int) -> MemberBytes:
    (tmp_path / "a.zip").write_bytes(data)
    with SourceFile(tmp_path / "a.zip") as source:
        member: Member = read_directory(source).members["a/data.pkl"]._replace(**changes)
        return read_member(source, "a/data.pkl", member)


@pytest.mark.parametrize("method", [0, 8])
def test_that_stored_and_deflated_members_come_out_as_they_went_in(tmp_path, method):
    assert _read(tmp_path, zipped([("a/data.pkl", _TEXT)], method)) == (_TEXT, [])


def test_that_a_long_local_header_is_skipped(tmp_path):
    plain = zipped([("a/data.pkl", _TEXT)])
    padding = struct.pack("<2H", 0x4246, 500) + b"Z" * 500
    padded = bytearray(plain[:40] + padding + plain[40:])
    struct.pack_into("<H", padded, 28, len(padding))
    end = padded.rfind(b"PK\x05\x06")
    struct.pack_into("<I", padded, end + 16, struct.unpack_from("<I", padded, end + 16)[0] + len(padding))
    assert _read(tmp_path, bytes(padded)) == (_TEXT, [])


def test_that_sizes_in_the_local_header_do_not_matter(tmp_path):
    data = bytearray(zipped([("a/data.pkl", _TEXT)]))
    struct.pack_into("<3I", data, 14, 0, 0, 0)
    assert _read(tmp_path, bytes(data)).data == _TEXT


def test_that_a_wrong_check_sum_is_a_remark(tmp_path):
    data, remarks = _read(tmp_path, zipped([("a/data.pkl", _TEXT)]), crc=zlib.crc32(b"other"))
    assert data == _TEXT
    assert remarks == ["The check sum of a/data.pkl does not match: the file was damaged after it was written."]


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"flags": 1}, UnsupportedFormat, "encrypted"),
        ({"method": 93}, UnsupportedFormat, "method 93"),
        ({"size": 5}, CorruptFile, "another size than its own"),
        ({"size": 1 << 40}, CorruptFile, "more than is read here"),
        ({"packed": 1 << 40}, CorruptFile, "more than is read here"),
        ({"start": 7}, CorruptFile, "not where the table"),
        ({"start": 1 << 50}, CorruptFile, "not where the table"),
        ({"packed": 100_000, "size": 100_000}, CorruptFile, "ends in the middle of a/data.pkl"),
    ],
)
def test_that_claims_that_cannot_hold_are_refused(tmp_path, changes, error, says):
    with pytest.raises(error, match=says) as caught:
        _read(tmp_path, zipped([("a/data.pkl", _TEXT)]), **changes)
    assert caught.value.hint


def test_that_a_packed_member_that_yields_less_is_refused(tmp_path):
    with pytest.raises(CorruptFile, match="another size"):
        _read(tmp_path, zipped([("a/data.pkl", _TEXT)], 8), size=len(_TEXT) + 1)
