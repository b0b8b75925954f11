"""The shape strip above the calls, and what the calls and the tree say of mismatches behind the first one."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import MISMATCH, call, open_panel, run_well, shown_column
from torchloupe.analysis.shape_strip import Piece
from torchloupe.gui import run_shapes
from torchloupe.gui.calls.panel import CallsPanel
from torchloupe.gui.calls.shape_strip import lines_of
from torchloupe.gui.details.subjects import details_of
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.run_shapes import shapes_of
from torchloupe.gui.theme import apply_theme
from torchloupe.gui.walking import step_call, step_problem
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem

ROW = {"code": "shape-mismatch", "module": "head.act", "file": panel_data.FILE, "line": 48, "call": 8, "operation": None}
DATA = {"got": 12544, "expected": 3136, "input_shape": [2, 12544], "before_call": 7, "consequences": [ROW]}
FIRST = replace(MISMATCH, data=DATA)
SECOND = Problem(
    "shape-mismatch",
    "head.fc2 is built for 64.",
    module="head.fc2",
    call=9,
    data={"got": 128, "expected": 64, "input_shape": [2, 128]},
)
ASSUMED = (
    call(7, "head.fc1", (2, 12544), (2, 128), status="assumed", seconds=None, stats=(None,)),
    call(8, "head.act", (2, 128), (2, 128), status="assumed", seconds=None, stats=(None,)),
    call(9, "head.fc2", (2, 128), (2, 10), status="assumed", seconds=None, stats=(None,)),
    call(6, "head", (2, 64, 14, 14), (2, 10), status="assumed", seconds=None, stats=(None,)),
)


def fail_twice(bench: Workbench) -> None:
    """A run that fails in ``head.fc1`` and would fail again in ``head.fc2``."""
    bench.set_model(panel_data.opened())
    bench.begin_run()
    bench.add_calls(panel_data.failing_calls())
    bench.end_run(replace(panel_data.report(FIRST, SECOND), assumed=ASSUMED))


@pytest.fixture
def panel(qtbot: Any) -> CallsPanel:
    panel = open_panel(qtbot, CallsPanel)
    panel.resize(900, 500)
    fail_twice(panel.workbench)
    return panel


def middle_of(panel: CallsPanel, at: int) -> QPoint:
    """Where a cell is drawn."""
    number = panel.strip.pieces.index(Piece(at, at))
    return panel.strip._boxes[number].center().toPoint()


def test_that_the_strip_shows_the_run_with_its_breaks_and_where_the_selection_is(panel: CallsPanel) -> None:
    strip = panel.strip
    assert strip.isVisible()
    states = [cell.state for cell in strip.cells]
    assert states == ["passed"] * 4 + ["break", "assumed", "follows", "assumed", "break", "assumed"]
    assert lines_of(strip.cells[4]) == ("✖ 12544 ≠ 3136", "head.fc1")
    assert strip.current == 4
    assert "✖ `head.fc1`: 12544 ≠ 3136" in strip.accessibleDescription()


def test_that_a_click_on_a_cell_selects_its_call_and_on_a_break_its_problem(panel: CallsPanel) -> None:
    bench = panel.workbench
    QTest.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=middle_of(panel, 8))
    assert bench.selection.problem is SECOND
    assert (bench.selection.module, bench.selection.call, panel.strip.current) == ("head.fc2", 9, 8)
    QTest.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=middle_of(panel, 3))
    assert (bench.selection.problem, bench.selection.call) == (None, 5)
    QTest.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=middle_of(panel, 6))
    assert bench.selection.problem is FIRST  # what follows leads to its cause


def test_that_the_keys_walk_along_the_strip_and_f8_along_its_breaks(panel: CallsPanel) -> None:
    panel.strip.setFocus()
    QTest.keyClick(panel.strip, Qt.Key.Key_Left)
    assert panel.strip.current == 3
    QTest.keyClick(panel.strip, Qt.Key.Key_Home)
    assert panel.strip.current == 3
    panel.workbench.select_problem(FIRST)
    step_problem(panel.workbench, 1)
    assert panel.strip.current == 8
    assert panel.table.current_key() == 9


def test_that_the_input_is_a_cell_that_leads_to_the_model(panel: CallsPanel) -> None:
    panel.strip.chosen.emit(0)
    assert panel.workbench.selection.module == ""


def test_that_the_mouse_is_told_all_of_a_cell_and_what_is_folded(panel: CallsPanel) -> None:
    strip = panel.strip
    assert strip.tip_of(Piece(1, 1)) == "[2, 32, 28, 28]  encoder.conv1 to encoder.bn1, 2 calls"
    assert strip.tip_of(Piece(4, 6, True)).splitlines()[0] == "✖ `head.fc1`: 12544 ≠ 3136"
    assert strip.piece_at(QPointF(middle_of(panel, 4))) == strip.pieces.index(Piece(4, 4))
    assert strip.piece_at(QPointF(-50, 5)) is None


def test_that_a_narrow_strip_folds_and_a_fold_leads_to_the_break_in_it(panel: CallsPanel) -> None:
    panel.resize(330, 500)
    QApplication.processEvents()
    folds = [piece for piece in panel.strip.pieces if piece.is_fold]
    assert folds
    assert max(box.right() for box in panel.strip._boxes[:-1]) < panel.strip.width()
    hidden = next(piece for piece in folds if piece.first <= 8 <= piece.last)
    panel.strip._choose(hidden)
    assert panel.workbench.selection.problem is SECOND


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_it_can_be_drawn_in_both_themes(panel: CallsPanel, theme: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    try:
        apply_theme(app, theme)
        picture = panel.strip.grab().toImage()
        colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)}
        assert len(colours) > 8
    finally:
        apply_theme(app, "light")


def test_that_the_calls_behind_a_failure_are_rows_that_say_what_they_are(panel: CallsPanel) -> None:
    states = dict(zip(shown_column(panel.table, 0), shown_column(panel.table, 2), strict=True))
    assert (states["7"], states["8"], states["9"]) == ("✖ failed", "↳ due to head.fc1", "✖ mismatch")
    assert len(states) == 10
    step_call(panel.workbench, 1)
    assert panel.workbench.selection.call == 8
    assert panel.table.current_key() == 8


def test_that_details_of_such_a_call_say_that_the_run_did_not_come_to_it(panel: CallsPanel) -> None:
    panel.workbench.select_call(8)
    details = details_of(panel.workbench)
    assert details is not None
    assert details.mark is not None
    assert details.mark.text == "◌ assumed"
    assert details.sentences == (
        "The run did not come to this call. These are its shapes once the mismatches before it are repaired.",
    )
    panel.workbench.select_module("head.fc2")
    assert panel.workbench.selection.call == 9


def test_that_details_of_a_mismatch_name_what_follows_from_it(panel: CallsPanel) -> None:
    details = details_of(panel.workbench)
    assert details is not None
    follows = next(section for section in details.sections if section.title == "What follows from it")
    assert [(fact.value, fact.link) for fact in follows.facts] == [("head.act", "module:head.act")]
    assert "consequences" not in details.as_text().lower()


def test_that_the_tree_marks_what_follows_in_grey_and_with_its_cause() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems((FIRST, SECOND))
    rows = {path: model.describe(model.position_of_key(path)) for path in ("head.fc1", "head.act", "head.fc2")}
    assert [rows[path].cells[5] for path in rows] == ["✖ error", "↳ due to head.fc1", "✖ error"]
    assert [rows[path].roles[0] for path in rows] == ["error", "muted", "error"]


def test_that_a_run_without_calls_has_no_strip_and_one_in_which_all_meets_has_no_break(qtbot: Any) -> None:
    panel = open_panel(qtbot, CallsPanel)
    assert not panel.strip.isVisible()
    assert shapes_of(panel.workbench).cells == ()
    run_well(panel.workbench)
    assert panel.strip.isVisible()
    assert not any(cell.is_break for cell in panel.strip.cells)
    panel.workbench.begin_run()
    assert not panel.strip.isVisible()


def test_that_the_strip_of_very_many_calls_comes_a_moment_later(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_shapes, "AT_ONCE", 3)
    panel = open_panel(qtbot, CallsPanel)
    fail_twice(panel.workbench)
    assert not panel.strip.isVisible()
    qtbot.waitUntil(lambda: panel.strip.isVisible(), timeout=PATIENCE_MS)
    assert panel.strip.current == 4
    assert dict(zip(shown_column(panel.table, 0), shown_column(panel.table, 2), strict=True))["9"] == "✖ mismatch"


def test_that_a_run_of_far_too_many_calls_has_none(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_shapes, "MOST_CALLS", 3)
    panel = open_panel(qtbot, CallsPanel)
    fail_twice(panel.workbench)
    assert shapes_of(panel.workbench).cells == ()
    assert not panel.strip.isVisible()
    assert len(shown_column(panel.table, 0)) == 10
