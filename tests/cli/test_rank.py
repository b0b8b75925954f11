"""``torchloupe rank``: which of several checkpoints belongs to a model, and which mapping in it."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from cli.playing import TREE, Play, opened
from torchloupe.analysis.diff_rows import KeyEntry
from torchloupe.analysis.fitting import Fit, fit_text, ranked, shapes_alike, verdict
from torchloupe.checkpoints.candidates import checkpoint_files
from torchloupe.wire.errors import CheckpointError
from torchloupe.wire.modules import ModuleTree, ParameterEntry
from torchloupe.wire.requests import OpenTarget

SHAPES = {"conv.weight": (8, 3, 3, 3), "conv.bias": (8,), "fc.weight": (10, 8), "fc.bias": (10,)}
TREE_OF_NET = ModuleTree(
    TREE.modules[:1],
    tuple(
        ParameterEntry(key, key.rpartition(".")[0], "parameter", shape, "float32", "cpu", True, torch.Size(shape).numel(), 4)
        for key, shape in SHAPES.items()
    ),
)


def state(**sizes: int) -> "OrderedDict[str, torch.Tensor]":
    return OrderedDict((key, torch.zeros([sizes.get(f"s{size}", size) for size in shape])) for key, shape in SHAPES.items())


@pytest.fixture
def zoo(tmp_path: Path, play: Play) -> Path:
    """A folder of checkpoints, one of which belongs to the model."""
    play.script[OpenTarget] = lambda request: opened(request.target, tree=TREE_OF_NET)
    folder = tmp_path / "zoo"
    (folder / "below").mkdir(parents=True)
    model, ema = state(), {f"module.{key}": value for key, value in state().items()}
    torch.save({"ema": ema, "model": model, "epoch": 3}, folder / "below" / "right.ckpt")
    torch.save(state(s8=16), folder / "wide.pt")
    torch.save({"tower.kernel": torch.zeros(5, 5)}, folder / "other.pt")
    (folder / "broken.pt").write_text("no checkpoint")
    return folder


def test_that_the_one_that_belongs_comes_first_with_its_container(play: Play, zoo: Path) -> None:
    plain = play("rank", "net.py:Net", str(zoo), "--json").json
    found = [(Path(each["file"]).name, each["container"]) for each in plain["ranked"]]
    assert found[:2] == [("right.ckpt", "model"), ("right.ckpt", "ema")]
    assert {name for name, _ in found[2:]} == {"wide.pt", "other.pt"}
    assert plain["ranked"][0]["explained"] == 1.0
    assert [Path(note.partition(": ")[0]).name for note in plain["notes"]] == ["broken.pt"]


def test_that_a_person_reads_the_ranking_and_a_verdict(play: Play, zoo: Path) -> None:
    told = play("rank", "net.py:Net", str(zoo))
    assert told.status == 0
    lines = told.out.splitlines()
    assert lines[0].startswith("1.  model of right.ckpt  4  100 % explained")
    assert "100 % under another name" in lines[1]
    assert any(line.startswith("not read: ") for line in lines)
    assert lines[-1].startswith("model of right.ckpt belongs to Net, and 1 other fits as well")


def test_that_single_files_can_be_named(play: Play, zoo: Path) -> None:
    told = play("rank", "net.py:Net", str(zoo / "wide.pt"), str(zoo / "other.pt"))
    assert "right.ckpt" not in told.out
    assert told.out.splitlines()[-1] == "None of them belongs to Net."


def test_that_a_folder_without_checkpoints_is_said(play: Play, tmp_path: Path) -> None:
    told = play("rank", "net.py:Net", str(tmp_path))
    assert told.status == 2
    assert "There is no checkpoint in" in told.err


# which files


def test_that_parts_of_a_sharded_checkpoint_and_side_files_stand_for_none(tmp_path: Path) -> None:
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
    names += ["optimizer.pt", "training_args.bin", "config.json", "a.pth", ".hidden.pt", "notes.txt", "b.CKPT"]
    for name in names:
        (tmp_path / name).write_text("")
    assert [file.name for file in checkpoint_files(tmp_path)] == ["a.pth", "b.CKPT", "model.safetensors.index.json"]


def test_that_folders_below_are_looked_into_two_deep_and_links_are_not_followed(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for folder in (deep, deep.parent, deep.parent.parent):
        (folder / "x.pt").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in checkpoint_files(tmp_path)] == ["a/b/x.pt", "a/x.pt"]


def test_that_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint_files(tmp_path / "nowhere")


# how they are weighed


def entries(*shapes: tuple[int, ...]) -> list[KeyEntry]:
    return [KeyEntry(str(number), shape, "float32") for number, shape in enumerate(shapes)]


def test_that_shapes_count_by_their_numbers_and_each_tensor_once() -> None:
    assert shapes_alike(entries((3, 4), (3, 4)), entries((4, 3))) == 0.5
    assert shapes_alike(entries((10, 10), (1,)), entries((10, 10, 1))) == pytest.approx(100 / 101)
    assert shapes_alike([], entries((2,))) == 0.0


def fit(path: str, shapes: float, names: float = 0.0, **more: Any) -> Fit:
    return Fit(path, "", 4, shapes, names, **more)


def test_that_without_a_solved_mapping_the_shapes_decide() -> None:
    fits = ranked([fit("a", 0.2), fit("b", 0.9), fit("c", 0.9, 0.9)])
    assert [each.path for each in fits] == ["c", "b", "a"]
    assert fit_text(fits[0]) == "90 % of the shapes"
    assert verdict(fits[2:], "Net") == "None of them belongs to Net."
    assert verdict(fits[:1], "Net") == "c fits Net best, and not wholly."
    assert verdict([], "Net") == "None of them belongs to Net."
