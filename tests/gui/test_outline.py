"""Outlines: who lies under whom, and what shows when some are open."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.gui.outline import Outline, place_in

#         0   1  2  3  4  5   6  7
PARENT = [-1, 0, 1, 1, 0, -1, 5, 6]


@pytest.fixture
def outline() -> Outline:
    return Outline(PARENT)


def opened(*positions: int) -> bytearray:
    is_open = bytearray(len(PARENT))
    for position in positions:
        is_open[position] = 1
    return is_open


def test_that_depth_and_end_follow_from_the_parents(outline: Outline) -> None:
    assert outline.depth == [0, 1, 2, 2, 1, 0, 1, 2]
    assert outline.end == [5, 4, 3, 4, 5, 8, 8, 8]


def test_that_only_entries_with_something_below_can_be_opened(outline: Outline) -> None:
    assert [position for position in range(len(outline)) if outline.has_children(position)] == [0, 1, 5, 6]


@pytest.mark.parametrize(
    ("is_open", "visible"),
    [
        (opened(), [0, 5]),
        (opened(0), [0, 1, 4, 5]),
        (opened(1), [0, 5]),
        (opened(0, 1), [0, 1, 2, 3, 4, 5]),
        (opened(5, 6), [0, 5, 6, 7]),
        (opened(0, 1, 5, 6), [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_that_an_entry_shows_when_everything_around_it_is_open(outline: Outline, is_open: bytearray, visible: list[int]) -> None:
    assert list(outline.visible(is_open)) == visible


def test_that_many_levels_are_passed_over_where_they_are_closed() -> None:
    outline = Outline([-1, *range(5), 0, 6, 6, -1, 9, 9, 9])
    everything = bytearray(b"\1" * len(outline))
    assert outline.visible(everything) == range(len(outline))
    closed = bytearray(everything)
    closed[1] = closed[9] = 0
    assert list(outline.visible(closed)) == [0, 1, 6, 7, 8, 9]


def test_that_a_part_of_the_outline_can_be_asked_for(outline: Outline) -> None:
    assert list(outline.visible(opened(1), 1, 5)) == [1, 2, 3, 4]
    assert list(outline.visible(opened(), 1, 5)) == [1, 4]


def test_that_ancestors_come_nearest_first(outline: Outline) -> None:
    assert outline.ancestors(7) == [6, 5]
    assert outline.ancestors(0) == []


def test_that_found_entries_bring_what_is_around_them(outline: Outline) -> None:
    assert list(outline.with_ancestors(opened(3, 7))) == [0, 1, 3, 5, 6, 7]
    assert list(outline.with_ancestors(opened())) == []
    assert outline.with_ancestors(opened(*range(8))) == range(8)


@given(st.data())
def test_that_what_is_found_brings_all_that_is_around_it_and_nothing_else(data: Any) -> None:
    parent = [data.draw(st.integers(-1, position - 1)) for position in range(data.draw(st.integers(1, 12)))]
    order = sorted(range(len(parent)), key=partial(path_to, parent))  # depth first, as an outline has its entries
    renamed = {old: new for new, old in enumerate(order)}
    outline = Outline([renamed.get(parent[old], -1) for old in order])
    found = data.draw(st.sets(st.integers(0, len(parent) - 1)))
    wanted = found | {above for position in found for above in outline.ancestors(position)}
    kept = bytearray(position in found for position in range(len(parent)))
    assert list(outline.with_ancestors(kept)) == sorted(wanted)


def path_to(parent: list[int], position: int) -> list[int]:
    return [*(path_to(parent, parent[position]) if parent[position] >= 0 else []), position]


def test_that_an_empty_outline_shows_nothing() -> None:
    assert list(Outline([]).visible(bytearray())) == []


@pytest.mark.parametrize(("position", "place"), [(0, 0), (5, 2), (4, -1), (9, -1), (-1, -1)])
def test_that_a_position_is_found_in_a_list_or_not(position: int, place: int) -> None:
    assert place_in([0, 3, 5, 7], position) == place
