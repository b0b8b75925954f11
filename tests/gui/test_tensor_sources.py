"""Where values come from: files and the worker."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from checkpoints.saved_state import by_key, saved
from torchloupe.analysis.tensor_slices import blocks_of, index_parts, index_text
from torchloupe.gui.jobs import Cancelled
from torchloupe.gui.tensor import sources
from torchloupe.gui.tensor.plane import plane_of
from torchloupe.gui.tensor.readings import (
    DrawPicture,
    ReadCells,
    ReadFilters,
    ReadSingularValues,
    fits_filters,
)
from torchloupe.gui.tensor.sources import LiveSource, StoredSource, ValueSource
from torchloupe.wire.errors import CheckpointError, UsageError, WorkerError
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, FetchedValues, FetchValues, ValuesArrived


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody hears."""


class Worker:
    """Answers ``FetchValues`` from a tensor, as the worker does."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor, self.asked = tensor, list[str]()

    def ask(self, message: FetchValues, on_event: Any) -> Any:
        self.asked.append(message.index)
        part = eval(f"tensor[{message.index or '...'}]", {"tensor": self.tensor})
        on_event(ValuesArrived(message.key), (part.numpy().tobytes(),))
        return FetchedValues(message.key, tuple(part.shape), "float32")

    def source(self) -> LiveSource:
        return LiveSource(self.ask, "w", tuple(self.tensor.shape), "float32")


@pytest.fixture(params=["stored", "live"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> ValueSource:
    """The same tensor in a file and in a worker."""
    tensor = torch.arange(2.0 * 3 * 4 * 5).view(2, 3, 4, 5)
    if request.param == "live":
        return Worker(tensor).source()
    contents = saved(tmp_path / "a.pt", {"w": tensor})
    return StoredSource(contents, contents.tensors[0])


@pytest.mark.parametrize("index", ["", "1, 2, 3, 4", "1, :, 2, ::2", "0, 1", "0, 1:1, 0, :"])
def test_that_both_sources_give_the_bytes_of_a_part(source: ValueSource, index: str) -> None:
    tensor = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    wanted = eval(f"tensor[{index or '...'}]", {"tensor": tensor})
    told: list[tuple[int, int]] = []
    got = b"".join(bytes(chunk) for chunk in source.chunks(index, lambda done, total, _what: told.append((done, total))))
    assert got == wanted.tobytes()
    assert told[0] == (0, wanted.nbytes)
    assert told[-1] == (wanted.nbytes, wanted.nbytes)


def test_that_the_same_views_can_be_had_of_both(source: ValueSource) -> None:
    plane = plane_of(source.shape, "1, 2")
    assert (source.key, source.dtype) == ("w", "float32")
    assert ReadCells(source, plane)(silent).values[:3] == (100.0, 101.0, 102.0)
    picture = DrawPicture(source, plane, "mean")(silent)
    assert (picture.low, picture.high, picture.height, picture.width) == (100, 119, 4, 5)
    tiles = ReadFilters(source, None, True, 0, 64)(silent)
    assert (tiles.numbers, tiles.is_rgb, len(tiles.images[0])) == ((1, 0), True, 60)
    assert ReadFilters(source, 2, False, 1, 64)(silent).numbers == (1,)
    found = ReadSingularValues(source)(silent)
    assert (found.rows, found.columns, len(found.values)) == (2, 60, 2)


def test_that_the_worker_is_asked_in_blocks_with_a_cancel_point_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "FETCH_BYTES", 64)
    worker = Worker(torch.arange(100.0).view(10, 10))
    got = b"".join(bytes(chunk) for chunk in worker.source().chunks(":, :", silent))
    assert got == worker.tensor.numpy().tobytes()
    assert worker.asked[:2] == ["0:1, 0:10", "1:2, 0:10"]
    worker.asked.clear()

    def stop(done: int, _total: int, _what: str) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(worker.source().chunks(":, :", stop))
    assert len(worker.asked) == 1


@pytest.mark.parametrize("elements", [1, 2, 7, 20, 60, 1000])
@pytest.mark.parametrize("index", ["", "1", ":, 1:3, ::2, 1:", "1, 2, 3, 4", "0, 2:2", ":, 1, :, 2"])
def test_that_blocks_are_the_index_in_order_and_none_is_too_large(elements: int, index: str) -> None:
    tensor = np.arange(120).reshape(2, 3, 4, 5)
    wanted = eval(f"tensor[{index or '...'}]", {"tensor": tensor})
    texts = [index_text(block) for block in blocks_of(index_parts(tensor.shape, index), elements)]
    parts = [np.asarray(eval(f"tensor[{text}]", {"tensor": tensor})).reshape(-1) for text in texts]
    assert [number for part in parts for number in part.tolist()] == wanted.reshape(-1).tolist()
    assert all(part.size <= elements for part in parts)


def test_that_what_the_worker_refuses_is_its_sentence() -> None:
    refusal = Failed((Problem("usage", "`w` is sparse.", hint="Choose another tensor."),))
    source = LiveSource(lambda *_words: refusal, "w", (2,), "float32")
    with pytest.raises(WorkerError, match="`w` is sparse") as error:
        list(source.chunks("", silent))
    assert error.value.hint == "Choose another tensor."
    cancelled = LiveSource(lambda *_words: Failed((), cancelled=True), "w", (2,), "float32")
    with pytest.raises(Cancelled):
        list(cancelled.chunks("", silent))


def test_that_values_are_of_their_own_kind(tmp_path: Path) -> None:
    state = {
        "whole": torch.tensor([[(1 << 62) + 1]]),
        "truth": torch.tensor([True, False]),
        "half": torch.tensor([0.1], dtype=torch.bfloat16),
        "tiny": torch.tensor([0.5]).to(torch.float8_e4m3fn),
        "waves": torch.tensor([1.5 - 2j]),
        "scalar": torch.tensor(3),
    }
    contents = saved(tmp_path / "a.pt", state)
    found = {
        key: ReadCells(StoredSource(contents, row), plane_of(row.shape, ""))(silent).values
        for key, row in by_key(contents).items()
    }
    half = state["half"].float().item()
    assert found == {
        "whole": ((1 << 62) + 1,), "truth": (True, False), "half": (half,), "tiny": (0.5,), "waves": ("1.5-2j",), "scalar": (3,),
    }  # fmt: skip


def test_that_what_cannot_be_drawn_is_a_sentence(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"waves": torch.ones(2, 2, dtype=torch.complex64), "sparse": torch.eye(2).to_sparse()})
    rows = by_key(contents)
    plane = plane_of((2, 2), "")
    with pytest.raises(CheckpointError, match="Complex values have no order"):
        DrawPicture(StoredSource(contents, rows["waves"]), plane, "mean")(silent)
    with pytest.raises(CheckpointError, match="do not lie in the file as one block"):
        ReadCells(StoredSource(contents, rows["sparse"]), plane)(silent)


def test_that_only_the_bytes_of_the_slice_are_read(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"w": torch.zeros(1000, 1000)})
    told: list[int] = []
    list(StoredSource(contents, contents.tensors[0]).chunks("5, :10", lambda _done, total, _what: told.append(total)))
    assert set(told) == {40}


def test_that_a_wrong_index_is_an_error_of_usage(source: ValueSource) -> None:
    with pytest.raises(UsageError):
        list(source.chunks("9", silent))


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((64, 3, 7, 7), True),
        ((8, 1, 3, 1), True),
        ((8, 4, 1, 1), False),
        ((8, 4), False),
        ((0, 3, 3, 3), False),
        ((2, 2, 900, 900), False),
    ],
)
def test_that_only_kernels_are_filters(shape: tuple[int, ...], fits: bool) -> None:
    assert fits_filters(shape) is fits
