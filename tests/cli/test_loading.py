"""``--load``: values of the checkpoint go into the model, and the report says exactly which."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cli.playing import TREE, Play, opened
from torchloupe.__main__ import main
from torchloupe.wire.loading import LOADED, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from torchloupe.wire.modules import ModuleEntry
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import Initialisation, RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import Failed, OpenTarget, Progress, RunForward

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)


def example_inputs():
    return (torch.ones(2, 3),)
"""
SHAPES = {"fc.weight": (11, 3), "fc.bias": (11,)}
PART = {"fc.weight": (11, 3)}
COMMANDS = ("run", "check", "tree")


def answer(request: LoadCheckpoint) -> LoadedCheckpoint:
    keys = tuple(LoadedKey(key, LOADED, tensor.key) for key, tensor in zip(request.keys, request.contents.tensors, strict=True))
    return LoadedCheckpoint(request.contents.path, (*keys, *request.left_out), True, request.container, 176, 0.01)


@pytest.fixture
def loading(play: Play) -> Play:
    """A worker that loads whatever it is asked to."""
    play.script[LoadCheckpoint] = lambda request: [Progress(1, 2, "loading fc.weight"), answer(request)]
    return play


@pytest.mark.parametrize("command", COMMANDS)
def test_that_a_command_loads_before_it_runs_and_says_so(loading: Play, key_list: Any, command: str) -> None:
    written = loading(command, "model.py", "--checkpoint", key_list("a", PART), "--load", "--json")
    loaded = written.json["loaded"]
    assert loaded["text"].startswith("1 of 2 tensors loaded and verified; 1 stays as constructed: fc.bias (missing")
    assert loaded["counts"] == {"loaded": 1, "missing": 1}
    kinds = [type(message) for message in loading.sessions[-1].asked]
    assert kinds.index(LoadCheckpoint) == kinds.index(OpenTarget) + 1
    assert "load" in written.json["seconds"]
    assert command == "tree" or kinds.index(LoadCheckpoint) < kinds.index(RunForward)


@pytest.mark.parametrize("command", COMMANDS)
def test_that_nothing_is_loaded_unasked(loading: Play, key_list: Any, command: str) -> None:
    written = loading(command, "model.py", "--checkpoint", key_list("a", SHAPES), "--json")
    assert "loaded" not in written.json
    assert loading.asked(LoadCheckpoint) == []


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--load", "--load-transposed"])
def test_that_loading_needs_a_checkpoint(loading: Play, command: str, option: str) -> None:
    written = loading(command, "model.py", option)
    assert written.status == 2
    assert "Name it: --checkpoint FILE." in written.err
    assert loading.sessions == []


def test_that_the_text_of_a_run_says_what_was_loaded_or_that_nothing_was(loading: Play, key_list: Any) -> None:
    file = key_list("a", PART)
    assert "1 of 2 tensors loaded and verified" in loading("run", "model.py", "--checkpoint", file, "--load").out
    out = loading("run", "model.py", "--checkpoint", file).out
    assert "Run with weights as constructed: --load takes those of the checkpoint." in out
    assert "weights" not in loading("run", "model.py").out


def test_that_a_transposed_matrix_is_loaded_only_when_that_is_said(loading: Play, key_list: Any) -> None:
    file = key_list("a", {**SHAPES, "fc.weight": (3, 11)})
    loading("run", "model.py", "--checkpoint", file, "--load")
    loading("run", "model.py", "--checkpoint", file, "--load", "--load-transposed")
    assert [request.keys for request in loading.asked(LoadCheckpoint)] == [("fc.bias",), ("fc.weight", "fc.bias")]


def test_that_keys_are_compared_once_and_told_once(loading: Play, key_list: Any) -> None:
    written = loading("run", "model.py", "--checkpoint", key_list("a", {"x": (1,)}), "--load", "--json")
    codes = [problem["code"] for problem in written.json["problems"]]
    assert codes.count("checkpoint-nothing-loaded") == 1
    assert written.status == 1
    assert written.json["loaded"]["strict"] is False


def test_that_dropout_in_train_mode_is_a_remark_and_no_error(loading: Play, key_list: Any) -> None:
    drop = ModuleEntry("drop", "Dropout", 0, 0, 0, True, "p=0.5, inplace=False")
    tree = replace(TREE, modules=(*TREE.modules, drop))
    loading.script[OpenTarget] = lambda request: opened(request.target, tree=tree)
    written = loading("check", "model.py", "--checkpoint", key_list("a", SHAPES), "--load", "--json")
    severities = {problem["code"]: problem["severity"] for problem in written.json["problems"]}
    assert severities["checkpoint-train-mode"] == "info"
    assert written.status == 0


