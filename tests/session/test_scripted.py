"""The stand-in must behave like the real session."""

import inspect
import threading

import pytest

from session.conftest import wait_until
from torchloupe.session.scripted import UNTIL_CANCELLED, ScriptedSession
from torchloupe.session.session import Session
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, FetchStats, ListTargets, Progress, SummaryTable, SummaryText, TargetChoices

ANSWER = SummaryText("table")


@pytest.mark.parametrize("name", ["start", "ask", "cancel", "restart", "close"])
def test_that_it_has_the_same_face_as_the_real_one(name):
    assert list(inspect.signature(getattr(ScriptedSession, name)).parameters) == list(
        inspect.signature(getattr(Session, name)).parameters
    )


def test_that_events_come_first_and_the_last_item_is_the_reply():
    session, heard = ScriptedSession({SummaryTable: [Progress(0, 2, "a"), (Progress(1, 2, "b"), (b"blob",)), ANSWER]}), []
    assert session.ask(SummaryTable(), lambda message, blobs: heard.append((message.what, blobs))) == ANSWER
    assert heard == [("a", ()), ("b", (b"blob",))]


def test_that_nobody_needs_to_listen():
    assert ScriptedSession({SummaryTable: (Progress(0, 1, "a"), ANSWER)}).ask(SummaryTable()) == ANSWER


def test_that_a_callable_is_given_the_request_and_returns_a_list_or_the_reply():
    session = ScriptedSession(
        {
            ListTargets: lambda request: TargetChoices(request.target, ()),
            SummaryTable: lambda request: [Progress(0, 1, request.inputs[0]), ANSWER],
        }
    )
    heard = []
    assert session.ask(ListTargets("a.py")) == TargetChoices("a.py", ())
    assert session.ask(SummaryTable(("x",)), lambda message, _: heard.append(message.what)) == ANSWER
    assert heard == ["x"]
    assert session.asked == [ListTargets("a.py"), SummaryTable(("x",))]


def test_that_a_failure_is_a_reply_like_any_other():
    failed = Failed((Problem("worker-died", "It died."),))
    assert ScriptedSession({SummaryTable: [failed]}).ask(SummaryTable()) == failed


def test_that_a_question_the_script_does_not_know_is_named():
    assert "FetchStats" in ScriptedSession().ask(FetchStats("w")).problems[0].message


def test_that_the_states_are_those_of_a_real_session():
    session, states = ScriptedSession({SummaryTable: [ANSWER]}), []
    session.on_state = states.append
    session.start()
    session.start()
    session.ask(SummaryTable())
    session.close()
    assert states == ["starting", "ready", "busy", "ready", "stopped"]
    assert session.hello.torch


def test_that_a_request_can_wait_until_it_is_cancelled_rung_by_rung():
    session, replies = ScriptedSession({SummaryTable: [Progress(0, 0, "on"), UNTIL_CANCELLED]}), []
    assert session.cancel() == ""
    thread = threading.Thread(target=lambda: replies.append(session.ask(SummaryTable())))
    thread.start()
    wait_until(lambda: session.state == "busy")
    assert session.cancel() == "asked"
    thread.join()
    assert replies == [Failed((), cancelled=True)]
    assert session.state == "ready"


def test_that_a_closed_one_refuses_as_the_real_one_does():
    session = ScriptedSession({SummaryTable: [ANSWER]})
    session.close()
    session.start()
    assert session.ask(SummaryTable()).problems[0].code == "no-worker"
    assert session.state == "stopped"
    assert session.asked == []


def test_that_restarts_are_counted():
    session = ScriptedSession()
    session.restart()
    assert session.restarts == 1


def test_that_a_restart_without_a_spare_has_none_until_it_is_told_to_keep_one():
    session = ScriptedSession()
    session.restart(spare=False)
    assert not session.has_spare
    session.keep_spare()
    assert session.has_spare
