"""``run --try-fixes``: all first fixes once together, and what comes of it."""

from dataclasses import replace

import pytest

from cli.playing import REPORT, Play
from torchloupe.wire.mismatches import TryFixes
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, RunForward

FIX = Fix(
    "set_argument", "Set `in_features=3` of `fc`.", "fc", "in_features", 3, verified=True, outcome="the model runs to its end"
)
BROKEN = Problem("shape-mismatch", "fc is built for 4.", module="fc", fixes=(FIX,), data={"input_shape": [2, 3]})


@pytest.fixture
def broken(play: Play) -> Play:
    play.script[RunForward] = [replace(REPORT, problems=(BROKEN,), outputs=())]
    play.script[TryFixes] = [REPORT]
    return play


def test_that_the_fixes_are_tried_and_the_end_is_said(broken: Play) -> None:
    written = broken("run", "model.py", "--try-fixes")
    assert written.status == 1  # the model is still broken
    assert written.out.splitlines()[-1] == "Tried: Set `in_features=3` of `fc`; the model runs to its end and gives [2, 11]."
    (asked,) = broken.asked(TryFixes)
    assert [each.fix for each in asked.fixes] == [FIX]


def test_that_what_is_next_is_said(broken: Play) -> None:
    broken.script[TryFixes] = [replace(REPORT, problems=(replace(BROKEN, message="out is built for 9."),))]
    assert broken("run", "model.py", "--try-fixes").out.splitlines()[-1].endswith("; next: out is built for 9.")


def test_that_json_says_the_same(broken: Play) -> None:
    tried = broken("run", "model.py", "--try-fixes", "--json").json["tried"]
    assert tried == {"fixes": [FIX.text], "runs": True, "outputs": [[2, 11]], "problems": []}


def test_that_nothing_is_asked_where_there_is_nothing_to_try_or_nobody_wants_it(play: Play, broken: Play) -> None:
    assert "tried" not in broken("run", "model.py", "--json").json
    broken.script[RunForward] = [REPORT]
    assert "Tried" not in broken("run", "model.py", "--try-fixes").out
    assert play.asked(TryFixes) == []


def test_that_a_trial_that_fails_is_told(broken: Play) -> None:
    broken.script[TryFixes] = [Failed((Problem("usage", "The patch is for another version of the file."),))]
    written = broken("run", "model.py", "--try-fixes")
    assert "another version" in written.out + written.err
