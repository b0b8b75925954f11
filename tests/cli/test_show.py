"""``torchloupe show``."""

import os
from pathlib import Path

import pytest
import torch

from cli.playing import Play


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """A training checkpoint with a long key, other values and a doubtful name."""
    state = {"encoder.layers.0.attention.self.query.projection.weight": torch.zeros(8, 4), "head.bias": torch.zeros(3)}
    torch.save({"model_state_dict": state, "epoch": 7, "note": "two\nlines"}, tmp_path / "ck.pt")
    return str(tmp_path / "ck.pt")


def test_that_a_checkpoint_is_shown_with_tensors_values_and_what_pickle_would_import(play: Play, checkpoint: str) -> None:
    written = play("show", checkpoint)
    assert (written.status, written.err) == (0, "")
    lines = written.out.splitlines()
    assert lines[0] == checkpoint
    assert "model_state_dict (the model's state_dict): 2 tensors, 35 numbers, 140 B" in lines
    assert any("encoder.layers.0.attention.self.query.projection.weight  [8, 4]  float32  128 B" in line for line in lines)
    assert any(line.split() == ["epoch", "int", "7"] for line in lines)
    assert any("two lines" in line for line in lines)
    assert any(line.split()[:2] == ["harmless", "torch._utils._rebuild_tensor_v2"] for line in lines)
    assert play.sessions == []


def test_that_lines_fit_a_narrow_terminal_and_both_ends_of_a_key_stay(play: Play, checkpoint: str) -> None:
    lines = play("show", checkpoint, width=50).out.splitlines()
    cut = next(line for line in lines if "…" in line and "encoder" in line)
    assert len(cut) <= 50
    assert "weight" in cut


def test_that_the_json_of_a_checkpoint_names_each_tensor_and_its_container(play: Play, checkpoint: str) -> None:
    plain = play("show", checkpoint, "--json").json
    assert plain.keys() == {"schema", "torchloupe", "command", "problems", "tensors", "metadata", "seconds"}
    assert plain["tensors"][1] == {
        "key": "head.bias",
        "shape": [3],
        "dtype": "float32",
        "bytes": 12,
        "file": None,
        "container": "model_state_dict",
        "stored_at": "data/1",
    }
    assert plain["metadata"]["values"]["epoch"] == 7
    (container,) = plain["metadata"]["containers"]
    assert container == {
        "path": "model_state_dict",
        "kind": "state_dict",
        "tensors": 2,
        "bytes": 140,
        "totals": {"tensors": 2, "numbers": 35, "bytes": 140, "shared": 0},
        "by_prefix": {
            "encoder": {"tensors": 1, "numbers": 32, "bytes": 128, "shared": 0},
            "head": {"tensors": 1, "numbers": 3, "bytes": 12, "shared": 0},
        },
    }
    assert plain["metadata"]["model"] == "model_state_dict"
    assert plain["metadata"]["totals"]["by_dtype"] == {"float32": {"tensors": 2, "numbers": 35, "bytes": 140, "shared": 0}}
    assert plain["seconds"]["read"] >= 0


