"""Passes that do not end by themselves, in the real worker."""

import pytest

from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.problems import INFO, WARNING
from torchloupe.wire.requests import Failed, OpenedTarget, OpenTarget, RunForward

LOOP = """import torch
from torch import nn


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        x = self.a(x)
        n = 0
        while n >= 0:
            n += 1
        return x


def example_inputs():
    return (torch.ones(2, 4),)
"""


@pytest.fixture
def session(opened):
    """With the real worker."""
    return opened(LocalPython(default_interpreter())).session


@pytest.fixture
def loop(session, tmp_path):
    """A real worker with a model whose forward never ends."""
    target = tmp_path / "loop.py"
    target.write_text(LOOP)
    assert isinstance(session.ask(OpenTarget(str(target))), OpenedTarget)
    return session


def test_that_a_loop_that_never_ends_is_stopped_after_the_time_that_it_was_given(loop):
    heard = []
    report = loop.ask(RunForward(time_limit=0.3), lambda message, _: heard.append(message))
    [problem] = report.problems
    assert (problem.code, problem.severity, problem.line in (13, 14)) == ("time-limit", WARNING, True)
    assert "after 0.3 s in the model's own forward, at line" in problem.message
    calls = [call for message in heard for call in getattr(message, "calls", ())]
    assert {call.module: call.status for call in calls} == {"a": "done", "": "unfinished"}
    assert report.state_restored
    assert loop.ask(RunForward(time_limit=0.2)).problems[0].code == "time-limit"  # and the worker goes on


def test_that_time_that_is_enough_changes_nothing(session, tmp_path):
    target = tmp_path / "ends.py"
    target.write_text(LOOP.replace("while n >= 0", "while n < 3"))
    session.ask(OpenTarget(str(target)))
    assert session.ask(RunForward(time_limit=60)).problems == ()


def test_that_a_pass_that_a_person_stops_says_where_it_was(loop):
    def cancel(message, _blobs):
        if any(call.module == "a" for call in getattr(message, "calls", ())):
            loop.cancel()
            loop.cancel()

    reply = loop.ask(RunForward(), cancel)
    assert isinstance(reply, Failed)
    assert reply.cancelled
    [problem] = reply.problems
    assert (problem.code, problem.severity, problem.line in range(11, 15)) == ("run-stopped", INFO, True)
