"""How far shapes are from the wanted ones, and what value of an argument they ask for."""

import pytest

from torchloupe.analysis.shape_fit import cost, example_of, matched_keys, moved_axes, votes


def test_that_equal_shapes_cost_nothing():
    assert cost({"a": (1, 2)}, {"a": (1, 2)}) == 0


def test_that_keys_too_many_and_too_few_cost_alike():
    assert cost({"a": (1,), "b": (1,)}, {"a": (1,)}) == cost({"a": (1,)}, {"a": (1,), "b": (1,)}) == 1


def test_that_a_wrong_shape_costs_less_than_a_missing_key_and_more_when_it_is_farther():
    near, far = cost({"a": (10,)}, {"a": (11,)}), cost({"a": (10,)}, {"a": (1000,)})
    assert 0 < near < far < cost({"a": (10, 1)}, {"a": (10,)}) < 1


def test_that_matched_keys_have_the_same_shape():
    assert matched_keys({"a": (1,), "b": (2,), "c": (3,)}, {"a": (1,), "b": (9,), "d": (3,)}) == 1


def test_that_moved_axes_name_key_and_dimension():
    assert moved_axes({"a": (1, 2), "s": (), "b": (3,)}, {"a": (1, 4), "s": (), "c": (3,)}) == {("a", 1)}


@pytest.mark.parametrize(
    ("before", "after", "wanted", "value"),
    [
        ((64,), (128,), (96,), 96),  # the argument itself
        ((192,), (384,), (288,), 96),  # three times
        ((65,), (129,), (97,), 96),  # and one
        ((64 * 64,), (128 * 128,), (96 * 96,), 96),  # its square
        ((128,), (64,), (32,), 256),  # what is divided by it
    ],
)
def test_that_a_dimension_asks_for_the_value_that_makes_it_right(before, after, wanted, value):
    asked = votes({"w": before}, {"w": after}, {"w": wanted}, 64, 128, {})
    assert value in asked.ranked(whole=True)


def test_that_powers_of_two_are_seen():
    asked = votes({"w": (64 * 2**3,)}, {"w": (64 * 2**4,)}, {"w": (64 * 2**6,)}, 3, 4, {})
    assert 6 in asked.ranked(whole=True)


def test_that_numbered_things_are_counted_at_their_place():
    def layers(count):
        return {f"encoder.layers.{number}.weight": (2,) for number in range(count)}

    asked = votes(layers(2), layers(3), layers(9), 2, 3, {})
    assert asked.ranked(whole=True)[0] == 9
    assert "the count of `encoder.layers.#`: 9" in asked.reasons[9.0]


def test_that_a_dimension_that_others_move_too_has_less_say():
    shapes = [{"own": (size,), "both": (2 * size,), "both2": (2 * size,)} for size in (4, 8)]
    wanted = {"own": (16,), "both": (64,), "both2": (64,)}
    shared = {("both", 0): 2, ("both2", 0): 2}
    assert votes(*shapes, wanted, 4, 8, {}).ranked(whole=True)[0] == 32
    assert votes(*shapes, wanted, 4, 8, shared).ranked(whole=True)[0] == 16


def test_that_agreement_is_the_part_of_all_votes():
    asked = votes({"a": (4,), "b": (4,)}, {"a": (8,), "b": (8,)}, {"a": (12,), "b": (12,)}, 4, 8, {})
    assert asked.agreement(12) == 1
    assert asked.agreement(5) == 0
    assert votes({}, {}, {}, 1, 2, {}).agreement(1) == 0


def test_that_fractions_are_tried_as_their_neighbours():
    asked = votes({"w": (30,)}, {"w": (60,)}, {"w": (40,)}, 10, 20, {})
    assert asked.ranked(whole=True) == [13, 14]
    assert asked.ranked(whole=False)[0] == pytest.approx(13.33, abs=0.01)


def test_that_an_example_names_a_key_that_differs():
    assert example_of({"a": (1,)}, {"a": (2,)}) == "a [1]"
    assert example_of({"a": (1,)}, {}) == "whether a is there"
    assert example_of({}, {"b": (1,)}) == "whether b is there"
    assert example_of({"a": (1,)}, {"a": (1,)}) is None
