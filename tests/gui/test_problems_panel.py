"""The list of problems."""

from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS
from torchloupe.gui.problems.model import empty_text, problem_rows
from torchloupe.gui.problems.panel import ProblemsPanel
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem

ROOT = Problem("root", "The model itself.", severity="warning", module="")
PLAIN = Problem("plain", "Just so.", severity="info")


@pytest.fixture
def bench(qapp: object) -> Workbench:
    """The classifier with three problems."""
    made = Workbench()
    made.set_model(panel_data.opened(problems=(panel_data.MISMATCH, ROOT, PLAIN)))
    return made


@pytest.fixture
def panel(bench: Workbench, qtbot: Any) -> Any:
    """The panel on it; it needs no jobs."""
    made = ProblemsPanel(bench)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_row_says_severity_problem_hint_module_and_place() -> None:
    first, root, plain = problem_rows([panel_data.MISMATCH, ROOT, PLAIN])
    assert first.cells[0] == "✖ error"
    assert first.cells[3:] == ("head.fc1", "classifier.py:47")
    assert first.tips[4] == "/models/classifier.py:47"
    assert root.cells[0] == "▲ warning"
    assert root.cells[3] == "(the model)"
    assert plain.cells[3:] == ("", "")


def test_that_code_is_shown_without_its_backticks() -> None:
    (row,) = problem_rows([Problem("code", "`fc1` (Linear) is wrong.", hint="Set `in_features=3`.")])
    assert row.cells[1:3] == ("fc1 (Linear) is wrong.", "Set in_features=3.")


def test_that_severity_is_sorted_by_weight_and_not_by_letter(panel: Any) -> None:
    panel.table.model.sort(0)
    assert [row.cells[0].split()[1] for row in panel.table.model.rows] == ["error", "warning", "info"]


def test_that_each_text_has_the_room_that_it_needs_and_long_ones_share_the_rest(panel: Any, bench: Workbench) -> None:
    view = panel.table.view
    panel.resize(1280, 300)
    place = view.fontMetrics().horizontalAdvance("classifier.py:47")
    assert view.columnWidth(4) > place
    assert sum(map(view.columnWidth, range(5))) == view.viewport().width()
    long, module = "It does not fit. " * 40, "layers.0." * 30
    bench.report_problems("run", (Problem("far", long, hint="Cut it.", module=module, file="/models/classifier.py", line=47),))
    assert place < view.columnWidth(4) < place + 30
    assert view.columnWidth(1) == pytest.approx(view.columnWidth(3), abs=1)
    assert view.columnWidth(1) > 280


def test_that_a_chosen_problem_is_selected_for_everyone(panel: Any, bench: Workbench) -> None:
    panel.table.view.selectRow(1)
    assert bench.selection.problem == ROOT


def test_that_the_list_follows_the_selection(panel: Any, bench: Workbench) -> None:
    bench.select_problem(PLAIN)
    assert panel.table.current_key() == 2
    bench.select_module("head")
    assert panel.table.current_key() is None


def test_that_problems_are_copied_in_full(panel: Any, bench: Workbench) -> None:
    bench.select_problem(panel_data.MISMATCH)
    text = panel.copy_rows()
    assert panel_data.MISMATCH.message in text
    assert panel_data.MISMATCH.hint in text
    assert panel_data.MISMATCH.fixes[0].text in text
    bench.select_module("head")
    assert PLAIN.message in panel.copy_rows()


def test_that_an_empty_list_never_looks_healthy_before_anything_was_checked(qapp: object) -> None:
    bench = Workbench()
    assert empty_text(bench) == "Not checked yet. Open a model and a checkpoint."
    bench.set_checkpoint(panel_data.checkpoint())
    assert empty_text(bench) == "Not checked yet. Open the model that the checkpoint is for."
    bench.set_checkpoint(None)
    bench.set_model(panel_data.opened())
    assert "F5" in empty_text(bench)
    bench.begin_run()
    assert empty_text(bench) == "Running …"
    bench.add_calls(panel_data.good_calls())
    bench.end_run(panel_data.report())
    assert empty_text(bench) == "No problems in 10 modules, 10 calls (31.2 ms)."


def test_that_compared_keys_are_named_when_nothing_is_wrong_with_them(qapp: object) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    keys = [panel_data.stored(key, shape, "") for key, shape, _ in panel_data.PARAMETERS]
    bench.set_checkpoint(panel_data.checkpoint().__class__("/m/a.pt", "torch zip", 1, 1, tuple(keys)))
    assert bench.problems == ()
    assert empty_text(bench) == "No problems in 11 keys compared with the checkpoint."


def test_that_ctrl_f_reaches_the_filter(panel: Any, qtbot: Any) -> None:
    panel.activateWindow()
    panel.focus_filter()
    qtbot.waitUntil(panel.table.filter.hasFocus)


def test_that_enter_shows_the_line_in_the_window_and_a_problem_without_one_does_nothing(
    panel: Any, bench: Workbench, qtbot: Any
) -> None:
    with qtbot.waitSignal(bench.source_wanted, timeout=PATIENCE_MS) as wanted:
        panel.table.activated.emit(0)
    assert wanted.args == ["/models/classifier.py", 47]
    assert bench.selection.problem == panel_data.MISMATCH
    with qtbot.assertNotEmitted(bench.source_wanted):
        panel.table.activated.emit(2)
