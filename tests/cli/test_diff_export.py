"""``torchloupe diff --export``: the new file, the printed code and the loading give the same tensors, and what is dropped is said."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from cli.playing import TREE, Play, opened
from torchloupe.wire.modules import ModuleTree, ParameterEntry
from torchloupe.wire.requests import OpenTarget

State = dict[str, torch.Tensor]
WIDTH, LAYERS = 6, 3


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape)


def pytorch_state() -> State:
    """A small transformer as the model has it."""
    state: State = {"embed.weight": random(11, WIDTH), "stem.weight": random(4, 3, 5, 5)}
    for number in range(LAYERS):
        place = f"blocks.{number}."
        for part in "qkv":
            state |= {f"{place}attn.{part}_proj.weight": random(WIDTH, WIDTH), f"{place}attn.{part}_proj.bias": random(WIDTH)}
        state |= {f"{place}attn.out.weight": random(WIDTH, WIDTH), f"{place}attn.out.bias": random(WIDTH)}
        state |= {f"{place}mlp.up.weight": random(4 * WIDTH, WIDTH), f"{place}mlp.down.weight": random(WIDTH, 4 * WIDTH)}
        state |= {f"{place}norm.weight": random(WIDTH), f"{place}norm.bias": random(WIDTH)}
    return state | {"head.weight": random(11, WIDTH)}


def joined(state: State, axis: int = 0) -> State:
    """The same with q, k and v in one tensor, under other names."""
    other: State = {}
    for key, value in state.items():
        name = key.replace("blocks.", "h.").replace(".mlp.", ".ffn.")
        if ".q_proj." in key:
            parts = [state[key.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            other[name.replace(".q_proj.", ".qkv.")] = torch.cat(parts, dim=axis if parts[0].dim() > 1 else 0)
        elif not (".k_proj." in key or ".v_proj." in key):
            other[name] = value
    return other


def turned(state: State) -> State:
    """The same with every matrix of the layers transposed and the convolution as Keras has it."""
    other = {key: value.t().contiguous() if value.dim() == 2 and "." in key[5:-7] else value for key, value in state.items()}
    return other | {"stem.weight": state["stem.weight"].permute(2, 3, 1, 0).contiguous()}


MODEL = pytorch_state()
PAIRS = {
    "split": (MODEL, joined(MODEL)),
    "fused": (joined(MODEL), MODEL),
    "turned": (MODEL, turned(MODEL)),
    "nothing": (MODEL, {f"module.{key}": value for key, value in MODEL.items()}),
    "dropped": (MODEL, {**joined(MODEL), "ema.decay": random(1), "queue": random(13, 17)}),
}


def same(one: State, other: State) -> bool:
    return list(one) == list(other) and all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.fixture
def sides(tmp_path: Path, request: Any) -> tuple[str, str, State]:
    """Files of a model's state_dict and of a checkpoint, and what the first of them holds."""
    wanted, have = PAIRS[request.param]
    torch.save({key: torch.zeros_like(value) for key, value in wanted.items()}, tmp_path / "a.pt")
    torch.save(have, tmp_path / "b.pt")
    return str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), wanted


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("sides", list(PAIRS), indirect=True)
def test_that_the_new_file_has_the_tensors_of_the_model(
    play: Play, sides: tuple[str, str, State], tmp_path: Path, suffix: str
) -> None:
    goal = tmp_path / f"new{suffix}"
    written = play("diff", sides[0], sides[1], "--export", str(goal), "--json").json["written"]
    new = torch.load(goal, weights_only=True) if suffix == ".pt" else load_file(goal)
    assert same({key: new[key] for key in sides[2]}, sides[2])
    assert len(new) == len(sides[2]) == written["tensors"]


@pytest.mark.parametrize("sides", list(PAIRS), indirect=True)
def test_that_the_code_gives_the_same_state_dict(play: Play, sides: tuple[str, str, State]) -> None:
    held: dict[str, Any] = {"state": torch.load(sides[1], weights_only=True)}
    exec(play("diff", sides[0], sides[1], "--code", "--json").json["code"], held)
    assert same({key: held["state"][key] for key in sides[2]}, sides[2])
    assert held["state"].keys() == sides[2].keys()


@pytest.mark.parametrize("sides", ["turned"], indirect=True)
def test_that_square_matrices_turn_with_their_siblings_and_tables_stay(play: Play, sides: tuple[str, str, State]) -> None:
    rows = play("diff", sides[0], sides[1], "--json").json["state_dict"]["rows"]
    status = {row["expected"]["key"]: row["status"] for row in rows}
    assert status["blocks.0.attn.q_proj.weight"] == status["blocks.0.mlp.up.weight"] == "transposed"
    assert status["embed.weight"] == status["head.weight"] == "matched"
    assert status["stem.weight"] == "reshaped"


@pytest.mark.parametrize("sides", ["dropped"], indirect=True)
def test_that_what_is_dropped_is_named(play: Play, sides: tuple[str, str, State], tmp_path: Path) -> None:
    told = play("diff", sides[0], sides[1], "--export", str(tmp_path / "new.pt"))
    assert "Not written, no place in the model: ema.decay, queue." in told.out
    again = play("diff", sides[0], sides[1], "--export", str(tmp_path / "again.pt"), "--json").json["written"]
    assert again["dropped"] == {"ema.decay": "no place in the model", "queue": "no place in the model"}
    assert set(again["how"].values()) == {"cut out"}
    assert again["missing"] == []


