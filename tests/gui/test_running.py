"""One forward pass, from the request to the workbench."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, failing_run, good_run
from torchloupe.analysis.numerics import findings_of
from torchloupe.gui import judging
from torchloupe.gui.axes import axis_names, axis_names_of
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.running import RUN, Running, RunOptions
from torchloupe.gui.workbench import Workbench
from torchloupe.session.scripted import UNTIL_CANCELLED, ScriptedSession
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, Failed, RunForward
from torchloupe.wire.tensors import TensorStats

BAD_INPUT = Problem("bad-input", "There is no file x.npy.", hint="Give another one.")


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    """No thread outlives the test that it has something to tell."""
    yield
    while Bench.made:
        Bench.made.pop().jobs.close()


class Bench:
    """A workbench with the classifier, and a run on a script."""

    made: ClassVar[list["Bench"]] = []

    def __init__(self, script: Any) -> None:
        self.made.append(self)
        self.session = ScriptedSession({RunForward: script})
        self.jobs = Jobs(self.session)
        self.workbench = Workbench()
        self.workbench.set_model(panel_data.opened())
        self.running = Running(self.workbench, self.jobs)
        self.said: list[str] = []
        self.running.said.connect(self.said.append)

    def run(self, qtbot: Any, options: RunOptions = RunOptions()) -> None:
        with qtbot.waitSignal(self.running.finished, timeout=PATIENCE_MS):
            self.running.start(panel_data.opened(), options)


def test_that_a_run_to_the_end_says_how_long_it_took(qtbot: Any) -> None:
    bench = Bench(good_run())
    bench.run(qtbot)
    assert bench.said == ["10 calls in 31.2 ms, 0 problems in the run"]
    assert len(bench.workbench.calls) == 10


def test_that_a_run_that_ends_in_a_problem_selects_it(qtbot: Any) -> None:
    bench = Bench(failing_run())
    bench.run(qtbot)
    assert bench.workbench.selection.problem == panel_data.MISMATCH
    assert bench.said == ["8 calls in 31.2 ms, 1 problem in the run"]


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(),
        RunOptions(("float32[1,3]",), "cuda:0", "eval"),
        RunOptions(("x=int64[2]<5",), None, "train", shapes_only=True),
    ],
)
def test_that_the_request_is_what_was_chosen(qtbot: Any, options: RunOptions) -> None:
    bench = Bench(good_run())
    bench.run(qtbot, options)
    wanted = RunForward(options.inputs, options.device, options.mode, shapes_only=options.shapes_only)
    assert bench.session.asked == [wanted]


def test_that_a_run_that_could_not_begin_is_a_selected_problem(qtbot: Any) -> None:
    bench = Bench([Failed((BAD_INPUT,))])
    bench.run(qtbot)
    assert bench.workbench.problems == (BAD_INPUT,)
    assert bench.workbench.selection.problem == BAD_INPUT
    assert bench.said == [BAD_INPUT.message]


def test_that_the_calls_of_the_run_before_are_gone_when_the_next_begins(qtbot: Any) -> None:
    runs = iter([failing_run(), [Failed((BAD_INPUT,))]])
    bench = Bench(lambda _request: next(runs))
    bench.run(qtbot)
    bench.run(qtbot)
    assert bench.workbench.calls == {}


def test_that_late_calls_of_a_run_that_was_given_up_do_not_arrive(qtbot: Any) -> None:
    calls = panel_data.failing_calls()
    runs = iter([[CallsFinished(tuple(calls[:2])), UNTIL_CANCELLED], good_run()])
    bench = Bench(lambda _request: next(runs))
    bench.running.start(panel_data.opened(), RunOptions())
    qtbot.waitUntil(lambda: len(bench.workbench.calls) == 2, timeout=PATIENCE_MS)
    with qtbot.waitSignal(bench.running.finished, timeout=PATIENCE_MS):
        bench.running.start(panel_data.opened(), RunOptions())
        assert bench.jobs.runs(RUN)
        bench.session.cancel()
    assert set(bench.workbench.calls) == {call.index for call in panel_data.good_calls()}
    assert len(bench.said) == 1


# very many calls


def test_that_very_many_calls_are_judged_on_a_thread_and_end_the_same(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, many = Bench(failing_run()), Bench(failing_run())
    usual.run(qtbot)
    monkeypatch.setattr(judging, "MANY_CALLS", 3)
    many.run(qtbot)
    assert many.said == usual.said
    assert many.workbench.problems == usual.workbench.problems
    assert many.workbench.report == usual.workbench.report
    assert not many.workbench.running
    assert many.workbench.selection.problem == panel_data.MISMATCH


@pytest.mark.parametrize("many", [3, 5000])
def test_that_a_run_that_was_stopped_shows_what_its_calls_show(qtbot: Any, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    threads: list[bool] = []

    def axes(*what: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return axis_names(*what)

    monkeypatch.setattr(judging, "MANY_CALLS", many)
    monkeypatch.setattr(judging, "axis_names", axes)
    nan = TensorStats(4, None, None, None, None, 0, 4, 0)
    calls = [replace(call, stats=(nan,) * len(call.outputs)) for call in panel_data.good_calls() if call.depth]
    stopped = Problem("run-stopped", "The pass was stopped.", severity="info")
    bench = Bench([CallsFinished(tuple(calls)), Failed((stopped,), cancelled=True)])
    bench.run(qtbot)
    assert [problem.code for problem in bench.workbench.problems] == ["run-stopped", "nan-origin"]
    assert bench.workbench.selection.problem == stopped
    assert bench.said == [f"Cancelled after {len(calls)} calls; what was captured stays on screen."]
    assert not bench.workbench.running
    names = axis_names_of(bench.workbench)
    assert axis_names_of(bench.workbench) is names
    assert threads == ([False] if many == 3 else [])


def test_that_they_are_not_judged_again_in_the_windows_thread(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[bool] = []
    original = findings_of

    def judged(*what: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return original(*what)

    monkeypatch.setattr(judging, "MANY_CALLS", 3)
    monkeypatch.setattr("torchloupe.analysis.numerics.findings_of", judged)
    bench = Bench(good_run())
    bench.run(qtbot)
    assert threads == [False]
    names = axis_names_of(bench.workbench)
    assert axis_names_of(bench.workbench) is names
    assert names.outputs(bench.workbench.calls[2])[0][0] == "batch"


def test_that_a_run_ends_though_its_calls_could_not_be_judged(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_what: Any) -> Any:
        raise ValueError("odd calls")

    monkeypatch.setattr(judging, "MANY_CALLS", 3)
    monkeypatch.setattr(judging, "axis_names", broken)
    bench = Bench(good_run())
    bench.run(qtbot)
    assert not bench.workbench.running
    assert bench.workbench.report is not None
    (problem,) = bench.workbench.problems
    assert "odd calls" in problem.message


def test_that_it_still_runs_until_they_are_judged(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()
    original = findings_of

    def slow(*what: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return original(*what)

    monkeypatch.setattr(judging, "MANY_CALLS", 3)
    monkeypatch.setattr("torchloupe.analysis.numerics.findings_of", slow)
    bench = Bench(good_run())
    bench.running.start(panel_data.opened(), RunOptions())
    qtbot.waitUntil(begun.is_set, timeout=PATIENCE_MS)
    assert bench.workbench.running
    assert bench.jobs.runs(RUN)
    assert bench.jobs.label == "looking at 10 calls"
    with qtbot.waitSignal(bench.running.finished, timeout=PATIENCE_MS):
        go.set()
    assert not bench.workbench.running


def test_that_the_calls_of_a_model_that_is_gone_are_nothing_to_tell_of(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(*_what: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return (BAD_INPUT,)

    monkeypatch.setattr(judging, "MANY_CALLS", 3)
    monkeypatch.setattr("torchloupe.analysis.numerics.findings_of", slow)
    bench = Bench(good_run())
    bench.running.start(panel_data.opened(), RunOptions())
    qtbot.waitUntil(begun.is_set, timeout=PATIENCE_MS)
    bench.workbench.set_model(panel_data.opened())
    go.set()
    qtbot.waitUntil(lambda: not bench.jobs.busy, timeout=PATIENCE_MS)
    assert (bench.workbench.report, bench.workbench.problems) == (None, ())
