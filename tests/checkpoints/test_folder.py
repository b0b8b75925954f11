"""Listing a folder, and what its files mean together."""

import pytest

from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.folder import open_folder
from torchloupe.wire.errors import CheckpointError


def test_that_names_are_sorted_and_nothing_inside_is_opened(tmp_path):
    for name in ("b.pt", "a.safetensors", "c"):
        (tmp_path / name).mkdir()
    folder = open_folder(tmp_path)
    assert folder.names == ("a.safetensors", "b.pt", "c")
    assert folder.files(".pt", ".safetensors") == ["a.safetensors", "b.pt"]
    assert folder.name == tmp_path.name


def test_that_a_folder_that_is_gone_gets_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be listed: No such file"):
        open_folder(tmp_path / "gone")


def test_that_the_root_has_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"is a folder without a checkpoint"):
        read_contents(".")


@pytest.mark.parametrize("names", [["a.pt", "b.pt"], ["x.onnx", "x.gguf"], ["one.ckpt", "two.ckpt", "three.ckpt"]])
def test_that_several_models_without_a_rule_are_named(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CheckpointError) as caught:
        read_contents(tmp_path)
    assert all(name in str(caught.value) for name in names)
    assert caught.value.hint == "Open one of these files."
