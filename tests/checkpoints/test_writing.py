"""A checkpoint written to a new file: every value bit for bit, as torch and safetensors read it."""

import json
import struct
import zipfile
from pathlib import Path

import numpy
import pytest
import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import save_file

from checkpoints import making_files as made
from checkpoints.written_files import check_same, loaded, random_bits, raw, written
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.writing import SUFFIXES, write_checkpoint
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.errors import CheckpointError, CorruptFile, UnsupportedFormat, UsageError

BOTH = pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
IN_BOTH = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
]  # fmt: skip
IN_TORCH_ALONE = [torch.complex128, torch.complex32]
SHAPES: list[tuple[int, ...]] = [(), (1,), (5,), (3, 4), (2, 1, 3), (0,), (4, 0, 2), (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("source", ["a.pt", "a.safetensors"])
@BOTH
def test_that_every_type_and_shape_is_copied_bit_for_bit(tmp_path: Path, source: str, suffix: str) -> None:
    state = {f"{dtype}.{number}": random_bits(shape, dtype) for dtype in IN_BOTH for number, shape in enumerate(SHAPES)}
    if source.endswith(".pt"):
        torch.save(state, tmp_path / source)
    else:
        save_file(state, tmp_path / source)
    said = written(tmp_path / source, tmp_path / f"b{suffix}")
    check_same(loaded(tmp_path / f"b{suffix}"), state)
    assert said.tensors == len(state)
    assert said.bytes == sum(tensor.nbytes for tensor in state.values())
    assert read_contents(tmp_path / f"b{suffix}").problems == ()


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
def test_that_types_safetensors_lacks_go_to_a_torch_file_and_are_refused_there(tmp_path: Path) -> None:
    state = {str(dtype): random_bits((3, 4), dtype) for dtype in IN_TORCH_ALONE}
    torch.save(state, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "b.pt")
    check_same(loaded(tmp_path / "b.pt"), state)
    with pytest.raises(UnsupportedFormat, match=r"torch\.complex128 is complex128, which safetensors does not have") as refused:
        written(tmp_path / "a.pt", tmp_path / "b.safetensors")
    assert refused.value.hint == "Write a .pt file instead."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pt", "b.pt"]


@BOTH
def test_that_conjugated_and_negated_values_are_what_torch_shows(tmp_path: Path, suffix: str) -> None:
    base = torch.randn(4, dtype=torch.complex64)
    state = {"base": base, "conjugated": base.conj(), "negated": torch.randn(3, dtype=torch.complex64).conj().imag}
    torch.save(state, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / f"b{suffix}")
    found = loaded(tmp_path / f"b{suffix}")
    assert {key: tensor.tolist() for key, tensor in found.items()} == {key: tensor.tolist() for key, tensor in state.items()}


def test_that_a_large_chunked_tensor_is_whole(tmp_path: Path) -> None:
    state = {"large": torch.randn(700, 1000), "half": torch.randn(1_000_001).half()}
    torch.save(state, tmp_path / "a.pt")
    for name in ("b.pt", "b.safetensors"):
        written(tmp_path / "a.pt", tmp_path / name)
        check_same(loaded(tmp_path / name), state)


def views() -> dict[str, torch.Tensor]:
    base = torch.arange(400, dtype=torch.float32)
    square = base[:100].view(10, 10)
    return {
        "whole": base, "transposed": square.t(), "columns": square[:, 2:5], "every third": base[::3], "row": square[4],
        "expanded": base[:6].view(6, 1).expand(6, 7), "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "alone with gaps": torch.arange(100.0).view(10, 10)[3:, :4], "alone and turned": torch.randn(30, 20).t(),
        "nothing": base[5:5], "scalar": base[11],
    }  # fmt: skip


@BOTH
def test_that_views_have_their_values(tmp_path: Path, suffix: str) -> None:
    torch.save(views(), tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / f"b{suffix}")
    expected = read_contents(tmp_path / "a.pt")
    found = loaded(tmp_path / f"b{suffix}")
    original = torch.load(tmp_path / "a.pt", weights_only=True)
    check_same(found, original)
    assert len(expected.tensors) == len(found)


def test_that_a_torch_file_keeps_memory_shared_and_drops_what_nobody_shows(tmp_path: Path) -> None:
    base = torch.randn(1000)
    torch.save({"a": base[10:20], "b": base[15:40], "tied": base[10:20], "turned": torch.ones(3, 4).t()}, tmp_path / "a.pt")
    said = written(tmp_path / "a.pt", tmp_path / "b.pt")
    found = loaded(tmp_path / "b.pt")
    assert found["a"].untyped_storage().data_ptr() == found["tied"].untyped_storage().data_ptr()
    assert found["a"].untyped_storage().nbytes() == 30 * 4
    assert found["turned"].stride() == (1, 4)
    assert (said.shared, said.repeated) == (2, 0)
    found["a"][5] = 7
    assert found["b"][0] == 7


def test_that_a_tensor_alone_is_written_without_its_gaps(tmp_path: Path) -> None:
    torch.save({"a": torch.randn(1000, 100)[:, :2]}, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "b.pt")
    assert loaded(tmp_path / "b.pt")["a"].untyped_storage().nbytes() == 8000


def test_that_safetensors_writes_shared_tensors_each_by_itself_and_says_so(tmp_path: Path) -> None:
    base = torch.randn(10)
    torch.save({"a": base, "tied": base, "own": torch.ones(2)}, tmp_path / "a.pt")
    said = written(tmp_path / "a.pt", tmp_path / "b.safetensors")
    assert (said.bytes, said.shared, said.repeated) == (88, 0, 1)


def test_that_the_order_of_the_keys_stays_in_a_torch_file(tmp_path: Path) -> None:
    state = {name: torch.ones(1) for name in ("z", "a", "m")}
    torch.save(state, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "b.pt", rename=lambda key: f"net.{key}")
    assert list(loaded(tmp_path / "b.pt")) == ["net.z", "net.a", "net.m"]


def test_that_a_module_takes_the_file_strictly(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    torch.save({f"module.{key}": value for key, value in model.state_dict().items()}, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "b.pt", rename=lambda key: key.removeprefix("module."))
    again = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    again.load_state_dict(torch.load(tmp_path / "b.pt", weights_only=True, mmap=True), strict=True)
    check_same(again.state_dict(), model.state_dict())


def test_that_the_records_of_a_torch_file_can_be_mapped(tmp_path: Path) -> None:
    torch.save({str(size): torch.randn(size) for size in range(1, 9)}, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "b.pt")
    with zipfile.ZipFile(tmp_path / "b.pt") as archive:
        assert archive.testzip() is None
        records = [info for info in archive.infolist() if "/data/" in info.filename]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    content = (tmp_path / "b.pt").read_bytes()
    starts = [info.header_offset + 30 + sum(struct.unpack_from("<2H", content, info.header_offset + 26)) for info in records]
    assert len(starts) == 8
    assert [start % 64 for start in starts] == [0] * 8


@BOTH
def test_that_big_endian_values_are_turned_around(tmp_path: Path, suffix: str) -> None:
    numbers = numpy.arange(12, dtype=">f4")
    members = dict(made.torch_members(made.state_dict(), {"0": numbers.tobytes()}))
    members["archive/byteorder"] = b"big"
    (tmp_path / "a.pt").write_bytes(made.zipped(members.items()))
    written(tmp_path / "a.pt", tmp_path / f"b{suffix}")
    assert loaded(tmp_path / f"b{suffix}")["weight"].tolist() == numbers.reshape(3, 4).tolist()


@pytest.mark.parametrize("compressed", [False, True])
@BOTH
def test_that_numpy_files_become_checkpoints(tmp_path: Path, compressed: bool, suffix: str) -> None:
    arrays = {"a": numpy.random.default_rng(0).normal(size=(40, 30)), "f": numpy.asfortranarray(numpy.ones((3, 5), "<i2"))}
    (numpy.savez_compressed if compressed else numpy.savez)(tmp_path / "a.npz", **arrays)
    written(tmp_path / "a.npz", tmp_path / f"b{suffix}")
    check_same(loaded(tmp_path / f"b{suffix}"), {key: torch.from_numpy(array.copy("C")) for key, array in arrays.items()})


@BOTH
def test_that_old_torch_files_and_scripts_become_new_ones(tmp_path: Path, suffix: str) -> None:
    state = {"weight": torch.randn(3, 4), "bias": torch.randn(3).bfloat16()}
    torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    written(tmp_path / "old.pt", tmp_path / f"b{suffix}")
    check_same(loaded(tmp_path / f"b{suffix}"), state)


@BOTH
def test_that_shards_become_one_file(tmp_path: Path, suffix: str) -> None:
    parts = [{"a": torch.randn(3)}, {"b": torch.randn(4)}]
    for number, part in enumerate(parts):
        save_file(part, tmp_path / f"part{number}.safetensors")
    index = {"weight_map": {"a": "part0.safetensors", "b": "part1.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    written(tmp_path / "model.safetensors.index.json", tmp_path / f"b{suffix}")
    check_same(loaded(tmp_path / f"b{suffix}"), parts[0] | parts[1])
    with pytest.raises(UsageError, match="is read for this"):
        written(tmp_path / "model.safetensors.index.json", tmp_path / "part1.safetensors", overwrite=True)


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
@BOTH
def test_that_a_distributed_checkpoint_becomes_one_file(tmp_path: Path, suffix: str) -> None:
    state = {"weight": torch.randn(6, 5), "bias": torch.randn(6)}
    dcp.save(state, checkpoint_id=tmp_path / "folder", no_dist=True)
    written(tmp_path / "folder", tmp_path / f"b{suffix}")
    check_same(loaded(tmp_path / f"b{suffix}"), state)


def test_that_what_a_safetensors_file_says_about_itself_goes_along_in_full(tmp_path: Path) -> None:
    told = {"made by": "me", "long": "x" * 5000, "format": "tf"}
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors", told)
    written(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    header = (tmp_path / "b.safetensors").read_bytes()
    length = int.from_bytes(header[:8], "little")
    assert length % 8 == 0
    assert json.loads(header[8 : 8 + length])["__metadata__"] == told
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / "c.safetensors")
    assert b'"__metadata__":{"format":"pt"}' in (tmp_path / "c.safetensors").read_bytes()


@pytest.mark.parametrize("key", ["ключ", "a\nb", "", "x" * 70_000, 'quo"te\\', "\u202e", "nul\0"])
@BOTH
def test_that_odd_keys_stay_what_they_are(tmp_path: Path, key: str, suffix: str) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    written(tmp_path / "a.pt", tmp_path / f"b{suffix}", rename=lambda _: key)
    assert list(loaded(tmp_path / f"b{suffix}")) == [key]


@pytest.mark.parametrize(
    ("key", "sentence"), [("__metadata__", "cannot be called __metadata__"), ("\ud800", "is no valid Unicode text")]
)
def test_that_keys_safetensors_cannot_have_are_refused(tmp_path: Path, key: str, sentence: str) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    with pytest.raises((UsageError, UnsupportedFormat), match=sentence):
        written(tmp_path / "a.pt", tmp_path / "b.safetensors", rename=lambda _: key)
    written(tmp_path / "a.pt", tmp_path / "b.pt", rename=lambda _: key)
    assert list(loaded(tmp_path / "b.pt")) == [key]


def test_that_a_header_larger_than_safetensors_allows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    monkeypatch.setattr("torchloupe.checkpoints.writing.safetensors._MAX_HEADER", 50)
    with pytest.raises(UnsupportedFormat, match="safetensors allows 50"):
        written(tmp_path / "a.pt", tmp_path / "b.safetensors")


@BOTH
def test_that_checkpoints_in_one_zip_are_not_mixed_up(tmp_path: Path, suffix: str) -> None:
    members = [member for n in (1, 2) for member in made.torch_members(made.state_dict(), {"0": bytes([n]) * 48}, f"root{n}")]
    (tmp_path / "a.pt").write_bytes(made.zipped(members))
    contents = read_contents(tmp_path / "a.pt")
    write_checkpoint(contents, [(tensor.container, tensor) for tensor in contents.tensors], tmp_path / f"b{suffix}")
    found = loaded(tmp_path / f"b{suffix}")
    assert {key: raw(tensor)[:1] for key, tensor in found.items()} == {"root1": b"\1", "root2": b"\2"}


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_that_tensors_without_plain_values_are_refused_by_name(tmp_path: Path) -> None:
    quantized = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
    torch.save({"fine": torch.ones(2), "quantized": quantized, "sparse": torch.eye(3).to_sparse()}, tmp_path / "a.pt")
    contents = read_contents(tmp_path / "a.pt")
    for tensor in contents.tensors:
        if tensor.key != "fine":
            for name in ("b.pt", "b.safetensors"):
                with pytest.raises(CheckpointError, match=tensor.key.partition(".")[0]):
                    write_checkpoint(contents, [("new", tensor)], tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_that_a_broken_tensor_is_refused_by_name(tmp_path: Path) -> None:
    save_file({"whole": torch.ones(2), "cut": torch.ones(200)}, tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-100])
    with pytest.raises(CorruptFile, match="The values of cut cannot be read"):
        written(tmp_path / "a.safetensors", tmp_path / "b.pt")
    assert not (tmp_path / "b.pt").exists()


def test_that_a_key_list_has_nothing_to_write(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"tensors": [{"key": "a", "shape": [2], "dtype": "float32"}]}))
    with pytest.raises(UnsupportedFormat, match="The values of a do not lie in the file"):
        written(tmp_path / "a.json", tmp_path / "b.pt")


def test_that_two_tensors_with_one_name_and_none_at_all_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2), "b": torch.ones(2)}, tmp_path / "a.pt")
    with pytest.raises(UsageError, match="Two tensors would be called same"):
        written(tmp_path / "a.pt", tmp_path / "b.pt", rename=lambda _: "same")
    with pytest.raises(UsageError, match="no tensor to write"):
        write_checkpoint(read_contents(tmp_path / "a.pt"), [], tmp_path / "b.pt")


