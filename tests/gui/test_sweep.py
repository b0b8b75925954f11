"""The sweep in the window: what is asked, drawn and listed, and where a size leads."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.panel_data import QuietSession
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.sweep import model as rows
from torchloupe.gui.sweep.dialog import SweepDialog
from torchloupe.gui.sweep.map_view import SweepMapView
from torchloupe.gui.theme import apply_theme
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.sweeps import SizesSwept, SizeTried, SweepSizes, SweptAxis
from torchloupe.wire.traces import ForwardReport

SKIP = Problem("broadcast-mismatch", "`+` cannot combine them.", INFO, "Pad it.", module="head.fc1", file="/m.py", line=18)
FIXED = Problem("batch-hard-coded", "`view` makes the batch 4.", INFO, module="", file="/m.py", line=20, data={"hard_coded": 4})
SIDE = (SizeTried(16, True), SizeTried(32, True), SizeTried(33, False, SKIP), SizeTried(48, True), SizeTried(50, None))
SWEPT = SizesSwept(
    (
        SweptAxis("batch", 4, ((0, 0),), (SizeTried(1, False), SizeTried(4, True), SizeTried(5, False, FIXED))),
        SweptAxis("height", 32, ((0, 2),), SIDE),
    ),
    ("float32[4,3,32,32]",),
    "worked_out",
    notes=("The ids may be 0 to 99.",),
    seconds=0.5,
)


@pytest.fixture
def dialog(qtbot: Any) -> Iterator[Any]:
    """On the classifier; ``dialog.session`` answers."""
    parent, workbench = QWidget(), Workbench()
    workbench.set_model(panel_data.opened())
    session = QuietSession({SweepSizes: SWEPT})
    jobs = Jobs(session)
    qtbot.addWidget(parent, before_close_func=lambda _widget: jobs.close())
    made: Any = SweepDialog(parent, workbench, jobs)
    made.session, made.jobs = session, jobs
    made.show()
    wait(made, qtbot)
    yield made
    parent.close()  # the parent stays that long


def wait(dialog: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not dialog.jobs.busy, timeout=PATIENCE_MS)


def chip(view: SweepMapView, axis: str, size: int) -> rows.Chip:
    return next(each for each in view.map.chips if (each.axis, each.tried.size) == (axis, size))


def click(view: SweepMapView, axis: str, size: int) -> None:
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view._box(chip(view, axis, size)).center().toPoint())


def test_that_it_asks_at_once_and_says_around_what_and_what_it_noted(dialog: Any) -> None:
    assert dialog.session.asked == [SweepSizes()]
    assert dialog.answer.text() == "Around float32[4,3,32,32], in 500 ms.\nThe ids may be 0 to 99."
    assert not dialog.stop.isEnabled()


def test_that_every_size_is_in_the_map_with_its_sign_and_every_axis_with_its_rule(dialog: Any) -> None:
    view = dialog.map
    assert [line.name for line in view.map.lines] == ["batch", "height"]
    assert view.map.lines[0].rule == "only 4 (hard-coded at line 20)"
    assert [each.text for each in view.map.chips][:3] == ["× 1", "● 4", "× 5"]
    assert [each.tried.size for each in view.map.chips if each.is_base] == [4, 32]
    assert "height: 16● [32●] 33× 48● 50?" in view.accessibleDescription()


def test_that_what_refuses_sizes_is_listed_and_leads_to_its_module_and_line(dialog: Any, qtbot: Any) -> None:
    assert [row.cells for row in dialog.table.model.rows] == [
        ("batch", "5", "(model)", "view makes the batch 4.", "m.py:20"),
        ("height", "33", "head.fc1", "+ cannot combine them.", "m.py:18"),
    ]
    with qtbot.waitSignal(dialog.workbench.source_wanted, timeout=PATIENCE_MS) as wanted:
        dialog.table.chosen.emit(1)
    assert wanted.args == ["/m.py", 18]
    assert dialog.workbench.selection.module == "head.fc1"
    with qtbot.waitSignal(dialog.workbench.editor_wanted, timeout=PATIENCE_MS) as wanted:
        dialog.table.activated.emit(0)
    assert wanted.args == ["/m.py", 20]


def test_that_a_click_on_a_refused_size_leads_to_what_refuses_it(dialog: Any) -> None:
    click(dialog.map, "height", 33)
    assert dialog.workbench.selection.module == "head.fc1"
    click(dialog.map, "batch", 1)
    assert dialog.workbench.selection.module == "head.fc1"  # nobody looked at sizes below
    click(dialog.map, "height", 48)
    assert dialog.workbench.selection.module == "head.fc1"


def test_that_the_mouse_is_told_what_became_of_a_size_and_why(dialog: Any) -> None:
    view = dialog.map
    assert view.tip_of(chip(view, "height", 33)) == "height 33: does not run\n+ cannot combine them."
    assert view.tip_of(chip(view, "height", 32)) == "height 32: runs, the size of the sample"
    assert view.tip_of(chip(view, "height", 50)) == "height 50: shapes alone cannot tell"
    assert view.chip_at(QPointF(-3, -3)) is None


def test_that_it_can_be_copied_as_markdown(dialog: Any) -> None:
    dialog.copy.click()
    assert QGuiApplication.clipboard().text().startswith("# Sizes\n\n| axis | runs with | tried |\n")


def test_that_sizes_break_into_rows_where_there_is_little_room() -> None:
    def wide(text: str) -> float:
        return 10.0 * len(text)

    roomy, narrow = (rows.laid_out(SWEPT, width, 20, 20, wide) for width in (900, 150))
    assert len({each.y for each in roomy.chips}) == 2
    assert len({each.y for each in narrow.chips}) > 2
    assert narrow.height > roomy.height
    assert all(each.x + each.width <= 150 for each in narrow.chips)
    assert rows.laid_out(SizesSwept(()), 100, 20, 20, wide).height == 0


def test_that_a_failure_and_a_cancel_are_said_and_that_stopping_stops(dialog: Any, qtbot: Any) -> None:
    dialog.session.answers[SweepSizes] = Failed((Problem("input-failed", "There is no input.", hint="Give one."),))
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "There is no input. Give one."
    assert dialog.map.map.chips == ()
    assert not dialog.copy.isEnabled()
    dialog.session.answers[SweepSizes] = Failed((), cancelled=True)
    dialog.ask()
    assert dialog.stop.isEnabled()
    dialog.stop.click()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "Cancelled."


def test_that_a_model_which_refuses_its_own_sample_says_so(dialog: Any, qtbot: Any) -> None:
    dialog.session.answers[SweepSizes] = replace(SWEPT, axes=(), problems=(replace(SKIP, severity="error"),), notes=())
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text().splitlines()[1] == "+ cannot combine them. Pad it."


def test_that_without_a_model_nothing_is_asked(dialog: Any) -> None:
    dialog.workbench.set_model(None)
    assert dialog.answer.text() == "No model is open."
    assert len(dialog.session.asked) == 1


def test_that_the_input_of_the_run_on_screen_is_swept() -> None:
    asked = RunForward(("int64[3]",), "cpu", "eval", 7)
    assert rows.question(asked, None) == SweepSizes(("int64[3]",), "cpu", "eval", 7)
    report = ForwardReport((), "worked_out", (), 1, 0.1, "cpu", input_specs=("float32[2,5]",))
    assert rows.question(asked, report).inputs == ("float32[2,5]",)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_it_can_be_drawn_in_both_themes(dialog: Any, theme: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    try:
        apply_theme(app, theme)
        picture = dialog.map.grab().toImage()
        colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 2) for y in range(0, picture.height(), 2)}
        assert len(colours) > 10
    finally:
        apply_theme(app, "light")


def test_that_the_menu_opens_it(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    action = window.actions_by_id["run.sweep"]
    assert action.text() == "Si&zes that it runs with…"
    assert not action.isEnabled()
    window.workbench.set_model(panel_data.opened())
    window.dialogs.sweep_sizes()
    dialogs = window.findChildren(SweepDialog)
    assert len(dialogs) == 1
    dialogs[0].close()
    qtbot.waitUntil(lambda: not window.findChildren(SweepDialog), timeout=PATIENCE_MS)