def test_that_a_load_which_fails_ends_the_command(loading: Play, key_list: Any) -> None:
    loading.script[LoadCheckpoint] = [Failed((Problem("checkpoint-unreadable", "It has changed.", hint="Open it again."),))]
    written = loading("run", "model.py", "--checkpoint", key_list("a", SHAPES), "--load")
    assert written.status == 2
    assert "It has changed." in written.err
    assert loading.asked(RunForward) == []


def test_that_a_checkpoint_which_cannot_be_read_ends_the_command(loading: Play, tmp_path: Path) -> None:
    written = loading("run", "model.py", "--checkpoint", str(tmp_path / "gone.pt"), "--load")
    assert written.status == 2
    assert loading.asked(LoadCheckpoint) == []


def test_that_a_conversion_and_a_refusal_are_in_the_json(loading: Play, key_list: Any) -> None:
    keys = (
        LoadedKey("fc.weight", LOADED, "fc.weight", "", "float64", 4),
        LoadedKey("fc.bias", "refused", "fc.bias", "it is sparse"),
    )
    loading.script[LoadCheckpoint] = [LoadedCheckpoint("/a.pt", keys, True)]
    written = loading("check", "model.py", "--checkpoint", key_list("a", SHAPES), "--load", "--json")
    assert written.json["loaded"]["tensors"] == [
        {"key": "fc.weight", "status": "loaded", "found": "fc.weight", "stored": "float64", "changed": 4},
        {"key": "fc.bias", "status": "refused", "found": "fc.bias", "reason": "it is sparse"},
    ]
    assert "checkpoint-not-loaded" in [problem["code"] for problem in written.json["problems"]]


def test_that_the_tree_is_that_of_the_model_after_loading(loading: Play, key_list: Any) -> None:
    keys = (LoadedKey("fc.weight", LOADED, "fc.weight"),)
    grown = type(TREE)(TREE.modules[:1], TREE.parameters[:1])
    loading.script[LoadCheckpoint] = [LoadedCheckpoint("/a.pt", keys, True, tree=grown)]
    written = loading("tree", "model.py", "--checkpoint", key_list("a", SHAPES), "--load", "--json")
    assert [each["key"] for each in written.json["parameters"]] == ["fc.weight"]


def test_that_the_tree_calls_loaded_values_so(loading: Play, key_list: Any) -> None:
    loading.script[RecogniseInitialisation] = [RecognisedInitialisation((Initialisation("fc.weight", "loaded, zeros"),))]
    written = loading("tree", "model.py", "--checkpoint", key_list("a", SHAPES), "--load", "--initialisation")
    assert "loaded, zeros" in written.out


@pytest.mark.parametrize(("python", "is_elsewhere"), [("ssh host python3", True), ("/usr/bin/python3", False)])
def test_that_a_worker_on_another_machine_reads_its_own_file(
    loading: Play, key_list: Any, python: str, is_elsewhere: bool
) -> None:
    loading("run", "model.py", "--checkpoint", key_list("a", SHAPES), "--load", "--python", python)
    (request,) = loading.asked(LoadCheckpoint)
    assert (request.contents.stamps == ()) is is_elsewhere


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, dict[str, torch.Tensor]]:
    """A file with a small model; values for it."""
    (tmp_path / "model.py").write_text(MODEL)
    torch.manual_seed(9)
    return str(tmp_path / "model.py"), {f"fc.{key}": value for key, value in nn.Linear(3, 2).state_dict().items()}


def test_that_a_real_worker_runs_with_the_values_of_the_file(
    files: tuple[str, dict[str, torch.Tensor]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, state = files
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "a.pt")
    status = main(["run", model, "--checkpoint", str(tmp_path / "a.pt"), "--load", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert status == 1  # load_state_dict would refuse the prefix
    assert report["loaded"]["text"] == "All 2 tensors are loaded and verified."
    assert report["loaded"]["container"] == "state_dict"
    expected = nn.functional.linear(torch.ones(2, 3), state["fc.weight"], state["fc.bias"])
    (root,) = [call for call in report["calls"] if call["module"] == ""]
    assert root["stats"][0]["mean"] == pytest.approx(expected.mean().item(), rel=1e-5)
