"""Values that flowed, read part by part, and how far two of them differ."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gui.flow_worker import FlowSession, activation
from torchloupe.gui.jobs import Cancelled
from torchloupe.gui.pinning import Pin
from torchloupe.gui.tensor import activation_source
from torchloupe.gui.tensor.activation_source import (
    ActivationSource,
    DifferenceSource,
    MeasureDifference,
    dense_dtype,
)
from torchloupe.gui.tensor.activation_source import activation_source as source_of
from torchloupe.gui.tensor.plane import plane_of
from torchloupe.gui.tensor.readings import DrawPicture, ReadCells
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.wire.activations import FetchActivation
from torchloupe.wire.errors import UsageError, WorkerError
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed
from torchloupe.wire.tensors import TensorMeta

ONE = torch.arange(24.0).view(2, 3, 4)


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody hears."""


def source(tensor: torch.Tensor, name: str = "fc") -> ActivationSource:
    session = FlowSession({(name, 0, "output", 0): tensor})
    return source_of(session.ask, Pin(activation(name), TensorMeta(tuple(tensor.shape), str(tensor.dtype)[6:])), ())


def read(it: ValueSource, index: str = "", kind: str = "<f4") -> np.ndarray:
    return np.frombuffer(b"".join(bytes(chunk) for chunk in it.chunks(index, silent)), kind)


@pytest.mark.parametrize("index", ["", "1", "0, :, ::2", "1, 2, 3", ":, 1:1"])
def test_that_only_the_part_that_is_asked_for_comes(index: str) -> None:
    wanted = eval(f"tensor[{index or '...'}]", {"tensor": ONE})
    assert read(source(ONE), index).tolist() == wanted.flatten().tolist()


def test_that_the_worker_is_told_what_is_pinned_and_that_sources_are_equal_all_the_same() -> None:
    session = FlowSession({("fc", 0, "output", 0): ONE})
    pinned = (activation("head"),)
    one = source_of(session.ask, Pin(activation("fc"), TensorMeta((2, 3, 4), "float32")), pinned)
    read(one, "0")
    (asked,) = session.asked_for(FetchActivation)
    assert (asked.pinned, asked.index) == (pinned, "0, 0:3, 0:4")
    assert one == replace(one, pinned=())
    assert one.key == "fc, output"


def test_that_the_views_of_a_parameter_can_be_had_of_it() -> None:
    plane = plane_of((2, 3, 4), "1")
    assert ReadCells(source(ONE), plane)(silent).values[:2] == (12.0, 13.0)
    picture = DrawPicture(source(ONE), plane, "mean")(silent)
    assert (picture.low, picture.high) == (12, 23)


def test_that_a_quantized_tensor_comes_scaled() -> None:
    assert [dense_dtype(name) for name in ("qint8", "quint8", "bfloat16", "int64")] == ["float32", "float32", "bfloat16", "int64"]


def test_that_what_the_worker_refuses_is_its_sentence() -> None:
    refusal = Failed((Problem("usage", "`fc` was not called again.", hint="Run it again."),))
    refused = ActivationSource(lambda *_: refusal, activation("fc"), (2,), "float32")
    with pytest.raises(WorkerError, match="was not called again") as caught:
        read(refused)
    assert caught.value.hint == "Run it again."


def test_that_a_wrong_index_is_an_error_of_usage() -> None:
    with pytest.raises(UsageError):
        read(source(ONE), "9")
    with pytest.raises(UsageError):
        read(DifferenceSource(source(ONE), source(ONE)), "9")


# two of them


def pair(one: torch.Tensor, other: torch.Tensor) -> DifferenceSource:
    return DifferenceSource(source(one, "a"), source(other, "b"))


@pytest.mark.parametrize("index", ["", "1", "0, :, ::2", "1, 2, 3"])
def test_that_a_difference_is_the_second_minus_the_first(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation_source, "BLOCK", 5)
    both = pair(ONE, ONE * 3 + 1)
    wanted = eval(f"tensor[{index or '...'}]", {"tensor": ONE * 2 + 1})
    assert read(both, index).tolist() == wanted.flatten().tolist()
    assert (both.key, both.shape, both.dtype) == ("b, output minus a, output", (2, 3, 4), "float32")


@pytest.mark.parametrize(
    ("kinds", "dtype"),
    [
        ((torch.float32, torch.bfloat16), "float32"),
        ((torch.bool, torch.float16), "float32"),
        ((torch.float32, torch.float64), "float64"),
        ((torch.int64, torch.float32), "float64"),
        ((torch.complex64, torch.float32), "complex128"),
    ],
)
def test_that_the_difference_is_wide_enough_for_both(kinds: tuple[torch.dtype, torch.dtype], dtype: str) -> None:
    one, other = (torch.tensor([1, 0, 3]).to(kind) for kind in kinds)
    both = pair(one, other)
    assert both.dtype == dtype
    wanted = other.to(torch.complex128) - one.to(torch.complex128)
    assert read(both, "", np.dtype(dtype).str).tolist() == (wanted if dtype == "complex128" else wanted.real).tolist()


def test_that_it_is_measured_exactly_over_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation_source, "BLOCK", 7)
    generator = torch.Generator().manual_seed(1)
    one, other = torch.randn(6, 5, generator=generator), torch.randn(6, 5, generator=generator)
    found = MeasureDifference(pair(one, other))(silent)
    delta = (other - one).double()
    assert found.difference.max_abs == pytest.approx(delta.abs().max().item())
    assert found.difference.norm == pytest.approx(delta.norm().item(), rel=1e-6)
    assert found.difference.cosine == pytest.approx(torch.cosine_similarity(one.flatten(), other.flatten(), 0).item(), abs=1e-6)
    assert found.summary is not None
    assert found.summary.stats.mean == pytest.approx(delta.mean().item(), rel=1e-5)
    assert found.summary.stats.count == 30


def test_that_equal_tensors_do_not_differ_and_nan_is_counted() -> None:
    found = MeasureDifference(pair(ONE, ONE))(silent)
    assert (found.difference.max_abs, found.difference.changed, found.difference.cosine) == (0.0, 0, 1.0)
    bad = ONE.clone()
    bad[0, 0, :2] = torch.tensor([torch.nan, torch.inf])
    found = MeasureDifference(pair(ONE, bad))(silent)
    assert (found.difference.nan, found.difference.inf, found.difference.changed) == (1, 1, 2)
    assert found.summary is not None
    assert (found.summary.stats.nan, found.summary.stats.inf) == (1, 1)


@pytest.mark.parametrize("kind", [torch.complex64, torch.float32])
def test_that_what_has_no_order_or_no_values_has_no_statistics(kind: torch.dtype) -> None:
    tensor = torch.zeros(0, 3) if kind == torch.float32 else torch.tensor([1 + 2j, 3j])
    found = MeasureDifference(pair(tensor, tensor * 2))(silent)
    assert found.summary is None
    assert found.difference.count == tensor.numel()


def test_that_a_cancel_is_heard_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation_source, "BLOCK", 4)
    heard: list[int] = []

    def stop(done: int, _total: int, _what: str) -> None:
        heard.append(done)
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        MeasureDifference(pair(ONE, ONE))(stop)
    assert heard == [0, 4]


def test_that_a_source_is_a_value_that_jobs_can_hold() -> None:
    held: dict[Any, int] = {source(ONE).activation: 1, activation("fc"): 2}
    assert list(held.values()) == [2]
