"""The problems of a run beside the open checkpoint: what its shapes say of them, also of the one that is looked at."""

from dataclasses import replace

import pytest

from gui import panel_data
from gui.panel_data import MISMATCH
from torchloupe.analysis.weight_evidence import AGAINST
from torchloupe.gui.known_problems import KnownProblems
from torchloupe.gui.workbench import Workbench

BROKEN = replace(MISMATCH, data={"argument": "in_features", "expected": 3136, "got": 12544})


@pytest.fixture
def bench(qtbot: object) -> Workbench:
    made = Workbench()
    made.set_model(panel_data.opened())
    made.begin_run()
    made.add_calls(panel_data.failing_calls())
    made.end_run(panel_data.report(BROKEN))
    return made


def test_that_the_problem_that_is_looked_at_says_what_a_checkpoint_that_is_opened_later_says(bench: Workbench) -> None:
    assert bench.selection.problem == BROKEN
    bench.set_checkpoint(panel_data.checkpoint())
    problem = bench.selection.problem
    assert problem in bench.problems
    assert problem is not None
    assert "evidence" in problem.data
    assert next(fix for fix in problem.fixes if fix.kind == "set_argument").evidence == AGAINST
    bench.set_checkpoint(None)
    assert bench.selection.problem == BROKEN


def test_that_a_run_beside_an_open_checkpoint_is_weighed_at_once(bench: Workbench) -> None:
    bench.set_checkpoint(panel_data.checkpoint())
    bench.begin_run()
    bench.add_calls(panel_data.failing_calls())
    bench.end_run(panel_data.report(BROKEN))
    assert bench.selection.problem is not None
    assert "evidence" in bench.selection.problem.data


def test_that_without_keys_problems_stay_as_they_are() -> None:
    known = KnownProblems()
    known.run = (BROKEN,)
    assert known.run == (BROKEN,)
    known.weigh(None, panel_data.tree())
    assert known.listed(lambda _found: ()) == (BROKEN,)
