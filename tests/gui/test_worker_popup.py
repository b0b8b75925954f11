"""The worker in one place."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from shiboken6 import isValid

from gui.conftest import PATIENCE_MS
from torchloupe.gui.interpreter.model import LAST_LINES, last_lines, worker_facts
from torchloupe.gui.interpreter.worker_popup import WorkerPopup
from torchloupe.gui.log_book import BookLine
from torchloupe.gui.worker_state import STATE_GLYPHS, seconds_text, state_text
from torchloupe.wire.problems import Problem

KILLED = Problem("out-of-memory", "The worker was killed, probably because memory ran out.", hint="Use a smaller batch.")


@pytest.fixture
def popup(window: Any, qtbot: Any) -> Any:
    """The popup of a window whose worker is up."""
    window.worker.start()
    qtbot.waitUntil(lambda: window.worker.state == "ready", timeout=PATIENCE_MS)
    window.status.interpreter.click()
    (made,) = window.findChildren(WorkerPopup)
    yield made
    if isValid(made):
        made.close()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0 s"), (12, "12 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (3600, "1 h 0 min")]
)
def test_that_a_time_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_that_every_state_has_a_word_and_a_glyph_of_its_own() -> None:
    assert len({state_text(state) for state in STATE_GLYPHS}) == len(set(STATE_GLYPHS.values())) == 5


def test_that_the_click_on_the_status_bar_shows_where_the_worker_runs(window: Any, popup: Any) -> None:
    assert "ready" in popup.state.text()
    said = {name: label.text() for name, label in popup.facts.items()}
    assert said["Interpreter"] == "/usr/bin/python3"
    assert said["torch"] == "2.13.0"
    assert said["Devices"] == "cpu"
    assert "up 0 s" in said["Process"]
    assert "Doing" not in said
    assert popup.cause.isHidden()


def test_that_what_it_does_is_said_with_how_long(window: Any, popup: Any) -> None:
    session = window.sessions[-1]
    session.state = "busy"
    window.worker._state_changed(session, "busy")
    assert "0 s" in popup.facts["Doing"].text()
    assert worker_facts(window.worker)["Doing"].endswith("0 s")
    session.state = "ready"
    window.worker._state_changed(session, "ready")
    assert not popup.form.isRowVisible(popup.facts["Doing"])


def test_that_the_cause_of_a_death_and_the_last_lines_are_said(window: Any, popup: Any, qtbot: Any) -> None:
    session = window.sessions[-1]
    window.book.add("user", "famous last words")
    session.state, session.problem, session.hello = "died", KILLED, None
    session.on_state("died")
    qtbot.waitUntil(lambda: not popup.cause.isHidden(), timeout=PATIENCE_MS)
    assert popup.cause.text() == f"{KILLED.message} {KILLED.hint}"
    assert "ended" in popup.state.text()
    qtbot.waitUntil(lambda: "famous last words" in popup.log.toPlainText(), timeout=PATIENCE_MS)
    assert not popup.form.isRowVisible(popup.facts["torch"])


def test_that_its_buttons_are_the_commands_of_the_menus(window: Any, popup: Any, qtbot: Any) -> None:
    assert [button.defaultAction().objectName() for button in popup.buttons] == [
        "run.cancel",
        "worker.restart",
        "worker.interpreter",
        "panel.log",
    ]
    assert popup.focusWidget() is popup.buttons[1], "cancel makes no sense now"
    with qtbot.waitSignal(window.worker.restarted, timeout=PATIENCE_MS):
        qtbot.keyClick(popup.buttons[1], Qt.Key.Key_Space)
    assert not isValid(popup) or not popup.isVisible()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_it_opens_by_its_command_and_closes_by_escape(window: Any, popup: Any, qtbot: Any) -> None:
    qtbot.keyClick(popup, Qt.Key.Key_Escape)
    assert not isValid(popup) or not popup.isVisible()
    window.actions_by_id["worker.show"].trigger()
    assert [each.isVisible() for each in window.findChildren(WorkerPopup)][-1]
    for each in window.findChildren(WorkerPopup):
        each.close()


def test_that_only_the_end_of_the_log_is_shown() -> None:
    lines = [BookLine("12:00:00", "user", str(number)) for number in range(100)]
    assert len(last_lines(lines)) == LAST_LINES
    assert last_lines(lines)[-1] == "12:00:00  99"
