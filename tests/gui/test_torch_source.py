"""Stored tensors that torch alone can read: through the worker, in the same views as all others."""

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from checkpoints.saved_state import by_key
from gui.panel_data import QuietSession, open_panel, shown_column
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.values import needs_torch, unchanged_file
from torchloupe.gui.jobs import Cancelled
from torchloupe.gui.tensor import sources
from torchloupe.gui.tensor.model import origin_sentence
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.plane import plane_of
from torchloupe.gui.tensor.readings import DrawPicture, ReadCells, ReadFilters, ReadSingularValues
from torchloupe.gui.tensor.sources import StoredSource, TorchSource, source_of_stored
from torchloupe.gui.tensor.stored import ReadStored, ReadThroughTorch, reading_of
from torchloupe.gui.tensor.views import FILTERS, HEAT_MAP, HISTOGRAM, VALUES
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError, UnsupportedFormat, WorkerError
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, FetchStoredValues
from torchloupe.worker.explain import explain
from torchloupe.worker.stored_values import fetch_stored_values

MATRIX = torch.arange(-8.0, 12.0).view(4, 5).relu()
FILTERS_4D = (torch.arange(2.0 * 3 * 3 * 3).view(2, 3, 3, 3) - 20) * 0.25
NO_TORCH = Failed((Problem("no-torch", "python3 cannot import torch.", hint="Choose another interpreter."),))


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody hears."""


class TorchSession(QuietSession):
    """A session whose worker is this process."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.state: dict[str, Any] = {}

    def ask(self, message: object, on_event: Any = None) -> object:
        if not isinstance(message, FetchStoredValues) or FetchStoredValues in self.answers:
            return super().ask(message, on_event)
        self.asked.append(message)
        try:
            return fetch_stored_values(Context(self.state, on_event), message)  # type: ignore[arg-type]  # all that it needs
        except Exception as error:
            return Failed(explain(error))


class Context:
    """What a handler needs of its context."""

    def __init__(self, state: dict[str, Any], on_event: Any) -> None:
        self.state, self.emit, self.cancel = state, on_event, self

    def raise_if_requested(self) -> None:
        """Nobody cancels in here."""


