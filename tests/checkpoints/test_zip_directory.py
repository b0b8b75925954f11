"""The table of a zip file, found from its end whatever stands around it."""

import io
import struct
import zipfile

import pytest

from checkpoints.making_files import with_zip64_end, zipped
from torchloupe.checkpoints.source import SourceFile
from torchloupe.checkpoints.zip_directory import DEFLATED, STORED, Directory, read_directory
from torchloupe.wire.errors import CorruptFile

_MEMBERS = [("a/data.pkl", b"pickle"), ("a/data/0", bytes(300)), ("a/version", b"3")]


def _directory(tmp_path, data: bytes) -> Directory:
    (tmp_path / "a.zip").write_bytes(data)
    with SourceFile(tmp_path / "a.zip") as source:
        return read_directory(source)


def _with_comment(comment: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in _MEMBERS:
            archive.writestr(name, data)
        archive.comment = comment
    return stream.getvalue()


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_that_the_members_are_those_of_the_standard_library(tmp_path, method):
    data = zipped(_MEMBERS, method)
    found = _directory(tmp_path, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        expected = {
            info.filename: (info.flag_bits, info.compress_type, info.CRC, info.compress_size, info.file_size, info.header_offset)
            for info in archive.infolist()
        }
    assert found.members == expected
    assert list(found.members) == [name for name, _ in _MEMBERS]
    assert (found.repeated, found.remarks, found.shift) == ((), (), 0)


@pytest.mark.parametrize("comment", [b"short", b"x" * 60_000, b"with PK\x05\x06 in it"])
def test_that_a_comment_does_not_hide_the_end(tmp_path, comment):
    assert len(_directory(tmp_path, _with_comment(comment)).members) == 3


def test_that_bytes_before_and_behind_are_counted(tmp_path):
    found = _directory(tmp_path, b"y" * 100 + zipped(_MEMBERS) + b"z" * 50)
    assert found.shift == 100
    assert found.members["a/data.pkl"].start == 100
    assert len(found.remarks) == 2


def test_that_a_zip64_end_record_is_trusted_over_the_classic_one(tmp_path):
    assert len(_directory(tmp_path, with_zip64_end(zipped(_MEMBERS))).members) == 3


def test_that_bytes_before_a_zip64_file_are_counted_too(tmp_path):
    found = _directory(tmp_path, b"y" * 64 + with_zip64_end(zipped(_MEMBERS)))
    assert (found.shift, len(found.members)) == (64, 3)


def test_that_a_damaged_zip64_record_leaves_the_classic_one(tmp_path):
    plain = zipped(_MEMBERS)
    at = plain.rfind(b"PK\x05\x06")
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 5, 1)
    assert len(_directory(tmp_path, plain[:at] + locator + plain[at:]).members) == 3


def test_that_a_gap_between_table_and_end_is_no_obstacle(tmp_path):
    plain = zipped(_MEMBERS)
    at = plain.rfind(b"PK\x05\x06")
    assert len(_directory(tmp_path, plain[:at] + bytes(40) + plain[at:]).members) == 3


def test_that_a_long_table_is_read_whole(tmp_path):
    members = [(f"archive/data/{index}", b"") for index in range(3000)]
    data = zipped(members)
    (tmp_path / "a.zip").write_bytes(data)
    with SourceFile(tmp_path / "a.zip") as source:
        assert list(read_directory(source).members) == [name for name, _ in members]
        assert source.bytes_read < len(data) - data.find(b"PK\x01\x02") + 2048


def test_that_names_stay_distinct_when_they_are_not_utf_8(tmp_path):
    data = zipped([("name-a", b""), ("name-b", b"")]).replace(b"name-a", b"name-\xff").replace(b"name-b", b"name-\xfe")
    found = _directory(tmp_path, data)
    assert (len(found.members), found.repeated) == (2, ())


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "a\\b"])
def test_that_names_that_would_leave_their_folder_are_remarked(tmp_path, name):
    found = _directory(tmp_path, zipped([("a/data.pkl", b""), (name, b"")]))
    assert any("1 members have odd names" in remark for remark in found.remarks)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 5_000_000])
def test_that_a_table_that_cannot_be_there_is_refused(tmp_path, size):
    data = bytearray(zipped(_MEMBERS))
    struct.pack_into("<I", data, data.rfind(b"PK\x05\x06") + 12, size)
    with pytest.raises(CorruptFile, match="table of members is not where"):
        _directory(tmp_path, bytes(data))


def test_that_an_entry_with_a_name_longer_than_the_table_ends_it(tmp_path):
    data = bytearray(zipped(_MEMBERS))
    struct.pack_into("<H", data, data.rfind(b"PK\x01\x02") + 28, 60_000)
    found = _directory(tmp_path, bytes(data))
    assert len(found.members) == 2
    assert found.remarks == ("The table of members ends inside an entry.",)
