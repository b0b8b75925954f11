"""Keys as a tree."""

from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.key_tree import DEEPEST, Branch, key_tree


def drawn(keys: list[str]) -> list[str]:
    """The rows, moved by their level."""
    depths: list[int] = []
    lines = []
    for branch in key_tree(keys):
        depths.append(depths[branch.parent] + 1 if branch.parent >= 0 else 0)
        lines.append("  " * depths[-1] + branch.label)
    return lines


def test_that_the_parts_of_a_key_lie_in_each_other() -> None:
    keys = ["layers.0.attn.q.weight", "layers.0.attn.q.bias", "layers.0.mlp.weight", "layers.1.mlp.weight", "head"]
    assert drawn(keys) == [
        "layers",
        "  0",
        "    attn.q",
        "      weight",
        "      bias",
        "    mlp.weight",
        "  1.mlp.weight",
        "head",
    ]


def test_that_leaves_name_their_key_and_groups_none() -> None:
    assert key_tree(["a.x", "b", "a.y"]) == [Branch("a", -1, -1), Branch("x", 0, 0), Branch("y", 0, 2), Branch("b", -1, 1)]


def test_that_a_group_with_one_thing_in_it_is_told_with_that() -> None:
    assert drawn(["module.encoder.conv.weight"]) == ["module.encoder.conv.weight"]
    assert drawn(["module.a.w", "module.a.b"]) == ["module.a", "  w", "  b"]


def test_that_a_key_may_be_a_leaf_and_a_prefix() -> None:
    assert drawn(["a", "a.b", "a.c"]) == ["a", "a", "  b", "  c"]


def test_that_no_keys_are_no_rows_and_an_empty_key_is_one() -> None:
    assert key_tree([]) == []
    assert key_tree([""]) == [Branch("", -1, 0)]


def test_that_a_key_that_is_nested_absurdly_deep_stays_whole() -> None:
    deep = ".".join("a" * (DEEPEST + 10))
    assert drawn([deep, "b"]) == [deep, "b"]


def test_that_a_million_dots_cost_nothing() -> None:
    assert len(key_tree(["." * 1_000_000, "." * 999_999])) == 2


@given(st.lists(st.text(alphabet="ab.", max_size=12), max_size=20))
def test_that_every_key_has_exactly_one_row_and_groups_stand_before_what_is_in_them(keys: list[str]) -> None:
    rows = key_tree(keys)
    assert sorted(row.leaf for row in rows if row.leaf >= 0) == list(range(len(keys)))
    assert all(row.parent < place for place, row in enumerate(rows))
    assert all(rows[row.parent].leaf < 0 for row in rows if row.parent >= 0)


@given(st.lists(st.text(alphabet="ab.", min_size=1, max_size=9), max_size=12, unique=True))
def test_that_what_is_in_a_group_follows_it_without_a_gap(keys: list[str]) -> None:
    rows = key_tree(keys)
    open_groups: list[int] = []
    for place, row in enumerate(rows):
        while open_groups and open_groups[-1] != row.parent:
            open_groups.pop()
        assert (open_groups[-1] if open_groups else -1) == row.parent
        open_groups.append(place)
