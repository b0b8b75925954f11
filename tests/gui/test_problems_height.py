"""The Problems dock: low without problems, as high as before with some."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.settings import Settings
from torchloupe.gui.theme import em
from torchloupe.wire.problems import Problem

BROKEN = (Problem("import-failed", "It does not import.", hint="Mend it."),)


class Low:
    """A window with a model that has no problems."""

    def __init__(self, window: Any, qtbot: Any) -> None:
        self.window, self.qtbot = window, qtbot
        self.bench, self.docks = window.workbench, window.docks
        self.dock, self.log = self.docks.docks["problems"], self.docks.docks["log"]
        self.bench.set_model(panel_data.opened())
        window.opening.opened.emit("model", "/models/classifier.py:Classifier")
        self.until_low()

    @property
    def line(self) -> int:
        """As high as a line with some air."""
        return em(self.window, 3.5)

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    def until_low(self) -> None:
        self.until(lambda: self.window.problems_height.is_folded)
        assert self.dock.height() <= self.line

    def until_high(self, dock: Any = None) -> None:
        self.until(lambda: (dock or self.dock).height() > 2 * self.line)

    def report(self, problems: Any = BROKEN) -> None:
        self.bench.report_problems("target", problems)

    def drag(self, height: int) -> None:
        """About as high, as with the mouse on the splitter."""
        before = self.dock.height()
        self.window.resizeDocks([self.dock], [height], Qt.Orientation.Vertical)
        self.until(lambda: self.dock.height() != before)


@pytest.fixture
def low(window: Any, qtbot: Any) -> Low:
    return Low(window, qtbot)


def test_that_without_problems_it_is_a_line_that_can_be_read(low: Low) -> None:
    label = low.docks.panels["problems"].inside().table.empty.label
    assert label.text() == "Not checked yet. F5 runs one forward pass."
    assert label.isVisible()
    assert label.height() >= label.fontMetrics().height()
    assert label.mapTo(low.dock, label.rect().bottomRight()).y() < low.dock.height()


def test_that_it_grows_with_the_first_problem_and_shrinks_with_the_last(low: Low) -> None:
    low.report()
    low.until_high()
    low.report(())
    low.until_low()


def test_that_it_has_the_same_height_each_time(low: Low) -> None:
    heights = []
    for _ in range(3):
        low.report()
        low.until_high()
        heights.append(low.dock.height())
        low.report(())
        low.until_low()
    assert max(heights) - min(heights) <= 2
    assert heights[0] == pytest.approx(200, abs=40)


def test_that_the_height_that_a_person_gave_it_comes_back(low: Low) -> None:
    low.report()
    low.until_high()
    low.drag(240)
    mine = low.dock.height()
    low.report(())
    low.until_low()
    low.report()
    low.until(lambda: abs(low.dock.height() - mine) <= 2)


def test_that_who_drags_the_low_dock_has_the_last_word(low: Low) -> None:
    low.drag(260)
    mine = low.dock.height()
    for problems in (BROKEN, (), BROKEN, ()):
        low.report(problems)
        QApplication.processEvents()
        low.until(lambda: not low.window.jobs.busy)
        assert low.dock.height() == mine


def test_that_resetting_the_layout_takes_that_word_back(low: Low) -> None:
    low.drag(260)
    low.report()
    low.report(())
    low.window.actions_by_id["view.reset"].trigger()
    low.until_low()


def test_that_it_stays_as_it_is_while_a_run_goes_on(low: Low) -> None:
    low.report()
    low.until_high()
    low.bench.begin_run()
    low.report(())
    QApplication.processEvents()
    low.until_high()
    low.bench.end_run(panel_data.report())
    low.until_low()


def test_that_the_log_has_room_and_the_empty_problems_behind_it_take_none(low: Low) -> None:
    low.docks.raise_panel("log")
    low.until_high(low.log)
    low.docks.raise_panel("problems")
    low.until_low()


def test_that_a_dock_that_stands_beside_it_keeps_its_height(low: Low) -> None:
    low.report()
    low.until_high()
    low.window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, low.docks.docks["details"])
    low.report(())
    QApplication.processEvents()
    low.until_high()
    assert not low.window.problems_height.is_folded


def test_that_the_next_start_finds_the_height_that_it_has_with_problems(make_window: MakeWindow, qtbot: Any) -> None:
    settings = Settings(None)
    first = Low(make_window(settings=settings), qtbot)
    first.report()
    first.until_high()
    first.drag(240)
    mine = first.dock.height()
    first.report(())
    first.until_low()
    first.window.close()
    second = Low(make_window(settings=settings), qtbot)
    second.report()
    second.until(lambda: abs(second.dock.height() - mine) <= 4)
