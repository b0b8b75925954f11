"""``convert``: the state_dict of a checkpoint in a new file."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cli.playing import Play
from torchloupe.cli import convert


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A training checkpoint of a model that was wrapped."""
    torch.manual_seed(0)
    weight = torch.randn(4, 3)
    state = {"module.fc.weight": weight, "module.fc.bias": torch.randn(4).bfloat16(), "module.tied": weight}
    torch.save({"model": state, "epoch": 3}, tmp_path / "a.pt")
    return str(tmp_path / "a.pt")


def state_of(source: str) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(source, weights_only=True)["model"]
    return state


def test_that_a_state_dict_is_written_without_its_prefix(play: Play, source: str, tmp_path: Path) -> None:
    done = play("convert", source, str(tmp_path / "b.safetensors"), "--strip", "module")
    assert done.status == 0
    assert done.out.splitlines() == [
        f"Wrote 3 tensors of model, 104 B, bit for bit as they were, to {tmp_path / 'b.safetensors'}.",
        "3 keys renamed, such as module.fc.weight to fc.weight.",
        "No longer in the memory of another one, which safetensors does not have: 1 tensor.",
        "Not in this state_dict and left out: 1 other value.",
    ]
    found = load_file(tmp_path / "b.safetensors")
    expected = {key.removeprefix("module."): tensor for key, tensor in state_of(source).items()}
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())
    assert play.sessions == []


@pytest.mark.parametrize("name", ["b.pt", "b.pth", "b.ckpt", "b.bin"])
def test_that_a_torch_file_is_written_by_any_of_its_suffixes(play: Play, source: str, tmp_path: Path, name: str) -> None:
    plain = play("convert", source, str(tmp_path / name), "--add", "net", "--json").json
    assert plain["written"] == {
        "file": str(tmp_path / name),
        "format": "torch zip",
        "tensors": 3,
        "bytes": 56,
        "container": "model",
        "renamed": {key: f"net.{key}" for key in state_of(source)},
        "shared": 1,
        "repeated": 0,
    }
    found = torch.load(tmp_path / name, weights_only=True)
    assert list(found) == [f"net.{key}" for key in state_of(source)]
    assert found["net.module.tied"].data_ptr() == found["net.module.fc.weight"].data_ptr()
    assert {"read", "write"} <= plain["seconds"].keys()


def test_that_keys_are_renamed_one_by_one_and_by_a_file(play: Play, source: str, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(json.dumps({"module.fc.weight": "w", "module.fc.bias": "from the file"}))
    words = ["--mapping", str(tmp_path / "map.json"), "--rename", "module.fc.bias=b=c", "--rename", "module.tied=t"]
    assert play("convert", source, str(tmp_path / "b.pt"), *words).status == 0
    assert list(torch.load(tmp_path / "b.pt", weights_only=True)) == ["w", "b=c", "t"]


def test_that_what_diff_prints_is_a_mapping(play: Play, source: str, tmp_path: Path) -> None:
    expected = {key.replace("module.", "net."): tensor for key, tensor in state_of(source).items()}
    torch.save(expected, tmp_path / "expected.pt")
    diff = play("diff", str(tmp_path / "expected.pt"), source, "--json")
    (tmp_path / "diff.json").write_text(diff.out)
    assert play("convert", source, str(tmp_path / "b.pt"), "--mapping", str(tmp_path / "diff.json")).status == 0
    assert torch.load(tmp_path / "b.pt", weights_only=True).keys() == expected.keys()
    same = play("diff", str(tmp_path / "expected.pt"), str(tmp_path / "b.pt"), "--values", "--json").json
    assert same["state_dict"]["counts"]["matched"] == 3
    assert [row["values"]["max_abs"] for row in same["state_dict"]["rows"]] == [0, 0, 0]


def test_that_the_key_list_of_show_stands_for_the_file(play: Play, source: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(play("show", source, "--json").out)
    counts = play("diff", str(tmp_path / "keys.json"), source, "--json").json["state_dict"]["counts"]
    assert {status: count for status, count in counts.items() if count} == {"matched": 3}
    refused = play("convert", str(tmp_path / "keys.json"), str(tmp_path / "b.pt"))
    assert refused.status == 2
    assert "do not lie in the file" in refused.err


def test_that_nothing_is_replaced_unless_it_is_said(play: Play, source: str, tmp_path: Path) -> None:
    goal = tmp_path / "b.pt"
    goal.write_text("mine")
    refused = play("convert", source, str(goal))
    assert (refused.status, goal.read_text()) == (2, "mine")
    assert "exists already" in refused.err
    assert "--overwrite" in refused.err
    assert play("convert", source, str(goal), "--overwrite").status == 0
    assert len(torch.load(goal, weights_only=True)) == 3


def test_that_the_source_is_never_written(play: Play, source: str) -> None:
    before = Path(source).read_bytes()
    refused = play("convert", source, source, "--overwrite", "--json")
    assert refused.status == 2
    assert "is read for this" in refused.json["problems"][0]["message"]
    assert Path(source).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["b.pt", "--container", "ema"], "There is no container 'ema'"),
        (["b.pt", "--strip", "net"], "No key begins with net."),
        (["b.pt", "--rename", "nix=a"], "There is no key nix to rename"),
        (["b.pt", "--rename", "module.tied=module.fc.bias"], "would both be called module.fc.bias"),
        (["b.pt", "--rename", "=a"], "--rename =a is not OLD=NEW."),
        (["b.pt", "--rename", "module.tied"], "is not OLD=NEW."),
        (["b.pt", "--mapping", "nowhere.json"], "nowhere.json cannot be read: No such file"),
        (["b.pt", "--mapping", "a.pt"], "a.pt is not JSON."),
        (["b.onnx"], "b.onnx does not say a format"),
        (["b"], "does not say a format"),
        (["nowhere/b.pt"], "cannot be written: No such file"),
    ],
)
def test_that_what_cannot_be_done_is_one_sentence_and_leaves_nothing(
    play: Play, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = play("convert", source, *words)
    assert refused.status == 2
    assert sentence in refused.err
    assert "Traceback" not in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_that_a_source_that_is_no_checkpoint_is_one_sentence(play: Play, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    assert play("convert", str(tmp_path / "a.txt"), str(tmp_path / "b.pt")).status == 2


def test_that_ctrl_c_leaves_nothing(play: Play, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(convert.ProgressLine, "__call__", stop)
    cancelled = play("convert", source, str(tmp_path / "b.pt"))
    assert cancelled.status == 130
    assert "Cancelled." in cancelled.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]
