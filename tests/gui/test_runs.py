"""Runs are kept, laid beside each other, and where they part is selected."""

from dataclasses import replace
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import good_run
from torchloupe.analysis.run_difference import CallPair, run_difference
from torchloupe.gui.run_history import MOST_RUNS, RunHistory
from torchloupe.gui.runs.model import change_text, pair_row
from torchloupe.gui.runs.panel import RunsPanel
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.requests import RunForward


@pytest.fixture
def bench() -> Workbench:
    """With a model open."""
    bench = Workbench()
    bench.set_model(panel_data.opened())
    return bench


@pytest.fixture
def history(bench: Workbench) -> RunHistory:
    """Whose clock stands still."""
    return RunHistory(bench, clock=lambda: "12:00:00")


def run(bench: Workbench, calls: Any = None, asked: RunForward = RunForward()) -> None:
    """A run that ends well."""
    bench.begin_run(asked)
    bench.add_calls(panel_data.good_calls() if calls is None else calls)
    bench.end_run(panel_data.report(calls=len(bench.calls)))


def other(calls: Any, place: int) -> Any:
    """The same calls, one of them with another mean."""
    changed = list(calls)
    stats = changed[place].stats[0]
    changed[place] = replace(changed[place], stats=(replace(stats, mean=stats.mean + 3), *changed[place].stats[1:]))
    return changed


def test_that_each_run_that_ended_is_kept_once(bench: Workbench, history: RunHistory) -> None:
    run(bench)
    run(bench, asked=RunForward(mode="eval", autocast="bfloat16", grad=False, seed=3))
    bench.trace_changed.emit()
    assert [kept.number for kept in history.runs] == [1, 2]
    assert history.is_shown(history.runs[1])
    assert not history.is_shown(history.runs[0])
    first, second = (kept.text for kept in history.runs)
    assert first.startswith("run 1  ·  ")
    assert first.endswith("12:00:00")
    for said in ("eval", "autocast bfloat16", "seed 3", "no gradients"):
        assert said in second
        assert said not in first


def test_that_a_run_that_goes_on_or_failed_is_not_kept(bench: Workbench, history: RunHistory) -> None:
    bench.begin_run()
    bench.add_calls(panel_data.good_calls())
    assert history.runs == []
    bench.fail_run(())
    assert history.runs == []


def test_that_the_oldest_go_when_there_are_many(bench: Workbench, history: RunHistory) -> None:
    for _ in range(MOST_RUNS + 3):
        run(bench)
    assert [kept.number for kept in history.runs] == list(range(4, MOST_RUNS + 4))


@pytest.fixture
def panel(qtbot: Any, bench: Workbench, history: RunHistory) -> RunsPanel:
    """The panel over the history."""
    panel = RunsPanel(bench, history)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def rows(panel: RunsPanel) -> list[tuple[str, str]]:
    """Module and result of each row."""
    return [(row.cells[1].strip(), row.cells[2]) for row in panel.model.rows]


def test_that_one_run_alone_says_what_to_do(bench: Workbench, panel: RunsPanel) -> None:
    run(bench)
    assert "Run once more" in panel.table.empty.label.text()
    assert panel.before.isHidden() or not panel.before.isVisible()


def test_that_the_last_two_are_compared_and_the_first_difference_is_selected(bench: Workbench, panel: RunsPanel) -> None:
    calls = panel_data.good_calls()
    run(bench, calls)
    run(bench, other(calls, 1))
    module = calls[1].module
    assert f"The first call that differs is `{module}`" in panel.verdict.text()
    assert (module, "≠ differs") in rows(panel)
    panel.table.chosen.emit((module, calls[1].call_number))
    assert bench.selection.call == calls[1].index


def test_that_equal_runs_say_so_and_nothing_is_left_when_only_differences_are_wanted(bench: Workbench, panel: RunsPanel) -> None:
    run(bench)
    run(bench)
    assert panel.verdict.text().startswith("Both runs are the same")
    assert {result for _, result in rows(panel)} == {"= same"}
    panel.differing.setChecked(True)
    assert rows(panel) == []


def test_that_other_runs_can_be_chosen(bench: Workbench, panel: RunsPanel) -> None:
    calls = panel_data.good_calls()
    for each in (calls, other(calls, 1), calls):
        run(bench, each)
    assert "differs" in panel.verdict.text()
    panel.before.setCurrentIndex(0)
    assert panel.verdict.text().startswith("Both runs are the same")
    panel.now.setCurrentIndex(0)
    assert panel.verdict.text() == "Choose two different runs."
    assert rows(panel) == []


def test_that_a_row_of_a_run_that_is_not_on_screen_selects_nothing(bench: Workbench, panel: RunsPanel) -> None:
    calls = panel_data.good_calls()
    for each in (calls, other(calls, 1), calls):
        run(bench, each)
    panel.before.setCurrentIndex(0)
    panel.now.setCurrentIndex(1)
    panel.table.chosen.emit((calls[1].module, 0))
    assert bench.selection.call is None


def test_that_rows_say_both_sides() -> None:
    calls = panel_data.good_calls()
    [*_, pair] = [pair for pair in run_difference(calls, other(calls, 1)).pairs if pair.call.module == calls[1].module]
    row = pair_row(pair)
    assert row.cells[9] == row.cells[10]
    assert row.cells[4] != row.cells[5]
    assert row.cells[3].endswith("%")
    assert change_text(CallPair("same", calls[0], calls[0], 0.0)) == ""
    assert change_text(CallPair("differs", calls[0], calls[0], 123.0)) == ">1000 %"


def test_that_the_window_shows_the_panel_on_demand(qtbot: Any, make_window: Any) -> None:
    window = make_window({RunForward: good_run()})
    assert "runs" in window.docks.panels
    assert not window.actions_by_id["run.compare_runs"].isEnabled()
