"""A correct model comes out with no problem, and exactly as it went in."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

MODELS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(8, 16), nn.ReLU(inplace=True), nn.Linear(16, 2)), ("float32[4,8]",)),
    "cnn": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 2)
        ),
        ("float32[2,3,16,16]",),
    ),
    "lstm": (lambda: nn.LSTM(5, 7, num_layers=2, bidirectional=True, batch_first=True), ("float32[2,9,5]",)),
    "lstm with its state": (lambda: nn.LSTM(5, 7), ("float32[9,2,5]",)),
    "transformer": (lambda: nn.Transformer(16, 2, 1, 1, 32, batch_first=True), ("float32[2,5,16]", "float32[2,4,16]")),
    "encoder in eval": (lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval(), ("float32[2,5,16]",)),
    "attention": (lambda: nn.MultiheadAttention(16, 2), ("float32[5,2,16]",) * 3),
    "embedding": (lambda: nn.Embedding(10, 4), ("int64[2,3]<10",)),
    "embedding bag": (lambda: nn.EmbeddingBag(10, 4), ("int64[2,3]<10",)),
    "lazy": (lambda: nn.Sequential(nn.LazyConv1d(4, 3), nn.Flatten(), nn.LazyLinear(2)), ("float32[2,3,9]",)),
    "weight norm": (lambda: parametrizations.weight_norm(nn.Linear(4, 4)), ("float32[2,4]",)),
    "spectral norm": (lambda: parametrizations.spectral_norm(nn.Linear(4, 4)), ("float32[2,4]",)),
    "dropout in train": (lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 4)), ("float32[2,4]",)),
    "shared": (lambda: nn.Sequential(*[nn.Linear(4, 4)] * 3), ("float32[2,4]",)),
    "double": (lambda: nn.Linear(4, 4).double(), ("float64[2,4]",)),
    "half": (lambda: nn.Linear(4, 4).half(), ("float16[2,4]",)),
    "frozen": (lambda: nn.Linear(4, 4).requires_grad_(False), ("float32[2,4]",)),
    "scripted": (lambda: torch.jit.trace(nn.Linear(4, 4), torch.ones(1, 4)), ("float32[2,4]",)),
    "conv transpose": (lambda: nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), ("float32[1,3,5,5]",)),
    "norms": (lambda: nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LayerNorm([6, 6])), ("float32[2,4,6,6]",)),
    "bilinear": (lambda: nn.Bilinear(3, 4, 5), ("float32[2,3]", "float32[2,4]")),
    "cells": (lambda: nn.GRUCell(3, 4), ("float32[2,3]",)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shapes_only", [False, True], ids=["data", "shapes"])
def test_that_a_correct_model_has_no_problem_and_stays_as_it_is(name, shapes_only, context, tmp_path, monkeypatch):
    make, inputs = MODELS[name]
    if shapes_only and name in ("scripted", "lazy"):
        pytest.skip("torch itself runs neither scripted nor lazy modules without data")
    (tmp_path / "target.py").write_text("def make_model():\n    raise AssertionError\n")
    monkeypatch.setattr("torchloupe.worker.handlers.construct", lambda *_: make())
    open_target(context, OpenTarget(str(tmp_path / "target.py")))
    model = context.state["open"].model
    before = {key: value.clone() for key, value in model.state_dict().items() if not nn.parameter.is_lazy(value)}
    report = forward(context, RunForward(inputs, shapes_only=shapes_only))
    assert report.problems == ()
    assert report.state_restored
    after = model.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    assert all(call.status == "done" for call in context.calls)
    assert report.call_count == len(context.calls) >= 1
