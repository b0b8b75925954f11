"""Where each weight stands in the plot of motions: what is drawn of few and of very many."""

from dataclasses import replace

import numpy
import pytest

from torchloupe.analysis.step.motion_series import MEANT, SERIES_BY_NAME, STILL, Stretch
from torchloupe.gui.motion_points import MOST, MotionPoints
from torchloupe.wire.steps import ParameterMotion

UPDATE = SERIES_BY_NAME["update"]


def moved(ratio: float | None = 1e-3) -> ParameterMotion:
    return ParameterMotion("w", True, update_ratio=ratio)


def still(reason: str = "detached") -> ParameterMotion:
    return ParameterMotion("w", False, reason)


def points_of(*motions: ParameterMotion) -> MotionPoints:
    return MotionPoints(motions, UPDATE)


MIXED = (still(), still(), moved(), still(), still("lr-zero"), still("requires-grad-false"), moved(0.1), moved(None))


def test_that_what_moved_is_a_stem_and_what_has_no_number_is_told_apart() -> None:
    points = points_of(*MIXED)
    numbers, heights = points.stems(0, 8)
    assert numbers.tolist() == [2, 6]
    assert heights.tolist() == pytest.approx([-3.0, -1.0])
    assert points.without_number(0, 8).tolist() == [7]
    assert points.extremes == pytest.approx((-3.0, -1.0))


def test_that_neighbours_with_one_reason_are_one_stretch_and_what_should_have_moved_comes_first() -> None:
    assert points_of(*MIXED).widest(0, 8, 10) == [
        Stretch(0, 1, STILL, "detached"),
        Stretch(3, 3, STILL, "detached"),
        Stretch(4, 4, STILL, "lr zero"),
        Stretch(5, 5, MEANT, "frozen"),
    ]
    assert [stretch.first for stretch in points_of(*MIXED).widest(0, 8, 2)] == [0, 3]


def test_that_fields_are_told_by_state() -> None:
    points = points_of(*MIXED)
    assert [ends.tolist() for ends in points.fields(STILL, 0, 8)] == [[0, 3, 4], [1, 3, 4]]
    assert [ends.tolist() for ends in points.fields(MEANT, 0, 8)] == [[5], [5]]


def test_that_only_what_is_in_sight_is_looked_at() -> None:
    points = points_of(*MIXED)
    assert points.stems(3, 8)[0].tolist() == [6]
    assert [ends.tolist() for ends in points.fields(STILL, 1, 4)] == [[1, 3], [1, 3]]
    assert points.widest(5, 7, 9) == [Stretch(5, 5, MEANT, "frozen")]


def test_that_a_stem_goes_from_the_floor_up() -> None:
    assert MotionPoints.feet(numpy.array([-3.0, -1.0]), -4.0).tolist() == [-4.0, -3.0, -4.0, -1.0]


def test_that_of_very_many_stems_the_extremes_are_kept_in_order() -> None:
    motions = [moved(10 ** (-5 + number * 7919 % 1000 / 1000)) for number in range(50_000)]
    motions[31_415], motions[27_182] = moved(10.0), moved(1e-9)
    numbers, heights = points_of(*motions).stems(0, len(motions))
    assert len(numbers) <= MOST + 2
    assert numbers.tolist() == sorted(set(numbers.tolist()))
    assert (heights.max(), heights.min()) == pytest.approx((1.0, -9.0))
    assert numbers[heights.argmax()] == 31_415


def test_that_zoomed_in_every_one_is_drawn() -> None:
    points = points_of(*[moved(1e-3 * (1 + number)) for number in range(20_000)])
    assert points.stems(1000, 1500)[0].tolist() == list(range(1000, 1500))


def test_that_of_very_many_stretches_neighbours_come_together_and_none_is_lost() -> None:
    motions = [still() if number % 2 else moved() for number in range(20_000)]
    motions[15_000:16_000] = [moved()] * 1000
    starts, ends = points_of(*motions).fields(STILL, 0, len(motions))
    assert 1 <= len(starts) <= MOST
    held = numpy.zeros(len(motions), dtype=bool)
    for one, other in zip(starts, ends, strict=True):
        held[one : other + 1] = True
    assert all(held[number] for number in range(len(motions)) if not motions[number].moved)
    assert not held[15_050:15_950].any()


def test_that_some_can_become_others() -> None:
    points = points_of(*MIXED)
    points.take({0: moved(1.0), 6: replace(still(), reason="equal", chosen=True)})
    assert points.stems(0, 8)[0].tolist() == [0, 2]
    assert points.extremes == pytest.approx((-3.0, 0.0))
    assert Stretch(6, 6, MEANT, "equal") in points.widest(0, 8, 9)


def test_that_nothing_can_be_shown() -> None:
    points = MotionPoints()
    assert points.extremes is None
    assert points.stems(0, 0)[0].tolist() == points.without_number(0, 0).tolist() == []
    assert points.widest(0, 0, 5) == []
    assert [ends.tolist() for ends in points.fields(STILL, 0, 0)] == [[], []]
