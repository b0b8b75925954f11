"""Files that the installed torch writes, compared with what torch itself reads from them."""

import io
import re
import struct
import zipfile

import pytest
import torch

from checkpoints.making_files import state_dict as pickled_state_dict
from checkpoints.making_files import torch_members, with_zip64_end, zipped
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents


def _saved(tmp_path, value) -> CheckpointContents:
    path = tmp_path / "checkpoint.pt"
    torch.save(value, path)
    return read_contents(path)


def _facts(tensors: dict[str, torch.Tensor]) -> list[tuple]:
    return [
        (key, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), tensor.storage_offset(), tensor.stride())
        for key, tensor in tensors.items()
    ]


def _read_facts(contents: CheckpointContents) -> list[tuple]:
    assert [row.broken for row in contents.tensors if row.broken] == []
    return [(row.key, row.shape, row.dtype, row.offset, row.strides) for row in contents.tensors]


def _cnn() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(32, 5)
    )


def test_that_a_state_dict_is_read_as_torch_reads_it(tmp_path):
    state = _cnn().state_dict()
    contents = _saved(tmp_path, state)
    loaded = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert _read_facts(contents) == _facts(loaded)
    assert [row.bytes for row in contents.tensors] == [tensor.nbytes for tensor in loaded.values()]
    assert (contents.format, contents.problems, {row.container for row in contents.tensors}) == ("torch zip", (), {""})
    assert contents.file_bytes == (tmp_path / "checkpoint.pt").stat().st_size


def test_that_a_large_transformer_is_read_as_torch_reads_it(tmp_path):
    model = torch.nn.TransformerDecoder(torch.nn.TransformerDecoderLayer(32, 4, 64), 3)
    contents = _saved(tmp_path, model.state_dict())
    assert _read_facts(contents) == _facts(torch.load(tmp_path / "checkpoint.pt", weights_only=True))


def _savable_dtypes() -> list[torch.dtype]:
    found = {value for name in dir(torch) if isinstance(value := getattr(torch, name), torch.dtype)}
    # torch has names for bit-wise and packed types that it cannot make tensors of in this way.
    return sorted((dtype for dtype in found if not re.match(r"torch\.(bit|u?int[1-7]$|qu?int)", str(dtype))), key=str)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", _savable_dtypes(), ids=str)
def test_that_every_dtype_that_torch_can_save_is_read(tmp_path, dtype):
    tensor = torch.empty(3, 4, dtype=dtype)
    (row,) = _saved(tmp_path, {"t": tensor}).tensors
    assert (row.dtype, row.shape, row.broken) == (str(dtype).removeprefix("torch."), (3, 4), "")
    assert row.bytes == tensor.numel() * dtype.itemsize


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [torch.qint8, torch.quint8, torch.qint32, torch.quint4x2], ids=str)
def test_that_quantized_tensors_have_their_shape_and_type(tmp_path, dtype):
    scales, zeros = torch.ones(3), torch.zeros(3, dtype=torch.int64)
    empty = torch._empty_per_channel_affine_quantized([3, 4], scales=scales, zero_points=zeros, axis=0, dtype=dtype)
    contents = _saved(tmp_path, {"q": empty})
    (row,) = contents.tensors
    assert (row.shape, row.dtype, row.broken) == ((3, 4), str(dtype).removeprefix("torch."), "")


@pytest.mark.filterwarnings("ignore")
def test_that_sparse_tensors_have_their_dense_shape(tmp_path):
    eye = torch.eye(3)
    contents = _saved(tmp_path, {"coo": eye.to_sparse(), "csr": eye.to_sparse_csr(), "bsr": torch.eye(4).to_sparse_bsr((2, 2))})
    assert [(row.key, row.shape, row.dtype, row.broken) for row in contents.tensors] == [
        ("coo", (3, 3), "float32", ""),
        ("csr", (3, 3), "float32", ""),
        ("bsr", (4, 4), "float32", ""),
    ]


def test_that_meta_tensors_and_tensors_with_attributes_are_read(tmp_path):
    marked = torch.zeros(3)
    marked.note = "mine"
    contents = _saved(
        tmp_path, {"meta": torch.empty(5, 2, device="meta"), "marked": marked, "conj": torch.zeros(2, dtype=torch.cfloat).conj()}
    )
    assert [(row.key, row.shape, row.dtype, row.broken) for row in contents.tensors] == [
        ("meta", (5, 2), "float32", ""),
        ("marked", (3,), "float32", ""),
        ("conj", (2,), "complex64", ""),
    ]