@pytest.mark.parametrize("sides", ["split"], indirect=True)
def test_that_a_file_is_never_written_over(play: Play, sides: tuple[str, str, State], tmp_path: Path) -> None:
    goal = tmp_path / "mine.pt"
    goal.write_text("mine")
    told = play("diff", sides[0], sides[1], "--export", str(goal))
    assert (told.status, goal.read_text()) == (2, "mine")
    assert "exists already" in told.err
    assert play("diff", sides[0], sides[1], "--export", sides[1]).status == 2


def test_that_pairs_that_could_be_others_are_not_written(play: Play, tmp_path: Path) -> None:
    def towers(*names: str) -> State:
        return {f"{name}.{number}.{part}": random(5, 5) for name in names for number in range(3) for part in ("fc.weight",)}

    torch.save(towers("one", "two") | {"head.weight": random(3, 5)}, tmp_path / "a.pt")
    torch.save(towers("red", "tan") | {"head.weight": random(3, 5)}, tmp_path / "b.pt")
    told = play("diff", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--export", str(tmp_path / "c.pt"), "--code")
    assert "Not written, more than one place fits: red.0.fc.weight" in told.out
    assert "as constructed when it is loaded: one.0.fc.weight" in told.out
    assert list(torch.load(tmp_path / "c.pt", weights_only=True)) == ["head.weight"]
    assert "del state[key]" in told.out


def test_that_a_checkpoint_of_another_model_is_not_written(play: Play, tmp_path: Path) -> None:
    torch.save({"a.weight": random(3, 4)}, tmp_path / "a.pt")
    torch.save({"tower.kernel": random(5, 6, 7)}, tmp_path / "b.pt")
    told = play("diff", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--export", str(tmp_path / "c.pt"))
    assert told.status == 2
    assert "No tensor of the checkpoint fits the model." in told.err
    assert not (tmp_path / "c.pt").exists()


def test_that_a_key_list_has_no_values_to_write(play: Play, key_list: Any, tmp_path: Path) -> None:
    told = play("diff", key_list("a", {"x": (2,)}), key_list("b", {"m.x": (2,)}), "--export", str(tmp_path / "c.pt"))
    assert told.status == 2
    assert "key lists, are shown by name and shape" in told.err


def test_that_a_target_is_not_exported(play: Play, tmp_path: Path) -> None:
    torch.save({"a": random(2)}, tmp_path / "a.pt")
    told = play("diff", str(tmp_path / "a.pt"), "net.py:Net", "--export", str(tmp_path / "c.pt"))
    assert "Give the checkpoint as B." in told.err


def test_that_a_tied_key_is_written_too_as_a_strict_load_asks_for_it(play: Play, tmp_path: Path) -> None:
    model = torch.nn.ModuleDict({"embed": torch.nn.Embedding(7, 3), "head": torch.nn.Linear(3, 7, bias=False)})
    model["head"].weight = model["embed"].weight
    (tmp_path / "net.py").write_text("")
    tied = (ParameterEntry("embed.weight", "embed", "parameter", (7, 3), "float32", "cpu", True, 21, 84, ("head.weight",)),)
    tied += (ParameterEntry("head.weight", "head", "parameter", (7, 3), "float32", "cpu", True, 21, 84, ("embed.weight",)),)
    play.script[OpenTarget] = lambda request: opened(request.target, tree=ModuleTree(TREE.modules[:1], tied))
    torch.save({"m.embed.weight": random(7, 3)}, tmp_path / "b.pt")
    told = play("diff", str(tmp_path / "net.py"), str(tmp_path / "b.pt"), "--export", str(tmp_path / "c.pt"), "--code", "--json")
    new = torch.load(tmp_path / "c.pt", weights_only=True)
    model.load_state_dict(new, strict=True)
    held: dict[str, Any] = {"state": torch.load(tmp_path / "b.pt", weights_only=True)}
    exec(told.json["code"], held)
    assert torch.equal(held["state"]["head.weight"], new["embed.weight"])
    assert told.json["written"]["missing"] == []


@pytest.mark.parametrize("name", ["split", "fused", "turned", "nothing"])
def test_that_values_are_compared_as_the_other_side_has_them(play: Play, tmp_path: Path, name: str) -> None:
    wanted, have = PAIRS[name]
    moved = {key: value.clone() for key, value in wanted.items()}
    moved["blocks.1.norm.weight" if name != "fused" else "h.1.norm.weight"] += 1
    torch.save(moved, tmp_path / "a.pt")
    torch.save(have, tmp_path / "b.pt")
    plain = play("diff", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--values", "--json").json
    rows = [row for row in plain["state_dict"]["rows"] if "expected" in row]
    assert all("values" in row for row in rows)
    changed = {row["expected"]["key"] for row in rows if row["values"]["changed"]}
    assert {key.split(".")[-2] for key in changed} == {"norm"}
    assert len(changed) == 1