@pytest.fixture
def contents(tmp_path: Path) -> CheckpointContents:
    """A checkpoint with tensors of every kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = {
            "plain": MATRIX,
            "tiny": MATRIX.to(torch.float8_e4m3fn),
            "adj.w": MATRIX.to_sparse(),
            "rows": MATRIX.to_sparse_csr(),
            "waves": torch.complex(MATRIX, -MATRIX).to_sparse(),
            "conv": torch.quantize_per_tensor(FILTERS_4D, 0.25, 40, torch.quint8),
            "four": torch.quantize_per_channel(MATRIX, torch.ones(4), torch.zeros(4), 0, torch.quint4x2),
            "huge": torch.sparse_coo_tensor([[1], [2]], [7.0], (100_000, 100_000)),
            "meta": torch.empty(3, device="meta"),
        }
        torch.save({"model.ema": state}, tmp_path / "a.pt")
    return read_contents(tmp_path / "a.pt")


def source(contents: CheckpointContents, key: str, session: QuietSession | None = None) -> StoredSource:
    return source_of_stored(contents, by_key(contents)[key], (session or TorchSession()).ask)


def test_that_torch_is_asked_only_for_what_cannot_be_read_without_it(contents: CheckpointContents) -> None:
    asked = {key for key, tensor in by_key(contents).items() if needs_torch(contents, tensor)}
    assert asked == {"adj.w", "rows", "waves", "conv", "four", "huge", "meta"}
    assert type(source(contents, "tiny")) is StoredSource
    assert type(source(contents, "conv")) is TorchSource
    assert isinstance(reading_of(source(contents, "plain")), ReadStored)
    assert isinstance(reading_of(source(contents, "rows")), ReadThroughTorch)


def test_that_files_that_torch_does_not_load_and_broken_tensors_are_none_of_its_business(contents: CheckpointContents) -> None:
    sparse = by_key(contents)["rows"]
    assert not needs_torch(contents, replace(sparse, broken="Its record is missing."))
    formats = ("GGUF", "TorchScript", "key list", "safetensors", "torch 0.1 tar", "sharded safetensors")
    assert not any(needs_torch(replace(contents, format=name), sparse) for name in formats)
    assert all(needs_torch(replace(contents, format=name), sparse) for name in ("Lightning", "sharded torch zip"))


@pytest.mark.parametrize("key", ["adj.w", "rows", "four"])
@pytest.mark.parametrize("index", ["", "1", ":, ::2", "-1, 2", "2:2"])
def test_that_a_part_is_the_part_of_the_dense_tensor(contents: CheckpointContents, key: str, index: str) -> None:
    wanted = eval(f"tensor[{index or '...'}]", {"tensor": MATRIX.numpy()})
    told: list[tuple[int, int]] = []
    chunks = source(contents, key).chunks(index, lambda done, total, _what: told.append((done, total)))
    assert b"".join(bytes(chunk) for chunk in chunks) == np.ascontiguousarray(wanted).tobytes()
    assert told[0] == (0, wanted.nbytes)
    assert told[-1] == (wanted.nbytes, wanted.nbytes)


def test_that_all_views_can_be_had(contents: CheckpointContents) -> None:
    plane = plane_of((4, 5), "")
    assert ReadCells(source(contents, "rows"), plane)(silent).values == tuple(MATRIX.reshape(-1).tolist())
    assert ReadCells(source(contents, "waves"), plane)(silent).values[-1] == "11-11j"
    picture = DrawPicture(source(contents, "adj.w"), plane, "mean")(silent)
    assert (picture.low, picture.high) == (0, 11)
    found = ReadSingularValues(source(contents, "adj.w"))(silent)
    assert found.values[0] == pytest.approx(float(torch.linalg.svdvals(MATRIX)[0]))
    tiles = ReadFilters(source(contents, "conv"), None, False, 0, 64)(silent)
    assert (tiles.count, tiles.is_rgb) == (2, True)


def test_that_the_statistics_are_those_of_the_dense_tensor(contents: CheckpointContents) -> None:
    through, plain = (reading_of(source(contents, key))(silent) for key in ("adj.w", "plain"))
    assert through.summary == plain.summary
    assert through.values == plain.values
    assert (through.origin, plain.origin) == ("sparse (COO), 11 of 20 values stored, shown dense", "")
    quantized = reading_of(source(contents, "conv"))(silent)
    assert quantized.summary is not None
    assert (quantized.summary.stats.min, quantized.summary.stats.max) == (-5.0, 8.25)
    assert quantized.origin.startswith("quantized per tensor (quint8, scale 0.25, zero point 40)")


def test_that_a_large_tensor_is_asked_for_in_blocks_with_a_cancel_point_between_them(
    contents: CheckpointContents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FETCH_BYTES", 40)
    session = TorchSession()

    def stop(done: int, _total: int, _what: str) -> None:
        if done:
            raise Cancelled

    assert b"".join(map(bytes, source(contents, "rows", session).chunks("", silent))) == MATRIX.numpy().tobytes()
    assert [message.index for message in session.asked] == ["0:2, 0:5", "2:4, 0:5"]  # type: ignore[attr-defined]
    session.asked.clear()
    with pytest.raises(Cancelled):
        list(source(contents, "rows", session).chunks("", stop))
    assert session.asked == [FetchStoredValues(contents.path, "model.ema", "rows", "0:2, 0:5")]


def test_that_what_is_too_large_when_it_is_dense_is_read_by_slices(contents: CheckpointContents) -> None:
    huge = source(contents, "huge")
    with pytest.raises(UnsupportedFormat, match="huge takes 40 GB when it is shown dense; 4 GB are read at most"):
        list(huge.chunks("", silent))
    assert ReadCells(huge, plane_of(huge.shape, "1, :4"))(silent).values == (0.0, 0.0, 7.0, 0.0)
    reading = reading_of(huge)(silent)
    assert reading.summary is None
    assert reading.note.endswith("Choose a slice in the view Values or Heat map.")
    assert reading.values.values[6 + 2] == 7.0


def test_that_a_file_that_changed_is_not_read(contents: CheckpointContents) -> None:
    tensor = by_key(contents)["rows"]
    assert unchanged_file(contents, tensor) == Path(contents.path)
    os.utime(contents.path, ns=(1, 1))
    session = TorchSession()
    with pytest.raises(CheckpointError, match="has changed since it was opened"):
        list(source(contents, "rows", session).chunks("", silent))
    assert session.asked == []


def test_that_an_answer_that_does_not_fit_the_file_is_not_shown(contents: CheckpointContents) -> None:
    wider = replace(by_key(contents)["rows"], shape=(4, 5), dtype="float64")
    with pytest.raises(CheckpointError, match="torch reads rows as another tensor"):
        list(TorchSource(contents, wider, TorchSession().ask).chunks("", silent))


def test_that_a_worker_without_torch_is_a_sentence_with_what_to_do(contents: CheckpointContents) -> None:
    told = "rows is sparse or quantized, and torch alone reads that. python3 cannot import torch."
    with pytest.raises(WorkerError, match=told) as error:
        list(source(contents, "rows", TorchSession({FetchStoredValues: NO_TORCH})).chunks("", silent))
    assert error.value.hint == "Choose another interpreter."
    with pytest.raises(WorkerError, match=r"^The worker was killed"):
        list(source(contents, "rows", QuietSession()).chunks("", silent))


def test_that_the_origin_is_a_sentence() -> None:
    assert origin_sentence("sparse (COO), shown dense") == "Sparse (COO), shown dense; torch read it."
    assert origin_sentence("") == ""


@pytest.fixture
def panel(qtbot: Any, contents: CheckpointContents) -> TensorPanel:
    made = open_panel(qtbot, TensorPanel, TorchSession())
    made.workbench.set_checkpoint(contents)
    return made


def select(panel: TensorPanel, key: str) -> None:
    panel.workbench.select_stored(by_key(panel.workbench.checkpoint)[key])


def test_that_the_panel_says_over_every_view_what_the_file_has(panel: TensorPanel, qtbot: Any) -> None:
    select(panel, "conv")
    assert not panel.origin.isVisible()
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    said = "Quantized per tensor (quint8, scale 0.25, zero point 40), shown dequantized; torch read it."
    assert panel.origin.text() == said
    shown = dict(zip(shown_column(panel.table, 0), shown_column(panel.table, 1), strict=True))
    assert (shown["Dtype"], shown["Min"], shown["Max"]) == ("quint8", "-5", "8.25")
    for number in (VALUES, HEAT_MAP, FILTERS):
        panel.views.show_view(number)
        view = panel.views.current
        assert view is not None
        qtbot.waitUntil(view.content.isVisible)
        assert panel.origin.isVisible()
    panel.views.show_view(HISTOGRAM)
    select(panel, "plain")
    assert not panel.origin.isVisible()
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert panel.origin.text() == ""


def test_that_what_torch_refuses_stands_where_the_plot_would_be(panel: TensorPanel, qtbot: Any) -> None:
    for key, said in (
        ("meta", "`meta` is on the meta device: it has a shape and no values."),
        ("huge", "huge takes 40 GB when it is shown dense"),
        ("waves", "Complex values have no order"),
    ):
        select(panel, key)
        qtbot.waitUntil(lambda said=said: panel.numbers.no_plot.label.text().startswith(said))
    assert "11-11j" in " ".join(shown_column(panel.table, 1))
    assert panel.origin.text().startswith("Sparse (COO), 11 of 20 values stored")


def test_that_without_torch_the_panel_says_what_to_do(qtbot: Any, contents: CheckpointContents) -> None:
    panel = open_panel(qtbot, TensorPanel, TorchSession({FetchStoredValues: NO_TORCH}))
    panel.workbench.set_checkpoint(contents)
    select(panel, "rows")
    said = "rows is sparse or quantized, and torch alone reads that. python3 cannot import torch. Choose another interpreter."
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text() == said)
    assert not panel.origin.isVisible()
    assert "Container" in shown_column(panel.table, 0)
