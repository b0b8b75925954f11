"""Saved key lists stand for a checkpoint."""

import json
from dataclasses import asdict

import torch

from torchloupe.checkpoints import read_contents


def _written(tmp_path, value):
    (tmp_path / "keys.json").write_text(json.dumps(value), encoding="utf-8")
    return read_contents(tmp_path / "keys.json")


def test_that_a_list_of_keys_is_read(tmp_path):
    contents = _written(tmp_path, {"tensors": [{"key": "a.weight", "shape": [2, 3], "dtype": "float16"}]})
    (row,) = contents.tensors
    assert (row.key, row.shape, row.dtype, row.bytes, row.container) == ("a.weight", (2, 3), "float16", 12, "")
    assert (contents.format, contents.problems) == ("key list", ())


def test_that_other_spellings_of_a_dtype_are_understood(tmp_path):
    entries = [
        {"key": "a", "shape": [1], "dtype": "torch.float"},
        {"key": "b", "shape": [1], "dtype": "half"},
        {"key": "c", "shape": []},
    ]
    assert [row.dtype for row in _written(tmp_path, {"tensors": entries}).tensors] == ["float32", "float16", "?"]


def test_that_what_was_shown_can_be_read_back(tmp_path):
    torch.save({"model": torch.nn.Linear(2, 3).state_dict(), "epoch": 3}, tmp_path / "a.pt")
    shown = read_contents(tmp_path / "a.pt")
    tensors = [
        {name: asdict(row)[name] for name in ("key", "shape", "dtype", "bytes", "file", "container")} for row in shown.tensors
    ]
    metadata = {value.path: value.value for value in shown.values}
    again = _written(tmp_path, {"schema": 1, "command": "show", "tensors": tensors, "metadata": metadata})
    assert [(row.container, row.key, row.shape, row.dtype) for row in again.tensors] == [
        (row.container, row.key, row.shape, row.dtype) for row in shown.tensors
    ]
    assert {value.path: value.value for value in again.values} == {"epoch": 3}


def test_that_a_wrong_shape_is_marked_and_not_fatal(tmp_path):
    entries = [{"key": "a", "shape": "2x3", "dtype": "float32"}, {"key": "b", "shape": [-1], "dtype": "float32"}, {"key": "c"}]
    contents = _written(tmp_path, {"tensors": entries})
    assert all(row.broken for row in contents.tensors)
    assert [problem.data["count"] for problem in contents.problems] == [3]


def test_that_an_empty_list_has_no_tensors(tmp_path):
    assert _written(tmp_path, {"tensors": []}).tensors == ()


def test_that_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"tensors": []}), encoding="utf-8-sig")
    assert read_contents(tmp_path / "keys.json").format == "key list"
