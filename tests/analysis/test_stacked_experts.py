"""Experts that are one by one on one side and together on the other are one thing to say."""

import pytest

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
    assert problem.data["key_count"] == 28


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
