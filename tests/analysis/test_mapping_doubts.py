"""Solutions that are likely wrong as a whole are said to be: mixed lists, numbers out of order, lists that could run backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import key_families as families
from torchloupe.analysis.diff_rows import KeyEntry
from torchloupe.analysis.loading import SURE
from torchloupe.analysis.mapping.alignment import aligned
from torchloupe.analysis.mapping.doubts import BACKWARDS, MIXED_UP, UNORDERED, doubts
from torchloupe.analysis.mapping.solver import SolvedPair
from torchloupe.analysis.state_dict_diff import StateDictDiff, state_dict_diff


def pair(found: str, expected: str, *shape: int) -> SolvedPair:
    sizes = shape or (8, 8)
    return SolvedPair(KeyEntry(expected, sizes, "float32"), KeyEntry(found, sizes, "float32"), 1.0, 0, 0.9)


def doubted(*pairs: SolvedPair) -> dict[str, float]:
    return {key: doubt.most for key, doubt in doubts(pairs)[0].items()}


def fusion(place: str, count: int, first: int, names: tuple[str, str]) -> families.Shapes:
    """A decoder of equal layers."""
    keys: families.Shapes = {}
    for number in range(first, first + count):
        for name in names:
            keys |= families.linear(f"{place}{number}.{name}", 16, 16)
    return keys


def diff_of(expected: families.Shapes, found: families.Shapes) -> StateDictDiff:
    return state_dict_diff(families.entries(expected), families.entries(found))


HEAD = families.linear("head", 16, 5)


# lists that could run backwards


def test_that_a_short_list_of_equal_layers_under_another_name_is_uncertain() -> None:
    expected = fusion("neck.fusion_stage.layers.", 4, 0, ("projection", "residual")) | HEAD
    found = fusion("scratch.refinenet", 4, 1, ("out_conv", "resConfUnit")) | HEAD
    diff = diff_of(expected, found)
    unsure = [row for row in diff.rows if row.found and "refinenet" in row.found.key]
    assert len(unsure) == 16
    assert all(row.confidence < SURE and "could run backwards" in row.how for row in unsure)
    (cause,) = [cause for cause in diff.causes if cause.kind == "tie"]
    assert '"scratch.refinenet{1..4}" of the checkpoint fit "neck.fusion_stage.layers.{0..3}" of the model' in cause.text


def test_that_lists_that_are_called_alike_run_the_same_way() -> None:
    found = fusion("blocks.", 4, 1, ("out_conv", "resConfUnit")) | HEAD
    diff = diff_of(fusion("layers.", 4, 0, ("projection", "residual")) | HEAD, found)
    assert all(row.confidence >= SURE for row in diff.rows)


def test_that_a_long_list_or_one_of_unequal_layers_is_not_doubted() -> None:
    long = [pair(f"refinenet{n + 1}.w", f"fusion.layers.{n}.w") for n in range(12)]
    unequal = [pair(f"refinenet{n + 1}.w", f"fusion.layers.{n}.w", 8 << n, 8) for n in range(4)]
    assert doubted(*long) == doubted(*unequal) == {}


def test_that_all_of_a_list_is_doubted_with_what_stands_inside() -> None:
    inner = [pair(f"net.refinenet{n + 1}.unit{m}.w", f"fusion.layers.{n}.part{m}.w") for n in range(4) for m in (1, 2)]
    assert doubted(*inner) == {each.found.key: BACKWARDS for each in inner}


# lists that are mixed up


def unet(crossed: bool) -> list[SolvedPair]:
    """The ways down and up of a U-Net; crossed, some of each belong to the other."""
    down = [pair(f"input_blocks.{n}.w", f"down.{n}.w") for n in range(9)] + [
        pair(f"output_blocks.{n}.w", f"up.{n}.w") for n in range(9)
    ]
    if crossed:
        down[4] = pair("input_blocks.4.w", "up.4.w")
        down[13] = pair("output_blocks.4.w", "down.4.w")
    return down


def test_that_lists_that_share_each_others_layers_are_doubted_as_a_whole() -> None:
    assert set(doubted(*unet(True)).values()) == {MIXED_UP}
    assert len(doubted(*unet(True))) == 18
    assert doubted(*unet(False)) == {}


def test_that_a_list_that_becomes_several_is_not_mixed_up() -> None:
    flat = [pair(f"features.{n}.w", f"stages.{n // 3}.{n % 3}.w", n + 1, 8) for n in range(9)]
    assert doubted(*flat, pair("features.9.w", "head.w", 77)) == {}


def test_that_lists_beside_mixed_ones_are_left_alone() -> None:
    told = doubted(*unet(True), *(pair(f"text.layers.{n}.w", f"encoder.layers.{n}.w") for n in range(5)))
    assert not any(key.startswith("text") for key in told)


# numbers out of order


def test_that_numbers_which_keep_no_order_are_doubted() -> None:
    rows = [pair(f"layers.{n}.w", f"blocks.{home}.w") for n, home in enumerate((0, 2, 1, 3))]
    assert set(doubted(*rows).values()) == {UNORDERED}


def test_that_a_shift_is_no_disorder() -> None:
    assert doubted(*(pair(f"layers.{n}.w", f"blocks.{n + 1}.w") for n in range(12))) == {}


@given(st.permutations(range(10)))
def test_that_only_the_right_order_passes(places: list[int]) -> None:
    told = doubted(*(pair(f"layers.{n}.w", f"blocks.{home}.w") for n, home in enumerate(places)))
    assert (told == {}) == (places == sorted(places))


# what is certain stays so


@pytest.mark.parametrize("shapes", [families.llama(), families.resnet(), families.whisper()])
def test_that_models_under_usual_names_are_not_doubted(shapes: families.Shapes) -> None:
    found = {f"model.{key}".replace("layers", "blocks"): shape for key, shape in shapes.items()}
    diff = diff_of(shapes, found)
    assert all(row.confidence >= SURE for row in diff.rows if row.found and row.expected)


def test_that_a_choice_in_every_layer_is_told_once() -> None:
    def towers(*names: str) -> families.Shapes:
        keys: families.Shapes = {}
        for number in range(6):
            for name in names:
                for part in ("a", "b", "c"):
                    keys |= families.linear(f"layers.{number}.{name}.{part}", 8, 8)
        return keys

    diff = diff_of(towers("one", "two"), towers("red", "tan"))
    ties = [cause for cause in diff.causes if cause.kind == "tie"]
    assert len(ties) <= 2
    assert diff.counts["missing"] == 0


# a layer that is missing in the middle


def stack(place: str, numbers: list[int], names: tuple[str, ...]) -> families.Shapes:
    keys: families.Shapes = {}
    for number in numbers:
        keys |= families.linear(f"{place}.{number}.{names[0]}", 8, 8) | families.linear(f"{place}.{number}.{names[1]}", 8, 16)
        keys |= families.norm(f"{place}.{number}.{names[2]}", 8)
    return keys | HEAD


@pytest.mark.parametrize("count", [8, 30])
@pytest.mark.parametrize("gone", [0, 3, 7])
def test_that_layers_keep_their_numbers_around_one_that_is_missing(count: int, gone: int) -> None:
    names = ("wq", "w1", "ln")
    kept = [number for number in range(count) if number != gone]
    diff = diff_of(stack("layers", list(range(count)), ("q_proj", "up_proj", "norm")), stack("blocks", kept, names))
    for found, expected in diff.mapping.items():
        if found.startswith("blocks"):
            assert found.split(".")[1] == expected.split(".")[1]
    assert all(row.confidence > 0.8 for row in diff.rows if row.found and row.expected)
    assert diff.counts["missing"] == 6


def test_that_a_shift_that_leads_nowhere_is_left_as_it_was_solved() -> None:
    rows = [pair(f"blocks.{n}.w", f"layers.{home}.w") for n, home in enumerate((0, 1, 3, 4))]
    there = {each.expected.key: each.expected for each in rows}
    assert [each.expected.key for each in aligned(rows, there)] == [each.expected.key for each in rows]


def test_that_no_home_is_taken_from_another_list() -> None:
    rows = [pair(f"blocks.{n}.w", f"layers.{home}.w") for n, home in enumerate((0, 1, 2, 4))]
    other = pair("extra.w", "layers.3.w")
    there = {each.expected.key: each.expected for each in (*rows, other)}
    assert aligned([*rows, other], there)[3].expected.key == "layers.4.w"
    free = there | {"layers.3.w": other.expected}
    assert aligned(rows, free)[3].expected.key == "layers.3.w"
