"""Every state is said by a glyph, a word and a colour that the theme has."""

import pytest

from torchloupe.analysis.state_dict_diff import STATUSES
from torchloupe.gui.marks import CALL_MARKS, DIFF_MARKS, SEVERITY_MARKS, Mark
from torchloupe.gui.theme import ROLES

ALL = [*SEVERITY_MARKS.values(), *CALL_MARKS.values(), *DIFF_MARKS.values()]


@pytest.mark.parametrize("mark", ALL, ids=lambda mark: mark.word)
def test_that_a_mark_has_a_glyph_a_word_and_a_role_of_the_theme(mark: Mark) -> None:
    assert len(mark.glyph) == 1
    assert mark.word.isalpha()
    assert mark.role in (*ROLES, "")
    assert mark.text == f"{mark.glyph} {mark.word}"


def test_that_every_status_of_the_diff_has_a_mark() -> None:
    assert set(DIFF_MARKS) == set(STATUSES)


def test_that_states_of_one_kind_differ_in_more_than_colour() -> None:
    for marks in (SEVERITY_MARKS, CALL_MARKS, DIFF_MARKS):
        assert len({mark.text for mark in marks.values()}) == len(marks)
