"""``torchloupe diff`` on key lists, checkpoints and targets."""

import json
from pathlib import Path

import pytest
import torch

from cli.playing import KeyListWriter, Play
from torchloupe.cli.diff import is_target
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget

SHAPES = {"conv.weight": (8, 3), "conv.bias": (8,), "fc.weight": (10, 8)}
WRAPPED = {f"module.{key}": shape for key, shape in SHAPES.items()}


def test_that_equal_key_lists_have_status_zero(play: Play, key_list: KeyListWriter) -> None:
    written = play("diff", key_list("a", SHAPES), key_list("b", SHAPES))
    assert (written.status, written.err) == (0, "")
    assert written.out.splitlines() == ["3 matched", "100 % of 112 numbers (448 B) are explained.", "", "no problems"]


def test_that_a_prefix_is_told_once_with_its_repair_and_status_one(play: Play, key_list: KeyListWriter) -> None:
    written = play("diff", key_list("a", SHAPES), key_list("b", WRAPPED))
    assert written.status == 1
    assert written.out.count("error:") == 1
    assert 'fix: {k.removeprefix("module."): v for k, v in state.items()} (tried: it works)' in written.out


def test_that_the_json_holds_rows_mapping_and_counts_and_nothing_else(play: Play, key_list: KeyListWriter) -> None:
    plain = play("diff", key_list("a", SHAPES | {"head.weight": (5,)}), key_list("b", WRAPPED | {"aux": (1,)}), "--json").json
    assert plain.keys() == {"schema", "torchloupe", "command", "problems", "state_dict", "seconds"}
    assert plain["state_dict"]["mapping"] == {f"module.{key}": key for key in SHAPES}
    assert {status: count for status, count in plain["state_dict"]["counts"].items() if count} == {
        "renamed": 3,
        "missing": 1,
        "unexpected": 1,
    }
    rows = {row["status"]: row for row in plain["state_dict"]["rows"]}
    assert rows["missing"] == {"status": "missing", "expected": {"key": "head.weight", "shape": [5], "dtype": "float32"}}
    assert rows["unexpected"] == {"status": "unexpected", "found": {"key": "aux", "shape": [1], "dtype": "float32"}}
    assert rows["renamed"]["how"] == "prefix module."
    assert rows["renamed"]["confidence"] > 0.9


def test_that_what_show_prints_stands_for_the_checkpoint(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    shown = play("show", key_list("a", WRAPPED), "--json").out
    saved = tmp_path / "saved.json"
    saved.write_text(shown)
    assert play("diff", key_list("b", SHAPES), str(saved), "--json").json["state_dict"]["mapping"] == {
        f"module.{key}": key for key in SHAPES
    }


def test_that_a_training_checkpoint_shown_and_saved_still_knows_its_model_part(
    play: Play, key_list: KeyListWriter, tmp_path: Path
) -> None:
    state = {key: torch.zeros(shape) for key, shape in SHAPES.items()}
    torch.save(
        {"model": state, "optimizer": {"state": {0: {"exp_avg": torch.zeros(8, 3)}}, "param_groups": []}}, tmp_path / "ck.pt"
    )
    saved = tmp_path / "saved.json"
    saved.write_text(play("show", str(tmp_path / "ck.pt"), "--json").out)
    for file in (saved, tmp_path / "ck.pt"):
        written = play("diff", key_list("b", SHAPES), str(file), "--json")
        assert written.status == 0
        assert written.json["state_dict"]["counts"]["unexpected"] == 0


def test_that_a_checkpoint_on_the_expected_side_gives_the_mapping_that_fits_the_other(
    play: Play, key_list: KeyListWriter, tmp_path: Path
) -> None:
    tower = {f"layers.{i}.weight": torch.zeros(2) for i in range(9)}
    torch.save(
        {"state_dict": tower, "generator": {key: torch.zeros(shape) for key, shape in SHAPES.items()}}, tmp_path / "gan.pt"
    )
    assert play("diff", str(tmp_path / "gan.pt"), key_list("b", SHAPES)).status == 0


@pytest.mark.parametrize("target", ["model.py", "zoo.nets:Net", "model.py:Net"])
def test_that_a_target_is_constructed_and_its_keys_compared(play: Play, key_list: KeyListWriter, target: str) -> None:
    found = {"fc.weight": (11, 3), "fc.bias": (11,)}
    written = play("diff", target, key_list("b", found), "--args", '{"width": 3}', "--python", "other", "--json")
    assert written.status == 0
    assert written.json["target"]["class"] == "Net"
    (request,) = play.asked(OpenTarget)
    assert (request.target, request.arguments) == (target, {"width": 3})
    assert play.opened_with == [("other", False)]
    assert "parameters" not in written.json


def test_that_a_target_that_cannot_be_constructed_is_told_with_status_two(play: Play, key_list: KeyListWriter) -> None:
    play.script[OpenTarget] = [
        Failed((Problem("construct-failed", "`Net` needs `width`.", hint="Give it.", file="model.py", line=3),))
    ]
    written = play("diff", "model.py", key_list("b", SHAPES))
    assert (written.status, written.out) == (2, "")
    assert "`Net` needs `width`." in written.err
    assert "model.py:3" in written.err


def test_that_both_sides_that_cannot_be_read_are_told(play: Play) -> None:
    written = play("diff", "no-a.pt", "no-b.pt", "--json")
    assert written.status == 2
    assert len(written.json["problems"]) == 2
    assert "state_dict" not in written.json


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a.py", True), ("a.py:Net", True), ("pkg.mod:Net", True), ("weights.pt", False), ("keys.json", False), ("folder/x", False)],
)
def test_that_targets_are_told_from_files(text: str, expected: bool) -> None:
    assert is_target(text) is expected


