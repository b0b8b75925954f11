"""Long lists of layers are paired by their numbers, and by counting only where numbers say nothing."""

import pytest

from torchloupe.analysis.mapping.numbering import paired_by_number
from torchloupe.analysis.mapping.units import is_scattered


def paths(text: str, *numbers: str) -> list[tuple[str, ...]]:
    return [tuple(text.replace("*", number, 1).split(".")) if number else tuple(text.split(".")) for number in numbers]


@pytest.mark.parametrize(
    ("ones", "others", "pairs"),
    [
        ("0 1 2 3", "0 1 2 3", [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("0 1 3 4", "0 1 2 3 4", [(0, 0), (1, 1), (2, 3), (3, 4)]),  # one is missing in the middle
        ("1 2 3 4", "0 1 2 3", [(0, 0), (1, 1), (2, 2), (3, 3)]),  # counted from one
        ("2 3 4", "0 1 2 3", [(0, 1), (1, 2), (2, 3)]),  # counted from one, and the first is missing
        ("0 7 19", "0 1 2", [(0, 0), (1, 1), (2, 2)]),  # other things between them
        ("5", "0", [(0, 0)]),
    ],
)
def test_that_layers_with_the_same_numbers_belong_together(ones: str, others: str, pairs: list[tuple[int, int]]) -> None:
    assert paired_by_number(paths("h.*.w1", *ones.split()), paths("layers.*.gate", *others.split())) == pairs


def test_that_layers_in_layers_are_paired_by_both_numbers() -> None:
    ones = [("h", layer, "expert", expert, "w") for layer in "013" for expert in "02"]
    others = [("layers", layer, expert) for layer in "0123" for expert in "012"]
    assert paired_by_number(ones, others) == [(0, 0), (1, 2), (2, 3), (3, 5), (4, 9), (5, 11)]


def test_that_a_list_of_lists_beside_a_flat_list_is_counted() -> None:
    ones = [("stages", stage, block) for stage in "01" for block in "01"]
    assert paired_by_number(ones, [("blocks", block) for block in "0123"]) == [(0, 0), (1, 1), (2, 2), (3, 3)]


def test_that_keys_are_scattered_when_many_stand_apart_from_their_module() -> None:
    whole = [f"layers.{layer}.{name}.weight" for layer in range(8) for name in ("q", "k", "v")]
    assert not is_scattered(whole)
    assert not is_scattered([*whole[::2][:2], *whole])  # the parts of a model, joined
    assert not is_scattered(["a", "b", "c"])
    assert not is_scattered([])
    assert is_scattered(sorted(whole, key=lambda key: key.split(".")[2]))
