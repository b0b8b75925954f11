"""The line at the bottom."""

import threading
from typing import Any

from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.jobs import Progress
from torchloupe.wire.requests import Hello

NO_TORCH = Hello(1, "3.12.1", "/opt/python", 0, torch=None, torch_error="No module named 'torch'.")


def test_that_the_interpreter_is_said_once_it_has_said_hello(window: Any, qtbot: Any) -> None:
    assert window.status.interpreter.text() == "○ local: not started"
    window.worker.start()
    qtbot.waitUntil(lambda: "torch 2.13.0" in window.status.interpreter.text(), timeout=PATIENCE_MS)
    assert "Python 3.11.0" in window.status.interpreter.text()
    assert "/usr/bin/python3" in window.status.interpreter.toolTip()


def test_that_an_interpreter_without_torch_is_said_with_the_next_step(make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window(hello=NO_TORCH)
    window.worker.start()
    qtbot.waitUntil(window.notice.isVisible, timeout=PATIENCE_MS)
    assert "no torch" in window.status.interpreter.text()
    assert "has no torch" in window.notice.label.text()
    assert "Choose interpreter" in window.notice.button.text()


def test_that_a_dead_worker_is_said_and_restarted_by_the_button(full_window: Any, qtbot: Any) -> None:
    full_window.sessions[-1].state = "died"
    full_window.sessions[-1].on_state("died")
    qtbot.waitUntil(full_window.notice.isVisible, timeout=PATIENCE_MS)
    assert full_window.status.interpreter.text() == "✖ local: ended"
    with qtbot.waitSignal(full_window.worker.restarted, timeout=PATIENCE_MS):
        full_window.notice.button.click()
    assert not full_window.notice.isVisible()
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_notice_can_be_closed(window: Any) -> None:
    window.notice.say("Something.", "Do it", lambda: None)
    window.notice.close_button.click()
    assert not window.notice.isVisible()


def test_that_the_model_and_the_problems_are_said(full_window: Any) -> None:
    status = full_window.status
    assert status.model.text() == "Classifier"
    assert status.model.isVisible()
    errors = sum(problem.severity == "error" for problem in full_window.workbench.problems)
    assert f"✖ {errors}" in status.problems.text()
    assert f"{errors} error{'s' * (errors > 1)}" in status.problems.accessibleName()


def test_that_not_checked_is_not_no_problems(window: Any) -> None:
    assert window.status.problems.text() == "not checked yet"
    window.workbench.set_model(panel_data.opened())
    assert window.status.problems.text() == "not checked yet"
    window.workbench.begin_run()
    window.workbench.end_run(panel_data.report())
    assert window.status.problems.text() == "no problems"


def test_that_the_problems_button_goes_to_the_problems(full_window: Any) -> None:
    full_window.status.problems.click()
    assert full_window.docks.focused_panel() == "problems"


def test_that_long_work_is_shown_with_its_progress_and_can_be_cancelled(window: Any, qtbot: Any) -> None:
    gate, answers = threading.Event(), []

    def work(progress: Progress) -> None:
        progress(3, 9, "layer 3 of 9")
        gate.wait(10)
        progress(9, 9, "layer 9 of 9")

    window.jobs.start(work, failed=answers.append, label="looking at layers")
    qtbot.waitUntil(window.status.bar.isVisible, timeout=PATIENCE_MS)
    assert window.status.job.text().startswith("looking at layers")
    qtbot.waitUntil(lambda: (window.status.bar.value(), window.status.bar.maximum()) == (3, 9), timeout=PATIENCE_MS)
    window.status.cancel.click()
    gate.set()
    qtbot.waitUntil(lambda: bool(answers), timeout=PATIENCE_MS)
    assert answers[0].cancelled
    assert not window.status.bar.isVisible()


def test_that_quick_work_is_not_mentioned(window: Any, qtbot: Any) -> None:
    shown: list[bool] = []
    window.jobs.busy_changed.connect(lambda _busy: shown.append(window.status.bar.isVisible()))
    window.jobs.start(lambda progress: progress(1, 1, ""))
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=PATIENCE_MS)
    assert shown == [False, False]


def test_that_the_last_sentence_stays(window: Any) -> None:
    window.status.say("47 tensors in model.pt")
    assert window.status.message.shown == "47 tensors in model.pt"
    assert window.status.message.toolTip() == ""


def test_that_a_sentence_that_is_too_long_ends_in_dots_and_is_whole_in_the_tip(window: Any, qapp: QApplication) -> None:
    sentence = "The file is long gone. " * 30
    window.status.say(sentence)
    qapp.processEvents()
    assert window.width() == 1280
    assert window.status.message.shown.endswith("…")
    assert window.status.message.toolTip() == sentence
