"""What the views ask for, of tensors of every kind in files that torch wrote."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.saved_state import by_key, saved
from torchloupe.gui.jobs import Cancelled
from torchloupe.gui.tensor.plane import plane_of
from torchloupe.gui.tensor.readings import DrawPicture, ReadCells, ReadFilters, ReadSingularValues
from torchloupe.gui.tensor.sources import StoredSource
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
]  # fmt: skip


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody hears."""


def stored(path: Path, tensor: torch.Tensor) -> StoredSource:
    contents = saved(path / "a.pt", {"w": tensor})
    return StoredSource(contents, contents.tensors[0])


def cells_of(source: StoredSource, index: str) -> list[Any]:
    return list(ReadCells(source, plane_of(source.shape, index))(silent).values)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_that_cells_are_the_values_of_torch(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    tensor = (torch.randn(3, 8, 9) * 3).to(dtype)
    source = stored(tmp_path, tensor)
    shown = tensor[1, 2:7:2].double() if dtype.is_floating_point else tensor[1, 2:7:2]
    assert cells_of(source, "1, 2:7:2") == shown.flatten().tolist()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_that_every_plain_dtype_can_be_drawn(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = (torch.arange(40).view(5, 8) % 2).to(dtype)
    source = stored(tmp_path, tensor)
    picture = DrawPicture(source, plane_of(source.shape, ""), "mean")(silent)
    assert (picture.low, picture.high, picture.nan, picture.inf) == (0, 1, 0, 0)
    assert memoryview(picture.cells).cast("d").tolist() == tensor.double().flatten().tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int16], ids=str)
def test_that_every_plain_dtype_has_singular_values(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = (torch.arange(24).view(6, 4) % 5).to(dtype)
    found = ReadSingularValues(stored(tmp_path, tensor))(silent)
    assert found.values == pytest.approx(torch.linalg.svdvals(tensor.double()).tolist(), abs=1e-9)


@pytest.mark.parametrize(
    "view",
    [
        lambda tensor: tensor.t(),
        lambda tensor: tensor[3:, 5:],
        lambda tensor: tensor[::2, ::3],
        lambda tensor: tensor[0].expand(7, 12),
        lambda tensor: tensor.t()[2:9:3],
    ],
    ids=["transposed", "a corner", "with gaps", "repeated", "transposed with gaps"],
)
def test_that_views_of_a_storage_are_shown_as_they_are_meant(tmp_path: Path, view: Any) -> None:
    meant = view(torch.arange(120.0).view(10, 12))
    source = stored(tmp_path, meant)
    assert cells_of(source, ":, 1:") == meant[:, 1:].flatten().tolist()
    picture = DrawPicture(source, plane_of(source.shape, ""), "mean")(silent)
    assert memoryview(picture.cells).cast("d").tolist() == meant.double().flatten().tolist()


def test_that_nan_and_inf_of_small_floats_are_found(tmp_path: Path) -> None:
    tensor = torch.tensor([[1.0, math.nan], [math.inf, -math.inf]])
    for dtype in (torch.float16, torch.bfloat16, torch.float8_e5m2):
        source = stored(tmp_path, tensor.to(dtype))
        picture = DrawPicture(source, plane_of(source.shape, ""), "mean")(silent)
        assert (picture.nan, picture.inf, picture.low, picture.high) == (1, 2, 1, 1)


@pytest.fixture
def large(tmp_path: Path) -> StoredSource:
    """Several chunks of values."""
    return stored(tmp_path, torch.ones(1000, 300))


@pytest.mark.parametrize("after", [0, 1])
def test_that_every_reading_stops_when_it_is_cancelled(large: StoredSource, after: int) -> None:
    plane = plane_of(large.shape, "")
    for work in (ReadCells(large, plane), DrawPicture(large, plane, "mean"), ReadSingularValues(large)):
        told = 0

        def stop(done: int, total: int, _what: str) -> None:
            nonlocal told
            told += 1
            if told > after:
                raise Cancelled

        with pytest.raises(Cancelled):
            work(stop)
        assert told == after + 1


def test_that_a_file_that_is_gone_is_a_sentence(large: StoredSource) -> None:
    Path(large.contents.path).unlink()
    with pytest.raises(CheckpointError, match="There is no file"):
        cells_of(large, "0, :3")


def test_that_filters_of_a_page_are_the_kernels_own(tmp_path: Path) -> None:
    kernel = torch.randn(5, 4, 3, 3)
    source = stored(tmp_path, kernel)
    tiles = ReadFilters(source, 2, True, 1, 3)(silent)
    norms = kernel.flatten(1).norm(dim=1)
    order = norms.argsort(descending=True).tolist()
    assert list(tiles.numbers) == order[1:4]
    assert tiles.norms == pytest.approx(norms[order[1:4]].tolist(), rel=1e-5)
    signs = [[code > 127 for code in image] for image in tiles.images]
    clear = kernel[order[1:4], 2].flatten(1)
    for drawn, plane in zip(signs, clear.tolist(), strict=True):
        assert all(is_above == (value > 0) for is_above, value in zip(drawn, plane, strict=True) if abs(value) > 0.1)


def test_that_readings_of_the_same_thing_are_equal_and_of_others_are_not(tmp_path: Path) -> None:
    contents: CheckpointContents = saved(tmp_path / "a.pt", {"a": torch.ones(2, 2), "b": torch.ones(2, 2)})
    rows = by_key(contents)
    plane = plane_of((2, 2), "")
    one, same, other = (ReadCells(StoredSource(contents, rows[key]), plane) for key in "aab")
    assert one == same
    assert one != other
    assert one != ReadCells(one.source, plane_of((2, 2), "0"))