def test_that_parameters_and_gradients_are_told(tmp_path):
    frozen = torch.nn.Parameter(torch.zeros(2), requires_grad=False)
    rows = _saved(
        tmp_path,
        {"p": torch.nn.Parameter(torch.zeros(2)), "f": frozen, "t": torch.zeros(2), "g": torch.zeros(2, requires_grad=True)},
    )
    assert [(row.key, row.is_parameter, row.requires_grad) for row in rows.tensors] == [
        ("p", True, True),
        ("f", True, False),
        ("t", False, False),
        ("g", False, True),
    ]


def test_that_views_ties_and_expansions_show_what_they_share(tmp_path):
    base = torch.arange(12.0)
    value = {
        "base": base,
        "tied": base,
        "part": base[3:7],
        "turned": base.view(3, 4).t(),
        "wide": torch.zeros(1).expand(1000, 1000),
    }
    contents = _saved(tmp_path, value)
    assert _read_facts(contents) == _facts(value)
    places = {row.key: row.stored_at for row in contents.tensors}
    assert len({places["base"], places["tied"], places["part"], places["turned"]}) == 1
    assert places["wide"] != places["base"]


def test_that_empty_and_scalar_tensors_are_read(tmp_path):
    value = {"none": torch.zeros(0), "flat": torch.zeros(3, 0, 2), "one": torch.tensor(5.0)}
    assert _read_facts(_saved(tmp_path, value)) == _facts(value)


@pytest.mark.parametrize("value", [torch.zeros(2, 3), torch.nn.Parameter(torch.zeros(2, 3))])
def test_that_a_file_that_is_one_tensor_has_one_row_with_an_empty_key(tmp_path, value):
    (row,) = _saved(tmp_path, value).tensors
    assert (row.container, row.key, row.shape) == ("", "", (2, 3))


def test_that_a_list_of_tensors_has_numbers_for_keys(tmp_path):
    contents = _saved(tmp_path, [torch.zeros(2), torch.zeros(3)])
    assert [(row.container, row.key, row.shape) for row in contents.tensors] == [("", "0", (2,)), ("", "1", (3,))]


def test_that_a_lone_storage_is_a_value(tmp_path):
    (value,) = _saved(tmp_path, {"s": torch.zeros(3).untyped_storage()}).values
    assert (value.path, value.value) == ("s", "12 bytes")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_that_a_script_archive_has_the_keys_of_its_state_dict(tmp_path):
    script = torch.jit.trace(_cnn().eval(), torch.zeros(1, 3, 4, 4))
    torch.jit.save(script, str(tmp_path / "script.pt"))
    contents = read_contents(tmp_path / "script.pt")
    assert contents.format == "TorchScript"
    found = {row.key: (row.shape, row.dtype) for row in contents.tensors}
    assert found == {key: (tuple(t.shape), str(t.dtype).removeprefix("torch.")) for key, t in script.state_dict().items()}
    assert {row.container for row in contents.tensors} == {""}


def test_that_the_folder_in_the_zip_need_not_be_the_name_of_the_file(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "before.pt")
    (tmp_path / "before.pt").rename(tmp_path / "after.pt")
    assert [row.key for row in read_contents(tmp_path / "after.pt").tensors] == ["a"]


@pytest.mark.parametrize("order", ["big", "little"])
def test_that_the_byte_order_of_the_writer_is_told(tmp_path, order, monkeypatch):
    monkeypatch.setattr("sys.byteorder", order)
    torch.save({"a": torch.zeros(3)}, tmp_path / "a.pt")
    monkeypatch.undo()
    contents = read_contents(tmp_path / "a.pt")
    assert [problem.code for problem in contents.problems] == (["checkpoint-byte-order"] if order == "big" else [])
    assert [row.shape for row in contents.tensors] == [(3,)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_that_a_file_zipped_again_by_hand_reads_the_same(tmp_path, method):
    original = _saved(tmp_path, _cnn().state_dict())
    with zipfile.ZipFile(tmp_path / "checkpoint.pt") as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    (tmp_path / "again.pt").write_bytes(zipped(members, method))
    again = read_contents(tmp_path / "again.pt")
    assert (again.tensors, again.problems) == (original.tensors, ())


def test_that_the_zip64_end_record_counts_when_the_classic_one_is_nonsense(tmp_path):
    (tmp_path / "a.pt").write_bytes(with_zip64_end(zipped(torch_members(pickled_state_dict()))))
    contents = read_contents(tmp_path / "a.pt")
    assert [(row.key, row.broken) for row in contents.tensors] == [("weight", "")]
    assert contents.problems == ()


def test_that_sizes_beyond_four_gigabytes_come_from_the_zip64_field(tmp_path):
    # Only the table claims the size; the file itself is sparse.
    plain = bytearray(zipped(torch_members(pickled_state_dict(), {"0": b""})))
    end = plain.rfind(b"PK\x05\x06")
    table = struct.unpack_from("<I", plain, end + 16)[0]
    at = plain.rfind(b"PK\x01\x02", table, end)
    assert plain[at + 46 :].startswith(b"archive/data/0")
    name_length = struct.unpack_from("<H", plain, at + 28)[0]
    struct.pack_into("<II", plain, at + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", plain, at + 30, 20)
    extra = struct.pack("<2H2Q", 1, 16, 5 << 30, 5 << 30)
    entries = bytes(plain[table : at + 46 + name_length]) + extra
    path = tmp_path / "huge.pt"
    with open(path, "wb") as stream:
        stream.write(plain[:table])
        stream.seek(6 << 30)
        stream.write(entries)
        stream.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 6, 6, len(entries), 0xFFFFFFFF, 0))
        stream.seek(0)
    data_end = (6 << 30) + len(entries)
    with open(path, "r+b") as stream:
        stream.seek(data_end)
        stream.write(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 6, 6, len(entries), 6 << 30))
        stream.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, data_end, 1))
        stream.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 6, 6, len(entries), 0xFFFFFFFF, 0))
    contents = read_contents(path)
    assert [(row.key, row.broken) for row in contents.tensors] == [("weight", "")]
    assert contents.file_bytes > 6 << 30
    assert contents.bytes_read < 20_000


