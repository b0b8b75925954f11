"""Many small integers as one string, and back."""

import json
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.wire.numbers import LONG, Counts, read, written


@given(st.lists(st.integers(min_value=-(2**70), max_value=2**70), max_size=100))
def test_that_whatever_is_written_is_read_back(numbers: list[int]) -> None:
    assert read(json.loads(json.dumps(written(tuple(numbers))))) == tuple(numbers)


@given(st.lists(st.integers(min_value=0, max_value=2**32 - 1), min_size=LONG, max_size=200))
def test_that_many_that_have_room_are_one_string(numbers: list[int]) -> None:
    plain = written(numbers)
    assert isinstance(plain, dict)
    assert read(plain) == tuple(numbers)


@pytest.mark.parametrize("numbers", [(), (1, 2, 3), (0,) * (LONG - 1), (-1,) * LONG, (2**32,) * LONG])
def test_that_few_large_or_negative_ones_stay_a_list(numbers: tuple[int, ...]) -> None:
    assert written(numbers) == list(numbers)


def test_that_the_bytes_are_the_same_on_every_machine() -> None:
    assert written((1,) + (0,) * (LONG - 1)) == {"$uint32": "AQAA" + "A" * 167 + "="}


@given(st.lists(st.integers(min_value=0, max_value=2**32 - 1), max_size=100))
def test_that_packed_counts_are_a_tuple_to_who_looks_at_them(numbers: list[int]) -> None:
    counts = Counts(array("I", numbers).tobytes())
    assert (counts, len(counts), list(counts), hash(counts)) == (tuple(numbers), len(numbers), numbers, hash(tuple(numbers)))
    assert (repr(counts), counts[1:3], counts == numbers) == (repr(tuple(numbers)), tuple(numbers[1:3]), False)
    assert read(json.loads(json.dumps(written(counts)))) == written_and_read(numbers) == counts


def written_and_read(numbers: list[int]) -> object:
    return read(json.loads(json.dumps(written(tuple(numbers)))))


@pytest.mark.parametrize("plain", [{}, {"$uint32": 3}, {"$uint32": "AAAA", "more": 1}, {"$uint32": "@@@@"}, {"$uint32": "AAA="}])
def test_that_what_was_never_written_is_refused(plain: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever says so
        read(plain)
