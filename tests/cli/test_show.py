"""``torchloupe show``."""

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
    assert "model_state_dict (state_dict): 2 tensors, 140 B" in lines
    assert any("encoder.layers.0.attention.self.query.projection.weight  [8, 4]  float32  128 B" in line for line in lines)
    assert any(line.split() == ["epoch", "int", "7"] for line in lines)
    assert any("two lines" in line for line in lines)
    assert "  torch._utils._rebuild_tensor_v2" in lines
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
    }
    assert plain["metadata"]["values"]["epoch"] == 7
    assert plain["metadata"]["containers"] == [{"path": "model_state_dict", "kind": "state_dict", "tensors": 2, "bytes": 140}]
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
