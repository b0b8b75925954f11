"""Tensors that are made of views of stored ones: their bytes are those that torch gives for the same views."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from checkpoints.written_files import loaded, random_bits, raw
from torchloupe.analysis.conversion import conversions
from torchloupe.analysis.diff_rows import DiffRow, KeyEntry
from torchloupe.checkpoints import read_contents, values
from torchloupe.checkpoints.values import open_values
from torchloupe.checkpoints.writing import write_checkpoint
from torchloupe.numbers.comparison import compare_values
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import CorruptFile, UnsupportedFormat

Shape = tuple[int, ...]


def saved(path: Path, state: dict[str, torch.Tensor]) -> CheckpointContents:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return read_contents(path)


def stored(contents: CheckpointContents) -> dict[str, StoredTensor]:
    return {tensor.key: tensor for tensor in contents.tensors}


def bytes_of(contents: CheckpointContents, tensor: StoredTensor, elements: int = 7) -> bytes:
    with open_values(contents) as held:
        found = held.of(tensor)
        data = b"".join(bytes(chunk) for chunk in found.chunks(elements))
        assert len(found) == len(data)
        return data


def made(contents: CheckpointContents, *rows: DiffRow) -> StoredTensor:
    ((_, conversion),) = conversions(rows, stored(contents)).items()
    return conversion.tensor


def row(
    status: str, expected: Shape, found: tuple[str, Shape], cut: tuple[int, int, int] | None = None, turned: bool = False
) -> DiffRow:
    sides = KeyEntry("made", expected, "float32"), KeyEntry(*found, "float32")
    return DiffRow(status, *sides, "", 1.0, cut, turned)


FILES = ["a.pt", "a.safetensors"]


@pytest.mark.parametrize("name", FILES)
def test_that_experts_are_stacked_each_with_its_parts_behind_each_other(tmp_path: Path, name: str) -> None:
    parts = {f"experts.{number}.{leaf}": torch.randn(3, 5) for number in range(4) for leaf in ("gate", "up")}
    contents = saved(tmp_path / name, parts)
    whole = torch.cat(list(parts.values())).reshape(4, 6, 5)
    rows = [
        row("fused", (4, 6, 5), (key, (3, 5)), (1, 3 * (number % 2), 3 * (number % 2) + 3))._replace(expert=number // 2)
        for number, key in enumerate(parts)
    ]
    assert bytes_of(contents, made(contents, *rows)) == raw(whole)
    assert conversions(rows[:-1], stored(contents)) == {}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.float8_e4m3fn], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_that_parts_are_joined_along_any_dimension(tmp_path: Path, name: str, dtype: torch.dtype, axis: int) -> None:
    shapes = [tuple(size if place == axis else 3 for place in range(3)) for size in (2, 1, 4)]
    parts = {f"part{number}": random_bits(shape, dtype) for number, shape in enumerate(shapes)}
    contents = saved(tmp_path / name, parts)
    whole = torch.cat([part.view(torch.uint8) if dtype is torch.float8_e4m3fn else part for part in parts.values()], axis)
    rows = [row("fused", tuple(whole.shape), (key, tuple(part.shape)), (axis, 0, 1)) for key, part in parts.items()]
    assert bytes_of(contents, made(contents, *rows)) == raw(whole)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("axis", "begin", "end"), [(0, 0, 2), (0, 2, 6), (1, 1, 3), (1, 0, 5)])
@pytest.mark.parametrize("turned", [False, True])
def test_that_a_part_is_cut_out_and_turned(tmp_path: Path, name: str, axis: int, begin: int, end: int, turned: bool) -> None:
    whole = torch.randn(6, 5)
    contents = saved(tmp_path / name, {"whole": whole})
    part = whole.narrow(axis, begin, end - begin)
    part = part.t() if turned else part
    tensor = made(contents, row("split", tuple(part.shape), ("whole", (6, 5)), (axis, begin, end), turned))
    assert bytes_of(contents, tensor) == raw(part)
    assert tensor.bytes == part.numel() * 4


@pytest.mark.parametrize("name", FILES)
def test_that_a_convolution_of_keras_is_read_in_the_order_of_torch(tmp_path: Path, name: str) -> None:
    kernel = torch.randn(3, 3, 4, 5)
    contents = saved(tmp_path / name, {"kernel": kernel})
    tensor = made(contents, row("reshaped", (5, 4, 3, 3), ("kernel", (3, 3, 4, 5))))
    assert bytes_of(contents, tensor) == raw(kernel.permute(3, 2, 0, 1))


def test_that_a_tensor_gets_other_sizes_where_only_ones_differ(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"scale": torch.randn(8)})
    tensor = made(contents, row("reshaped", (8, 1, 1), ("scale", (8,))))
    assert (tensor.shape, len(bytes_of(contents, tensor))) == ((8, 1, 1), 32)


def test_that_parts_that_are_views_are_joined_as_they_look(tmp_path: Path) -> None:
    base = torch.randn(4, 6)
    parts = {"turned": base.t(), "every_other": base[:, ::2].t(), "plain": torch.randn(2, 4)}
    contents = saved(tmp_path / "a.pt", parts)
    whole = torch.cat(list(parts.values()))
    rows = [row("fused", tuple(whole.shape), (key, tuple(part.shape)), (0, 0, 1)) for key, part in parts.items()]
    assert bytes_of(contents, made(contents, *rows)) == raw(whole)


def test_that_conjugates_are_joined_as_conjugates(tmp_path: Path) -> None:
    value = torch.randn(3, 2, dtype=torch.complex64)
    contents = saved(tmp_path / "a.pt", {"one": value, "other": value.conj()})
    rows = [row("fused", (6, 2), (key, (3, 2)), (0, 0, 1)) for key in ("one", "other")]
    assert bytes_of(contents, made(contents, *rows)) == raw(torch.cat([value, value.conj().resolve_conj()]))


def test_that_a_compressed_file_is_joined_too(tmp_path: Path) -> None:
    import zipfile

    parts = {"q": torch.randn(3, 4), "k": torch.randn(5, 4)}
    torch.save(parts, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, old.read(member))
    contents = read_contents(tmp_path / "b.pt")
    rows = [row("fused", (8, 4), (key, tuple(part.shape)), (0, 0, 1)) for key, part in parts.items()]
    assert bytes_of(contents, made(contents, *rows)) == raw(torch.cat(list(parts.values())))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rank=st.integers(1, 3),
    sizes=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    lengths=st.lists(st.integers(0, 3), min_size=2, max_size=4),
    axis=st.integers(0, 2),
    chunk=st.integers(1, 9),
)
def test_that_whatever_is_joined_is_what_torch_joins(
    tmp_path: Path, rank: int, sizes: list[int], lengths: list[int], axis: int, chunk: int
) -> None:
    axis %= rank
    parts = {}
    for number, length in enumerate(lengths):
        shape = [*sizes[:rank]]
        shape[axis] = length
        parts[f"p{number}"] = torch.randn(shape)
    contents = saved(tmp_path / "h.pt", parts)
    whole = torch.cat(list(parts.values()), axis)
    rows = [row("fused", tuple(whole.shape), (key, tuple(part.shape)), (axis, 0, 1)) for key, part in parts.items()]
    assert bytes_of(contents, made(contents, *rows), chunk) == raw(whole)


# what cannot be


def test_that_parts_of_different_dtypes_are_refused(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"q": torch.ones(2, 2), "k": torch.ones(2, 2).half()})
    parts = tuple(stored(contents).values())
    joined = StoredTensor("qk", (4, 2), "float32", 32, strides=(2, 1), parts=parts)
    with pytest.raises(UnsupportedFormat, match="different dtypes"):
        bytes_of(contents, joined)


def test_that_a_large_part_that_would_have_to_be_turned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = saved(tmp_path / "a.pt", {"q": torch.randn(4, 3).t(), "k": torch.randn(3, 4)})
    rows = [row("fused", (6, 4), (key, (3, 4)), (0, 0, 1)) for key in ("q", "k")]
    tensor = made(contents, *rows)
    monkeypatch.setattr(values, "_MOST_JOINED", 40)
    with pytest.raises(UnsupportedFormat, match="turned around and joined"):
        bytes_of(contents, tensor)


def test_that_a_part_that_is_broken_makes_the_whole_broken(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"q": torch.ones(2, 2), "k": torch.ones(2, 2)})
    tensors = stored(contents)
    tensors["k"] = replace(tensors["k"], broken="Its record is missing.")
    rows = [row("fused", (4, 2), (key, (2, 2)), (0, 0, 1)) for key in ("q", "k")]
    ((_, conversion),) = conversions(rows, tensors).items()
    with pytest.raises(CorruptFile, match="Its record is missing"):
        bytes_of(contents, conversion.tensor)


# written and compared


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_that_made_tensors_are_written_each_by_itself(tmp_path: Path, suffix: str) -> None:
    whole = torch.randn(6, 4)
    contents = saved(tmp_path / "a.pt", {"whole": whole, "plain": torch.arange(3)})
    parts = [made(contents, row("split", (2, 4), ("whole", (6, 4)), (0, at, at + 2))) for at in (0, 2, 4)]
    named = [*((f"part{number}", part) for number, part in enumerate(parts)), ("plain", stored(contents)["plain"])]
    goal = tmp_path / f"b{suffix}"
    done = write_checkpoint(contents, named, goal)
    new = loaded(goal)
    assert all(torch.equal(new[f"part{number}"], whole[2 * number : 2 * number + 2]) for number in range(3))
    assert all(new[f"part{number}"].is_contiguous() for number in range(3))
    assert (done.tensors, done.shared, done.repeated) == (4, 0, 0)


def test_that_made_tensors_are_compared_by_their_values(tmp_path: Path) -> None:
    parts = [torch.randn(3, 4), torch.randn(3, 4)]
    one = saved(tmp_path / "a.pt", {"whole": torch.cat(parts)})
    other = saved(tmp_path / "b.pt", {"q": parts[0], "k": parts[1] + 1})
    rows = [row("fused", (6, 4), (key, (3, 4)), (0, 0, 1)) for key in ("q", "k")]
    (found,) = compare_values(one, other, [(stored(one)["whole"], made(other, *rows))])
    assert found.difference is not None
    assert found.difference.changed_fraction == 0.5


def test_that_files_of_the_parts_are_known_to_the_writer(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"whole": torch.randn(4, 4)})
    tensor = made(contents, row("split", (2, 4), ("whole", (4, 4)), (0, 0, 2)))
    with open_values(replace(contents, tensors=(tensor,))) as held:
        assert held.files == [tmp_path / "a.pt"]
    assert tensor.sources == tensor.parts
    assert stored(contents)["whole"].sources == (stored(contents)["whole"],)
