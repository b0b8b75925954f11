"""``torchloupe diff`` on keys that are called otherwise: the mapping, files that hold one, the code that repeats it."""

import json
from pathlib import Path

import pytest
import torch

from cli.playing import KeyListWriter, Play

HALF = {"self_attn.q_proj": (8, 8), "self_attn.o_proj": (8, 8), "mlp.up_proj": (24, 8), "mlp.down_proj": (8, 24)}
NAMES = {"self_attn.q_proj": "attention.wq", "self_attn.o_proj": "attention.wo", "mlp.up_proj": "ff.w1", "mlp.down_proj": "ff.w2"}
MODEL = {f"model.layers.{number}.{part}.weight": shape for number in range(3) for part, shape in HALF.items()}
STORED = {f"layers.{number}.{NAMES[part]}.weight": shape for number in range(3) for part, shape in HALF.items()}
PAIRS = dict(zip(STORED, MODEL, strict=True))
TOWERS = {f"{tower}.{number}.fc.weight": (6, 6) for tower in ("one", "two") for number in range(3)}
OTHERS = {key.replace("one", "red").replace("two", "tan").replace("fc", "lin"): shape for key, shape in TOWERS.items()}


def test_that_the_whole_mapping_is_in_the_json(play: Play, key_list: KeyListWriter) -> None:
    plain = play("diff", key_list("a", MODEL), key_list("b", STORED), "--json").json
    assert plain["state_dict"]["mapping"] == PAIRS
    assert {row["status"] for row in plain["state_dict"]["rows"]} == {"renamed"}
    assert all(row["how"] and 0.5 < row["confidence"] <= 1 for row in plain["state_dict"]["rows"])
    assert [problem["code"] for problem in plain["problems"]] == ["checkpoint-renamed"]


def test_that_a_person_reads_rules_and_not_a_list_of_keys(play: Play, key_list: KeyListWriter) -> None:
    written = play("diff", key_list("a", MODEL), key_list("b", STORED))
    assert written.status == 1
    assert written.out.startswith("12 renamed\n")
    assert '"layers.#.attention.wq" is "model.layers.#.self_attn.q_proj" (3 keys)' in written.out
    assert written.out.count("error:") == 1


def test_that_the_code_is_printed_and_makes_the_keys_fit(play: Play, key_list: KeyListWriter) -> None:
    sides = key_list("a", MODEL), key_list("b", STORED)
    assert "state = {rename(key): value for key, value in state.items()}" in play("diff", *sides, "--code").out
    held = {"state": {key: torch.zeros(shape) for key, shape in STORED.items()}}
    exec(play("diff", *sides, "--code", "--json").json["code"], held)  # type: ignore[arg-type]  # exec wants a dict of objects
    assert list(held["state"]) == list(MODEL)


