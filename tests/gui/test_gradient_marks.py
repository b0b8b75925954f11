"""The way of a gradient drawn over the calls."""

from typing import Any

import pytest

from gui.panel_data import open_panel, run_well
from torchloupe.gui.calls.gradient_marks import ARRIVES, ENDS, NEVER, NO_MARKS, gradient_marks
from torchloupe.gui.calls.panel import CallsPanel
from torchloupe.gui.workbench import Selection
from torchloupe.wire.problems import Problem


def cut(**path: Any) -> Problem:
    whole = {"arrives": ["the loss", "head.fc2"], "unreached": ["encoder.conv1"], "layer": "head.fc1", **path}
    return Problem("weight-not-moved", "", data={"gradient_path": whole})


def test_that_layers_are_passed_or_cut_at_or_never_reached() -> None:
    marks = gradient_marks(cut())
    assert marks == {"the loss": ARRIVES, "head.fc2": ARRIVES, "encoder.conv1": NEVER, "head.fc1": ENDS}


def test_that_a_layer_that_a_gradient_passes_once_is_passed() -> None:
    assert gradient_marks(cut(unreached=["head.fc2"]))["head.fc2"] == ARRIVES


@pytest.mark.parametrize("problem", [None, Problem("x", ""), Problem("x", "", data={"gradient_path": 3})])
def test_that_what_has_no_way_marks_nothing(problem: Problem | None) -> None:
    assert gradient_marks(problem) == NO_MARKS


def test_that_the_calls_show_it_as_long_as_its_problem_is_selected(qtbot: Any) -> None:
    panel = open_panel(qtbot, CallsPanel)
    run_well(panel.workbench)
    modules = [step.module for step in panel.model.items]
    before = [panel.model._row_of(step).cells for step in panel.model.items]
    problem = cut(arrives=[modules[-1]], unreached=[modules[1]], layer=modules[2])
    panel.workbench.select(Selection(problem=problem))
    shown = [" ".join(panel.model._row_of(step).cells) for step in panel.model.items]
    assert "← gradient" in shown[-1]
    assert "no gradient" in shown[1]
    assert "✂ ends here" in shown[2]
    panel.workbench.select(Selection(module=""))
    assert [panel.model._row_of(step).cells for step in panel.model.items] == before