@pytest.mark.parametrize("content", [None, b"", b"not a checkpoint", b"PK\x03\x04 broken"])
def test_that_a_file_that_cannot_be_read_is_one_sentence_and_a_hint(play: Play, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.pt"
    if content is not None:
        path.write_bytes(content)
    written = play("show", str(path))
    assert (written.status, written.out) == (2, "")
    assert written.err.startswith("error: ")
    assert len(written.err.splitlines()) >= 2
    as_json = play("show", str(path), "--json")
    assert as_json.status == 2
    assert as_json.json["problems"][0]["code"].startswith("checkpoint-")
    assert "tensors" not in as_json.json


def test_that_names_in_a_file_cannot_steer_the_terminal(play: Play, tmp_path: Path) -> None:
    torch.save({"evil\x1b[2Jname": torch.zeros(1), "two\nlines": torch.zeros(1)}, tmp_path / "evil.pt")
    out = play("show", str(tmp_path / "evil.pt")).out
    assert "\x1b" not in out
    assert "evil\\x1b[2Jname" in out
    assert "two\\x0alines" in out


class Evil:
    """Pickles to a call of the shell."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo it ran > /dev/null; exit 7",)


@pytest.fixture
def trained(tmp_path: Path) -> str:
    """Tied weights, a transposed view, an optimizer after two steps in two groups, and a dangerous call."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    groups = [{"params": [model[0].weight]}, {"params": [model[0].bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.5, weight_decay=0.25)
    for _ in range(2):
        model(torch.ones(2, 4)).sum().backward()
        optimizer.step()
    state = {**model.state_dict(), "turned": torch.zeros(3, 2).t(), "count": torch.tensor(5)}
    torch.save({"model": state, "optimizer": optimizer.state_dict(), "evil": Evil()}, tmp_path / "trained.pt")
    return str(tmp_path / "trained.pt")


def test_that_totals_are_by_dtype_and_by_prefix_and_shared_memory_counts_once(play: Play, trained: str) -> None:
    lines = play("show", trained).out.splitlines()
    assert "11 tensors (1 shared, counted once), 69 numbers, 280 B" in lines
    assert "  int64: 1 tensor, 1 number, 8 B" in lines
    assert "model (the model's state_dict): 5 tensors (1 shared, counted once), 27 numbers, 112 B" in lines
    assert any(line.split() == ["0.*", "2", "tensors", "20", "numbers", "80", "B"] for line in lines)


def test_that_each_tensor_says_with_whom_it_shares_and_how_it_lies(play: Play, trained: str) -> None:
    lines = play("show", trained).out.splitlines()
    assert any("1.weight" in line and line.endswith("shares memory with model.0.weight") for line in lines)
    assert any("turned" in line and line.endswith("strides [1, 2]") for line in lines)


def test_that_the_optimizer_shows_groups_and_the_parameter_and_step_of_each_moment(play: Play, trained: str) -> None:
    lines = play("show", trained).out.splitlines()
    group = next(line for line in lines if line.startswith("  param group 1: "))
    assert group.startswith("  param group 1: 1 parameter, lr 0.5, weight_decay 0.0, betas (0.9, 0.999)")
    assert any("state.1.exp_avg_sq" in line and line.endswith("of 0.bias, step 2") for line in lines)


def test_that_names_have_a_verdict_the_dangerous_ones_first(play: Play, trained: str) -> None:
    lines = play("show", trained).out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Loading this file with pickle would import"))
    assert lines[start].endswith("none of them was called here:")
    assert lines[start + 1].split()[:2] == ["dangerous", f"{os.system.__module__}.system"]
    assert lines[start + 1].endswith("A call that runs programs.")
    assert all(line.split()[0] == "harmless" for line in lines[start + 2 : start + 4])


def test_that_the_json_says_all_that_as_well(play: Play, trained: str) -> None:
    plain = play("show", trained, "--json").json
    tensors = {(each["container"], each["key"]): each for each in plain["tensors"]}
    assert tensors["model", "1.weight"]["shares_memory_with"] == ["model.0.weight"]
    assert tensors["model", "turned"]["strides"] == [1, 2]
    moment = tensors["optimizer", "state.1.exp_avg"]
    assert (moment["parameter"], moment["step"]) == ("0.bias", 2.0)
    assert [group["settings"]["weight_decay"] for group in plain["metadata"]["param_groups"]] == [0.25, 0.0]
    first = plain["metadata"]["names"][0]
    assert (first["verdict"], first["reason"]) == ("dangerous", "A call that runs programs.")
    assert {each["name"] for each in plain["metadata"]["names"]} == set(plain["metadata"]["globals"])


def test_that_a_file_without_tensors_has_no_model(play: Play, tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / "empty.pt")
    plain = play("show", str(tmp_path / "empty.pt"), "--json").json
    assert plain["metadata"]["model"] is None
    assert plain["metadata"]["totals"] == {"tensors": 0, "numbers": 0, "bytes": 0, "shared": 0, "by_dtype": {}}


def test_that_very_many_prefixes_are_cut(play: Play, tmp_path: Path) -> None:
    state = {f"block{number}.{name}": torch.zeros(1) for number in range(50) for name in ("weight", "bias")}
    torch.save(state, tmp_path / "many.pt")
    assert "  … and 10 more prefixes" in play("show", str(tmp_path / "many.pt")).out.splitlines()


def test_that_tensors_of_no_known_kind_are_called_weights_where_they_are_the_models(play: Play, tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "plain.pt")
    assert "(the model's weights): 1 tensor, 2 numbers, 8 B" in play("show", str(tmp_path / "plain.pt")).out.splitlines()
