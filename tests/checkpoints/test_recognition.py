"""Files that are no checkpoint: each is called by its name, with what to do."""

import gzip
import io
import os
import re
import tarfile
import zipfile

import pytest

from checkpoints.making_files import state_dict, torch_zip, zipped
from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import CheckpointError, CorruptFile, UnsupportedFormat

_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 9193873261\n"


def _tar(*names: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind", "says", "advises"),
    [
        ("a.pt", b"", CorruptFile, "is empty", "get the file again"),
        ("a.pt", bytes(3000), CorruptFile, "zero bytes", "Get the file again"),
        ("a.pt", _LFS, UnsupportedFormat, r"Git LFS pointer.*9,193,873,261 bytes", "git lfs pull"),
        ("a.safetensors", _LFS, UnsupportedFormat, "Git LFS pointer", "git lfs pull"),
        ("a.pt", b"\n<!DOCTYPE html><html><body>404</body></html>", UnsupportedFormat, "web page", "download the file itself"),
        ("a.safetensors", b"<html>sign in</html>", UnsupportedFormat, "web page", "download"),
        ("a.json", b'{"hidden_size": 5, "layers": 2}', UnsupportedFormat, "keys 'hidden_size', 'layers'", "key list"),
        ("a.json", b"[1, 2, 3]", UnsupportedFormat, "JSON list", "Choose"),
        ("a.json", b'{"tensors": [{"key": "a"', CorruptFile, "not whole JSON", "Choose"),
        ("a.json", b"[" * 100_000, CorruptFile, "not whole JSON", "Choose"),
        ("a.txt", "weights go here\nübung\n".encode(), UnsupportedFormat, "text file.*'weights go here'", "Choose"),
        ("a.txt", ("ü" * 2000).encode(), UnsupportedFormat, "text file", "Choose"),
        ("model.py", b"x = 1\n", UnsupportedFormat, "Python source", "Open it as the model"),
        ("model.pt", b"# a net\nimport torch\n\nclass Net(torch.nn.Module):\n", UnsupportedFormat, "Python source", "as the model"),
        ("a.pt", _tar("model/weights.pt"), UnsupportedFormat, "tar file", "Unpack"),
        ("a.pt.gz", gzip.compress(torch_zip(state_dict())), UnsupportedFormat, "gzip archive", "Unpack"),
        ("a.pt", b"7z\xbc\xaf\x27\x1c" + bytes(50), UnsupportedFormat, "7-Zip archive", "Unpack"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(50), UnsupportedFormat, "HDF5", "h5py"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), UnsupportedFormat, "PNG", "Choose"),
        ("a.pt", b"\x00\x01\x02\x03\xff\xfe" * 40, UnsupportedFormat, "not of a format that is known.*00 01 02 03", "safetensors"),
        ("a.pt2", zipped([("m/archive_format", b"pt2"), ("m/models/model.json", b"{}")]), UnsupportedFormat, "torch.export", "state_dict"),
        ("a.keras", zipped([("config.json", b"{}"), ("model.weights.h5", b"x")]), UnsupportedFormat, "Keras", "numpy.savez"),
        ("a.zip", zipped([("runs/best.pt", b"x"), ("readme", b"x")]), UnsupportedFormat, "checkpoints in it: runs/best.pt", "Unpack"),
        ("a.zip", zipped([(f"f{i}", b"") for i in range(20)]), UnsupportedFormat, "f0, f1.*and 12 more", "unpack"),
        ("a.docx", zipped([("[Content_Types].xml", b""), ("word/document.xml", b"")]), UnsupportedFormat, "office", "Choose"),
        ("a.zip", zipped([(f"m{i}/data.pkl", state_dict()) for i in range(9)]), UnsupportedFormat, "9 checkpoints", "Unpack"),
    ],
)  # fmt: skip
def test_that_another_kind_of_file_is_called_by_its_name(tmp_path, name, data, kind, says, advises):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as caught:
        read_contents(path)
    assert type(caught.value) is kind
    assert name in str(caught.value)
    assert re.search(says, str(caught.value)), str(caught.value)
    assert re.search(advises, caught.value.hint), caught.value.hint
    assert str(caught.value).endswith((".", "'")), "a message is a sentence"


def test_that_the_content_counts_and_not_the_name(tmp_path):
    for name in ("a.safetensors", "a.json", "a.py", "a", "a.h5"):
        (tmp_path / name).write_bytes(torch_zip(state_dict()))
        assert read_contents(tmp_path / name).format == "torch zip"


def test_that_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(CheckpointError, match=r"There is no file none\.pt"):
        read_contents(tmp_path / "none.pt")


def test_that_an_impossible_path_gets_a_sentence():
    for path in ("a\0b.pt", "x" * 5000):
        with pytest.raises(CheckpointError):
            read_contents(path)


def test_that_a_pipe_is_refused_at_once_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(UnsupportedFormat, match="named pipe"):
        read_contents(tmp_path / "pipe.pt")


def test_that_a_device_is_refused():
    with pytest.raises(UnsupportedFormat, match="device"):
        read_contents("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_that_a_file_without_permission_is_said_to_be_so(tmp_path):
    path = tmp_path / "secret.pt"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(CheckpointError, match="may not be read by you"):
        read_contents(path)


def test_that_a_refused_open_is_explained(tmp_path, monkeypatch):
    path = tmp_path / "secret.pt"
    path.write_bytes(b"x")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(CheckpointError, match=r"secret\.pt may not be read by you"):
        read_contents(path)


def test_that_a_disk_that_fails_gets_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "a.pt"
    path.write_bytes(torch_zip(state_dict()))

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(CheckpointError, match=r"cannot be read at byte 0.*Input/output"):
        read_contents(path)


def test_that_no_descriptor_stays_open(tmp_path):
    path = tmp_path / "a.pt"
    path.write_bytes(torch_zip(state_dict()))
    bad = tmp_path / "b.pt"
    bad.write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        read_contents(path)
        with pytest.raises(CheckpointError):
            read_contents(bad)
    assert len(os.listdir("/proc/self/fd")) == before


def test_that_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real.pt").write_bytes(torch_zip(state_dict()))
    (tmp_path / "link.pt").symlink_to("real.pt")
    assert len(read_contents(tmp_path / "link.pt").tensors) == 1


def test_that_a_zip_made_by_the_standard_library_with_zip64_entries_opens(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in [("m/data.pkl", state_dict()), ("m/data/0", bytes(48)), ("m/version", b"3")]:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(data)
    (tmp_path / "a.pt").write_bytes(stream.getvalue())
    contents = read_contents(tmp_path / "a.pt")
    assert [tensor.broken for tensor in contents.tensors] == [""]
