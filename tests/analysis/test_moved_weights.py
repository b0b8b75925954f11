"""Which weights moved: what became of each pair, their order, and all of it in a sentence."""

from dataclasses import replace

import pytest

from torchloupe.analysis.diff_rows import DTYPE, MATCHED, MISSING, RENAMED, SHAPE, UNEXPECTED
from torchloupe.analysis.moved_weights import EQUAL, FAILED, MOTIONS, MOVED, NAN, UNPAIRED, WAITING, motion, moved_summary, rank
from torchloupe.wire.values import ComparedValues, TensorDifference

SAME = TensorDifference(100, 0, 0, 0, 0.0, 0.0, 10.0, 10.0)


def moved(key: str, relative: float = 0.1, max_abs: float = 1.0, nan: int = 0) -> ComparedValues:
    """A tensor that moved by this part of its norm."""
    return ComparedValues(key, key, replace(SAME, changed=50, max_abs=max_abs, norm=10 * relative, nan=nan))


def equal(key: str) -> ComparedValues:
    return ComparedValues(key, key, SAME)


def from_zero(key: str) -> ComparedValues:
    return ComparedValues(key, key, TensorDifference(4, 4, 0, 0, 2.0, 4.0, 0.0, 4.0))


def unreadable(key: str) -> ComparedValues:
    return ComparedValues(key, key, reason="Its record is cut off.")


@pytest.mark.parametrize(
    ("status", "compared", "expected"),
    [
        (MATCHED, None, WAITING),
        (RENAMED, None, WAITING),
        (MISSING, None, UNPAIRED),
        (UNEXPECTED, None, UNPAIRED),
        (SHAPE, None, UNPAIRED),
        (MATCHED, equal("a"), EQUAL),
        (DTYPE, equal("a"), EQUAL),
        (MATCHED, moved("a"), MOVED),
        (MATCHED, from_zero("a"), MOVED),
        (MATCHED, moved("a", nan=1), NAN),
        (MATCHED, ComparedValues("a", "a", replace(SAME, nan=4)), NAN),
        (MATCHED, unreadable("a"), FAILED),
    ],
)
def test_that_every_row_has_one_motion(status: str, compared: ComparedValues | None, expected: str) -> None:
    assert motion(status, compared) == expected
    assert expected in MOTIONS


def test_that_rows_are_ranked_by_how_much_they_want_a_look() -> None:
    rows = {
        "equal": (MATCHED, equal("a")),
        "waiting": (MATCHED, None),
        "missing": (MISSING, None),
        "near": (MATCHED, moved("a", 0.001)),
        "far": (MATCHED, moved("a", 3.0)),
        "unreadable": (MATCHED, unreadable("a")),
        "from zero": (MATCHED, from_zero("a")),
        "nan": (MATCHED, moved("a", 0.0001, nan=2)),
    }
    ranked = sorted(rows, key=lambda name: rank(*rows[name]))
    assert ranked == ["nan", "from zero", "far", "near", "unreadable", "missing", "waiting", "equal"]


def test_that_of_two_that_moved_equally_far_the_one_with_the_largest_change_comes_first() -> None:
    assert rank(MATCHED, moved("a", 0.1, max_abs=5.0)) < rank(MATCHED, moved("b", 0.1, max_abs=2.0))


def test_that_the_summary_counts_names_the_furthest_and_where_the_equal_ones_are() -> None:
    compared = [equal(f"embeddings.{name}") for name in ("word", "place", "kind")] + [moved("fc.weight", 0.31), moved("fc.bias")]
    assert moved_summary(compared) == (
        "2 of 5 tensors moved; the most: fc.weight (relative 0.31); 3 equal: embeddings.* (3)."
    )  # fmt: skip


def test_that_one_equal_tensor_is_named_by_its_key() -> None:
    assert moved_summary([moved("a.weight"), equal("b.weight")]).endswith("1 equal: b.weight.")


def test_that_what_has_nan_came_from_zero_or_could_not_be_read_is_told_apart() -> None:
    text = moved_summary([moved("a", 0.5), moved("b", 90.0, nan=1), from_zero("c"), unreadable("d")])
    assert text == (
        "3 of 4 tensors moved; the most: a (relative 0.5); 1 with NaN: b; 1 from zero: c; 1 could not be compared: d."
    )  # fmt: skip


def test_that_equal_places_in_many_layers_are_folded() -> None:
    compared = [equal(f"layers.{n}.norm.weight") for n in range(40)] + [moved(f"layers.{n}.fc.weight", 0.1) for n in range(40)]
    assert "40 equal: layers.#.norm.* (40)." in moved_summary(compared)


def test_that_many_places_are_cut() -> None:
    compared = [each for n in range(12) for each in (equal(f"part{n}.weight"), moved(f"part{n}.bias"))]
    assert moved_summary(compared).endswith(" ….")


@pytest.mark.parametrize(
    ("compared", "text"),
    [
        ([], "No values were compared."),
        ([equal("a")], "Equal: the one tensor has the same values."),
        ([equal("a"), equal("b")], "All 2 tensors are equal."),
        ([unreadable("a")], "0 of 1 tensor moved; 1 could not be compared: a."),
    ],
)
def test_that_the_plain_cases_are_said_plainly(compared: list[ComparedValues], text: str) -> None:
    assert moved_summary(compared) == text


def test_that_a_counter_of_batches_is_not_what_moved_the_most():
    counter = ComparedValues("bn.num_batches_tracked", "bn.num_batches_tracked", TensorDifference(1, 1, 0, 0, 2.0, 2.0, 1.0, 3.0))
    weight = ComparedValues("fc.weight", "fc.weight", TensorDifference(4, 4, 0, 0, 0.1, 0.2, 2.0, 2.1))
    assert "the most: fc.weight (relative 0.1)" in moved_summary([counter, weight])
    assert rank("matched", weight) < rank("matched", counter)
