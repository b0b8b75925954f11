"""The Depth panel follows the run and the selected call."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui import panel_data
from gui.conftest import PATIENCE_MS, good_run
from gui.panel_data import MISMATCH, QuietSession, run_well, shown_column
from torchloupe.gui import run_history
from torchloupe.gui.column_choice import ColumnChoice
from torchloupe.gui.depth import earlier_run
from torchloupe.gui.depth import panel as depth
from torchloupe.gui.depth.panel import DepthPanel
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.run_history import RunHistory
from torchloupe.gui.run_numbers import known_numbers
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.requests import RunForward

LEAVES = ["2", "3", "4", "6", "7", "8", "9"]


@pytest.fixture
def panel(qtbot: Any) -> Any:
    """On a workbench of its own, shown."""
    bench, jobs = Workbench(), Jobs(QuietSession())
    made: Any = DepthPanel(bench, jobs, RunHistory(bench, clock=lambda: "12:00:00"))
    qtbot.addWidget(made, before_close_func=lambda _panel: jobs.close())
    made.bench_jobs = jobs
    made.resize(900, 600)
    made.show()
    return made


def settle(panel: Any, qtbot: Any) -> None:
    """Until what was told is drawn."""
    qtbot.waitUntil(
        lambda: not panel._timer.isActive() and not panel.bench_jobs.busy and not panel._is_stale, timeout=PATIENCE_MS
    )


@pytest.fixture
def ran(panel: Any, qtbot: Any) -> Any:
    """After a run that ended well."""
    run_well(panel.workbench)
    settle(panel, qtbot)
    return panel


def test_that_an_empty_panel_says_what_to_do_next(panel: Any, qtbot: Any) -> None:
    assert "No model yet" in panel.table.empty.label.text()
    assert not panel.controls.isVisible()
    panel.workbench.set_model(panel_data.opened())
    settle(panel, qtbot)
    assert panel.table.empty.label.text().startswith("Nothing has run. F5")
    panel.workbench.begin_run()
    settle(panel, qtbot)
    assert "Running" in panel.table.empty.label.text()
    panel.workbench.end_run(panel_data.report(MISMATCH, calls=0))
    settle(panel, qtbot)
    assert "ended before any module was called" in panel.table.empty.label.text()
    assert panel.plots == []  # nothing to draw yet, so pyqtgraph was not needed


def test_that_a_run_is_drawn_and_listed_without_containers(ran: Any) -> None:
    assert shown_column(ran.table, 0) == LEAVES
    assert [plot.series.name for plot in ran.plots] == ["std", "time"]
    assert all(plot.isVisible() for plot in ran.plots)
    assert ran.summary.text() == "10 calls  ·  7 of them call no other module  ·  1 stands out"
    assert "head.act (call 2): 4 NaN or Inf, in no other call" in ran.summary.toolTip()


def test_that_containers_are_shown_when_asked_for(ran: Any) -> None:
    ran.containers.setChecked(True)
    assert shown_column(ran.table, 0) == [str(at) for at in range(10)]
    ran.containers.setChecked(False)
    assert shown_column(ran.table, 0) == LEAVES


def test_that_other_numbers_can_be_chosen_and_the_second_left_out(ran: Any) -> None:
    ran.first.setCurrentIndex(ran.first.findData("mean"))
    ran.second.setCurrentIndex(ran.second.findData(""))
    assert ran.plots[0].series.name == "mean"
    assert [plot.isVisible() for plot in ran.plots] == [True, False]
    assert "order" in ran.plots[0].plot.getAxis("bottom").labelText
    ran.second.setCurrentIndex(ran.second.findData("flops"))
    assert [plot.series.name for plot in ran.plots] == ["mean", "flops"]
    assert ran.plots[0].plot.getAxis("bottom").labelText == ""


def test_that_the_same_number_twice_is_drawn_once(ran: Any) -> None:
    ran.second.setCurrentIndex(ran.second.findData("std"))
    assert [plot.isVisible() for plot in ran.plots] == [True, False]


def test_that_both_plots_scroll_together(ran: Any) -> None:
    ran.plots[0].plot.setXRange(2, 8, padding=0)
    assert ran.plots[1].plot.getViewBox().viewRange()[0] == pytest.approx(ran.plots[0].plot.getViewBox().viewRange()[0], abs=0.5)


def test_that_the_selection_is_followed_and_made(ran: Any) -> None:
    ran.workbench.select_call(6)
    assert [plot.mark.value() for plot in ran.plots] == [6, 6]
    assert ran.table.current_key() == 6
    ran.plots[1].chosen.emit(4)
    assert ran.workbench.selection.call == 4
    assert ran.table.current_key() == 4
    ran.table.view.selectRow(0)
    assert ran.workbench.selection.call == 2
    assert ran.plots[0].mark.value() == 2
    ran.workbench.select_call(5)  # a container, which has no row
    assert ran.plots[0].mark.value() == 5
    assert ran.table.current_key() is None


def test_that_keys_of_the_plot_walk_over_the_calls_that_are_shown(ran: Any) -> None:
    plot, bench = ran.plots[0], ran.workbench

    def press(key: Qt.Key) -> int | None:
        QTest.keyClick(plot, key)
        return bench.selection.call

    bench.select_module("encoder.bn1")  # never called
    assert press(Qt.Key.Key_Right) == 2
    assert press(Qt.Key.Key_Right) == 3
    assert press(Qt.Key.Key_End) == 9
    assert press(Qt.Key.Key_Right) == 9
    assert press(Qt.Key.Key_Left) == 8
    bench.select_call(5)  # a container between 4 and 6
    assert press(Qt.Key.Key_Right) == 6
    bench.select_call(5)
    assert press(Qt.Key.Key_Left) == 4
    assert press(Qt.Key.Key_Home) == 2


def test_that_it_grows_while_a_run_goes_on(panel: Any, qtbot: Any) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls()[:2])
    qtbot.waitUntil(lambda: shown_column(panel.table, 0) == ["2", "3"], timeout=PATIENCE_MS)
    assert "running" in panel.summary.text()
    panel.workbench.add_calls(panel_data.good_calls()[2:])
    panel.workbench.end_run(panel_data.report())
    qtbot.waitUntil(lambda: shown_column(panel.table, 0) == LEAVES, timeout=PATIENCE_MS)
    assert "running" not in panel.summary.text()


def test_that_a_hidden_panel_does_no_work_until_it_is_shown(panel: Any) -> None:
    panel.hide()
    run_well(panel.workbench)
    assert panel.plots == []
    assert shown_column(panel.table, 0) == []
    panel.show()
    assert shown_column(panel.table, 0) == LEAVES


def test_that_very_many_calls_are_worked_out_on_a_thread_and_kept(
    panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth, "MANY_CALLS", 3)
    monkeypatch.setattr("torchloupe.gui.run_numbers.MANY_CALLS", 3)
    run_well(panel.workbench)
    qtbot.waitUntil(lambda: shown_column(panel.table, 0) == LEAVES, timeout=PATIENCE_MS)
    assert known_numbers(panel.workbench) is panel.numbers


def test_that_zooming_stays_when_other_numbers_are_chosen_and_ends_with_another_run(ran: Any, qtbot: Any) -> None:
    ran.plots[0].plot.setXRange(2, 7.5, padding=0)
    ran.first.setCurrentIndex(ran.first.findData("max"))
    assert ran.plots[0].plot.getViewBox().viewRange()[0] == pytest.approx([2, 7.5])
    ran.workbench.begin_run()
    ran.workbench.add_calls([*panel_data.good_calls(), panel_data.call(10, "head.fc2", (2, 128), (2, 10), call_number=1)])
    ran.workbench.end_run(panel_data.report(calls=11))
    settle(ran, qtbot)
    first, last = ran.plots[0].plot.getViewBox().viewRange()[0]
    assert first <= 0
    assert last >= 10


def test_that_rows_are_copied_filtered_and_sorted(ran: Any) -> None:
    ran.focus_filter()
    ran.table.filter.setText("head.act")
    assert shown_column(ran.table, 0) == ["7", "8"]
    assert ran.copy_rows().splitlines()[0].startswith("7\thead.act\t")
    ran.table.filter.setText("")
    ran.table.view.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert shown_column(ran.table, 0)[0] == "8"
    assert isinstance(ran.columns, ColumnChoice)
    assert ran.columns.hidden == ["RMS"]


# an earlier run beside it


def run_again(panel: Any, qtbot: Any) -> None:
    """The same once more, with twice the spread."""
    made = [
        replace(call, stats=tuple(replace(stats, std=2 * stats.std) for stats in call.stats)) for call in panel_data.good_calls()
    ]
    panel.workbench.begin_run()
    panel.workbench.add_calls(made)
    panel.workbench.end_run(panel_data.report())
    settle(panel, qtbot)


def heights(panel: Any, name: str) -> list[float]:
    """What an item of the first plot shows."""
    _x, y = panel.plots[0].items[name].getData()
    return [] if y is None else [round(float(each), 3) for each in y]


def test_that_there_is_no_earlier_run_to_choose_after_the_first(ran: Any) -> None:
    assert not ran.beside.isEnabled()
    assert ran.beside.currentText() == "no earlier run"
    assert heights(ran, "earlier") == []


def test_that_an_earlier_run_is_drawn_dashed_beside_this_one(ran: Any, qtbot: Any) -> None:
    run_again(ran, qtbot)
    assert [ran.beside.itemText(at) for at in range(ran.beside.count())] == ["no earlier run", "run 1"]
    assert ran.beside.itemData(1, Qt.ItemDataRole.ToolTipRole).startswith("run 1")
    ran.beside.setCurrentIndex(1)
    assert heights(ran, "line") == [1.96] * 7
    assert heights(ran, "earlier") == [0.98] * 7
    assert ran.plots[1].plot.getAxis("bottom").labelText.endswith("dashed: run 1")
    ran.second.setCurrentIndex(ran.second.findData("flops"))
    assert len(ran.plots[1].items["earlier"].getData()[0]) > 0  # FLOPs of the tree as it was then
    ran.beside.setCurrentIndex(0)
    assert heights(ran, "earlier") == []


def test_that_the_chosen_run_stays_chosen_after_the_next_and_goes_when_it_is_forgotten(
    ran: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_again(ran, qtbot)
    ran.beside.setCurrentIndex(1)
    run_again(ran, qtbot)
    assert ran.beside.currentText() == "run 1"
    assert ran.beside.count() == 3
    monkeypatch.setattr(run_history, "MOST_RUNS", 2)
    run_again(ran, qtbot)
    run_again(ran, qtbot)
    assert ran.beside.currentText() == "no earlier run"
    assert heights(ran, "earlier") == []


def test_that_an_earlier_run_of_very_many_calls_is_worked_out_on_a_thread(
    ran: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_again(ran, qtbot)
    monkeypatch.setattr(earlier_run, "MANY_CALLS", 3)
    ran.beside.setCurrentIndex(1)
    qtbot.waitUntil(lambda: heights(ran, "earlier") == [0.98] * 7, timeout=PATIENCE_MS)


# in the window


def test_that_the_command_brings_it_to_the_front(make_window: Any, qtbot: Any, model_file: Any) -> None:
    window = make_window({RunForward: good_run()})
    assert not window.actions_by_id["run.depth"].isEnabled()
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.opening.can_run, timeout=PATIENCE_MS)
    window.opening.run_forward()
    qtbot.waitUntil(lambda: window.actions_by_id["run.depth"].isEnabled() and not window.workbench.running, timeout=PATIENCE_MS)
    window.actions_by_id["run.depth"].trigger()
    panel = window.docks.panels["depth"].inside()
    qtbot.waitUntil(panel.isVisible, timeout=PATIENCE_MS)
    assert window.docks.focused_panel() == "depth"
    qtbot.waitUntil(lambda: shown_column(panel.table, 0) == LEAVES, timeout=PATIENCE_MS)
