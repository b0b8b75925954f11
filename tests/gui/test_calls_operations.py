"""Operations between the calls: on the workbench, in the rows of the Calls panel, in the details, and the command that wants them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow, good_run
from gui.panel_data import FILE, open_panel, run_well, shown_column, stats
from torchloupe.analysis.axis_names import AxisNames
from torchloupe.analysis.operation_wording import DIRECT_FORWARD, NOT_OBSERVED
from torchloupe.analysis.row_filter import matching
from torchloupe.gui.axes import axis_names_of
from torchloupe.gui.calls import model as rows
from torchloupe.gui.calls.model import CLASS, NOT_FINITE, CallsModel, call_row
from torchloupe.gui.calls.panel import CallsPanel
from torchloupe.gui.details.subjects import details_of
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.settings import OPERATIONS, Settings
from torchloupe.gui.source_places import source_places
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.requests import CallsFinished, OperationsFinished, RunForward
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import Operation, PlainValue

TITLES = [column.title for column in rows.COLUMNS]


def operation(index: int, name: str, before_call: int, **facts: Any) -> Operation:
    """An operation of the classifier on one tensor."""
    shape = (2, 64, 7, 7)
    known: dict[str, Any] = {"call": 5, "depth": 2, "seconds": 0.00012, "file": FILE, "line": 60 + index, "stats": (stats(6272),)}
    known |= {"inputs": (TensorMeta(shape, "float32", name="x"),), "outputs": (TensorMeta(shape, "float32"),)}
    return Operation(index, name, facts.pop("module", "head"), before_call, **{**known, **facts})


OPERATIONS_OF_RUN = (
    operation(0, ".flatten", 6, values=(PlainValue("start_dim", "1"),)),
    operation(1, "x * 0.5", 9),
    operation(2, "x + y", 10, inputs=(TensorMeta((2, 10), "float32", name="x"), TensorMeta((2, 10), "float32", name="y"))),
    operation(3, DIRECT_FORWARD, 10, module="head.fc2", inputs=(), outputs=(), stats=(), seconds=None),
)
HEARD = OperationsFinished(OPERATIONS_OF_RUN)


def run_with_operations(bench: Workbench) -> None:
    """The classifier's run to the end, in which the operations were wanted."""
    bench.operations.want(True)
    bench.set_model(panel_data.opened())
    bench.begin_run(RunForward(operations=True))
    bench.add_calls(panel_data.good_calls())
    bench.operations.hear([HEARD])
    bench.end_run(panel_data.report())


def select(bench: Workbench, index: int) -> None:
    """Look at an operation."""
    found = bench.operations.found[index]
    bench.select(Selection(module=found.module, call=found.call, operation=index))


def cell(made: Operation, title: str) -> str:
    return call_row(made).cells[TITLES.index(title)]


# the workbench


def test_that_operations_are_kept_until_the_next_run_or_model(qtbot: Any) -> None:
    bench = Workbench()
    run_with_operations(bench)
    assert list(bench.operations.found) == [0, 1, 2, 3]
    bench.begin_run()
    assert not bench.operations.found
    run_with_operations(bench)
    bench.set_model(None)
    assert not bench.operations.found


def test_that_other_events_are_no_operations(qtbot: Any) -> None:
    bench = Workbench()
    with qtbot.assertNotEmitted(bench.operations.added):
        bench.operations.hear([CallsFinished(()), OperationsFinished(())])
    with qtbot.waitSignal(bench.operations.added) as added:
        bench.operations.hear([CallsFinished(()), HEARD])
    assert added.args == [list(OPERATIONS_OF_RUN)]


def test_that_wanting_them_is_said_once(qtbot: Any) -> None:
    bench = Workbench()
    with qtbot.waitSignal(bench.operations.switched):
        bench.operations.want(True)
    with qtbot.assertNotEmitted(bench.operations.switched):
        bench.operations.want(True)


# rows


