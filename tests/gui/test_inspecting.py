"""A closer look at the model after each run, which gives way to whatever else is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow, failing_run, good_run
from torchloupe.gui.inspecting import INSPECTION
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectedModel, InspectModel
from torchloupe.wire.requests import CallsFinished, Failed, FetchStats, OpenTarget, RunForward
from torchloupe.wire.tensors import TensorStats

HIDDEN = Problem("unregistered-module", "A list.", module="head", attribute="parts", line=4)
DIRECT = Problem("forward-called-directly", "Skips hooks.", severity="warning", module="head", line=47)
FOUND = InspectedModel((HIDDEN, DIRECT), ("Not run in train mode.",), 0.25)


def run(window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()


def settle(window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def opened(make_window: MakeWindow, qtbot: Any, model_file: Path, **script: Any) -> Any:
    names = {"run": RunForward, "inspect": InspectModel, "open": OpenTarget}
    window: Any = make_window({names[name]: items for name, items in script.items()})
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    return window


def looks(window: Any) -> list[InspectModel]:
    return [message for message in window.sessions[-1].asked if isinstance(message, InspectModel)]


@pytest.mark.parametrize("script", [good_run(), failing_run()])
def test_that_after_a_run_the_registration_is_looked_at(
    make_window: MakeWindow, qtbot: Any, model_file: Path, script: list[Any]
) -> None:
    window = opened(make_window, qtbot, model_file, run=script, inspect=[FOUND])
    run(window, qtbot)
    settle(window, qtbot)
    assert window.workbench.problems[-2:] == (HIDDEN, DIRECT)
    assert window.status.message.text() == "A closer look found 2 more problems (250 ms)"
    assert any("Not run in train mode." in line.text for line in window.book.lines)


def test_that_it_looks_with_the_input_device_and_mode_of_the_run(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, inspect=[FOUND])
    window.opening.options = replace(window.opening.options, inputs=("float32[1,3]",), mode="train", shapes_only=True)
    run(window, qtbot)
    settle(window, qtbot)
    assert looks(window) == [InspectModel(("float32[1,3]",), None, "train", shapes_only=True)]


def test_that_what_is_known_already_is_not_said_twice(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    known = panel_data.opened(problems=(replace(HIDDEN, message="Said at once.", line=None),))
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=[InspectedModel((HIDDEN,))], open=[known])
    run(window, qtbot)
    settle(window, qtbot)
    assert [problem.message for problem in window.workbench.problems] == ["Said at once."]
    assert "found nothing more" in window.status.message.text()


def test_that_what_names_the_operation_takes_the_place_of_what_names_the_call(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    *events, report = good_run()
    nan = TensorStats(4, None, None, None, None, 0, 4, 0)
    calls = [replace(call, stats=(nan,) * len(call.outputs)) for event in events for call in event.calls]
    sharp = Problem("nan-origin", "The first NaN comes out of `log`.", module="head", line=47)
    window = opened(make_window, qtbot, model_file, run=[CallsFinished(tuple(calls)), report], inspect=[InspectedModel((sharp,))])
    run(window, qtbot)
    (coarse,) = [problem for problem in window.workbench.problems if problem.code == "nan-origin"]
    assert coarse.message.startswith("The first NaN comes out of `")
    assert window.workbench.selection.problem == coarse
    settle(window, qtbot)
    assert [problem for problem in window.workbench.problems if problem.code == "nan-origin"] == [sharp]
    assert window.workbench.selection.problem == sharp


def test_that_a_pass_that_did_not_end_in_time_is_not_run_again(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    *calls, report = good_run()
    stopped = Problem("time-limit", "The pass was stopped after 2 s.", severity="warning")
    window = opened(make_window, qtbot, model_file, run=[*calls, replace(report, problems=(stopped,))], inspect=[FOUND])
    run(window, qtbot)
    settle(window, qtbot)
    assert window.workbench.problems == (stopped,)
    assert looks(window) == []


def test_that_the_next_run_forgets_what_the_look_found(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=[FOUND])
    run(window, qtbot)
    settle(window, qtbot)
    window.workbench.begin_run()
    assert window.workbench.problems == ()


def test_that_the_next_run_does_not_wait_for_the_look(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    answers = iter([[UNTIL_CANCELLED], [FOUND]])
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=lambda _request: next(answers))
    run(window, qtbot)
    qtbot.waitUntil(lambda: len(looks(window)) == 1, timeout=PATIENCE_MS)
    run(window, qtbot)
    settle(window, qtbot)
    kinds = [type(message) for message in window.sessions[-1].asked]
    assert kinds == [OpenTarget, RunForward, InspectModel, RunForward, InspectModel]
    assert window.workbench.problems == (HIDDEN, DIRECT)


def test_that_another_question_comes_first_and_the_look_is_taken_up_again(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    answers = iter([[UNTIL_CANCELLED], [FOUND]])
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=lambda _request: next(answers))
    run(window, qtbot)
    qtbot.waitUntil(lambda: len(looks(window)) == 1, timeout=PATIENCE_MS)
    window.jobs.start(FetchStats("head.fc1.weight"), failed=lambda _failed: None)
    settle(window, qtbot)
    kinds = [type(message) for message in window.sessions[-1].asked]
    assert kinds[-3:] == [InspectModel, FetchStats, InspectModel]
    assert window.workbench.problems == (HIDDEN, DIRECT)


def test_that_a_person_can_cancel_the_look(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=[UNTIL_CANCELLED])
    run(window, qtbot)
    qtbot.waitUntil(lambda: len(looks(window)) == 1, timeout=PATIENCE_MS)
    assert window.jobs.label == "looking closer at the model"
    window.actions_by_id["run.cancel"].trigger()
    settle(window, qtbot)
    assert window.workbench.problems == ()
    assert len(looks(window)) == 1


def test_that_a_run_that_was_cancelled_or_could_not_begin_is_not_looked_at(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    endings = iter([[UNTIL_CANCELLED], [Failed((Problem("bad-input", "No such file."),))]])
    window = opened(make_window, qtbot, model_file, run=lambda _request: next(endings), inspect=[FOUND])
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
        qtbot.waitUntil(lambda: isinstance(window.sessions[-1].asked[-1], RunForward), timeout=PATIENCE_MS)
        window.jobs.cancel()
    run(window, qtbot)
    settle(window, qtbot)
    assert looks(window) == []


def test_that_a_look_that_fails_is_said_in_the_log_alone(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=[Failed((Problem("oops", "It did not go."),))])
    run(window, qtbot)
    settle(window, qtbot)
    assert window.workbench.problems == ()
    assert window.status.message.text().startswith("10 calls")
    assert any("No closer look: It did not go." in line.text for line in window.book.lines)


def test_that_a_model_that_was_closed_meanwhile_gets_no_problems(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = opened(make_window, qtbot, model_file, run=good_run(), inspect=[UNTIL_CANCELLED])
    run(window, qtbot)
    qtbot.waitUntil(lambda: len(looks(window)) == 1, timeout=PATIENCE_MS)
    window.opening.close_model()
    assert not window.jobs.runs(INSPECTION)
    window.worker.cancel()
    qtbot.waitUntil(lambda: not window.jobs._lanes, timeout=PATIENCE_MS)
    assert window.workbench.problems == ()