def test_that_few_bytes_of_a_large_file_are_read(tmp_path):
    names = {f"layers.{index}.self_attn.q_proj.weight": torch.empty(256, 256) for index in range(255)}
    torch.save(names, tmp_path / "large.pt")
    contents = read_contents(tmp_path / "large.pt")
    with zipfile.ZipFile(tmp_path / "large.pt") as archive:
        pickle = archive.getinfo("large/data.pkl").file_size
        table = (tmp_path / "large.pt").stat().st_size - archive.start_dir
    assert contents.file_bytes > 60_000_000
    assert contents.bytes_read < pickle + table + 6_000


def test_that_a_small_file_is_read_once(tmp_path):
    contents = _saved(tmp_path, {"a": torch.zeros(3)})
    assert contents.bytes_read == contents.file_bytes


def test_that_progress_is_told_rarely_and_ends_at_the_end(tmp_path):
    told = []
    torch.save({f"k{index}": torch.zeros(1) for index in range(6000)}, tmp_path / "a.pt")
    read_contents(tmp_path / "a.pt", lambda *words: told.append(words))
    assert 1 <= len(told) < 20
    assert all(0 < done <= total and what == "reading keys" for done, total, what in told)


def test_that_the_reading_stops_when_progress_raises(tmp_path):
    class Cancelled(BaseException):
        pass

    def cancel(*_):
        raise Cancelled

    torch.save({f"k{index}": torch.zeros(1) for index in range(6000)}, tmp_path / "a.pt")
    with pytest.raises(Cancelled):
        read_contents(tmp_path / "a.pt", cancel)


def test_that_a_file_written_to_meanwhile_is_said_to_be(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({f"k{index}": torch.zeros(1) for index in range(6000)}, path)

    def grow(*_):
        with open(path, "ab") as stream:
            stream.write(b"more")

    contents = read_contents(path, grow)
    assert any("written to while it was read" in problem.message for problem in contents.problems)


def test_that_a_buffer_saved_to_memory_reads_too(tmp_path):
    stream = io.BytesIO()
    torch.save({"a": torch.zeros(2)}, stream)
    (tmp_path / "a.bin").write_bytes(stream.getvalue())
    assert [row.key for row in read_contents(tmp_path / "a.bin").tensors] == ["a"]


def test_that_the_file_says_its_version_byte_order_and_alignment(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pt")
    about = {value.path: value.value for value in read_contents(tmp_path / "a.pt").about}
    assert about["version"] == "3"
    assert about["byte order"] == "little"
    assert about["alignment"] == "64"


def test_that_an_archive_without_small_records_says_nothing_of_itself(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as full, zipfile.ZipFile(tmp_path / "bare.pt", "w") as bare:
        for name in full.namelist():
            if name.endswith("data.pkl") or "/data/" in name:
                bare.writestr(name, full.read(name))
    contents = read_contents(tmp_path / "bare.pt")
    assert contents.about == ()
    assert [tensor.key for tensor in contents.tensors] == ["w"]


def test_that_a_long_small_record_is_not_read(tmp_path):
    torch.save({"w": torch.zeros(3)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as full, zipfile.ZipFile(tmp_path / "long.pt", "w") as long:
        for name in full.namelist():
            long.writestr(name, b"3" * 5000 if name.endswith("/version") else full.read(name))
    assert "version" not in {value.path for value in read_contents(tmp_path / "long.pt").about}