def test_that_a_written_mapping_is_read_by_diff_and_by_convert(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    held = tmp_path / "pairs.json"
    sides = key_list("a", MODEL), key_list("b", STORED)
    play("diff", *sides, "--map-out", str(held))
    assert json.loads(held.read_text()) == PAIRS
    again = play("diff", *sides, "--map", str(held), "--json").json
    assert {row["how"] for row in again["state_dict"]["rows"]} == {"given"}
    stored, goal = tmp_path / "stored.pt", tmp_path / "goal.pt"
    torch.save({key: torch.zeros(shape) for key, shape in STORED.items()}, stored)
    assert play("convert", str(stored), str(goal), "--mapping", str(held)).status == 0
    assert list(torch.load(goal)) == list(MODEL)


def test_that_an_existing_mapping_is_never_written_over(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    held = tmp_path / "pairs.json"
    held.write_text("{}")
    written = play("diff", key_list("a", MODEL), key_list("b", STORED), "--map-out", str(held))
    assert written.status == 2
    assert "exists already" in written.err
    assert held.read_text() == "{}"


def test_that_a_given_choice_settles_which_tower_is_which(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    sides = key_list("a", TOWERS), key_list("b", OTHERS)
    free = play("diff", *sides, "--json").json["state_dict"]
    assert {row["confidence"] for row in free["rows"]} == {0.5}
    held = tmp_path / "choice.json"
    choice = {f"tan.{number}.lin.weight": f"one.{number}.fc.weight" for number in range(3)}
    held.write_text(json.dumps(choice))
    settled = play("diff", *sides, "--map", str(held), "--json").json["state_dict"]
    assert settled["mapping"] == choice | {f"red.{number}.lin.weight": f"two.{number}.fc.weight" for number in range(3)}


def test_that_a_mapping_of_keys_that_are_not_there_is_refused(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    held = tmp_path / "wrong.json"
    held.write_text('{"nowhere.weight": "model.layers.0.mlp.up_proj.weight"}')
    written = play("diff", key_list("a", MODEL), key_list("b", STORED), "--map", str(held))
    assert written.status == 2
    assert "does not have: nowhere.weight" in written.err


def test_that_a_mapping_that_is_no_json_is_refused(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    held = tmp_path / "wrong.json"
    held.write_text("a=b")
    for path, words in ((held, "is not JSON"), (tmp_path / "absent.json", "cannot be read")):
        written = play("diff", key_list("a", MODEL), key_list("b", STORED), "--map", str(path))
        assert written.status == 2
        assert words in written.err


# bad input


def test_that_two_files_with_nothing_in_common_get_no_mapping(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    other = key_list("b", {f"tower{n}.kernel": (n + 3, 77) for n in range(9)})
    written = play("diff", key_list("a", MODEL), other, "--map-out", str(tmp_path / "m.json"), "--json")
    assert written.json["state_dict"]["mapping"] == {} == json.loads((tmp_path / "m.json").read_text())
    assert [problem["code"] for problem in written.json["problems"]] == ["checkpoint-nothing-loaded"]
    assert written.status == 1


@pytest.mark.parametrize("empty", ["a", "b"])
def test_that_an_empty_side_is_said_and_nothing_breaks(play: Play, key_list: KeyListWriter, empty: str) -> None:
    sides = [key_list(name, {} if name == empty else MODEL) for name in ("a", "b")]
    written = play("diff", *sides, "--code", "--markdown", "-")
    assert written.status == 1
    assert f"12 {'unexpected' if empty == 'a' else 'missing'}" in written.out


def test_that_a_key_that_is_there_twice_counts_once_and_is_told(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    twice = [{"key": "fc.weight", "shape": [2], "dtype": "float32"}] * 2
    path = tmp_path / "twice.json"
    path.write_text(json.dumps({"tensors": twice}))
    written = play("diff", key_list("a", {"fc.weight": (2,)}), str(path), "--json")
    if written.status == 2:  # a reader may refuse it as well
        assert "fc.weight" in json.dumps(written.json["problems"])
    else:
        assert written.json["state_dict"]["counts"]["matched"] == 1


def test_that_two_equal_towers_are_said_to_be_a_choice(play: Play, key_list: KeyListWriter) -> None:
    written = play("diff", key_list("a", TOWERS), key_list("b", OTHERS))
    assert "in more than one way" in written.out
    assert "0 % of 216 numbers (0 B of 864 B) are explained: 100 % uncertain." in written.out


def test_that_a_left_out_key_stays_out(play: Play, key_list: KeyListWriter, tmp_path: Path) -> None:
    held = tmp_path / "choice.json"
    held.write_text(json.dumps({next(iter(PAIRS)): None}))
    told = play("diff", key_list("a", MODEL), key_list("b", STORED), "--map", str(held), "--json").json["state_dict"]
    assert next(iter(PAIRS)) not in told["mapping"]
    assert len(told["mapping"]) == 11


def test_that_another_container_can_be_compared_and_those_that_fit_too_are_named(play: Play, tmp_path: Path) -> None:
    state = {key: torch.zeros(shape) for key, shape in {"fc.weight": (11, 3), "fc.bias": (11,)}.items()}
    path = tmp_path / "a.pt"
    torch.save({"model": state, "ema": {f"m.{key}": value for key, value in state.items()}, "other": {"x": torch.ones(2)}}, path)
    plain = play("diff", "net.py:Net", str(path), "--json").json
    assert plain["containers"] == {"compared": "model", "fitting_too": ["ema"]}
    assert "Compared with model; ema fits as well." in play("diff", "net.py:Net", str(path)).out
    ema = play("diff", "net.py:Net", str(path), "--container", "ema", "--json").json
    assert ema["state_dict"]["counts"]["renamed"] == 2
    refused = play("diff", "net.py:Net", str(path), "--container", "nowhere")
    assert "There is no container 'nowhere' with tensors." in refused.err
