"""The table of bad inputs, row by row."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from checkpoints.hostile.bad_input_table import OPEN, REFUSE, TABLE, WARN
from checkpoints.hostile.make import EVERY_CASE
from checkpoints.hostile.reading import Outcome

_TESTS = Path(__file__).resolve().parents[1]
_ROWS = [pytest.param(number, id=f"{number} {row.what}") for number, row in TABLE.items()]


def _shown_by(number: int, outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    return {label: outcomes[label] for label in TABLE[number].cases if "::" not in label}


def _came_to(found: Outcome) -> str:
    """In the words of the table."""
    if found.outcome != "opened":
        return REFUSE if found.outcome == "refused" else found.outcome
    return WARN if found.faults else OPEN


def test_that_no_row_is_missing_and_there_are_more_cases_than_rows() -> None:
    assert list(TABLE) == list(range(1, 72))
    assert len(EVERY_CASE) > 90


@pytest.mark.parametrize("number", _ROWS)
def test_that_a_bad_input_comes_to_what_the_table_says(number: int, outcomes: Mapping[str, Outcome]) -> None:
    row = TABLE[number]
    shown = _shown_by(number, outcomes)
    assert {label: _came_to(found) for label, found in shown.items()} == dict.fromkeys(shown, row.must)


@pytest.mark.parametrize("number", [number for number, row in TABLE.items() if row.values])
def test_that_values_are_read_or_refused_as_the_table_says(number: int, outcomes: Mapping[str, Outcome]) -> None:
    row = TABLE[number]
    for label, found in _shown_by(number, outcomes).items():
        assert found.values, f"{label} has no tensor"
        if row.values == "read":
            assert set(found.values) == {"read"}, label
        else:
            assert any(re.search(re.escape(row.values), value) for value in found.values), (label, found.values)


def test_that_a_row_without_a_case_of_its_own_has_a_test_that_exists() -> None:
    named = [label for row in TABLE.values() for label in row.cases if "::" in label]
    for label in named:
        file, test = label.split("::")
        (place,) = _TESTS.rglob(file)
        assert f"def {test}(" in place.read_text(encoding="utf-8")
    assert all(row.cases for row in TABLE.values())


@pytest.mark.parametrize("number", [16, 17, 18, 20, 66])
def test_that_what_would_run_is_named_by_every_case_of_the_row(number: int, outcomes: Mapping[str, Outcome]) -> None:
    for label, found in _shown_by(number, outcomes).items():
        assert any(code in ("checkpoint-runs-code", "checkpoint-pickled-objects") for code, _, _ in found.problems), label
