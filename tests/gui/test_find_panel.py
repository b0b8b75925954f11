"""One filter over everything that is open."""

from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS
from torchloupe.gui.find.model import FindAll, Found, found_row, go_to
from torchloupe.gui.workbench import Workbench


def panel(window: Any) -> Any:
    return window.docks.panels["find"].inside()


@pytest.fixture
def finding(full_window: Any, qtbot: Any) -> Any:
    """A window in which Ctrl+Shift+F was pressed."""
    full_window.actions_by_id["edit.find"].trigger()
    qtbot.waitUntil(lambda: bool(panel(full_window).table.model.all_rows) and not full_window.jobs.busy, timeout=PATIENCE_MS)
    return full_window


def kinds(window: Any) -> set[str]:
    return {row.cells[0] for row in panel(window).table.model.rows}


def test_that_everything_with_a_name_is_found(finding: Any) -> None:
    assert kinds(finding) == {"problem", "module", "parameter", "tensor", "call"}
    assert panel(finding).table.filter.hasFocus()
    panel(finding).table.filter.setText("fc1 kind:module")
    assert [row.cells[1] for row in panel(finding).table.model.rows] == ["head.fc1"]
    panel(finding).table.filter.setText("[*,*,3,3] -kind:call")
    assert kinds(finding) <= {"parameter", "tensor"}


def test_that_a_row_leads_to_what_it_stands_for(finding: Any) -> None:
    bench, table = finding.workbench, panel(finding).table
    seen = {}
    for row in list(table.model.rows):
        bench.select_module("encoder")
        table.chosen.emit(row.key)
        chosen = bench.selection
        place = chosen.problem or chosen.stored or chosen.parameter or (chosen.call if row.cells[0] == "call" else chosen.module)
        seen[row.cells[0]] = type(place).__name__
    assert seen == {"problem": "Problem", "module": "str", "parameter": "str", "tensor": "StoredTensor", "call": "int"}


def test_that_what_is_gone_leads_nowhere(finding: Any) -> None:
    before = finding.workbench.selection
    for key in (("problem", "x", 99), ("call", "x", 9999), ("not registered", "x", -1), ("module", "no.such", -1)):
        go_to(finding.workbench, key)
    assert finding.workbench.selection == before


def test_that_the_list_follows_what_is_open(finding: Any, qtbot: Any) -> None:
    finding.workbench.set_checkpoint(None)
    qtbot.waitUntil(lambda: "tensor" not in kinds(finding) and not finding.jobs.busy, timeout=PATIENCE_MS)


def test_that_nothing_is_listed_while_nobody_looks(full_window: Any, qtbot: Any) -> None:
    full_window.actions_by_id["edit.find"].trigger()
    qtbot.waitUntil(lambda: not full_window.jobs.busy and bool(panel(full_window).table.model.all_rows), timeout=PATIENCE_MS)
    full_window.docks.raise_panel("problems")
    count = len(panel(full_window).table.model.all_rows)
    full_window.workbench.set_checkpoint(None)
    assert len(panel(full_window).table.model.all_rows) == count
    full_window.docks.raise_panel("find")
    qtbot.waitUntil(lambda: len(panel(full_window).table.model.all_rows) < count, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)


def test_that_with_nothing_open_the_panel_says_what_it_is_for(window: Any, qtbot: Any) -> None:
    window.actions_by_id["edit.find"].trigger()
    assert "Nothing is open" in panel(window).table.empty.label.text()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_calls_have_their_numbers_and_problems_their_colour() -> None:
    calls = panel_data.good_calls()
    found = FindAll((panel_data.MISMATCH,), panel_data.tree(), (), calls)(lambda *_words: None)
    assert len({each.key for each in found}) == len(found)
    problem = found_row(found[0])
    assert (problem.cells[0], problem.roles[1]) == ("problem", "error")
    call = found_row(next(each for each in found if each.kind == "call"))
    assert call.cells[1] == f"{calls[0].module} #{calls[0].index}"
    assert found_row(Found("module", "")).cells[1] == "(the model)"


def test_that_the_root_module_can_be_reached(qtbot: Any) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    go_to(bench, ("module", "", -1))
    assert bench.selection.module == ""