def test_that_a_row_says_everything_about_an_operation() -> None:
    row = call_row(OPERATIONS_OF_RUN[0])
    assert row.cells == (
        "", "    .flatten(start_dim=1)", "✓ done", "[2, 64, 7, 7]", "[2, 64, 7, 7]", "0.0125", "0.98", "-3.5", "3.25",
        "0 %", "", "line 60", "120 µs", "float32", *[""] * 5,
    )  # fmt: skip
    assert row.key == ("operation", 0)
    assert set(row.roles) == {"muted"}
    assert row.tips[1] == f".flatten(start_dim=1)\nin line 60 of {FILE}"
    assert row.tips[CLASS] == f"{FILE}:60"


def test_that_a_failed_operation_is_red_and_one_with_nan_says_so() -> None:
    assert set(call_row(operation(1, "x + y", 6, status="failed", outputs=(), stats=(), seconds=None)).roles) == {"error"}
    row = call_row(operation(1, "x / y", 6, stats=(stats(9, nan=3),)))
    assert (row.cells[NOT_FINITE], row.roles[NOT_FINITE]) == ("3 NaN", "error")


def test_that_a_module_called_past_its_call_is_unseen_and_says_why() -> None:
    row = call_row(OPERATIONS_OF_RUN[3])
    assert (*row.cells[1:5], row.cells[CLASS]) == ("    head.fc2.forward", "◌ unseen", "", "", "line 63")
    assert row.tips[2] == NOT_OBSERVED


def test_that_an_operation_without_a_line_claims_none() -> None:
    assert cell(operation(1, "x + y", 6, file=None, line=None), "Class") == ""


def test_that_tips_name_the_axes_when_they_are_known() -> None:
    calls = panel_data.good_calls()
    names = AxisNames(calls, {})
    tips = call_row(OPERATIONS_OF_RUN[0], names).tips
    assert tips[3] == "x [batch 2, channels 64, height 7, width 7] float32 cpu"
    conv = next(each for each in calls if each.class_name == "Conv2d")
    assert call_row(conv, names).tips[4].startswith("[batch 2, channels 32, height 14, width 14]")
    assert call_row(conv).tips[4].startswith("[2, 32, 14, 14]")


@pytest.mark.parametrize(
    ("text", "indexes"),
    [("flatten", [0]), ('"x + y"', [2]), ("class:line", [0, 1, 2, 3]), ("head.fc2", [3]), ("input:[2,10]", [2]), ("conv", [])],
)
def test_that_operations_are_found_by_name_module_line_and_shape(text: str, indexes: list[int]) -> None:
    found = matching(text, TITLES, [rows.call_haystack(made) for made in OPERATIONS_OF_RUN])
    assert found == indexes


@pytest.mark.parametrize("column", range(len(rows.COLUMNS)))
def test_that_every_column_sorts_calls_and_operations(column: int) -> None:
    steps = [*panel_data.good_calls(), *OPERATIONS_OF_RUN, replace(OPERATIONS_OF_RUN[0], index=9, status="failed")]
    assert len(sorted(steps, key=lambda step: rows.call_order(step, column))) == len(steps)


def test_that_operations_stand_before_the_call_that_begins_next(qtmodeltester: Any) -> None:
    model = CallsModel()
    model.add(OPERATIONS_OF_RUN[2:])
    model.add(panel_data.good_calls())
    model.add(OPERATIONS_OF_RUN[:2])
    keys = [row.key for row in model.rows]
    assert keys[5:] == [5, ("operation", 0), 6, 7, 8, ("operation", 1), 9, ("operation", 2), ("operation", 3)]
    qtmodeltester.check(model)


# the panel


@pytest.fixture
def panel(qtbot: Any) -> CallsPanel:
    return open_panel(qtbot, CallsPanel)