def test_that_an_existing_file_is_no_target_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run:best").write_text("{}")
    assert not is_target("run:best")


def test_that_a_wall_of_rows_is_cut_and_says_so(play: Play, key_list: KeyListWriter) -> None:
    many = {f"layer{i}x.weight": (2,) for i in range(200)}
    written = play("diff", key_list("a", many | SHAPES), key_list("b", SHAPES))
    assert "… and 140 more differing keys (--json lists all)" in written.out


def test_that_equal_layers_are_one_row(play: Play, key_list: KeyListWriter) -> None:
    many = {f"layers.{i}.weight": (2,) for i in range(200)}
    written = play("diff", key_list("a", many | SHAPES), key_list("b", SHAPES))
    assert "  layers.{0..199}.weight  [2]  missing in b.json ×200\n" in written.out
    assert "200 keys below layers. are missing" in written.out


def test_that_reports_are_written_to_new_files_or_printed(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    sides = key_list("a", SHAPES), key_list("b", WRAPPED)
    page = tmp_path / "r.html"
    printed = play("diff", *sides, "--markdown", "-", "--html", str(page))
    assert printed.out.startswith("# State dict\n\nb.json against a.json: 3 renamed.")
    assert "| renamed | `conv.weight` |" in printed.out
    assert page.read_text().startswith("<!doctype html>")
    again = play("diff", *sides, "--html", str(page))
    assert (again.status, "exists already" in again.err) == (2, True)


def test_that_json_is_one_line_of_pure_ascii(play: Play, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"tensors": [{"key": "größe\x1b[31m", "shape": [1], "dtype": "float32"}]}))
    written = play("diff", str(path), str(path), "--json")
    assert written.out.isascii()
    assert written.json["state_dict"]["mapping"] == {"größe\x1b[31m": "größe\x1b[31m"}


def test_that_two_checkpoints_are_told_by_their_names_and_no_model_is_spoken_of(play: Play, key_list: KeyListWriter) -> None:
    one = key_list("one", {"a": (2,), "b": (3,), "c": (1,)})
    other = key_list("other", {"a": (4,), "b": (3,), "d": (1,)})
    written = play("diff", one, other)
    assert "a is [4] in other.json, [2] in one.json." in written.out
    assert "c is missing in other.json." in written.out
    assert "d is in other.json and not in one.json." in written.out
    assert "Construct" not in written.out
