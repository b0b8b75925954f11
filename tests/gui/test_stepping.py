"""A training step in the window: asked of the worker, shown in the Step tab, the parameter table and the problems."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.panel_data import open_panel, shown_column
from torchloupe.gui.modules import parameters as columns
from torchloupe.gui.step import model as rows
from torchloupe.gui.step.panel import StepPanel
from torchloupe.gui.workbench import Workbench
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.problems import ERROR, INFO, Problem
from torchloupe.wire.requests import Failed
from torchloupe.wire.steps import ParameterMotion, RunStep, StepReport


def motion(key: str, ratio: float | None = 0.001, reason: str = "", **facts: Any) -> ParameterMotion:
    known: dict[str, Any] = {
        "weight_norm": 2.0,
        "grad_norm": 1.0,
        "update_norm": 0.002,
        "changed_fraction": 1.0,
        "group": 0,
        "lr": 0.1,
    }
    text = f"because of {reason}" if reason else ""
    return ParameterMotion(key, ratio is not None, reason, text, update_ratio=ratio, **{**known, **facts})


CUT = motion("head.fc1.weight", None, "detached", changed_fraction=0.0, grad_norm=None, dtype="float16")
FROZEN = motion("encoder.conv1.weight", None, "requires-grad-false", group=None, lr=None)
MOTIONS = (FROZEN, motion("encoder.conv1.bias"), CUT, motion("head.fc2.weight", 0.5), motion("head.fc2.bias", 1e-6, "decay-only"))
STILL = Problem(
    "weight-not-moved",
    "`head.fc1.weight` does not move.",
    ERROR,
    module="head.fc1",
    line=12,
    data={"reason": "detached", "parameters": ["head.fc1.weight"]},
)
REPORT = StepReport(MOTIONS, 2.5, 2.25, "loss_fn", "SGD", "default", mode="train", device="cpu", problems=(STILL,), seconds=0.25)


# the rows


def test_that_what_should_have_moved_comes_first_then_what_may_stay_then_the_largest_update() -> None:
    keys = [each.key for each in rows.ranked(MOTIONS)]
    assert keys == ["head.fc1.weight", "encoder.conv1.weight", "head.fc2.weight", "encoder.conv1.bias", "head.fc2.bias"]


def test_that_buffers_come_last_of_all() -> None:
    buffers = [motion("a.mean", 9.0, "buffer"), motion("a.count", None, "buffer")]
    assert [each.key for each in rows.ranked([*buffers, *MOTIONS])][-2:] == ["a.mean", "a.count"]


@pytest.mark.parametrize(
    ("shown", "moved", "role"),
    [
        (CUT, "✖ detached", "error"),
        (motion("norm.weight", None, "update-underflow", chosen=True), "– update underflow", "muted"),
        (FROZEN, "– frozen", "muted"),
        (MOTIONS[1], "Δ 0.001", "accent"),
        (MOTIONS[4], "Δ 1.000e-06, by decay", "accent"),
        (motion("w", 1e-6, "dead-relu"), "✖ 1.000e-06, by decay", "error"),
        (motion("w", None), "✖ no", "error"),
    ],
)
def test_that_a_row_says_moved_or_not_in_shape_colour_and_words(shown: ParameterMotion, moved: str, role: str) -> None:
    row = rows.motion_row(shown)
    assert row.cells[rows.MOVED] == moved
    assert row.roles[rows.MOVED] == role
    assert row.key == shown.key


def test_that_a_row_has_the_numbers_and_the_sentence() -> None:
    row = rows.motion_row(CUT)
    assert dict(zip([column.title for column in rows.COLUMNS], row.cells, strict=True)) == {
        "Parameter": "head.fc1.weight",
        "Moved": "✖ detached",
        "Weight": "2",
        "Update": "0.002",
        "Changed": "0 %",
        "Dtype": "float16",
        "Gradient": "–",
        "Group": "0 (lr 0.1)",
        "Why": "Because of detached.",
    }
    assert row.tips[rows.MOVED] == "Because of detached."
    assert rows.motion_row(MOTIONS[1]).tips[rows.MOVED].startswith("Update norm over weight norm")


def test_that_numbers_sort_as_numbers_and_what_is_not_there_comes_last() -> None:
    by_gradient = sorted(MOTIONS, key=lambda each: rows.motion_order(each, rows.GRADIENT))
    assert by_gradient[-1] is CUT
    assert sorted(MOTIONS, key=lambda each: rows.motion_order(each, rows.MOVED))[0] is CUT
    assert sorted(MOTIONS, key=lambda each: rows.motion_order(each, rows.KEY))[0].key == "encoder.conv1.bias"


# the tab


@pytest.fixture
def panel(qtbot: Any) -> Any:
    """The Step tab of an open model."""
    panel = open_panel(qtbot, StepPanel)
    panel.workbench.set_model(panel_data.opened())
    return panel


def test_that_without_a_step_the_tab_says_what_to_do(qtbot: Any) -> None:
    panel = open_panel(qtbot, StepPanel)
    assert "No model yet" in panel.table.empty.label.text()
    panel.workbench.set_model(panel_data.opened())
    assert "F6" in panel.table.empty.label.text()


def test_that_the_tab_shows_the_step(panel: Any) -> None:
    panel.workbench.steps.take(REPORT)
    assert shown_column(panel.table, rows.KEY)[:2] == ["head.fc1.weight", "encoder.conv1.weight"]
    assert panel.summary.text().startswith("3 of 5 parameters moved  ·  loss 2.5 → 2.25 (loss_fn)")
    assert panel.copy_rows().splitlines()[0].startswith("head.fc1.weight\t")


def test_that_a_row_that_is_chosen_selects_the_parameter_with_its_problem(panel: Any) -> None:
    panel.workbench.steps.take(REPORT)
    panel.table.chosen.emit("head.fc1.weight")
    selection = panel.workbench.selection
    assert (selection.module, selection.parameter, selection.problem) == ("head.fc1", "head.fc1.weight", STILL)
    panel.table.chosen.emit("head.fc2.weight")
    selection = panel.workbench.selection
    assert (selection.module, selection.parameter, selection.problem) == ("head.fc2", "head.fc2.weight", None)


def test_that_the_row_follows_the_selected_problem(panel: Any) -> None:
    panel.workbench.steps.take(REPORT)
    panel.workbench.select_problem(STILL)
    assert panel.table.view.currentIndex().row() == 0
    panel.workbench.select_parameter("head.fc2.weight")
    assert panel.table.view.currentIndex().row() == 2


def test_that_ctrl_f_goes_to_the_filter(panel: Any) -> None:
    panel.workbench.steps.take(REPORT)
    panel.table.filter.setText("moved:detached")
    panel.focus_filter()
    assert shown_column(panel.table, rows.KEY) == ["head.fc1.weight"]
    assert panel.table.filter.selectedText() == "moved:detached"


# what the workbench holds


def test_that_another_model_has_taken_no_step() -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.steps.take(REPORT)
    assert bench.problems == (STILL,)
    bench.set_model(panel_data.opened())
    assert bench.steps.report is None
    assert bench.problems == ()
    assert not bench.steps.motions


def test_that_a_tied_parameter_has_the_motion_of_its_other_key() -> None:
    bench = Workbench()
    tree = panel_data.tree()
    tied = replace(
        tree, parameters=(*tree.parameters, panel_data.parameter("head.again", (10, 128), tied_to=("head.fc2.weight",)))
    )
    bench.set_model(panel_data.opened(tree=tied))
    bench.steps.take(REPORT)
    assert bench.steps.motions["head.again"] is MOTIONS[3]
    assert "head.act" not in bench.steps.motions


def test_that_what_follows_from_a_known_problem_is_not_listed() -> None:
    bench = Workbench()
    unused = Problem("unused-module", "Never called.", module="head.fc1")
    bench.set_model(panel_data.opened(problems=(unused,)))
    still = replace(STILL, data={"reason": "unused-in-forward", "parameters": ["head.fc1.weight"]})
    bench.steps.take(replace(REPORT, problems=(still,)))
    assert bench.problems == (unused,)


# the columns of the parameters


def test_that_the_parameter_table_has_a_column_for_the_group_and_the_motion() -> None:
    facts = columns.Facts(motions={each.key: each for each in MOTIONS})
    said = columns.parameter_row(panel_data.parameter("head.fc1.weight", (128, 3136)), facts)
    cells = dict(zip(columns.TITLES, said.cells, strict=True))
    assert (cells["Group"], cells["Moved"]) == ("0 (lr 0.1)", "detached")
    assert said.roles[columns.MOVED] == "warning"
    assert said.tips[columns.MOVED] == "Because of detached."
    frozen = columns.parameter_row(panel_data.parameter("encoder.conv1.weight", (1,)), facts)
    assert dict(zip(columns.TITLES, frozen.cells, strict=True))["Group"] == "none"
    assert frozen.roles[columns.MOVED] == "muted"
    other = columns.parameter_row(panel_data.parameter("x", (1,)), facts)
    assert (other.cells[columns.MOVED], other.roles[columns.MOVED]) == ("", None)


def test_that_the_motion_column_sorts_what_stands_still_first() -> None:
    facts = columns.Facts(motions={each.key: each for each in MOTIONS})
    entries = [panel_data.parameter(key, (1,)) for key in ("head.fc2.weight", "x", "head.fc1.weight", "encoder.conv1.bias")]
    ordered = sorted(entries, key=lambda entry: columns.parameter_order(entry, columns.MOVED, facts))
    assert [entry.key for entry in ordered] == ["head.fc1.weight", "encoder.conv1.bias", "head.fc2.weight", "x"]


# the window


def opened(make_window: MakeWindow, qtbot: Any, model_file: Path, answer: Any) -> Any:
    window: Any = make_window({RunStep: answer})
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    return window


def take_step(window: Any, qtbot: Any) -> None:
    window.actions_by_id.refresh()
    window.actions_by_id["run.step"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_f6_takes_a_step_and_shows_it(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, [REPORT])
    assert window.actions_by_id["run.step"].shortcut().toString() == "F6"
    take_step(window, qtbot)
    assert window.workbench.steps.report == REPORT
    assert window.docks.tabs.currentWidget() is window.docks.panels["step"]
    assert window.status.message.text() == "3 of 5 parameters moved, loss 2.5 → 2.25"
    assert window.workbench.selection.problem == STILL
    below = window.docks.panels["modules"].inside().below
    assert not below.table.view.isColumnHidden(columns.MOVED)
    assert [each for each in window.sessions[-1].asked if isinstance(each, RunStep)] == [RunStep()]


def test_that_the_step_takes_the_input_device_and_mode_of_the_runs(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, [REPORT])
    window.opening.options = replace(window.opening.options, inputs=("float32[1,3]",), device="cpu", mode="eval")
    take_step(window, qtbot)
    assert window.sessions[-1].asked[-1] == RunStep(("float32[1,3]",), "cpu", "eval")


def test_that_a_step_without_serious_problems_selects_nothing(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    remark = replace(STILL, severity=INFO)
    window = opened(make_window, qtbot, model_file, [replace(REPORT, problems=(remark,), loss_after=None)])
    take_step(window, qtbot)
    assert window.workbench.selection.problem is None
    assert window.workbench.problems[-1] == remark
    assert window.status.message.text() == "3 of 5 parameters moved"


def test_that_a_step_that_cannot_be_made_is_a_problem(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    refused = Problem("no-loss", "The output has no floating tensor.", hint="Write a loss_fn.")
    window = opened(make_window, qtbot, model_file, [Failed((refused,))])
    take_step(window, qtbot)
    assert refused in window.workbench.problems
    assert window.status.message.text() == refused.message
    assert window.workbench.selection.problem == refused
    assert window.workbench.steps.report is None


def test_that_a_step_can_be_cancelled(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, [UNTIL_CANCELLED])
    window.actions_by_id["run.step"].trigger()
    qtbot.waitUntil(lambda: window.jobs.busy, timeout=PATIENCE_MS)
    window.actions_by_id.refresh()
    assert not window.actions_by_id["run.step"].isEnabled()
    window.opening.cancel()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert "cancelled; the model is as it was" in window.status.message.text()


def test_that_a_worker_that_was_replaced_constructs_the_model_first(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    window = opened(make_window, qtbot, model_file, [REPORT])
    window.opening.constructed = False
    window.actions_by_id["run.step"].trigger()
    qtbot.waitUntil(lambda: window.workbench.steps.report is not None, timeout=PATIENCE_MS)
    assert [type(each).__name__ for each in window.sessions[-1].asked][-2:] == ["OpenTarget", "RunStep"]


def test_that_without_a_model_there_is_no_step(window: Any) -> None:
    window.actions_by_id.refresh()
    assert not window.actions_by_id["run.step"].isEnabled()