def test_that_the_panel_shows_operations_when_they_are_wanted(panel: CallsPanel) -> None:
    run_with_operations(panel.workbench)
    assert [name.strip() for name in shown_column(panel.table, 1)][5:8] == ["head", ".flatten(start_dim=1)", "head.fc1"]
    assert panel.summary.text().startswith("10 calls, 4 operations  ·  ")
    panel.workbench.operations.want(False)
    assert len(shown_column(panel.table, 1)) == 10
    assert panel.summary.text().startswith("10 calls  ·  ")
    panel.workbench.operations.want(True)
    assert len(shown_column(panel.table, 1)) == 14


def test_that_they_arrive_while_the_run_goes_on(panel: CallsPanel) -> None:
    bench = panel.workbench
    bench.operations.want(True)
    bench.set_model(panel_data.opened())
    bench.begin_run(RunForward(operations=True))
    bench.add_calls(panel_data.good_calls()[:5])
    bench.operations.hear([HEARD])
    assert len(shown_column(panel.table, 0)) == 9
    assert panel.summary.text() == "5 calls, 4 operations so far, running …"
    bench.operations.want(False)
    bench.operations.hear([OperationsFinished((operation(7, "x @ y", 9),))])
    assert len(shown_column(panel.table, 0)) == 5


def test_that_choosing_a_row_selects_the_operation_and_the_panel_follows(panel: CallsPanel) -> None:
    bench = panel.workbench
    run_with_operations(bench)
    panel.table.view.selectRow(6)
    assert bench.selection == Selection(module="head", call=5, operation=0)
    select(bench, 2)
    assert panel.table.current_key() == ("operation", 2)
    bench.operations.want(False)
    assert panel.table.current_key() == 5
    bench.select_call(7)
    assert panel.table.current_key() == 7


def test_that_a_run_without_them_offers_to_run_again(panel: CallsPanel) -> None:
    run_well(panel.workbench)
    assert not panel.operations.missing.isVisible()
    panel.workbench.operations.want(True)
    assert panel.operations.missing.isVisible()
    assert panel.operations.missing.text() == "This run was made without operations."
    panel.workbench.begin_run()
    assert not panel.operations.missing.isVisible(), "nothing has been missed yet"
    run_with_operations(panel.workbench)
    assert not panel.operations.missing.isVisible()


def test_that_a_long_operation_does_not_push_the_line_out_of_sight(panel: CallsPanel) -> None:
    run_with_operations(panel.workbench)
    view = panel.table.view
    before = view.columnWidth(rows.MODULE)
    long = operation(9, "torch.einsum", 10, values=(PlainValue("equation", "'" + "abcdefgh" * 6 + "'"),))
    panel.workbench.operations.hear([OperationsFinished((long,))])
    assert view.columnWidth(rows.MODULE) < before + view.fontMetrics().averageCharWidth() * 26


# details and source


def facts_of(bench: Workbench) -> dict[str, str]:
    details = details_of(bench)
    assert details is not None
    return {f"{section.title}/{fact.name}": fact.value for section in details.sections for fact in section.facts}


def test_that_details_of_an_operation_tell_operands_results_statistics_and_line(qtbot: Any) -> None:
    bench = Workbench()
    run_with_operations(bench)
    select(bench, 0)
    details, facts = details_of(bench), facts_of(bench)
    assert details is not None
    assert (details.title, details.subtitle, details.mark) == (".flatten(start_dim=1)", "operation", None)
    assert facts["/In"] == "head"
    assert facts["/Inside call"] == "5, head"
    assert facts["Operands/x"] == "[batch 2, channels 64, height 7, width 7] float32 cpu"
    assert facts["Operands/start_dim"] == "1"
    assert facts["Output/Mean, std"] == "0.0125, 0.98"
    assert [(place.what, place.line) for place in details.places] == [("Runs here", 60)]
    assert source_places(bench)[0].what == "Runs here"


