"""What a sweep found, in signs, in words, and in a report."""

import pytest

from torchloupe.analysis.report.markdown import document_markdown
from torchloupe.analysis.report.sizes_section import sizes_document
from torchloupe.analysis.sweep_wording import (
    DRAWN_LEGEND,
    LEGEND,
    first_problem,
    refused_sizes,
    sign_of,
    size_map,
    sweep_sentence,
)
from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.sweeps import SizesSwept, SizeTried, SweptAxis

ODD = Problem("cat-mismatch", "`cat` cannot join [2, 8] and [2, 7].", INFO, "Pad.", module="up_one", file="/m.py", line=18)
SMALL = Problem("input-too-small", "It is *too* small.", INFO, module="pool")
SIDE = SweptAxis(
    "height",
    32,
    ((0, 2),),
    (
        SizeTried(1, False, SMALL),
        SizeTried(31, False),
        SizeTried(32, True),
        SizeTried(33, False, ODD),
        SizeTried(48, True),
        SizeTried(64, None),
    ),
)
SWEPT = SizesSwept((SweptAxis("batch", 2, ((0, 0),), (SizeTried(1, True), SizeTried(2, True))), SIDE), notes=("a: too long.",))


@pytest.mark.parametrize(("runs", "sign"), [(True, "●"), (False, "×"), (None, "?")])
def test_that_each_state_has_a_sign(runs, sign):
    assert sign_of(SizeTried(3, runs)) == sign
    assert sign in LEGEND
    assert sign in DRAWN_LEGEND


def test_that_the_map_marks_the_size_of_the_sample():
    assert size_map(SIDE) == "1× 31× [32●] 33× 48● 64?"


def test_that_each_cause_is_told_once_the_nearest_size_first():
    found = refused_sizes(SWEPT)
    assert [(each.axis, each.size, each.problem.code) for each in found] == [
        ("height", 33, "cat-mismatch"),
        ("height", 1, "input-too-small"),
    ]


def test_that_a_size_that_nobody_looked_at_is_explained_by_the_nearest_on_its_side():
    assert first_problem(SWEPT, "height", 31) is SMALL
    assert first_problem(SWEPT, "height", 40) is ODD
    assert first_problem(SWEPT, "batch", 3) is None
    assert first_problem(SWEPT, "depth", 3) is None


def test_that_markdown_has_a_row_for_each_axis_and_a_point_for_each_cause():
    lines = document_markdown(sizes_document(SWEPT)).splitlines()
    assert lines[:3] == ["# Sizes", "", "| axis | runs with | tried |"]
    assert "| batch | any size, tried from 1 to 2 | 1● [2●] |" in lines
    assert any(line.startswith("* height 33 in `up_one`: `cat` cannot join") and line.endswith("(line 18).") for line in lines)
    assert any("It is \\*too\\* small" in line for line in lines)
    assert lines[-1] == "a: too long."


def test_that_names_in_backticks_stay_as_they_are_in_markdown():
    named = Problem("a", "The table `pos_emb|x` has [2] rows.", INFO)
    axis = SweptAxis("batch", 2, ((0, 0),), (SizeTried(2, True), SizeTried(3, False, named)))
    assert "The table `pos_emb\\|x` has [2] rows." in document_markdown(sizes_document(SizesSwept((axis,))))


def test_that_a_sweep_of_nothing_is_a_heading_and_its_notes():
    assert document_markdown(sizes_document(SizesSwept(()))) == "# Sizes\n"
    assert sweep_sentence(None) == ""
    assert sweep_sentence(SWEPT).startswith("batch: any size, tried from 1 to 2; height: ")
