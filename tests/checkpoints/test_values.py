"""The bytes of stored tensors, bit for bit those that torch and safetensors wrote."""

import os
import warnings
import zipfile
from pathlib import Path

import numpy
import pytest
import torch
import torch.distributed.checkpoint as dcp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from checkpoints import making_files as made
from torchloupe.analysis.stored_totals import sharing, totals_of
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.values import MOST_OPEN, TensorBytes, open_values, same_bytes
from torchloupe.wire.contents import CheckpointContents, StoredPiece, StoredTensor
from torchloupe.wire.errors import CheckpointError, CorruptFile, UnsupportedFormat

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64, torch.complex128, torch.complex32,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
]  # fmt: skip
NOT_IN_SAFETENSORS = (torch.complex32, torch.complex128)


def random_bits(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Every bit pattern that the type has, NaN among them."""
    item = torch.empty((), dtype=dtype).element_size()
    count = int(numpy.prod(shape)) * item
    bits = torch.randint(0, 2 if dtype is torch.bool else 256, (count,), dtype=torch.uint8)
    return bits.view(dtype).reshape(shape)


def raw(tensor: torch.Tensor) -> bytes:
    """The bytes of its elements in row-major order."""
    flat = tensor.detach().clone(memory_format=torch.contiguous_format).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def read_bytes(contents: CheckpointContents, tensor: StoredTensor, elements: int = 1 << 16) -> bytes:
    with open_values(contents) as values:
        return b"".join(bytes(chunk) for chunk in values.of(tensor).chunks(elements))


def saved(path: Path, state: object) -> CheckpointContents:
    torch.save(state, path)
    return read_contents(path)


def by_key(contents: CheckpointContents) -> dict[str, StoredTensor]:
    return {tensor.key: tensor for tensor in contents.tensors}


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_that_the_bytes_are_those_that_torch_saved(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {"a": random_bits((7, 5), dtype), "empty": torch.empty(0, 3, dtype=dtype), "scalar": random_bits((1,), dtype)[0]}
    contents = saved(tmp_path / "a.pt", state)
    assert {key: read_bytes(contents, row) for key, row in by_key(contents).items()} == {
        key: raw(tensor) for key, tensor in state.items()
    }


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype not in NOT_IN_SAFETENSORS], ids=str)
def test_that_the_bytes_are_those_that_safetensors_saved(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {"a": random_bits((7, 5), dtype), "b": random_bits((3,), dtype)}
    save_file(state, tmp_path / "a.safetensors")
    contents = read_contents(tmp_path / "a.safetensors")
    assert {key: read_bytes(contents, row) for key, row in by_key(contents).items()} == {
        key: raw(tensor) for key, tensor in state.items()
    }


def views(base: torch.Tensor) -> dict[str, torch.Tensor]:
    """Views of one storage of every kind that torch saves as it is."""
    square = base[: 48 * 50].view(48, 50)
    return {
        "part": base[7:100],
        "transposed": square.t(),
        "columns": square[:, 3:9],
        "every third": base[::3],
        "far apart": base[::1100],
        "steps of a matrix": square[5::7, 1::11],
        "permuted": base[: 4 * 5 * 6 * 7].view(4, 5, 6, 7).permute(2, 0, 3, 1),
        "channels last": base[: 2 * 3 * 4 * 5].view(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "expanded": base[:6].view(6, 1).expand(6, 70),
        "expanded in front": base[:6].expand(9, 6),
        "one value": base[3].expand(40, 30),
        "windows": base.as_strided((30, 10), (4, 1)),
        "diagonal": square[:48, :48].diagonal(),
        "nothing": base[5:5],
        "scalar": base[11],
    }


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.uint8, torch.int64, torch.complex64, torch.complex128], ids=str
)
@pytest.mark.parametrize("elements", [1 << 16, 13])
def test_that_views_come_in_the_order_of_their_own_elements(tmp_path: Path, dtype: torch.dtype, elements: int) -> None:
    state = views(random_bits((4000,), dtype))
    contents = saved(tmp_path / "a.pt", state)
    rows = by_key(contents)
    assert len({row.stored_at for key, row in rows.items() if key != "channels last"}) == 1
    for key, tensor in state.items():
        assert read_bytes(contents, rows[key], elements) == raw(tensor), key


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_that_any_strided_view_is_read_as_torch_reads_it(tmp_path: Path, data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(0, 6), max_size=4))
    strides = data.draw(st.lists(st.integers(0, 40), min_size=len(shape), max_size=len(shape)))
    offset = data.draw(st.integers(0, 30))
    elements = data.draw(st.integers(1, 50))
    view = torch.arange(1100, dtype=torch.int32).as_strided(shape, strides, offset)
    contents = saved(tmp_path / "a.pt", {"view": view})
    assert read_bytes(contents, contents.tensors[0], elements) == raw(view)


def test_that_a_large_transposed_matrix_is_read_box_by_box(tmp_path: Path) -> None:
    matrix = torch.arange(1500 * 1400, dtype=torch.float32).view(1500, 1400)
    contents = saved(
        tmp_path / "a.pt", {"transposed": matrix.t(), "cut": matrix.t()[:, 3:], "wide": matrix[:1, :].expand(1600, 1400)}
    )
    for row, tensor in zip(contents.tensors, (matrix.t(), matrix.t()[:, 3:], matrix[:1, :].expand(1600, 1400)), strict=True):
        assert read_bytes(contents, row) == raw(tensor)


def test_that_chunks_are_of_the_size_that_was_asked_for(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(100), "t": torch.zeros(10, 10).t()})
    with open_values(contents) as values:
        for row in contents.tensors:
            stored = values.of(row)
            assert (stored.elements, len(stored), stored.item_bytes) == (100, 400, 4)
            assert [len(chunk) for chunk in stored.chunks(32)] == [128, 128, 128, 16]


def test_that_only_the_tensors_own_bytes_are_read(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"big": torch.zeros(1_000_000), "small": torch.ones(50_000)})
    with open_values(contents) as values:
        stored = values.of(by_key(contents)["small"])
        source = values._files[""].source
        before = source.bytes_read
        assert sum(len(chunk) for chunk in stored.chunks()) == 200_000
        assert source.bytes_read - before == 200_000
        assert before < 10_000


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_that_a_file_that_was_zipped_again_gives_the_same_values(tmp_path: Path, method: int) -> None:
    state = {**views(random_bits((4000,), torch.float32)), "long": torch.arange(300_000)}
    torch.save(state, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        (tmp_path / "b.pt").write_bytes(made.zipped(((name, archive.read(name)) for name in archive.namelist()), method))
    contents = read_contents(tmp_path / "b.pt")
    for row in contents.tensors:
        assert read_bytes(contents, row) == raw(state[row.key]), row.key


def test_that_a_compressed_record_that_is_asked_backwards_is_inflated_anew(tmp_path: Path) -> None:
    members = made.torch_members(made.state_dict(), {"0": bytes(range(48))})
    (tmp_path / "a.pt").write_bytes(made.zipped(members, zipfile.ZIP_DEFLATED))
    contents = read_contents(tmp_path / "a.pt")
    with open_values(contents) as values:
        stored = values.of(contents.tensors[0])
        assert [b"".join(map(bytes, stored.chunks(4))) for _ in range(2)] == [bytes(range(48))] * 2


@pytest.mark.parametrize(("kind", "item", "word"), [("FloatStorage", 4, 4), ("HalfStorage", 2, 2), ("ComplexFloatStorage", 8, 4)])
def test_that_big_endian_values_are_turned_around(tmp_path: Path, kind: str, item: int, word: int) -> None:
    stored = bytes(range(12 * item))
    pickle = made.pickled(made.dictionary({"weight": made.tensor(kind=kind)}))
    members = [(name, b"big" if name.endswith("byteorder") else data) for name, data in made.torch_members(pickle, {"0": stored})]
    (tmp_path / "a.pt").write_bytes(made.zipped(members))
    contents = read_contents(tmp_path / "a.pt")
    turned = b"".join(stored[at : at + word][::-1] for at in range(0, len(stored), word))
    assert read_bytes(contents, contents.tensors[0]) == turned


def test_that_each_of_several_checkpoints_in_one_zip_has_its_own_values(tmp_path: Path) -> None:
    members = [member for n in (1, 2) for member in made.torch_members(made.state_dict(), {"0": bytes([n]) * 48}, f"root{n}")]
    (tmp_path / "a.pt").write_bytes(made.zipped(members))
    contents = read_contents(tmp_path / "a.pt")
    assert {row.container: read_bytes(contents, row)[:1] for row in contents.tensors} == {"root1": b"\1", "root2": b"\2"}
    assert [row.stored_at for row in contents.tensors] == ["root1/data/0", "root2/data/0"]
    assert (totals_of(contents.tensors).again, sharing(contents.tensors)) == (0, {})


def test_that_a_checkpoint_in_a_folder_of_another_one_keeps_its_own_values(tmp_path: Path) -> None:
    roots = {"root": b"\1", "root/root": b"\2"}
    members = [each for root, n in roots.items() for each in made.torch_members(made.state_dict(), {"0": n * 48}, root)]
    (tmp_path / "a.pt").write_bytes(made.zipped(members))
    contents = read_contents(tmp_path / "a.pt")
    assert sorted(read_bytes(contents, row)[:1] for row in contents.tensors) == [b"\1", b"\2"]


def test_that_shards_are_read_from_their_own_files(tmp_path: Path) -> None:
    for n in (1, 2):
        save_file({f"w{n}": torch.full((3,), float(n))}, tmp_path / f"model-{n}.safetensors")
    parts = [read_contents(tmp_path / f"model-{n}.safetensors") for n in (1, 2)]
    rows = [StoredTensor(**{**vars(part.tensors[0]), "file": Path(part.path).name}) for part in parts]
    for path in (tmp_path, tmp_path / "model.safetensors.index.json"):
        contents = CheckpointContents(str(path), "sharded", 0, 0, tuple(rows))
        assert [read_bytes(contents, row) for row in rows] == [raw(torch.full((3,), float(n))) for n in (1, 2)]


def many_shards(folder: Path, count: int) -> CheckpointContents:
    """A folder with a tensor in each of more files than are held open at a time."""
    rows = []
    for n in range(count):
        save_file({f"w{n}": torch.full((3,), float(n))}, folder / f"{n}.safetensors")
        row = read_contents(folder / f"{n}.safetensors").tensors[0]
        rows.append(StoredTensor(**{**vars(row), "file": f"{n}.safetensors"}))
    return CheckpointContents(str(folder), "sharded", 0, 0, tuple(rows))


def test_that_values_that_were_handed_out_are_readable_when_many_other_files_were_opened(tmp_path: Path) -> None:
    contents = many_shards(tmp_path, MOST_OPEN + 3)
    before = len(os.listdir("/proc/self/fd"))
    with open_values(contents) as values:
        stored = [values.of(row) for row in contents.tensors]
        assert len(os.listdir("/proc/self/fd")) == before + MOST_OPEN
        for n, each in enumerate(stored):
            assert b"".join(map(bytes, each.chunks())) == raw(torch.full((3,), float(n)))
    assert len(os.listdir("/proc/self/fd")) == before


def test_that_a_file_that_was_replaced_while_it_was_not_held_open_is_not_read(tmp_path: Path) -> None:
    contents = many_shards(tmp_path, MOST_OPEN + 1)
    with open_values(contents) as values:
        first, *_ = [values.of(row) for row in contents.tensors]
        (tmp_path / "0.safetensors").rename(tmp_path / "old")
        save_file({"w0": torch.ones(3)}, tmp_path / "0.safetensors")
        with pytest.raises(CheckpointError, match="is another file"):
            list(first.chunks())


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/hostname"])
def test_that_no_file_outside_the_folder_is_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    (tmp_path / "folder").mkdir()
    row = StoredTensor("w", (4,), "float32", 16, file=name, stored_at="0:16", strides=(1,))
    with (
        pytest.raises(CheckpointError),
        open_values(CheckpointContents(str(tmp_path / "folder"), "sharded", 0, 0, (row,))) as values,
    ):
        values.of(row)


@pytest.mark.parametrize("compressed", [False, True])
def test_that_the_members_of_an_npz_begin_after_their_header(tmp_path: Path, compressed: bool) -> None:
    array = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
    (numpy.savez_compressed if compressed else numpy.savez)(tmp_path / "a.npz", weight=array)
    size = (tmp_path / "a.npz").stat().st_size
    row = StoredTensor("weight", (3, 4), "float32", 48, stored_at="weight.npy", strides=(4, 1))
    assert read_bytes(CheckpointContents(str(tmp_path / "a.npz"), "npz", size, 0, (row,)), row) == array.tobytes()


# what is refused


def test_that_a_broken_tensor_is_refused_with_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(made.torch_zip(made.state_dict(), {"0": bytes(20)}))
    contents = read_contents(tmp_path / "a.pt")
    with open_values(contents) as values, pytest.raises(CorruptFile, match="claims 48 bytes; the file has 20"):
        values.of(contents.tensors[0])


def test_that_a_tensor_without_a_block_of_its_own_is_refused(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"sparse": torch.eye(3).to_sparse(), "meta": torch.empty(3, device="meta")})
    with open_values(contents) as values:
        for row in contents.tensors:
            with pytest.raises(UnsupportedFormat, match="do not lie in the file as one block"):
                values.of(row)


def test_that_a_file_that_was_replaced_by_another_is_not_read(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(100)})
    torch.save({"a": torch.zeros(2000)}, tmp_path / "a.pt")
    with open_values(contents) as values, pytest.raises(CheckpointError, match="has changed since it was opened"):
        values.of(contents.tensors[0])


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_that_a_file_that_shrinks_while_it_is_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".pt"):
        torch.save({"a": torch.zeros(100_000)}, path)
    else:
        save_file({"a": torch.zeros(100_000)}, path)
    contents = read_contents(path)
    with open_values(contents) as values:
        chunks = values.of(contents.tensors[0]).chunks(1000)
        next(chunks)
        os.truncate(path, 30_000)
        with pytest.raises(CheckpointError, match=r"written to while its values were read|shorter"):
            list(chunks)


def test_that_a_file_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(3)})
    (tmp_path / "a.pt").unlink()
    with open_values(contents) as values, pytest.raises(CheckpointError, match=r"There is no file a\.pt"):
        values.of(contents.tensors[0])


def test_that_a_deflate_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    pickle = made.pickled(made.dictionary({"weight": made.tensor((16 << 20,), (1,), numel=16 << 20)}))
    members = made.torch_members(pickle, {"0": bytes(64 << 20)})
    (tmp_path / "a.pt").write_bytes(made.zipped(members, zipfile.ZIP_DEFLATED))
    contents = read_contents(tmp_path / "a.pt")
    with open_values(contents) as values, pytest.raises(CorruptFile, match="claims 67,108,864 bytes from"):
        values.of(contents.tensors[0])


def test_that_compressed_bytes_that_make_no_sense_are_one_sentence(tmp_path: Path) -> None:
    members = made.torch_members(made.state_dict(), {"0": os.urandom(48)})
    plain = made.zipped(members, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("x", b"")
    (tmp_path / "a.pt").write_bytes(plain)
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        info = archive.getinfo("archive/data/0")
    at = info.header_offset + 30 + len(info.filename)
    (tmp_path / "a.pt").write_bytes(plain[:at] + b"\xff" * info.compress_size + plain[at + info.compress_size :])
    contents = read_contents(tmp_path / "a.pt")
    with open_values(contents) as values, pytest.raises(CorruptFile, match="inflated"):
        list(values.of(contents.tensors[0]).chunks())


def test_that_an_endless_repetition_is_refused_and_a_slice_of_it_is_not(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.ones(1).expand(10**15)})
    row = contents.tensors[0]
    with open_values(contents) as values, pytest.raises(UnsupportedFormat, match="repeats itself"):
        list(values.of(row).chunks())
    assert read_bytes(contents, StoredTensor(**{**vars(row), "shape": (5,)})) == raw(torch.ones(5))


def test_that_a_row_that_reaches_beyond_its_record_is_refused(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(10)})
    row = StoredTensor(**{**vars(contents.tensors[0]), "shape": (11,)})
    with open_values(contents) as values, pytest.raises(CorruptFile, match="reaches beyond"):
        values.of(row)


def test_that_no_descriptor_stays_open(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(10)})
    before = len(os.listdir("/proc/self/fd"))
    read_bytes(contents, contents.tensors[0])
    assert len(os.listdir("/proc/self/fd")) == before


def test_that_equal_chunks_are_told_from_others() -> None:
    whole, other = bytearray(b"abcdef"), bytearray(b"abcdef")
    assert same_bytes(memoryview(whole), memoryview(other))
    assert same_bytes(memoryview(whole)[:3], memoryview(other)[:3])
    assert not same_bytes(memoryview(whole)[:3], memoryview(other)[:4])
    other[5] = 0
    assert not same_bytes(memoryview(whole), memoryview(other))
    assert same_bytes(memoryview(b"abc"), memoryview(bytearray(b"abc")))


def test_that_a_divisible_tensor_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    tensor = torch.arange(100)
    contents = saved(tmp_path / "a.pt", {"a": tensor, "t": tensor.view(10, 10).t()})
    with open_values(contents) as values:
        whole: TensorBytes = values.of(contents.tensors[0])
        assert whole.is_divisible
        parts = [whole.part(begin, begin + 25) for begin in range(0, 100, 25)]
        assert b"".join(bytes(chunk) for part in parts for chunk in part.chunks(7)) == raw(tensor)
        assert not values.of(contents.tensors[1]).is_divisible


# distributed checkpoints


def distributed(folder: Path, state: dict[str, torch.Tensor]) -> CheckpointContents:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcp.save(state, checkpoint_id=folder, no_dist=True)
    return read_contents(folder)


def test_that_tensors_of_a_distributed_checkpoint_are_read(tmp_path: Path) -> None:
    state = {"a": torch.randn(7, 5), "b": torch.arange(4), "part": torch.randn(90)[3:50], "t": torch.randn(4, 6).t()}
    contents = distributed(tmp_path / "dcp", state)
    for row in contents.tensors:
        assert read_bytes(contents, row) == raw(state[row.key]), row.key


@pytest.mark.parametrize("cuts", [[(0, 2), (2, 3), (3, 7)], [(0, 7)]])
@pytest.mark.parametrize("columns", [[(0, 5)], [(0, 1), (1, 5)], [(0, 2), (2, 4), (4, 5)]])
def test_that_a_tensor_in_parts_is_put_together(
    tmp_path: Path, cuts: list[tuple[int, int]], columns: list[tuple[int, int]]
) -> None:
    whole = torch.arange(7 * 5 * 3, dtype=torch.float32).view(7, 5, 3)
    boxes = [(top, bottom, left, right) for top, bottom in cuts for left, right in columns]
    names = {f"box{n}": whole[top:bottom, left:right].clone() for n, (top, bottom, left, right) in enumerate(boxes)}
    stored = by_key(distributed(tmp_path / "dcp", names))
    pieces = tuple(
        StoredPiece((top, left, 0), (bottom - top, right - left, 3), stored[name].file or "", stored[name].stored_at)
        for name, (top, bottom, left, right) in zip(names, boxes, strict=True)
    )
    row = StoredTensor("whole", (7, 5, 3), "float32", 420, strides=(15, 3, 1), pieces=pieces)
    contents = CheckpointContents(str(tmp_path / "dcp"), "distributed", 0, 0, (row,))
    for elements in (1 << 16, 4):
        assert read_bytes(contents, row, elements) == raw(whole)
    turned = StoredTensor(**{**vars(row), "shape": (3, 7), "strides": (1, 15), "offset": 3})
    assert read_bytes(contents, StoredTensor(**{**vars(row), "offset": 60, "shape": (3, 5), "strides": (15, 3)})) == raw(
        whole[4:, :, 0]
    )
    assert turned.pieces == pieces


def test_that_parts_that_leave_a_gap_or_are_other_tensors_are_refused(tmp_path: Path) -> None:
    stored = by_key(distributed(tmp_path / "dcp", {"half": torch.zeros(2, 3)}))["half"]
    twice = tuple(StoredPiece((0, 0), (2, 3), stored.file or "", stored.stored_at) for _ in range(2))
    row = StoredTensor("w", (4, 3), "float32", 48, strides=(3, 1), pieces=twice)
    other = StoredTensor(**{**vars(row), "pieces": (StoredPiece((0, 0), (4, 3), stored.file or "", stored.stored_at),)})
    contents = CheckpointContents(str(tmp_path / "dcp"), "distributed", 0, 0, (row, other))
    with pytest.raises(CorruptFile, match="cover it exactly"):
        read_bytes(contents, row)
    with pytest.raises(CorruptFile, match="another tensor than the index says"):
        read_bytes(contents, other)
