"""The bundled example: a checkpoint that can be made again, and that differs from its model in every way it should."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

EXAMPLE = Path(__file__).resolve().parents[2] / "resources/example"
PREFIX = "module."


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    return torch.load(EXAMPLE / "checkpoint.pt", weights_only=True)


def shapes(state_dict: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {key.removeprefix(PREFIX): tuple(tensor.shape) for key, tensor in state_dict.items()}


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Everything in a nest of dicts and lists that is neither, by its path."""
    if isinstance(value, (dict, list, tuple)):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {place: leaf for key, part in parts for place, leaf in leaves(part, f"{path}.{key}").items()}
    return {path: value}


def test_that_the_checkpoint_can_be_made_again(stored: dict[str, Any], tmp_path: Path) -> None:
    again = tmp_path / "again.pt"
    subprocess.run([sys.executable, str(EXAMPLE / "make_checkpoint.py"), str(again)], check=True, capture_output=True)
    made, kept = leaves(torch.load(again, weights_only=True)), leaves(stored)
    assert made.keys() == kept.keys()
    for path, value in kept.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(made[path], value, rtol=0.05, atol=5e-3)  # other processors round otherwise
        else:
            assert made[path] == (pytest.approx(value, rel=0.01) if isinstance(value, float) else value)


def test_that_it_is_a_training_checkpoint_of_a_wrapped_model(stored: dict[str, Any]) -> None:
    assert all(key.startswith(PREFIX) for key in stored["model_state_dict"])
    assert {"epoch", "val_accuracy", "hyper_parameters"} <= stored.keys()
    moments = stored["optimizer_state_dict"]["state"][0]
    assert {"exp_avg", "exp_avg_sq"} <= moments.keys()
    assert moments["exp_avg_sq"].abs().sum() > 0


def test_that_it_is_a_small_file_that_executes_nothing() -> None:
    path = EXAMPLE / "checkpoint.pt"
    assert path.stat().st_size < 2_000_000
    assert zipfile.is_zipfile(path)


def test_that_the_model_of_today_matches_it_lacks_it_and_differs_from_it(stored: dict[str, Any]) -> None:
    found = shapes(stored["model_state_dict"])
    expected = shapes(load("classifier").LetterClassifier().state_dict())
    assert {key for key in found if key in expected and found[key] != expected[key]} == {"head.weight", "head.bias"}
    assert {key.rpartition(".")[0] for key in expected.keys() - found.keys()} == {"block2.bn"}
    assert found.keys() - expected.keys() == {"contrast"}
    assert found["fc1.weight"] == expected["fc1.weight"] == (32, 3136)


def test_that_the_model_of_today_fails_in_fc1_on_its_own_example_inputs() -> None:
    classifier = load("classifier")
    model = classifier.LetterClassifier()
    with pytest.raises(RuntimeError, match=r"\(8x2304 and 3136x32\)"):
        model(*classifier.example_inputs())


def test_that_the_pooling_of_before_makes_the_model_run() -> None:
    classifier = load("classifier")
    model = classifier.LetterClassifier()
    model.block2.pool = torch.nn.MaxPool2d(2)
    assert model(*classifier.example_inputs()).shape == (8, 26)
