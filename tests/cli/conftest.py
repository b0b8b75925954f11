"""Fixtures of the command line's tests."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cli.playing import CALLS, REPORT, KeyListWriter, Play, opened
from torchloupe.wire.registration import InspectedModel, InspectModel
from torchloupe.wire.requests import CallsFinished, OpenTarget, RunForward
from torchloupe.wire.steps import RunStep, StepReport


@pytest.fixture
def play() -> Play:
    """A command line whose worker opens a small model and runs it."""
    play = Play()
    play.script = {
        OpenTarget: lambda request: opened(request.target),
        RunForward: [CallsFinished(tuple(CALLS)), REPORT],
        InspectModel: [InspectedModel()],
        RunStep: [StepReport(())],
    }
    return play


@pytest.fixture
def key_list(tmp_path: Path) -> KeyListWriter:
    """Writes a saved key list."""

    def write(name: str, shapes: Mapping[str, Sequence[int]], dtype: str = "float32") -> str:
        tensors = [{"key": key, "shape": list(shape), "dtype": dtype} for key, shape in shapes.items()]
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"tensors": tensors}))
        return str(path)

    return write
