"""An index as one part for every dimension, and back as text."""

import pytest

from torchloupe.analysis.tensor_slices import IndexPart, index_parts, index_text
from torchloupe.wire.errors import UsageError

SHAPE = (4, 5, 6)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [IndexPart(0, 4), IndexPart(0, 5), IndexPart(0, 6)]),
        ("-1", [IndexPart(3), IndexPart(0, 5), IndexPart(0, 6)]),
        ("..., 1:3", [IndexPart(0, 4), IndexPart(0, 5), IndexPart(1, 2)]),
        ("0, ::2, 5", [IndexPart(0), IndexPart(0, 3, 2), IndexPart(5)]),
        ("1:1", [IndexPart(1, 0), IndexPart(0, 5), IndexPart(0, 6)]),
        ("1:99:3", [IndexPart(1, 1, 3), IndexPart(0, 5), IndexPart(0, 6)]),
    ],
)
def test_that_an_index_is_one_part_for_every_dimension(text: str, parts: list[IndexPart]) -> None:
    assert index_parts(SHAPE, text) == parts


@pytest.mark.parametrize("text", ["", "-1", "0, ::2, 5", "1:1", "1:4:3, 2:, :3", "3, 4, 5"])
def test_that_the_text_of_parts_means_the_same_parts(text: str) -> None:
    parts = index_parts(SHAPE, text)
    again = index_parts(SHAPE, index_text(parts))
    taken = [
        [part.begin + at * part.step for at in range(part.count or 0)] if part.count is not None else part.begin for part in parts
    ]
    same = [
        [part.begin + at * part.step for at in range(part.count or 0)] if part.count is not None else part.begin for part in again
    ]
    assert taken == same
    assert index_text(again) == index_text(parts)


def test_that_a_number_alone_has_the_empty_index() -> None:
    assert index_parts((), "") == []
    assert index_text([]) == ""


@pytest.mark.parametrize("text", ["4", "0, 0, 0, 0", "..., ...", "::0", "x", "1::-1"])
def test_that_a_wrong_index_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        index_parts(SHAPE, text)
