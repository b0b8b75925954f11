"""Equal towers are a choice: the other one can be taken as a whole, and then it is settled."""

import pytest

from analysis import key_families as families
from torchloupe.analysis.other_choice import other_choice
from torchloupe.analysis.state_dict_diff import StateDictDiff, state_dict_diff


def diff_of(expected: families.Shapes, found: families.Shapes, locked: dict[str, str] | None = None) -> StateDictDiff:
    return state_dict_diff(families.entries(expected), families.entries(found), locked)


def tower(place: str, names: tuple[str, str] = ("fc", "norm"), layers: int = 3) -> families.Shapes:
    keys: families.Shapes = {}
    for number in range(layers):
        keys |= families.linear(f"{place}.{number}.{names[0]}", 8, 16) | families.norm(f"{place}.{number}.{names[1]}", 8)
    return keys


MODEL = tower("left") | tower("right")
STORED = tower("alpha", ("linear", "ln")) | tower("omega", ("linear", "ln"))


def towers_of(diff: StateDictDiff) -> dict[str, str]:
    """The model's tower of each tower of the checkpoint."""
    homes: dict[str, set[str]] = {}
    for found, expected in diff.mapping.items():
        homes.setdefault(found.partition(".")[0], set()).add(expected.partition(".")[0])
    assert all(len(each) == 1 for each in homes.values())
    return {place: each.pop() for place, each in homes.items()}


def test_that_the_other_tower_is_taken_as_a_whole_and_is_certain_then() -> None:
    diff = diff_of(MODEL, STORED)
    before = towers_of(diff)
    pairs = other_choice(diff, "alpha.1.linear.weight")
    assert len(pairs) == len(STORED)
    settled = diff_of(MODEL, STORED, dict(pairs))
    assert towers_of(settled) == {"alpha": before["omega"], "omega": before["alpha"]}
    assert {row.confidence for row in settled.rows} == {1.0}
    assert [cause.kind for cause in settled.causes if cause.kind == "tie"] == []


@pytest.mark.parametrize("spare", ["checkpoint", "model"])
def test_that_the_spare_one_is_taken_instead(spare: str) -> None:
    expected, found = tower("left"), STORED
    if spare == "model":
        expected, found = MODEL, tower("alpha", ("linear", "ln"))
    diff = diff_of(expected, found)
    key = next(iter(diff.mapping))
    pairs = other_choice(diff, key)
    settled = diff_of(expected, found, dict(pairs))
    assert len(pairs) == len(tower("left"))
    assert towers_of(settled) != towers_of(diff)
    assert len(settled.mapping) == len(diff.mapping)


def test_that_a_list_is_turned_around() -> None:
    head = families.linear("head", 16, 5)
    expected = _stack("fusion.layers.", range(4), ("projection", "residual")) | head
    found = _stack("scratch.refinenet", range(1, 5), ("out_conv", "resConfUnit")) | head
    diff = diff_of(expected, found)
    pairs = dict(other_choice(diff, "scratch.refinenet1.out_conv.weight"))
    assert pairs["scratch.refinenet1.out_conv.weight"] == "fusion.layers.3.projection.weight"
    assert pairs["scratch.refinenet4.out_conv.weight"] == "fusion.layers.0.projection.weight"
    assert len(set(pairs.values())) == len(pairs) == 16
    settled = diff_of(expected, found, pairs)
    assert all(row.confidence == 1.0 for row in settled.rows if row.found and "refinenet" in row.found.key)


def _stack(place: str, numbers: range, names: tuple[str, str]) -> families.Shapes:
    keys: families.Shapes = {}
    for number in numbers:
        for name in names:
            keys |= families.linear(f"{place}{number}.{name}", 16, 16)
    return keys


def test_that_without_a_choice_there_is_no_other_one() -> None:
    diff = diff_of(families.llama(), {f"model.{key}": shape for key, shape in families.llama().items()})
    assert other_choice(diff, next(iter(diff.mapping))) == []
    assert other_choice(diff, "no such key") == []
    assert other_choice(diff_of(MODEL, STORED), "nowhere.0.linear.weight") == []


def test_that_towers_which_differ_in_their_prefix_alone_are_a_choice_too() -> None:
    found = tower("alpha") | tower("omega")
    diff = diff_of(MODEL, found)
    assert {row.confidence for row in diff.rows} == {0.5}
    pairs = dict(other_choice(diff, "omega.2.fc.bias"))
    assert set(pairs) == set(found)
    assert towers_of(diff_of(MODEL, found, pairs)) == {"alpha": "right", "omega": "left"}