def test_that_details_say_of_a_failed_operation_and_of_an_unseen_module_what_they_are(qtbot: Any) -> None:
    bench = Workbench()
    run_with_operations(bench)
    select(bench, 3)
    details = details_of(bench)
    assert details is not None
    assert (details.title, details.subtitle, details.sentences) == ("head.fc2.forward", "not observed", (NOT_OBSERVED,))
    bench.operations.hear([OperationsFinished((operation(4, "x + y", 9, status="failed", outputs=(), stats=()),))])
    select(bench, 4)
    assert facts_of(bench)["Output/None"] == "It failed here."


def test_that_details_of_a_call_tell_plain_values_and_axes(qtbot: Any) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.begin_run()
    first, *others = panel_data.good_calls()
    bench.add_calls([replace(first, values=(PlainValue("mask", "None"), PlainValue("scale", "0.5"))), *others])
    bench.select_call(first.index)
    facts = facts_of(bench)
    assert (facts["Inputs/mask"], facts["Inputs/scale"]) == ("None", "0.5")
    assert facts["Inputs/x"] == "[batch 2, channels 3, height 14, width 14] float32 cpu"


def test_that_names_of_axes_are_worked_out_once_for_each_run(qtbot: Any) -> None:
    bench = Workbench()
    run_well(bench)
    names = axis_names_of(bench)
    assert axis_names_of(bench) is names
    run_well(bench)
    assert axis_names_of(bench) is not names


# the command


def told_run() -> list[Any]:
    return [HEARD, *good_run()]


def open_classifier(window: Any, qtbot: Any, file: Path) -> None:
    window.open_paths([file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)


def run(window: Any, qtbot: Any) -> RunForward:
    """Run the sample input; what was asked."""
    qtbot.waitUntil(window.actions_by_id["run.forward"].isEnabled, timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.actions_by_id["run.forward"].trigger()
    request: RunForward = [each for each in window.sessions[-1].asked if isinstance(each, RunForward)][-1]
    return request


def test_that_the_switch_asks_for_operations_and_is_remembered(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    settings = Settings(None)
    window: Any = make_window({RunForward: told_run()}, settings=settings)
    open_classifier(window, qtbot, model_file)
    assert not run(window, qtbot).operations
    switch = window.actions_by_id["run.operations"]
    switch.trigger()
    assert settings.text(OPERATIONS) == "1"
    assert run(window, qtbot).operations
    assert len(window.workbench.operations.found) == 4
    assert window.opening.running.options.operations, "a saved file is run again with them, too"
    assert make_window(settings=settings).workbench.operations.wanted
    switch.trigger()
    assert settings.text(OPERATIONS) == "0"
    assert not run(window, qtbot).operations


def test_that_the_buttons_of_the_panel_are_commands_of_the_window(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window: Any = make_window({RunForward: told_run()})
    open_classifier(window, qtbot, model_file)
    run(window, qtbot)
    window.docks.focus_panel("calls")
    bar = window.docks.panels["calls"].inside().operations
    assert bar.switch.isVisible()
    assert bar.switch.text() == "Operations"
    bar.switch.click()
    assert window.workbench.operations.wanted
    assert bar.switch.isChecked()
    assert window.actions_by_id["run.operations"].isChecked()
    assert bar.again.text() == "Run again  F5"
    qtbot.waitUntil(bar.again.isEnabled, timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        qtbot.mouseClick(bar.again, Qt.MouseButton.LeftButton)
    assert len(window.workbench.operations.found) == 4
    assert not bar.missing.isVisible()
    window.actions_by_id["run.operations"].trigger()
    assert not bar.switch.isChecked()


def test_that_the_fields_of_the_next_run_do_not_take_the_switch_away(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    window: Any = make_window({RunForward: told_run()})
    open_classifier(window, qtbot, model_file)
    window.actions_by_id["run.operations"].trigger()
    bar = window.findChild(RunBar)
    bar.mode.setCurrentIndex(bar.mode.findData("eval"))
    asked = run(window, qtbot)
    assert (asked.mode, asked.operations) == ("eval", True)
