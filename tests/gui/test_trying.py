"""Try it: a fix, or all of them, made for one run from the window; and the mismatch that is told before its repairs are."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import MISMATCH, QuietSession, open_panel
from torchloupe.gui.calls.panel import CallsPanel
from torchloupe.gui.details.panel import DetailsPanel
from torchloupe.gui.details.problem import of_problem
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.problems.model import empty_text
from torchloupe.gui.running import Running, RunOptions
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.mismatches import MismatchSeen, TriedFix, TryFixes
from torchloupe.wire.requests import RunForward

TRIED = (TriedFix(MISMATCH.fixes[0]),)


@pytest.fixture
def panel(qtbot: Any) -> DetailsPanel:
    made = open_panel(qtbot, DetailsPanel)
    panel_data.fail_in_fc1(made.workbench)
    return made


def test_that_each_fix_that_can_be_made_has_a_button_that_asks_for_the_trial(panel: DetailsPanel, qtbot: Any) -> None:
    buttons = [button for button in panel.fixes.findChildren(QPushButton) if button.text() == "Try it"]
    assert buttons[0].accessibleName() == f"Try it: {MISMATCH.fixes[0].text}"
    with qtbot.waitSignal(panel.workbench.trial_wanted, timeout=PATIENCE_MS) as wanted:
        buttons[0].click()
    assert [each.fix for each in wanted.args[0]] == [MISMATCH.fixes[0]]


def run_trial(bench: Workbench, *problems: Any) -> None:
    bench.begin_run(RunForward(), TRIED)
    bench.add_calls(panel_data.good_calls())
    bench.end_run(panel_data.report(*problems, calls=10))


def test_that_the_run_says_what_is_tried_and_so_does_an_empty_list_of_problems(qtbot: Any) -> None:
    calls = open_panel(qtbot, CallsPanel)
    calls.workbench.set_model(panel_data.opened())
    run_trial(calls.workbench)
    assert calls.summary.text().startswith("Tried: head.fc1 = nn.Linear(12544, 128)  ·  10 calls")
    assert empty_text(calls.workbench).endswith(" Tried: head.fc1 = nn.Linear(12544, 128).")
    told = of_problem(calls.workbench, MISMATCH)
    assert (told.mark.text, told.sentences) == (
        "✓ repaired",
        ("It is gone in the run on screen, which tried: head.fc1 = nn.Linear(12544, 128).",),
    )
    calls.workbench.begin_run()
    assert calls.workbench.tried == ()
    assert of_problem(calls.workbench, MISMATCH).mark.text == "✖ error"


def test_that_a_trial_without_success_repairs_nothing(qtbot: Any) -> None:
    calls = open_panel(qtbot, CallsPanel)
    calls.workbench.set_model(panel_data.opened())
    run_trial(calls.workbench, MISMATCH)
    assert of_problem(calls.workbench, MISMATCH).mark.text == "✖ error"


@pytest.fixture
def running(qtbot: Any) -> Any:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    session = QuietSession({TryFixes: panel_data.report(calls=0), RunForward: panel_data.report(MISMATCH)})
    jobs = Jobs(session)
    made: Any = Running(bench, jobs)
    made.session, made.jobs, made.bench, made.heard = session, jobs, bench, []
    made.said.connect(made.heard.append)
    yield made
    jobs.close()


def test_that_a_trial_is_asked_of_the_worker_and_its_end_is_said(running: Any, qtbot: Any) -> None:
    running.start(panel_data.opened(), RunOptions(seed=3), TRIED)
    qtbot.waitUntil(lambda: not running.jobs.busy, timeout=PATIENCE_MS)
    assert running.session.asked == [TryFixes(RunForward(seed=3), TRIED)]
    assert running.heard[-1] == "Tried: head.fc1 = nn.Linear(12544, 128). The model runs to its end."


def test_that_what_is_next_is_said(running: Any, qtbot: Any) -> None:
    running.session.answers[TryFixes] = panel_data.report(replace(MISMATCH, message="`out` is next."))
    running.start(panel_data.opened(), RunOptions(), TRIED)
    qtbot.waitUntil(lambda: not running.jobs.busy, timeout=PATIENCE_MS)
    assert running.heard[-1] == "Tried: head.fc1 = nn.Linear(12544, 128). Next: out is next."


def test_that_a_usual_run_tries_nothing(running: Any, qtbot: Any) -> None:
    running.start(panel_data.opened(), RunOptions())
    qtbot.waitUntil(lambda: not running.jobs.busy, timeout=PATIENCE_MS)
    assert running.session.asked == [RunForward()]
    assert "Tried" not in running.heard[-1]


def test_that_a_mismatch_is_selected_while_its_repairs_are_still_tried(qtbot: Any) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    running = Running(bench, Jobs(QuietSession({})))
    bench.begin_run()
    early = replace(MISMATCH, fixes=())
    running._calls_ended([MismatchSeen(early)])
    assert bench.running
    assert bench.problems == (early,)
    assert bench.selection.problem == early
    bench.end_run(panel_data.report(MISMATCH))
    assert bench.selection.problem == MISMATCH
    running._calls_ended([MismatchSeen(early)])  # too late to count
    assert bench.selection.problem == MISMATCH


def test_that_the_patch_of_all_fixes_is_copied(full_window: Any) -> None:
    window = full_window
    action = window.actions_by_id["run.copy_patch"]
    window.actions_by_id.refresh()
    assert not action.isEnabled()
    whole = replace(MISMATCH, data={**MISMATCH.data, "patch_of_all": "--- a/net.py\n"})
    window.workbench.begin_run()
    window.workbench.add_calls(panel_data.good_calls())
    window.workbench.end_run(panel_data.report(whole, calls=10))
    window.actions_by_id.refresh()
    assert action.isEnabled()
    action.trigger()
    assert QGuiApplication.clipboard().text() == "--- a/net.py\n"
