"""Panels are made ready in short steps after the first picture."""

import sys

from PySide6.QtWidgets import QLabel, QWidget

from torchloupe.gui.panels import LazyPanel, PanelPlace
from torchloupe.gui.warm_up import WarmUp


def lazy(name, built, build=QLabel):
    return LazyPanel(PanelPlace(name, name, "centre", build), built.append)


def test_that_every_panel_is_built_without_being_shown(qtbot):
    built = []
    panels = {name: lazy(name, built) for name in ("one", "two", "three")}
    for panel in panels.values():
        qtbot.addWidget(panel)
    warm_up = WarmUp(panels)
    warm_up.start()
    qtbot.waitUntil(lambda: warm_up.is_done)
    assert len(built) == 3
    assert all(panel.is_built and not panel.isVisible() for panel in panels.values())


def test_that_panels_are_built_one_at_a_time(qtbot):
    """Between two of them the window answers: a timer's event gets its turn."""
    from PySide6.QtCore import QTimer

    seen = []
    panels = {name: lazy(name, seen) for name in ("one", "two")}
    for panel in panels.values():
        qtbot.addWidget(panel)
    beat = QTimer(interval=1)
    beat.timeout.connect(lambda: seen.append("beat"))
    beat.start()
    warm_up = WarmUp(panels)
    warm_up.start()
    qtbot.waitUntil(lambda: warm_up.is_done)
    places = [number for number, each in enumerate(seen) if isinstance(each, QWidget)]
    assert "beat" in seen[places[0] : places[1]]


def test_that_a_panel_that_is_there_is_not_built_again(qtbot):
    made = []

    def build():
        made.append(1)
        return QLabel()

    panel = lazy("one", [], build)
    qtbot.addWidget(panel)
    panel.inside()
    warm_up = WarmUp({"one": panel})
    warm_up.start()
    qtbot.waitUntil(lambda: warm_up.is_done)
    assert made == [1]


def test_that_the_parts_of_a_panel_are_imported_before_it_is_built(qtbot, monkeypatch):
    monkeypatch.delitem(sys.modules, "torchloupe.gui.problems.model", raising=False)
    there = []
    panel = lazy("problems", [], lambda: there.append("torchloupe.gui.problems.model" in sys.modules) or QLabel())
    qtbot.addWidget(panel)
    warm_up = WarmUp({"problems": panel})
    warm_up.start()
    qtbot.waitUntil(lambda: warm_up.is_done)
    assert there == [True]
