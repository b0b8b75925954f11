"""A saved file reruns what is on screen; what cannot be rerun leaves the old result, marked as stale."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow, failing_run, good_run
from torchloupe.gui.live_reload import IS_ON, RELOAD
from torchloupe.gui.settings import Settings
from torchloupe.gui.watching import WATCH
from torchloupe.gui.workbench import Selection
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import Failed, OpenTarget, RunForward

DOES_NOT_CONSTRUCT = Problem("construct-failed", "Constructing `Classifier` failed: TypeError: no.", line=7)
DIED = Problem("worker-died", "The worker was killed (out of memory?).")
BAD_INPUT = Problem("bad-input", "example_inputs() failed: ValueError: no.", line=9)


class Live:
    """A window with a model from a real file, whose worker answers as a test says."""

    def __init__(self, window: Any, qtbot: Any, file: Path) -> None:
        self.window, self.qtbot, self.file = window, qtbot, file
        self.bench, self.opening, self.live = window.workbench, window.opening, window.live
        self.said: list[str] = []
        self.opening.said.connect(self.said.append)

    @property
    def session(self) -> Any:
        return self.window.sessions[-1]

    @property
    def syntax_error(self) -> Problem:
        said = "model.py is not valid Python: SyntaxError: '(' was never closed, line 12 of model.py: print("
        return Problem("import-failed", said, file=str(self.file), line=12)

    def answer(self, opened: Any = None, ran: Any = None) -> None:
        """What the worker says from now on."""
        if opened is not None:
            self.session.script[OpenTarget] = [opened]
        if ran is not None:
            self.session.script[RunForward] = ran

    def opened(self, **facts: Any) -> Any:
        return panel_data.opened(**{"project_files": (str(self.file), str(self.file.with_name("parts.py"))), **facts})

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    def settle(self) -> None:
        """Everything that was begun has ended."""
        self.until(lambda: not self.window.jobs.busy)

    def run(self) -> None:
        with self.qtbot.waitSignal(self.opening.run_finished, timeout=PATIENCE_MS):
            self.opening.run_forward()
        self.settle()

    def save(self, text: str = "", name: str = "model.py") -> None:
        """Save a file with some other text."""
        self.number = getattr(self, "number", 0) + 1
        self.file.with_name(name).write_text(f"# {text} {self.number}\n")

    def asked(self, kind: type) -> list[Any]:
        return [message for message in self.session.asked if isinstance(message, kind)]

    def reloaded(self, restarts: int) -> None:
        """Wait for the end of so many reloads."""
        self.until(lambda: self.session.restarts >= restarts and not self.window.jobs.runs(RELOAD))
        self.until(lambda: self.session.has_spare)
        self.settle()

    def stale(self) -> str:
        """The sentence of the bar, once it is there."""
        self.until(lambda: self.live.is_stale and self.session.has_spare)
        self.settle()
        text: str = self.live.bar.label.text()
        return text


@pytest.fixture
def open_live(make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> Any:
    """Opens such windows; nothing has been run."""

    def make(settings: Settings | None = None, **facts: Any) -> Live:
        file = tmp_path / "model.py"
        file.write_text("class Classifier(Module): pass\n")
        file.with_name("parts.py").write_text("WIDTH = 3\n")
        live = Live(make_window(settings=settings), qtbot, file)
        live.window.worker.start()
        live.answer(live.opened(**facts), good_run())
        live.window.open_paths([f"{file}:Classifier"])
        live.until(lambda: live.bench.model is not None)
        live.settle()
        return live

    return make


@pytest.fixture
def live(open_live: Any) -> Live:
    """The classifier after a good run."""
    live: Live = open_live()
    live.run()
    return live


def test_that_a_saved_model_is_constructed_and_run_again_on_another_worker(live: Live) -> None:
    before = live.bench.report
    live.answer(ran=failing_run())
    live.save()
    live.reloaded(1)
    assert len(live.asked(OpenTarget)) == len(live.asked(RunForward)) == 2
    assert live.asked(OpenTarget)[0] == live.asked(OpenTarget)[1]
    assert live.bench.report is not before
    assert [problem.code for problem in live.bench.problems] == ["shape-mismatch"]
    assert len(live.bench.calls) == len(panel_data.failing_calls())
    assert not live.live.is_stale
    assert "model.py was saved at " in live.said[-1]
    assert live.said[-1].endswith(": 8 calls in 31.2 ms, 1 problem in the run")


def test_that_a_file_that_it_imports_counts_as_well(live: Live) -> None:
    live.save(name="parts.py")
    live.reloaded(1)
    assert "parts.py was saved at " in live.said[-1]


def test_that_the_run_has_the_input_that_was_on_screen_not_one_that_is_being_typed(open_live: Any) -> None:
    live = open_live()
    live.opening.options = replace(live.opening.options, inputs=("float32[2,3]",), mode="eval")
    live.run()
    live.opening.options = replace(live.opening.options, inputs=("float32[9",))
    live.save()
    live.reloaded(1)
    assert live.asked(RunForward)[0] == live.asked(RunForward)[1] == RunForward(("float32[2,3]",), mode="eval")


def test_that_a_model_that_was_never_run_is_constructed_alone(open_live: Any) -> None:
    live = open_live()
    live.save()
    live.reloaded(1)
    assert live.asked(RunForward) == []
    assert live.said[-1].endswith(": 10 modules")


def test_that_the_checkpoint_stays_and_is_compared_anew(live: Live) -> None:
    live.bench.set_checkpoint(panel_data.checkpoint())
    diffs: list[Any] = []
    live.bench.diff_changed.connect(lambda: diffs.append(live.bench.diff))
    live.save()
    live.reloaded(1)
    assert live.bench.checkpoint == panel_data.checkpoint()
    assert diffs
    assert diffs[-1] is not None


def test_that_the_selection_stays_and_no_panel_comes_to_the_front(live: Live) -> None:
    live.window.docks.raise_panel("log")
    live.bench.select_call(3)
    module = live.bench.selection.module
    live.answer(ran=failing_run())
    live.save()
    live.reloaded(1)
    call = live.bench.calls[live.bench.selection.call]
    assert (call.module, call.call_number, live.bench.selection.problem) == (module, 0, None)
    assert live.window.docks.is_shown("bottom")
    assert live.window.docks.panels["log"].isVisible()


def test_that_the_old_result_is_shown_until_the_new_one_is_complete(live: Live) -> None:
    empty: list[bool] = []
    live.bench.trace_changed.connect(lambda: empty.append(live.bench.running))
    model, calls = live.bench.model, dict(live.bench.calls)
    live.answer(ran=[*good_run()[:3], UNTIL_CANCELLED])
    live.save()
    live.until(lambda: len(live.asked(RunForward)) == 2)
    assert live.bench.model is model
    assert live.bench.calls == calls
    assert live.window.jobs.busy
    live.opening.cancel()
    assert "model.py was saved at" in live.stale()
    assert "was not run to its end" in live.live.bar.label.text()
    assert live.bench.calls == calls
    assert not any(empty)


def test_that_a_cancelled_rerun_can_be_run_again_from_the_bar(live: Live) -> None:
    live.answer(ran=[UNTIL_CANCELLED])
    live.save()
    live.until(lambda: len(live.asked(RunForward)) == 2)
    live.opening.cancel()
    live.stale()
    live.answer(ran=failing_run())
    live.qtbot.mouseClick(live.live.bar.button, Qt.MouseButton.LeftButton)
    live.until(lambda: not live.live.is_stale)
    assert len(live.bench.calls) == len(panel_data.failing_calls())


# stale


def test_that_code_that_does_not_import_leaves_the_last_result_marked_with_the_error_beside_it(live: Live) -> None:
    before = live.bench.model, dict(live.bench.calls), live.bench.report
    live.answer(Failed((live.syntax_error,)))
    live.save()
    text = live.stale()
    assert text.startswith("▲  Stale: model.py was saved at ")
    assert "does not import: SyntaxError: '(' was never closed in line 12." in text
    assert text.endswith("What is shown is from before.")
    assert live.said[-1] == ""  # the same sentence does not stand in the status bar too
    assert (live.bench.model, live.bench.calls, live.bench.report) == before
    assert live.bench.problems == (live.syntax_error,)
    assert live.bench.selection.problem is None
    assert not live.live.bar.close_button.isVisible()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (DOES_NOT_CONSTRUCT, "cannot be constructed: TypeError: no in line 7."),
        (DIED, "cannot be opened: The worker was killed (out of memory?)."),
        (
            Problem("import-failed", "Importing model.py failed: NameError: x", file="/a/b.py", line=3),
            "NameError: x in line 3 of b.py.",
        ),
    ],
)
def test_that_the_bar_says_what_went_wrong_and_where(live: Live, problem: Problem, said: str) -> None:
    live.answer(Failed((problem,)))
    live.save()
    assert said in live.stale()


def test_that_an_input_that_cannot_be_made_any_more_is_stale_too(live: Live) -> None:
    live.answer(ran=[Failed((BAD_INPUT,))])
    live.save()
    assert "does not run: ValueError: no in line 9" in live.stale()
    assert len(live.bench.calls) == len(panel_data.good_calls())
    assert live.bench.problems == (BAD_INPUT,)


def test_that_a_run_that_never_started_has_no_result_to_keep(open_live: Any) -> None:
    live = open_live()
    live.answer(ran=[Failed((BAD_INPUT,))])
    live.run()
    other = replace(BAD_INPUT, message="example_inputs() failed: KeyError: 'x'.")
    live.answer(ran=[Failed((other,))])
    live.save()
    live.reloaded(1)
    assert not live.live.is_stale
    assert live.bench.problems == (other,)
    live.answer(ran=good_run())
    live.save()
    live.reloaded(2)
    assert len(live.bench.calls) == len(panel_data.good_calls())
    assert live.bench.problems == ()


def test_that_the_button_leads_to_the_problem_and_the_repair_back_to_where_one_was(live: Live) -> None:
    live.bench.select(Selection(module="head.fc2"))
    live.answer(Failed((live.syntax_error,)))
    live.save()
    live.stale()
    live.qtbot.mouseClick(live.live.bar.button, Qt.MouseButton.LeftButton)
    assert live.bench.selection.problem == live.syntax_error
    assert live.window.docks.panels["problems"].isVisible()
    assert live.live.is_stale
    live.answer(live.opened())
    live.save()
    live.reloaded(2)
    assert not live.live.is_stale
    assert live.bench.problems == ()
    assert live.bench.selection.module == "head.fc2"


def test_that_the_missing_file_may_be_what_was_missing(live: Live) -> None:
    live.answer(Failed((Problem("import-failed", "No module named 'layers'.", file=str(live.file), line=2),)))
    live.save()
    live.stale()
    live.answer(live.opened())
    live.save(name="layers.py")
    live.until(lambda: not live.live.is_stale)
    assert "layers.py was saved at" in live.said[-1]


def test_that_f5_on_a_stale_result_constructs_the_model_first(live: Live) -> None:
    live.answer(Failed((live.syntax_error,)))
    live.save()
    live.stale()
    live.answer(live.opened())
    live.run()
    assert not live.live.is_stale
    asked = [message for message in live.session.asked if not isinstance(message, InspectModel)]
    assert asked[-2:] == [live.asked(OpenTarget)[0], live.asked(RunForward)[0]]


def test_that_opening_another_model_takes_the_mark_away(live: Live) -> None:
    live.answer(Failed((live.syntax_error,)))
    live.save()
    live.stale()
    live.opening.close_model()
    assert not live.live.is_stale


# one after the other


def test_that_the_latest_save_wins(live: Live) -> None:
    live.answer(ran=[UNTIL_CANCELLED])
    live.save("first")
    live.until(lambda: len(live.asked(RunForward)) == 2)
    live.answer(ran=failing_run())
    live.save("second")
    live.reloaded(2)
    assert len(live.bench.calls) == len(panel_data.failing_calls())
    assert not live.live.is_stale


def test_that_saving_during_a_run_cancels_it_and_runs_again(live: Live) -> None:
    live.answer(ran=[*good_run()[:2], UNTIL_CANCELLED])
    live.opening.run_forward()
    live.until(lambda: len(live.bench.calls) == 2)
    live.answer(ran=failing_run())
    live.save()
    live.reloaded(1)
    assert not live.bench.running
    assert len(live.bench.calls) == len(panel_data.failing_calls())


def test_that_a_worker_that_is_still_coming_up_is_waited_for_and_not_replaced(live: Live) -> None:
    live.session.state = "starting"
    labels: list[str] = []
    live.window.jobs.busy_changed.connect(lambda _busy: labels.append(live.window.jobs.label))
    ask = live.session.ask
    live.session.ask = lambda message, on_event=None: labels.append(live.window.jobs.label) or ask(message, on_event)
    live.save()
    live.until(lambda: len(live.asked(RunForward)) == 2)
    live.settle()
    assert live.session.restarts == 0
    assert any(label.endswith("waiting for a worker with torch") for label in labels)


def test_that_a_save_while_a_person_opens_something_waits_for_that(live: Live) -> None:
    live.answer(opened=UNTIL_CANCELLED)
    request = replace(live.opening.target, arguments={"classes": 3})
    live.opening.construct(request)
    live.until(lambda: len(live.asked(OpenTarget)) == 2)
    live.save()
    live.until(lambda: not live.window.jobs.runs(WATCH) and live.live._saved_meanwhile is not None)
    live.answer(live.opened())
    live.opening.construct(request)
    live.session.cancel()
    live.reloaded(1)
    assert [asked.arguments for asked in live.asked(OpenTarget)[-2:]] == [{"classes": 3}] * 2


# on, off and trust


def test_that_it_can_be_switched_off_for_good_and_sees_what_it_missed(open_live: Any) -> None:
    settings = Settings(None)
    live = open_live(settings)
    live.window.actions_by_id["run.live"].trigger()
    assert not live.live.is_on
    assert settings.text(IS_ON) == "0"
    live.save()
    live.settle()
    assert live.session.restarts == 0
    live.window.actions_by_id["run.live"].trigger()
    assert live.live.is_on
    live.reloaded(1)


def test_that_files_outside_of_the_trusted_folders_do_not_reload(open_live: Any, tmp_path: Path) -> None:
    live = open_live()
    live.live._opening.trust._everything = False
    assert live.live._files() == [str(live.file), str(live.file.with_name("parts.py"))]
    outside = tmp_path.parent / "elsewhere.py"
    live.bench.set_model(live.opened(project_files=(str(live.file), str(outside))))
    assert live.live._files() == [str(live.file)]


def test_that_a_target_named_by_its_import_path_is_trusted_with_what_lies_beside_it(open_live: Any, tmp_path: Path) -> None:
    live = open_live()
    live.live._opening.trust._everything = False
    live.window.settings.set_texts("trusted_folders", [])
    assert live.live._files() == []
    files = (str(live.file), str(tmp_path.parent / "elsewhere.py"))
    live.bench.set_model(replace(live.opened(project_files=files), target="package.model:Net", file=str(live.file)))
    assert live.live._files() == [str(live.file)]
