"""What happens when files and targets are opened, run and cancelled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow, failing_run, good_run
from torchloupe.gui.opening import Asked, is_target
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import (
    CallsFinished,
    Failed,
    ListTargets,
    OpenTarget,
    RunForward,
    TargetChoice,
    TargetChoices,
)

DIED = Problem("worker-died", "The worker was killed (out of memory?).", hint="What was captured stays. Restart it.")


def wait_for_model(window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)


def wait_for_problem(window: Any, qtbot: Any) -> Problem:
    qtbot.waitUntil(lambda: bool(window.workbench.problems), timeout=PATIENCE_MS)
    first: Problem = window.workbench.problems[0]
    return first


def run(window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()


def asked_of(window: Any) -> list[Any]:
    """Without the closer look after each run."""
    return [message for message in window.sessions[-1].asked if not isinstance(message, InspectModel)]


# checkpoints


def test_that_a_checkpoint_is_read_and_shown(window: Any, qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}', encoding="utf-8")
    with qtbot.waitSignal(window.opening.opened, timeout=PATIENCE_MS) as opened:
        window.opening.open_paths([path])
    assert opened.args == ["checkpoint", str(path)]
    assert [tensor.key for tensor in window.workbench.checkpoint.tensors] == ["fc.weight"]
    assert "1 tensor in " in window.status.message.text()
    assert window.status.message.text().endswith("nothing executed")


def test_that_the_panels_are_there_before_what_was_read_is_shown(window: Any, qtbot: Any, tmp_path: Path) -> None:
    shown: list[Any] = []
    window.opening.arrived.connect(lambda: shown.append(window.workbench.checkpoint))
    window.opening.opened.connect(lambda *_what: shown.append(window.workbench.checkpoint.path))
    path = tmp_path / "keys.json"
    path.write_text('{"tensors": []}', encoding="utf-8")
    window.opening.open_checkpoint(path)
    qtbot.waitUntil(lambda: len(shown) == 2, timeout=PATIENCE_MS)
    assert shown == [None, str(path)]


def test_that_an_unreadable_checkpoint_is_a_problem_and_what_was_open_stays(window: Any, qtbot: Any, tmp_path: Path) -> None:
    window.workbench.set_checkpoint(panel_data.checkpoint())
    path = tmp_path / "model.pt"
    path.write_bytes(b"this is no checkpoint at all")
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.opening.open_paths([path])
    problem = window.workbench.problems[0]
    assert problem.message
    assert problem.hint
    assert window.workbench.selection.problem == problem
    assert window.workbench.checkpoint == panel_data.checkpoint()


def test_that_a_vanished_file_is_said(window: Any, qtbot: Any, tmp_path: Path) -> None:
    window.opening.open_paths([tmp_path / "gone.pt"])
    assert "gone.pt" in wait_for_problem(window, qtbot).message


def test_that_the_problem_goes_when_the_next_file_can_be_read(window: Any, qtbot: Any, tmp_path: Path) -> None:
    window.opening.open_paths([tmp_path / "gone.pt"])
    wait_for_problem(window, qtbot)
    (tmp_path / "gone.pt").write_text('{"tensors": [{"key": "a", "shape": [1], "dtype": "float32"}]}', encoding="utf-8")
    window.opening.open_paths([tmp_path / "gone.pt"])
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    assert window.workbench.problems == ()


def test_that_of_three_checkpoints_two_stand_side_by_side_and_the_third_is_named(window: Any, qtbot: Any, tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / name).write_text('{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}', encoding="utf-8")
    window.opening.open_paths([tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.json"])
    qtbot.waitUntil(lambda: window.workbench.other is not None, timeout=PATIENCE_MS)
    assert window.workbench.checkpoint.path == str(tmp_path / "a.json")
    assert window.workbench.other.path == str(tmp_path / "b.json")
    assert "Not opened: c.json; two checkpoints and one model" in window.status.message.text()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("text", "target"),
    [("m.py", True), ("m.py:Net", True), ("package.module:Net", True), ("m.pt", False), ("folder/m.safetensors", False)],
)
def test_that_python_files_and_import_paths_are_targets(text: str, target: bool) -> None:
    assert is_target(text) is target


# targets


def test_that_the_only_class_of_a_file_is_constructed_at_once(window: Any, qtbot: Any, model_file: Path) -> None:
    window.opening.open_paths([model_file])
    wait_for_model(window, qtbot)
    assert asked_of(window) == [OpenTarget(f"{model_file}:Classifier")]


def test_that_a_named_class_is_constructed_without_a_choice(window: Any, qtbot: Any, two_classes: Path) -> None:
    window.opening.open_target(f"{two_classes}:Wide", arguments={"width": 8})
    wait_for_model(window, qtbot)
    assert asked_of(window) == [OpenTarget(f"{two_classes}:Wide", {"width": 8})]


def test_that_several_classes_are_a_choice(window: Any, qtbot: Any, two_classes: Path) -> None:
    window.opening.choice_needed.disconnect()
    with qtbot.waitSignal(window.opening.choice_needed, timeout=PATIENCE_MS) as needed:
        window.opening.open_paths([two_classes])
    asked: Asked = needed.args[0]
    assert asked.choices is not None
    assert [choice.name for choice in asked.choices.choices] == ["Small", "Wide"]
    assert asked_of(window) == [] if window.sessions else True


def test_that_a_file_that_is_not_python_is_said_with_its_line(window: Any, qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("import torch\n\nclass Model(:\n    pass\n", encoding="utf-8")
    window.opening.open_paths([path])
    problem = wait_for_problem(window, qtbot)
    assert problem.line == 3
    assert "3" in problem.message
    assert problem.hint


def test_that_a_file_without_a_model_is_said(window: Any, qtbot: Any, tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("x = 1\n", encoding="utf-8")
    window.opening.open_paths([path])
    problem = wait_for_problem(window, qtbot)
    assert problem.message == "empty.py defines no Module class and no factory."
    assert "make_model" in problem.hint


def test_that_a_byte_order_mark_is_no_syntax_error(window: Any, qtbot: Any, model_file: Path) -> None:
    model_file.write_bytes(b"\xef\xbb\xbf" + model_file.read_bytes())
    window.opening.open_paths([model_file])
    wait_for_model(window, qtbot)


def test_that_an_import_path_with_a_name_is_constructed(window: Any, qtbot: Any) -> None:
    window.opening.open_target("package.module:Net")
    wait_for_model(window, qtbot)
    assert asked_of(window)[-1] == OpenTarget("package.module:Net")


def test_that_an_import_path_without_a_name_is_looked_up_by_the_worker(make_window: MakeWindow, qtbot: Any) -> None:
    choices = TargetChoices("/lib/package/module.py", (TargetChoice("Net", "class", 3),))
    window = make_window({ListTargets: [choices]})
    window.opening.open_target("package.module")
    wait_for_model(window, qtbot)
    assert asked_of(window) == [ListTargets("package.module"), OpenTarget("package.module:Net")]


def test_that_code_of_an_untrusted_folder_is_not_run_when_the_answer_is_no(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    window = make_window(trust=False)
    asked: list[Path] = []

    def refuse(folder: Path, answer: Callable[[bool], None]) -> None:
        asked.append(folder)
        answer(False)

    window.trust.ask = refuse
    with qtbot.waitSignal(window.opening.said, check_params_cb=lambda text: "not trusted" in text, timeout=PATIENCE_MS):
        window.opening.open_paths([model_file])
    assert asked == [model_file.parent]
    assert window.workbench.model is None
    assert all(session.asked == [] for session in window.sessions)  # type: ignore[attr-defined]


def test_that_naming_a_file_on_the_command_line_is_trust(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = make_window(trust=False)
    window.open_paths([str(model_file)])
    wait_for_model(window, qtbot)


def test_that_a_model_that_cannot_be_constructed_is_a_problem(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    refusal = Problem("construct-failed", "Classifier.__init__ raised KeyError.", hint="Give classes.")
    window = make_window({OpenTarget: [Failed((refusal,))]})
    window.open_paths([model_file])
    assert wait_for_problem(window, qtbot) == refusal
    assert window.workbench.model is None


def test_that_closing_the_model_leaves_the_checkpoint(full_window: Any) -> None:
    full_window.opening.close_model()
    assert full_window.workbench.model is None
    assert full_window.workbench.checkpoint is not None
    assert not full_window.opening.can_run


# running


def test_that_a_run_fills_the_trace_and_selects_the_first_problem(full_window: Any) -> None:
    bench = full_window.workbench
    assert len(bench.calls) == len(panel_data.failing_calls())
    assert bench.selection.problem == panel_data.MISMATCH
    assert not bench.running


def test_that_the_run_takes_what_the_fields_say(window: Any, qtbot: Any, model_file: Path) -> None:
    window.open_paths([model_file])
    wait_for_model(window, qtbot)
    window.run_bar.input.setText("float32[2,3,14,14] mask=bool[2, 14]")
    window.run_bar.mode.setCurrentText("eval")
    run(window, qtbot)
    assert asked_of(window)[-1] == RunForward(("float32[2,3,14,14]", "mask=bool[2, 14]"), None, "eval")


def test_that_a_run_without_a_model_is_said_and_not_tried(window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(window.opening.said) as said:
        window.opening.run_forward()
    assert "no model" in said.args[0]


def test_that_a_cancelled_run_keeps_its_calls(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    first = panel_data.failing_calls()[:2]
    window = make_window({RunForward: [CallsFinished(tuple(first)), UNTIL_CANCELLED]})
    window.open_paths([model_file])
    wait_for_model(window, qtbot)
    window.opening.run_forward()
    qtbot.waitUntil(lambda: len(window.workbench.calls) == 2, timeout=PATIENCE_MS)
    assert window.workbench.running
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.cancel()
    assert len(window.workbench.calls) == 2
    assert not window.workbench.running
    assert "Cancelled after 2 calls" in window.status.message.text()


def test_that_cancel_says_the_rung_that_it_took(make_window: MakeWindow, qtbot: Any, model_file: Path) -> None:
    window = make_window({RunForward: [UNTIL_CANCELLED]})
    window.open_paths([model_file])
    wait_for_model(window, qtbot)
    window.opening.run_forward()
    qtbot.waitUntil(lambda: window.worker.state == "busy", timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.said) as said:
        window.opening.cancel()
    assert said.args[0].startswith("Asked to stop")
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_worker_that_dies_leaves_the_rows_and_the_next_run_constructs_anew(
    make_window: MakeWindow, qtbot: Any, model_file: Path
) -> None:
    runs = iter([[CallsFinished(tuple(panel_data.failing_calls()[:4])), Failed((DIED,))], good_run()])
    window: Any = make_window({RunForward: lambda _request: next(runs)})
    window.open_paths([model_file])
    wait_for_model(window, qtbot)
    run(window, qtbot)
    window.sessions[-1].on_state("died")
    qtbot.waitUntil(window.notice.isVisible, timeout=PATIENCE_MS)
    assert len(window.workbench.calls) == 4
    assert window.workbench.problems[0] == DIED
    run(window, qtbot)
    assert [type(message) for message in asked_of(window)] == [OpenTarget, RunForward, OpenTarget, RunForward]
    assert len(window.workbench.calls) == len(panel_data.good_calls())
    assert window.workbench.problems == ()


def test_that_restarting_the_worker_constructs_again_and_keeps_the_rows(full_window: Any, qtbot: Any) -> None:
    rows = dict(full_window.workbench.calls)
    with qtbot.waitSignal(full_window.opening.opened, timeout=PATIENCE_MS):
        full_window.worker.restart()
    assert full_window.sessions[-1].restarts == 1
    assert asked_of(full_window)[-1] == full_window.opening.target
    assert full_window.workbench.calls == rows


def test_that_reload_reads_everything_again_and_starts_the_trace_anew(full_window: Any, qtbot: Any) -> None:
    full_window.workbench.set_checkpoint(None)
    with qtbot.waitSignal(full_window.opening.opened, timeout=PATIENCE_MS):
        full_window.opening.reload()
    assert full_window.sessions[-1].restarts == 1
    assert full_window.workbench.calls == {}


def test_that_another_interpreter_is_another_session_with_the_same_model(full_window: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(full_window.opening.opened, timeout=PATIENCE_MS):
        full_window.worker.use("/opt/python")
    assert len(full_window.sessions) == 2
    assert full_window.worker.interpreter == "/opt/python"
    assert [type(message) for message in full_window.sessions[1].asked] == [OpenTarget]


def test_that_a_run_may_follow_a_run(full_window: Any, qtbot: Any) -> None:
    run(full_window, qtbot)
    assert len(full_window.workbench.calls) == len(panel_data.failing_calls())
    assert [type(message) for message in asked_of(full_window)] == [OpenTarget, RunForward, RunForward]


@pytest.mark.parametrize("script", [failing_run, good_run])
def test_that_nothing_can_be_run_while_it_runs(make_window: MakeWindow, qtbot: Any, model_file: Path, script: Any) -> None:
    window = make_window({RunForward: script()})
    window.open_paths([model_file])
    wait_for_model(window, qtbot)
    assert window.opening.can_run
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
        assert not window.opening.can_run
    assert window.opening.can_run


def test_that_an_import_path_whose_class_needs_arguments_asks_for_them(window: Any, qtbot: Any) -> None:
    asked: list[Any] = []
    window.opening.choice_needed.disconnect()
    window.opening.choice_needed.connect(asked.append)
    choice = TargetChoice("Net", "class", 3, required=("width",))
    window.worker.session.script[ListTargets] = [TargetChoices("/code/module.py", (choice,))]
    window.opening.open_target("package.module:Net")
    qtbot.waitUntil(lambda: bool(asked), timeout=PATIENCE_MS)
    assert asked[0].request.target == "package.module:Net"
    assert window.workbench.model is None