@pytest.mark.parametrize("name", ["b", "b.onnx", "b.pt.txt"])
def test_that_a_name_that_says_no_format_is_refused(tmp_path: Path, name: str) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    with pytest.raises(UsageError, match="does not say a format") as refused:
        written(tmp_path / "a.pt", tmp_path / name)
    assert all(suffix in refused.value.hint for suffix in SUFFIXES)


def test_that_a_type_nobody_knows_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    contents = read_contents(tmp_path / "a.pt")
    (row,) = contents.tensors
    odd = StoredTensor("a", row.shape, "qint32", row.bytes, stored_at=row.stored_at, strides=row.strides)
    with pytest.raises(UnsupportedFormat, match=r"a is qint32, which cannot be written to a \.pt file"):
        write_checkpoint(contents, [("a", odd)], tmp_path / "b.pt")


def heard_of(source: Path, goal: Path) -> list[tuple[int, int, str]]:
    heard: list[tuple[int, int, str]] = []
    written(source, goal, progress=lambda *step: heard.append(step))
    return heard


def test_that_progress_counts_every_byte(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(600_000), "b": torch.ones(2)}, tmp_path / "a.pt")
    for name in ("b.pt", "b.safetensors"):
        heard = heard_of(tmp_path / "a.pt", tmp_path / name)
        assert heard[0] == (0, 2_400_008, "a")
        assert heard[-1] == (2_400_008, 2_400_008, "b")
        assert heard == sorted(heard, key=lambda step: step[0])
    assert raw(loaded(tmp_path / "b.pt")["a"]) == b"\0\0\x80?" * 600_000
