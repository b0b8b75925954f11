"""Whether loaded weights belong here, judged on facts alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.loaded_values import (
    INITIAL,
    NOT_FINITE,
    SIBLINGS,
    STATISTICS,
    NormLook,
    WeightLook,
    loaded_value_problems,
    mirrored,
)
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem

FRESH = "kaiming_uniform default"
SMALL = st.floats(-0.1, 0.1)


def weight(key: str, looks: str = "", **more: object) -> WeightLook:
    return WeightLook(key, (64, 64), looks=looks, **more)  # type: ignore[arg-type]  # the fields are told by name


def norm(path: str, off: float, wider: float = 0.05, samples: int = 4096, updates: float | None = 50.0) -> NormLook:
    return NormLook(path, off, wider, samples, updates, (path.replace("bn", "conv"),))


def told(weights: list[WeightLook] = [], norms: list[NormLook] = []) -> list[tuple[str, str]]:  # noqa: B006  # never changed
    return [(problem.code, problem.severity) for problem in loaded_value_problems(weights, norms, "/m/a.pt")]


def first(weights: list[WeightLook], norms: list[NormLook]) -> Problem:
    return loaded_value_problems(weights, norms, "C:\\m\\a.pt")[0]


# NaN and infinity


def test_that_nan_is_an_error_wherever_it_is_and_infinity_in_a_parameter() -> None:
    assert told([weight("a", nan=1)]) == [(NOT_FINITE, ERROR)]
    assert told([weight("a", nan=1, is_parameter=False)]) == [(NOT_FINITE, ERROR)]
    assert told([weight("a", inf=2)]) == [(NOT_FINITE, ERROR)]
    assert told([weight("mask", inf=2, is_parameter=False)]) == []


def test_that_the_first_bad_tensor_is_named_and_the_others_counted() -> None:
    problem = first([weight("ok"), weight("a.w", nan=1, inf=2), weight("b.w", nan=1)], [])
    assert problem.message == "a.w of a.pt has 1 NaN and 2 infinities, and 1 more tensor has such values."
    assert (problem.module, problem.parameter) == ("a", "a.w")


# default initialisation


@pytest.mark.parametrize(
    ("fresh", "trained", "expected"),
    [(1, 8, [(INITIAL, WARNING)]), (1, 2, []), (3, 3, [(INITIAL, WARNING)]), (4, 3, []), (8, 0, [(INITIAL, INFO)]), (0, 8, [])],
)
def test_that_a_layer_is_new_only_beside_others_that_are_not(fresh: int, trained: int, expected: list[tuple[str, str]]) -> None:
    weights = [weight(f"new{n}.weight", FRESH) for n in range(fresh)] + [weight(f"old{n}.weight") for n in range(trained)]
    assert told(weights) == expected


def test_that_weights_which_still_look_drawn_are_no_witnesses() -> None:
    drawn = [weight(f"old{n}.weight", "loaded, normal std 0.02") for n in range(9)]
    assert told([weight("head.weight", f"loaded, {FRESH}"), *drawn]) == []


@pytest.mark.parametrize("more", [{"is_trainable": False}, {"is_parameter": False}])
def test_that_what_is_never_trained_may_look_as_it_likes(more: dict[str, bool]) -> None:
    assert told([weight("random.features", FRESH, **more), *(weight(f"old{n}.weight") for n in range(5))]) == []


def test_that_small_weights_and_vectors_say_nothing() -> None:
    small = [WeightLook("a.weight", (4, 4), looks=FRESH), WeightLook("a.bias", (5000,), looks=FRESH)]
    assert told([*small, *(weight(f"old{n}.weight") for n in range(5))]) == []


# siblings


def layers(turns: list[float], scales: list[float] | None = None, part: str = "q") -> list[WeightLook]:
    held = scales or [-2.0] * len(turns)
    return [
        weight(f"layers.{n}.{part}.weight", turn=turn, scale=scale)
        for n, (turn, scale) in enumerate(zip(turns, held, strict=True))
    ]


def test_that_the_one_turned_matrix_among_siblings_is_named() -> None:
    problem = first(layers([1.0, 1.1, 0.95, -1.0, 1.05, 1.0, 0.9, 1.0]), [])
    assert (problem.code, problem.parameter, problem.severity) == (SIBLINGS, "layers.3.q.weight", WARNING)


@pytest.mark.parametrize("place", [0, 7])
def test_that_the_first_and_the_last_layer_may_be_unlike_the_others(place: int) -> None:
    turns = [1.0, 1.1, 0.95, 1.0, 1.05, 1.0, 0.9, 1.0]
    turns[place] = -1.0
    assert told(layers(turns)) == [(SIBLINGS, INFO)]


@pytest.mark.parametrize(
    "turns",
    [
        [1.0, 1.1, 0.95, 1.0],  # too few
        [1.0, 1.1, -1.0, -1.05, 1.0, 0.9, 1.0],  # two of them
        [0.1, 0.11, -0.1, 0.1, 0.1, 0.1, 0.1],  # hardly anything
        [1.0, 0.4, 1.8, -1.0, 1.2, 0.5, 1.5],  # the others do not agree
        [1.0, 1.0, 0.3, 1.0, 1.0, 1.0, 1.0],  # odd, but not turned
        [1.0, 1.1, 1.0, -1.0, 1.0, 1.0, 1.0],
    ],
)
def test_that_siblings_are_doubted_only_for_one_that_is_clearly_turned(turns: list[float]) -> None:
    scales = [-2.0] * len(turns)
    if turns == [1.0, 1.1, 1.0, -1.0, 1.0, 1.0, 1.0]:
        scales[3] = -4.0  # another spread than its siblings: it is another matrix
    assert told(layers(turns, scales)) == []


def test_that_two_exchanged_weights_are_named_together() -> None:
    q, k = [-1.0] * 8, [-3.0] * 8
    q[4], k[4] = k[4], q[4]
    problem = first([*layers([0.0] * 8, q), *layers([0.0] * 8, k, "k")], [])
    assert problem.data["keys"] == ["layers.4.q.weight", "layers.4.k.weight"]


def test_that_matrices_of_unequal_shapes_are_never_compared() -> None:
    held = [WeightLook(f"layers.{n}.q.weight", (8, 9), turn=1.0 - 2 * (n == 3), scale=0.0) for n in range(8)]
    assert told(held) == []


@given(st.lists(SMALL, min_size=6, max_size=12), st.floats(-3, 3))
def test_that_siblings_that_agree_are_never_doubted(noise: list[float], middle: float) -> None:
    assert mirrored([middle + each for each in noise]) is None or abs(middle) < 0.5


@given(st.lists(SMALL, min_size=6, max_size=12), st.floats(1, 3), st.integers(0, 5))
def test_that_a_mirrored_one_is_always_found(noise: list[float], middle: float, place: int) -> None:
    series: list[float | None] = [middle + each for each in noise]
    series[place] = -middle
    assert mirrored(series) == place


def test_that_a_series_with_gaps_says_nothing() -> None:
    assert mirrored([1.0, None, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0]) is None
    assert mirrored([]) is None


# BatchNorm


def test_that_the_first_layer_off_after_layers_that_agree_is_the_wrong_one() -> None:
    problem = first([], [norm("bn0", 0.03), norm("bn1", 0.05), norm("bn2", 0.8), norm("bn3", 2.0)])
    assert (problem.code, problem.module, problem.severity) == (STATISTICS, "bn2", WARNING)
    assert "0.8 standard deviations off, where the 2 BatchNorm layers before it agree to 0.05" in problem.message
    assert "between bn1 and bn2 (conv2)" in problem.hint


# What was measured on networks that were right: trained on pictures, run on 1, 2, 8 or 64 of them, and on noise.
RIGHT = {
    "64 pictures": [0.01, 0.02, 0.07, 0.14, 0.25, 0.22, 0.22, 0.15, 0.17],
    "8 pictures": [0.04, 0.04, 0.12, 0.25, 0.5, 0.48, 0.57, 0.36, 0.55],
    "2 pictures": [0.07, 0.08, 0.15, 0.17, 0.3, 0.44, 0.54, 0.59, 0.52],
    "1 picture": [0.03, 0.06, 0.23, 0.4, 0.71, 0.69, 0.86, 0.82, 0.71],
    "no residuals, 2": [0.09, 0.06, 0.06, 0.12, 0.19, 0.43, 0.46],
    "no residuals, 1": [0.08, 0.11, 0.06, 0.13, 0.34, 0.64, 0.73],
}


@pytest.mark.parametrize("name", list(RIGHT))
def test_that_layers_that_drift_as_right_ones_do_are_not_doubted(name: str) -> None:
    assert told([], [norm(f"bn{n}", off) for n, off in enumerate(RIGHT[name])]) == []


def test_that_on_noise_no_layer_is_doubted() -> None:
    offs = [(0.16, 0.37), (0.25, 0.14), (0.16, 0.27), (0.82, 0.21), (0.4, 0.93)]
    assert told([], [norm(f"bn{n}", off, wider) for n, (off, wider) in enumerate(offs)]) == []


@pytest.mark.parametrize(("off", "expected"), [(0.34, []), (0.5, []), (66.0, [(STATISTICS, WARNING)])])
def test_that_the_first_layer_of_all_is_only_doubted_for_an_input_of_another_scale(
    off: float, expected: list[tuple[str, str]]
) -> None:
    assert told([], [norm("bn0", off), norm("bn1", 0.05)]) == expected


@pytest.mark.parametrize("young", [{"samples": 8}, {"updates": 1.0}])
def test_that_few_numbers_or_young_statistics_say_nothing(young: dict[str, int]) -> None:
    norms = [norm("bn0", 0.03), NormLook("bn1", 0.9, 0.1, **{"samples": 4096, "updates": 50.0, **young})]  # type: ignore[arg-type]
    assert told([], norms) == []


def test_that_statistics_without_a_counter_are_taken_as_they_are() -> None:
    assert told([], [norm("bn0", 0.03, updates=None), norm("bn1", 0.9, updates=None)]) == [(STATISTICS, WARNING)]


def test_that_nothing_loaded_is_nothing_to_judge() -> None:
    assert told() == []
    assert not math.isnan(norm("bn", 0.1).off)
