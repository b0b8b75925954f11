"""A reshape that splits and merges keeps the order of the axes; one that does not was meant as a permutation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.regrouping import is_torn, permutation_meant, regrouped

IN_ORDER = {
    "flatten": ((5, 16, 4, 4), (5, 256)),
    "heads": ((2, 7, 24), (2, 7, 3, 8)),
    "frames": ((6, 3, 8, 8), (2, 3, 3, 8, 8)),
    "rows of a batch": ((5, 7, 16), (35, 16)),
    "ones": ((2, 1, 28, 28), (2, 28, 28)),
    "nothing": ((3, 4), (3, 4)),
}
PERMUTED = {
    "channels and time": ((5, 16, 7), (5, 7, 16), (0, 2, 1)),
    "heads merged": ((2, 3, 7, 8), (2, 7, 24), (0, 2, 1, 3)),
    "heads split": ((2, 7, 12), (2, 3, 7, 4), (0, 2, 1, 3)),
    "classes": ((5, 9, 20), (100, 9), (0, 2, 1)),
    "time first": ((20, 4, 8), (4, 160), (1, 0, 2)),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_that_splits_and_merges_are_no_permutation(name):
    source, target = IN_ORDER[name]
    assert not any(group.is_mixed for group in regrouped(source, target))
    assert permutation_meant(source, target) is None
    assert not is_torn(source, target)


@pytest.mark.parametrize("name", PERMUTED)
def test_that_whole_axes_in_another_order_are_one(name):
    source, target, order = PERMUTED[name]
    meant = permutation_meant(source, target)
    assert meant.order == order
    assert math.prod(meant.split) == math.prod(source)


def test_that_an_axis_in_two_is_told():
    assert permutation_meant((2, 7, 12), (2, 3, 7, 4)).split == (2, 7, 3, 4)


def test_that_groups_say_which_axes_hold_the_same_values():
    groups = regrouped((2, 1, 6, 5), (2, 3, 2, 5))
    assert [(group.source, group.target) for group in groups] == [((0,), (0,)), ((2,), (1, 2)), ((3,), (3,))]


def test_that_other_counts_have_no_groups():
    assert regrouped((2, 3), (7,)) == []
    assert regrouped((0, 3), (0,)) == []


def test_that_capsules_that_are_no_whole_axes_are_no_permutation():
    assert permutation_meant((4, 256, 6, 6), (4, 1152, 8)) is None
    assert is_torn((4, 256, 6, 6), (4, 1152, 8))


def test_that_two_steps_that_become_one_tear_nothing():
    assert not is_torn((2, 16, 8), (2, 8, 16))
    assert is_torn((2, 17, 8), (2, 8, 17))


SIZES = st.lists(st.integers(2, 5), min_size=2, max_size=5)


@given(SIZES, st.data())
def test_that_merging_neighbours_is_never_a_permutation(sizes, data):
    start = data.draw(st.integers(0, len(sizes) - 1))
    end = data.draw(st.integers(start + 1, len(sizes)))
    merged = (*sizes[:start], math.prod(sizes[start:end]), *sizes[end:])
    assert permutation_meant(tuple(sizes), merged) is None
    assert permutation_meant(merged, tuple(sizes)) is None


@given(SIZES, st.randoms())
def test_that_what_is_meant_leaves_less_in_disorder(sizes, random):
    target = list(sizes)
    random.shuffle(target)
    meant = permutation_meant(tuple(sizes), tuple(target))
    if meant is not None:
        assert sorted(meant.order) == list(range(len(meant.split)))
        merged = [meant.split[at] for at in meant.order]
        mixed = [sum(group.is_mixed for group in regrouped(tuple(each), tuple(target))) for each in (sizes, merged)]
        assert mixed[1] < mixed[0]
