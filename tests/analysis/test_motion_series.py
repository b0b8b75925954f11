"""A step along the depth of the model: states, stretches, heights, rows for buffers, what can be proven."""

import math

import pytest

from torchloupe.analysis.step.choices import LOSS_TITLES, WITH_TARGET, typed_arguments
from torchloupe.analysis.step.motion_series import (
    MEANT,
    MOVED,
    SERIES,
    SERIES_BY_NAME,
    STILL,
    Stretch,
    height_of,
    keys_to_prove,
    over_steps,
    point_text,
    rows_of,
    state_of,
    stretch_text,
    unproven,
)
from torchloupe.analysis.step.wording import moved_text
from torchloupe.wire.errors import UsageError
from torchloupe.wire.steps import BufferMotion, ParameterMotion, StepMoment, StepReport


def moved(key="w", **fields):
    return ParameterMotion(key, True, **{"update_ratio": 0.001, **fields})


def still(key="w", reason="detached", **fields):
    return ParameterMotion(key, False, reason, f"because of {reason}", **fields)


@pytest.mark.parametrize(
    ("motion", "state"),
    [
        (moved(), MOVED),
        (moved(reason="decay-only"), MOVED),
        (moved(reason="dead-relu"), STILL),  # by decay alone, though it should learn
        (still(), STILL),
        (still(reason=""), STILL),
        (still(reason="requires-grad-false"), MEANT),
        (still(reason="update-underflow", chosen=True), MEANT),
    ],
)
def test_that_a_weight_moved_or_should_have_or_may_rest(motion, state) -> None:
    assert state_of(motion) == state


@pytest.mark.parametrize(
    ("stretch", "text"),
    [
        (Stretch(0, 1, STILL, "detached"), "✖ detached (2)"),
        (Stretch(3, 3, STILL, "lr zero"), "✖ lr zero"),
        (Stretch(0, 1233, MEANT, "frozen"), "– frozen (1,234)"),
    ],
)
def test_that_a_stretch_says_its_reason_and_how_many_it_holds(stretch, text) -> None:
    assert stretch_text(stretch) == text


@pytest.mark.parametrize(
    ("value", "name", "height"),
    [
        (0.01, "update", -2.0),
        (0.0, "update", None),
        (None, "gradient", None),
        (math.inf, "gradient", None),
        (0.25, "changed", 0.25),
    ],
)
def test_that_values_stand_by_their_logarithm_or_as_they_are(value, name, height) -> None:
    assert height_of(value, SERIES_BY_NAME[name]) == height


def test_that_only_the_update_has_a_band_that_is_usual() -> None:
    assert [each.name for each in SERIES if each.band] == ["update"]


def test_that_a_point_says_its_numbers_its_reason_and_its_proof() -> None:
    text = point_text(still(weight_norm=2.0, changed_fraction=0.0, proof="With the same batch, unfrozen, it moves."))
    assert text.splitlines() == [
        "w",
        "weight 2",
        "0 % of the elements changed",
        "Because of detached.",
        "With the same batch, unfrozen, it moves.",
    ]
    assert point_text(moved(grad_norm=3.0)).splitlines() == ["w", "update / weight 0.001", "gradient 3"]


def test_that_a_line_over_the_steps_is_that_of_one_parameter() -> None:
    moments = tuple(StepMoment(1.0, (0.1 * number, None), (1.0, None)) for number in (1, 2))
    report = StepReport((moved("a"), still("b")), moments=moments)
    assert over_steps(report, "a") == [0.1, 0.2]
    assert over_steps(report, "b") == [None, None]
    assert over_steps(report, "c") == []


def test_that_buffers_are_rows_behind_the_parameters_and_never_an_error() -> None:
    buffers = (
        BufferMotion("n.mean", True, update_ratio=0.5),
        BufferMotion("n.var", True, frozen=True, update_ratio=0.5),
        BufferMotion("m", False),
    )
    _, learning, frozen, rests = rows_of(StepReport((still("a"),), buffers=buffers))
    assert [state_of(each) for each in (learning, frozen, rests)] == [MOVED, MOVED, MEANT]
    assert moved_text(learning) == "0.5"
    assert moved_text(rests) == "buffer"
    assert "frozen layer" in frozen.text
    assert "without a gradient" in learning.text


# what can be proven


def test_that_those_that_share_the_cause_of_the_selected_one_are_proven_together() -> None:
    motions = [
        still("a", line=3),
        still("b", line=3),
        still("c", line=9),
        still("d", "item-roundtrip"),
        still("e", "requires-grad-false"),
        moved("f"),
    ]
    assert [each.key for each in unproven(motions)] == ["a", "b", "c", "e"]
    assert keys_to_prove(motions, "a") == ("a", "b")
    assert keys_to_prove(motions, "e") == ("e",)
    assert keys_to_prove(motions, None) == keys_to_prove(motions, "f") == keys_to_prove(motions, "d") == ("a", "b", "c", "e")


# what may be chosen


def test_that_losses_with_a_target_can_be_chosen() -> None:
    assert set(WITH_TARGET) <= set(LOSS_TITLES)


def test_that_typed_keywords_are_python_values_and_empty_ones_are_left_out() -> None:
    typed = {"lr": "1e-3", "betas": "(0.9, 0.99)", "nesterov": "True", "eps": "  ", "fused": "None"}
    assert typed_arguments(typed) == {"lr": 1e-3, "betas": [0.9, 0.99], "nesterov": True, "fused": None}


@pytest.mark.parametrize("text", ["fast", "1e", "__import__('os')", "(" * 5000])
def test_that_what_is_no_value_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="lr: "):
        typed_arguments({"lr": text})
