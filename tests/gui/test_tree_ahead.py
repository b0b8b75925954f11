"""The tree of a large model is on screen before the model is open; nothing else pretends that it is."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.modules import building
from torchloupe.gui.tree_index import NOTHING
from torchloupe.wire.opening import TreeSeen
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.requests import Failed, OpenTarget

HIDDEN = HiddenPart("head", "spare", "spare[0]", "module", "Linear", "list", parameter_count=2, numel=6)
FORGOTTEN = Problem("hidden-module", "`head.spare` is not registered.", hint="Use an nn.ModuleList.", module="head")
DIED = Problem("worker-died", "The worker was killed (out of memory?).", hint="What was captured stays. Restart it.")


def whole() -> Any:
    return panel_data.opened(tree=replace(panel_data.tree(), hidden=(HIDDEN,)), problems=(FORGOTTEN,))


class Worker:
    """Tells the tree at once, and the answer when it is let go."""

    def __init__(self, reply: Any) -> None:
        self.reply, self.go, self.early = reply, threading.Event(), [TreeSeen(panel_data.tree())]

    def __call__(self, _request: Any) -> Any:
        return [*self.early, _Later(self)]


class _Later:
    """Stands for the reply; the session asks what it is when it has told the events."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker


@pytest.fixture
def opening(make_window: MakeWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch, model_file: Path) -> Any:
    """Opens the model file in a window whose worker is slow; returns the window once the tree is there."""
    from torchloupe.session.scripted import ScriptedSession

    play = ScriptedSession._play

    def slow(self: Any, items: Any, on_event: Any) -> Any:
        last = play(self, items, on_event)
        if not isinstance(last, _Later):
            return last
        while not last.worker.go.wait(0.002):
            if self._cancelled.is_set():
                return Failed((), cancelled=True)
        return last.worker.reply

    monkeypatch.setattr(ScriptedSession, "_play", slow)

    def begin(reply: Any, window: Any = None) -> Any:
        worker = Worker(reply)
        window = window or make_window()
        window.worker.session.script[OpenTarget] = worker
        window.opening.open_target(str(model_file), trusted=True)
        window.letting_go = worker.go.set
        return window

    return begin


def rows(window: Any) -> list[str]:
    model = window.docks.panels["modules"].inside().tree_model
    return [model.index(row, 0).data().split("  ")[0] for row in range(model.rowCount())]


def until(qtbot: Any, condition: Any) -> None:
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)


def ahead(opening: Any, qtbot: Any, reply: Any) -> Any:
    window = opening(reply)
    until(qtbot, lambda: bool(rows(window)))
    return window


def finish(window: Any, qtbot: Any) -> None:
    window.letting_go()
    until(qtbot, lambda: window.workbench.model is not None and not window.jobs.busy)


