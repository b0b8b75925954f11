"""Two checkpoints as a step from one to the other."""

from dataclasses import replace

import pytest

from torchloupe.analysis.diff_rows import MATCHED, MISSING, RENAMED, RESIZED, UNEXPECTED, DiffRow, KeyEntry
from torchloupe.analysis.pair_motion import PAIR_SERIES, pair_motion
from torchloupe.analysis.step.motion_series import MEANT, MOVED, STILL, state_of
from torchloupe.analysis.step.wording import moved_text
from torchloupe.wire.values import ComparedValues, TensorDifference

HOW = TensorDifference(100, 50, 0, 0, 0.25, 1.0, 10.0, 10.0)
ONE, OTHER = KeyEntry("fc.weight", (10, 10), "float32"), KeyEntry("fc.weight", (10, 10), "bfloat16")


def compared(**facts):
    return ComparedValues("fc.weight", "fc.weight", replace(HOW, **facts))


def test_that_a_pair_has_the_numbers_of_a_parameter_in_a_step() -> None:
    made = pair_motion(DiffRow(MATCHED, ONE, OTHER), compared())
    assert (made.key, made.dtype, made.numel) == ("fc.weight", "float32 → bfloat16", 100)
    assert (made.weight_norm, made.update_norm, made.update_ratio, made.changed_fraction) == (10.0, 1.0, 0.1, 0.5)
    assert made.moved
    assert made.grad_norm is None


@pytest.mark.parametrize(
    ("row", "values", "state", "text"),
    [
        (DiffRow(MATCHED, ONE, ONE), compared(), MOVED, "0.1"),
        (DiffRow(MATCHED, ONE, ONE), compared(expected_norm=0.0), MOVED, "from zero"),
        (DiffRow(MATCHED, ONE, ONE), compared(changed=0, norm=0.0), MEANT, "equal"),
        (DiffRow(MATCHED, ONE, ONE), compared(nan=3), STILL, "NaN"),
        (DiffRow(MATCHED, ONE, ONE), ComparedValues("fc.weight", "fc.weight", reason="cut off"), STILL, "not compared"),
        (DiffRow(MATCHED, ONE, ONE), None, MEANT, "not compared yet"),
        (DiffRow(MISSING, ONE, None), None, MEANT, "missing"),
        (DiffRow(UNEXPECTED, None, OTHER), None, MEANT, "unexpected"),
        (DiffRow(RESIZED, ONE, KeyEntry("fc.weight", (2, 10), "float32")), None, MEANT, "other shape"),
    ],
)
def test_that_each_row_moved_or_says_why_it_has_no_number(row, values, state, text) -> None:
    made = pair_motion(row, values)
    assert state_of(made) == state
    assert moved_text(made) == text


def test_that_a_renamed_pair_has_both_keys() -> None:
    renamed = DiffRow(RENAMED, ONE, ONE._replace(key="module.fc.weight"))
    assert pair_motion(renamed, compared()).key == "fc.weight → module.fc.weight"


def test_that_there_is_a_series_for_every_number_of_a_step_that_two_files_have() -> None:
    made = pair_motion(DiffRow(MATCHED, ONE, ONE), compared())
    assert [series.value(made) for series in PAIR_SERIES] == [0.1, 10.0, 0.5]
    assert all(series.band is None for series in PAIR_SERIES)  # it is no single step
