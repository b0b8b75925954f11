"""Two windows' worth of sessions, and a cancel at every moment: each question has one answer, and nothing is mixed up."""

import threading

import pytest

from session.conftest import Asking, do, wait_until
from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.requests import CallsFinished, Failed, OpenedTarget, OpenTarget, RunForward, SummaryText
from torchloupe.wire.traces import ForwardReport

LAYERS = 6
MODEL = f"""import torch
from torch import nn


def make_model():
    return nn.Sequential(*[nn.Linear(4, 4) for _ in range({LAYERS})])


def example_inputs():
    return torch.ones(2, 4)
"""


@pytest.fixture
def real(opened, tmp_path):
    """Makes sessions with real workers that hold a small model."""

    def make():
        (tmp_path / "net.py").write_text(MODEL)
        watched = opened(LocalPython(default_interpreter()))
        assert isinstance(watched.session.ask(OpenTarget(str(tmp_path / "net.py"))), OpenedTarget)
        return watched.session

    return make


def test_that_a_cancel_at_any_call_gives_the_calls_before_it_and_the_next_run_is_whole(real):
    session = real()
    for moment in range(LAYERS + 1):
        heard = []

        def on_event(event, _blobs, heard=heard, moment=moment):
            heard.append(event)
            if len(heard) == moment + 1:
                session.cancel()

        reply = session.ask(RunForward(), on_event)
        assert isinstance(reply, (Failed, ForwardReport))  # the run may be over before the word arrives
        if isinstance(reply, Failed):
            assert reply.cancelled
            assert [problem.code for problem in reply.problems] == ["run-stopped"]
        done = [
            call.module for event in heard if isinstance(event, CallsFinished) for call in event.calls if call.status == "done"
        ]
        assert done[: moment + 1] == [*map(str, range(LAYERS)), ""][: moment + 1]
        whole = session.ask(RunForward())
        assert isinstance(whole, ForwardReport)
        assert (whole.call_count, whole.problems, whole.state_restored) == (LAYERS + 1, (), True)


def test_that_two_sessions_do_not_hear_each_other(opened):
    one, other = opened(), opened()
    answers = {"one": [], "other": []}

    def talk(watched, name):
        for number in range(30):
            answers[name].append(watched.text("echo", f"{name} {number}"))

    threads = [threading.Thread(target=talk, args=pair) for pair in ((one, "one"), (other, "other"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["one"] == [f"one {number}" for number in range(30)]
    assert answers["other"] == [f"other {number}" for number in range(30)]
    assert one.text("pid") != other.text("pid")


def test_that_the_end_of_one_session_is_nothing_to_the_other(opened):
    one, other = opened(), opened()
    pid = other.text("pid")
    asking = other.begin("layers")
    one.text("echo", "here")
    one.session.close()
    assert other.session.state == "busy"
    other.session.cancel()
    assert asking.result().cancelled
    assert other.text("pid") == pid
    assert one.ask("echo", "gone").problems[0].code == "no-worker"


def test_that_a_cancel_before_during_or_after_a_question_leaves_a_worker_that_answers(odd):
    for number in range(40):
        asking = Asking(odd.session, ("echo", str(number)))
        odd.session.cancel()
        reply = asking.result()
        assert reply == SummaryText(str(number)) or (isinstance(reply, Failed) and reply.cancelled)
    assert odd.text("echo", "still here") == "still here"


def test_that_questions_of_many_threads_are_answered_one_at_a_time_each_its_own(odd):
    askings = [Asking(odd.session, ("echo", str(number))) for number in range(12)]
    assert [asking.result() for asking in askings] == [SummaryText(str(number)) for number in range(12)]


def test_that_a_restart_in_the_middle_gives_up_what_runs_and_the_next_question_is_answered(odd):
    for _ in range(3):
        asking = odd.begin("layers")
        odd.session.restart()
        reply = asking.result()
        assert isinstance(reply, Failed)
        assert reply.cancelled
        assert odd.text("echo", "again") == "again"


def test_that_closing_in_the_middle_ends_every_question_that_waits(odd):
    running = odd.begin("layers")
    waiting = [Asking(odd.session, ("echo", str(number))) for number in range(3)]
    odd.session.close()
    assert running.result().cancelled
    assert {asking.result().problems[0].code for asking in waiting} == {"no-worker"}
    assert odd.session.state == "stopped"
    assert odd.session.cancel() == ""


def test_that_everybody_may_cancel_at_once(odd):
    asking = odd.begin("layers")
    rungs = []
    threads = [threading.Thread(target=lambda: rungs.append(odd.session.cancel())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asking.result().cancelled
    assert set(rungs) <= {"asked", "interrupted", ""}
    wait_until(lambda: odd.session.state == "ready")
    assert odd.session.ask(do("echo", "on")) == SummaryText("on")