def test_that_the_tree_is_on_screen_while_the_model_is_not_yet_open(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    assert rows(window)[:3] == ["(model)", "encoder", "conv1"]
    assert "spare[0]" not in rows(window)
    assert window.workbench.model is None
    assert not window.opening.can_run
    assert not window.actions_by_id["run.forward"].isEnabled()
    assert window.docks.docks["modules"].isVisible()
    finish(window, qtbot)


def test_that_it_is_said_that_more_is_coming_and_nothing_is_called_healthy(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    assert window.status.message.text() == "10 modules; looking for what is not registered …"
    empty = window.docks.panels["problems"].inside().table.empty.label.text()
    assert empty == "Not checked yet. What is not registered is still being looked for."
    window.docks.raise_panel("calls")
    assert window.docks.panels["calls"].inside().table.empty.label.text().startswith("The model is nearly open")
    assert window.status.problems.text() == "not checked yet"
    finish(window, qtbot)


def test_that_everything_is_there_in_the_end(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    finish(window, qtbot)
    assert "spare[0]" in rows(window)
    assert "F5" in window.docks.panels["calls"].inside().table.empty.label.text()
    assert window.workbench.model == whole()
    assert window.workbench.tree is window.workbench.model.tree
    assert window.workbench.problems == (FORGOTTEN,)
    assert window.status.message.text() == "10 modules in Classifier"
    assert window.opening.can_run


def test_that_what_was_selected_and_opened_meanwhile_stays_so(opening: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "OPEN_AT_FIRST", 5)
    window = ahead(opening, qtbot, whole())
    panel = window.docks.panels["modules"].inside()
    assert rows(window) == ["(model)", "encoder", "head"]
    panel.tree_model.toggle(panel.tree_model.position_of("head"))
    panel.tree.view.selectRow(panel.tree_model.position_of("head.fc1"))
    assert window.workbench.selection.module == "head.fc1"
    assert panel.below.heading.text().startswith("head.fc1: 2 parameters")
    finish(window, qtbot)
    assert window.workbench.selection.module == "head.fc1"
    assert panel.tree.current_key() == "head.fc1"
    assert panel.below.heading.text().startswith("head.fc1: 2 parameters")
    assert rows(window) == ["(model)", "encoder", "head", "spare[0]", "fc1", "act", "fc2"]


def test_that_the_details_of_a_module_are_told_before_the_model_is_open(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    window.workbench.select_module("head.fc1")
    assert window.docks.panels["details"].inside().details.title.startswith("head.fc1")
    finish(window, qtbot)


def test_that_a_model_that_is_open_stays_until_the_new_one_is_there(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    finish(window, qtbot)
    first = window.workbench.model
    small = panel_data.opened(tree=replace(panel_data.tree(), modules=panel_data.tree().modules[:1], parameters=()))
    opening(small, window)
    until(qtbot, lambda: window.jobs.busy and len(window.sessions[-1].asked) == 2)
    assert window.workbench.model is first
    assert "spare[0]" in rows(window)
    window.letting_go()
    until(qtbot, lambda: window.workbench.model is small)
    assert rows(window) == ["(model)"]


@pytest.mark.parametrize("reply", [Failed((DIED,)), Failed((FORGOTTEN,))])
def test_that_a_tree_goes_when_the_worker_dies_or_the_model_is_refused(opening: Any, qtbot: Any, reply: Failed) -> None:
    window = ahead(opening, qtbot, reply)
    window.workbench.select_module("head.fc1")
    window.letting_go()
    until(qtbot, lambda: bool(window.workbench.problems) and not window.jobs.busy)
    assert rows(window) == []
    assert window.workbench.tree is NOTHING
    assert window.workbench.problems == reply.problems
    assert window.workbench.selection.problem == reply.problems[0]
    assert window.docks.tabs.isTabVisible(window.docks.tabs.indexOf(window.docks.panels["start"]))
    assert not window.docks.docks["modules"].isVisible()
    assert window.docks.docks["problems"].isVisible()


def test_that_a_cancel_takes_the_tree_away_and_the_next_attempt_starts_anew(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    window.opening.cancel()
    until(qtbot, lambda: not window.jobs.busy)
    assert (rows(window), window.workbench.model, window.workbench.problems) == ([], None, ())
    assert window.status.message.text() == "Cancelled. What was open stays open."
    window.opening.construct(window.opening.attempt)
    until(qtbot, lambda: bool(rows(window)))
    finish(window, qtbot)
    assert "spare[0]" in rows(window)


def test_that_with_a_checkpoint_open_the_start_page_does_not_come_back(opening: Any, qtbot: Any, make_window: MakeWindow) -> None:
    window = make_window()
    window.opening._show_checkpoint(None, panel_data.checkpoint())
    stored = panel_data.checkpoint().tensors[0]
    window.workbench.select_stored(stored)
    opening(whole(), window)
    until(qtbot, lambda: bool(rows(window)))
    window.opening.cancel()
    until(qtbot, lambda: not window.jobs.busy)
    assert window.docks.docks["checkpoint"].isVisible()
    assert window.workbench.selection.stored == stored
    assert rows(window) == []


def test_that_another_target_that_is_opened_meanwhile_takes_its_place(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    go_on = window.letting_go
    other = replace(panel_data.opened(), class_name="Other")
    window.sessions[-1].script[OpenTarget] = [other]
    window.opening.construct(window.opening.attempt)
    assert rows(window) == []
    go_on()
    until(qtbot, lambda: window.workbench.model is not None)
    assert window.workbench.model is other
    assert "spare[0]" not in rows(window)


def test_that_a_tree_that_comes_late_is_of_no_use(window: Any, qtbot: Any) -> None:
    window.workbench.set_model(panel_data.opened())
    window.workbench.show_ahead(NOTHING)
    assert rows(window)[0] == "(model)"
    window.opening.ahead._hear(TreeSeen(NOTHING))
    window.opening.ahead._show(panel_data.tree())
    assert window.workbench.tree is window.workbench.model.tree


def test_that_closing_the_window_in_between_is_quiet(opening: Any, qtbot: Any) -> None:
    window = ahead(opening, qtbot, whole())
    window.close()
    assert window.workbench.model is None


def test_that_a_large_tree_stays_on_screen_until_the_whole_one_is_arranged(
    opening: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 5)
    window = ahead(opening, qtbot, whole())
    panel = window.docks.panels["modules"].inside()
    counts: list[int] = []
    panel.tree_model.modelReset.connect(lambda: counts.append(panel.tree_model.rowCount()))
    finish(window, qtbot)
    until(qtbot, lambda: "spare[0]" in [each.name for each in panel.tree_model.entries if isinstance(each, HiddenPart)])
    assert 0 not in counts


def test_that_an_early_tree_can_be_searched_at_once(opening: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 5)
    window = ahead(opening, qtbot, whole())
    panel = window.docks.panels["modules"].inside()
    panel.tree.filter.setText("fc2")
    until(qtbot, lambda: rows(window) == ["(model)", "head", "fc2"])
    finish(window, qtbot)
    until(qtbot, lambda: rows(window) == ["(model)", "head", "fc2"])
    panel.tree.filter.setText("spare")
    until(qtbot, lambda: rows(window) == ["(model)", "head", "spare[0]"])
