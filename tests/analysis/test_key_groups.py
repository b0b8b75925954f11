"""Folding many keys into few groups."""

from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.key_groups import MAX_GROUPS, fold_keys


def test_that_no_keys_are_no_groups() -> None:
    assert fold_keys([], ["a.weight"]) == ()


def test_that_a_whole_subtree_is_one_group_named_by_its_highest_start() -> None:
    mine = ["dec.a.weight", "dec.a.bias", "dec.b.weight"]
    (group,) = fold_keys(mine, [*mine, "enc.weight"])
    assert (group.place, group.keys, group.whole) == ("dec.", tuple(mine), True)


def test_that_a_subtree_of_which_some_keys_are_elsewhere_is_not_whole() -> None:
    groups = fold_keys(["dec.a.weight", "dec.b.weight"], ["dec.a.weight", "dec.a.bias", "dec.b.weight"])
    assert [group.place for group in groups] == ["dec.a.weight", "dec.b."]


def test_that_numbers_in_paths_fold_into_one_pattern() -> None:
    mine = [f"layers.{i}.lora.weight" for i in range(9)]
    (group,) = fold_keys(mine, [*mine, *(f"layers.{i}.fc.weight" for i in range(9))])
    assert group.place == "layers.#.lora."
    assert len(group.keys) == 9


def test_that_digits_within_a_name_are_kept_apart() -> None:
    groups = fold_keys(["a.conv1.weight", "a.conv2.weight"], ["a.conv1.weight", "a.conv2.weight", "a.fc.weight"])
    assert [group.place for group in groups] == ["a.conv1.", "a.conv2."]


def test_that_a_key_without_dots_stands_for_itself() -> None:
    (group,) = fold_keys(["pos_embed"], ["pos_embed", "fc.weight"])
    assert group.place == "pos_embed"


def test_that_many_unlike_places_fold_by_their_first_part() -> None:
    mine = [f"encoder.part_{chr(97 + i)}.weight" for i in range(20)]
    (group,) = fold_keys(mine, [*mine, "encoder.kept"])
    assert (group.place, group.whole) == ("encoder.", False)


def test_that_when_even_that_is_too_much_the_rest_is_one_group() -> None:
    mine = [f"module_{chr(97 + i % 26)}{i}.weight" for i in range(60)]
    groups = fold_keys(mine, [*mine, "kept"])
    assert len(groups) == MAX_GROUPS
    assert groups[-1].place == ""


PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "layers", "0", "1", "weight"]), min_size=1, max_size=5).map(".".join), unique=True
)


@given(PATHS, PATHS)
def test_that_every_key_is_in_exactly_one_of_few_groups(mine: list[str], others: list[str]) -> None:
    groups = fold_keys(mine, [*mine, *(key for key in others if key not in mine)])
    assert sorted(key for group in groups for key in group.keys) == sorted(mine)
    assert len(groups) <= MAX_GROUPS
