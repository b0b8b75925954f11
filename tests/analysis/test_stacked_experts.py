"""Experts that are one by one on one side and together on the other are one thing to say."""

from typing import Any

import pytest
import torch

from torchloupe.analysis.rename_code import rename_code
from torchloupe.analysis.state_dict_diff import KeyEntry, StateDictDiff, diff_problems, state_dict_diff

Shapes = dict[str, tuple[int, ...]]
COMMON: Shapes = {"embed.weight": (50, 8), "norm.weight": (8,), "layers.0.gate.weight": (4, 8), "layers.1.gate.weight": (4, 8)}


def compared(expected: Shapes, found: Shapes) -> StateDictDiff:
    return state_dict_diff(*([KeyEntry(key, shape, "float32") for key, shape in each.items()] for each in (expected, found)))


def together(place: str = "mlp.experts", experts: int = 4, layers: int = 2) -> Shapes:
    return {
        f"layers.{layer}.{place}.{name}": shape
        for layer in range(layers)
        for name, shape in (("gate_up_proj", (experts, 12, 8)), ("down_proj", (experts, 8, 6)))
    }


def one_by_one(
    place: str = "mlp.experts", names: str = "gate_proj up_proj down_proj", experts: int = 4, layers: int = 2
) -> Shapes:
    return {
        f"layers.{layer}.{place}.{number}.{name}.weight": shape
        for layer in range(layers)
        for number in range(experts)
        for name, shape in zip(names.split(), ((6, 8), (6, 8), (8, 6)), strict=True)
    }


@pytest.mark.parametrize(
    "found", [one_by_one(), one_by_one("block_sparse_moe.experts", "w1 w3 w2")], ids=["other names", "another place"]
)
def test_that_experts_that_are_together_in_the_model_are_one_cause(found: Shapes) -> None:
    diff = compared(COMMON | together(), COMMON | found)
    (problem,) = diff_problems(diff)
    assert (problem.code, problem.severity, problem.data["cause"]) == ("checkpoint-shape", "error", "stacked")
    assert f"one by one (24 keys like {next(iter(found))})" in problem.message
    assert "all 4 of them in one tensor (4 keys like layers.0.mlp.experts.gate_up_proj)" in problem.message
    assert "from_pretrained" in problem.hint
    assert "writes the code" in problem.hint
    assert problem.data["key_count"] == 28
    assert (diff.counts["fused"], diff.counts["missing"], diff.counts["unexpected"]) == (24, 0, 0)
    told = [row.how for row in diff.rows if row.expert == 1 and row.expected and row.expected.key.startswith("layers.0.")]
    whole = "expert 1 of layers.0.mlp.experts"
    assert told == [
        f"0 to 5 of dimension 1 of {whole}.gate_up_proj",
        f"6 to 11 of dimension 1 of {whole}.gate_up_proj",
        f"{whole}.down_proj",
    ]


@pytest.mark.parametrize("names", ["gate_proj up_proj down_proj", "w1 w3 w2"])
def test_that_the_code_stacks_them_and_changes_no_number(names: str) -> None:
    found = one_by_one("block_sparse_moe.experts", names, experts=11)
    state = {key: torch.randn(shape) for key, shape in found.items()}
    held: dict[str, Any] = {"state": dict(state)}
    exec(rename_code(compared(together(experts=11), found)), held)
    assert {key: tuple(tensor.shape) for key, tensor in held["state"].items()} == together(experts=11)
    place = "layers.1.block_sparse_moe.experts.10"
    gate, up, down = (state[f"{place}.{name}.weight"] for name in names.split())
    assert torch.equal(held["state"]["layers.1.mlp.experts.gate_up_proj"][10], torch.cat([gate, up]))
    assert torch.equal(held["state"]["layers.1.mlp.experts.down_proj"][10], down)


def test_that_biases_are_stacked_with_biases() -> None:
    wholes: Shapes = {"experts.gate_up_proj": (3, 12, 8), "experts.gate_up_proj_bias": (3, 12), "experts.down_proj": (3, 8, 6)}
    parts: Shapes = {}
    for number in range(3):
        for name in ("gate_proj", "up_proj"):
            parts |= {f"experts.{number}.{name}.weight": (6, 8), f"experts.{number}.{name}.bias": (6,)}
        parts[f"experts.{number}.down_proj.weight"] = (8, 6)
    diff = compared(COMMON | wholes, COMMON | parts)
    homes = {row.found.key: row.expected.key for row in diff.rows if row.expert == 2 and row.found and row.expected}
    assert homes["experts.2.up_proj.bias"] == "experts.gate_up_proj_bias"
    assert homes["experts.2.up_proj.weight"] == "experts.gate_up_proj"
    assert len(homes) == 5


@pytest.mark.parametrize(
    ("gate_up", "down", "names"),
    [
        ((4, 8, 12), (4, 6, 8), "gate_proj up_proj down_proj"),
        ((4, 12, 12), (4, 12, 6), "gate_proj up_proj down_proj"),
        ((4, 12, 8), (4, 8, 6), "alpha beta gamma"),
    ],
    ids=["turned around", "as likely turned around", "names that say nothing"],
)
def test_that_no_code_is_written_where_it_is_not_sure_how(gate_up: tuple[int, ...], down: tuple[int, ...], names: str) -> None:
    wholes = {"experts.gate_up_proj": gate_up, "experts.down_proj": down}
    width = 12 if gate_up[1] == gate_up[2] else 8
    shapes = ((6, width), (6, width), (width, 6))
    parts = {
        f"experts.{number}.{name}.weight": shape for number in range(4) for name, shape in zip(names.split(), shapes, strict=True)
    }
    diff = compared(COMMON | wholes, COMMON | parts)
    (problem,) = diff_problems(diff)
    assert problem.data["cause"] == "stacked"
    assert "code" not in problem.hint
    assert (diff.counts["fused"], diff.counts["missing"], diff.counts["unexpected"]) == (0, 2, 12)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (together(experts=5), one_by_one()),
        (together(layers=1), {f"blocks.7.{key}": shape for key, shape in one_by_one(layers=1).items()}),
        (together(), {key: shape for key, shape in one_by_one().items() if ".2.up_proj" not in key}),
        (together(), {key.replace("experts.3.", "experts.9."): shape for key, shape in one_by_one().items()}),
    ],
    ids=["more of them", "other layers", "one lacks a tensor", "one lacks a number"],
)
def test_that_what_does_not_come_to_the_same_is_missing_and_unexpected(expected: Shapes, found: Shapes) -> None:
    kinds = {cause.kind for cause in compared(COMMON | expected, COMMON | found).causes}
    assert "stacked" not in kinds
    assert kinds & {"missing", "unexpected"}


def test_that_what_else_is_missing_stays_a_cause_of_its_own() -> None:
    diff = compared(COMMON | together() | {"head.weight": (50, 8), "head.bias": (50,)}, COMMON | one_by_one() | {"extra": (3,)})
    assert sorted(cause.kind for cause in diff.causes) == ["missing", "stacked", "unexpected"]


def test_that_layers_of_two_towers_with_the_same_numbers_are_both_told() -> None:
    towers = [
        {f"{tower}.{key}": shape for tower in ("encoder", "decoder") for key, shape in held.items()}
        for held in (together(), one_by_one())
    ]
    (cause,) = compared(COMMON | towers[0], COMMON | towers[1]).causes
    assert (cause.kind, cause.key_count) == ("stacked", 56)
