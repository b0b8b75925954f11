"""Asking a worker: replies, events, the log, states."""

import os
import threading

import pytest

from session.conftest import do, odd_worker, wait_until
from torchloupe.session.session import Session
from torchloupe.wire.requests import Failed, ListTargets, Progress, SummaryText


def test_that_a_question_starts_the_worker_by_itself_and_is_answered(odd):
    assert odd.ask("echo", "hello") == SummaryText("hello")
    assert odd.session.hello.torch == "9.9"


def test_that_the_state_is_told_at_each_change_and_only_then(odd):
    odd.session.start()
    odd.session.start()
    wait_until(lambda: odd.session.state == "ready")
    odd.ask("echo", "a")
    odd.session.close()
    assert odd.states == ["starting", "ready", "busy", "ready", "stopped"]


def test_that_start_returns_before_the_worker_is_up(odd):
    odd.session.start()
    assert odd.session.state == "starting"
    assert odd.session.hello is None


def test_that_what_a_handler_keeps_is_there_at_the_next_request(odd):
    assert [odd.text("count") for _ in range(3)] == ["1", "2", "3"]


def test_that_events_arrive_in_order_with_their_blobs_before_the_reply(odd):
    heard = []
    reply = odd.session.ask(do("flood", "50"), lambda message, blobs: heard.append((message, blobs)))
    assert reply == SummaryText("50")
    assert [message.done for message, _ in heard] == list(range(50))
    assert heard[7] == (Progress(7, 0, "x" * 1000), (b"blob" * 1000,))


def test_that_progress_is_throttled_but_first_and_last_are_always_told(odd):
    heard = []
    odd.session.ask(do("count-up", "20000"), lambda message, _: heard.append(message.done))
    assert heard[0] == 0
    assert heard[-1] == 20000
    assert len(heard) < 500


def test_that_one_who_fails_while_listening_does_not_confuse_the_next_question(odd):
    with pytest.raises(ZeroDivisionError):
        odd.session.ask(do("flood", "10"), lambda _message, _blobs: 1 / 0)
    assert odd.session.state == "ready"
    assert odd.text("echo", "next") == "next"


def test_that_questions_from_many_threads_each_get_their_own_answer(odd):
    answers = {}
    threads = [threading.Thread(target=lambda n=n: answers.update({n: odd.text("echo", str(n))})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: str(n) for n in range(8)}


def test_that_prints_of_the_user_reach_the_log_and_not_the_protocol_whichever_way_they_are_made(odd):
    assert odd.text("say", "größe") == repr(""), "standard input is empty for the user's code"
    wait_until(lambda: len(odd.said("user")) >= 3)
    assert sorted(odd.said("user")) == ["child größe", "größe", "raw größe"]


def test_that_a_progress_bar_which_rewrites_its_line_is_logged_as_it_goes(odd):
    odd.ask("evaluate", "__import__('sys').stdout.write('10%\\r50%\\r') and __import__('sys').stdout.flush()")
    wait_until(lambda: odd.said("user") == ["10%", "50%"])


def test_that_an_unfinished_line_is_logged_when_the_worker_ends(odd):
    odd.ask("evaluate", "__import__('os').write(1, b'no newline')")
    odd.ask("hard-exit", "0")
    assert "no newline" in odd.said("user")


def test_that_a_very_long_line_without_an_end_does_not_wait_for_one(odd):
    odd.ask("evaluate", "print('x' * 300000)")
    wait_until(lambda: sum(map(len, odd.said("user"))) == 300000)


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "ValueError"])
def test_that_whatever_the_users_code_raises_is_explained_and_the_worker_lives_on(odd, name):
    pid = odd.text("pid")
    reply = odd.ask("raise-error", name)
    assert isinstance(reply, Failed)
    assert reply.problems[0].message.startswith(name)
    assert not reply.cancelled
    assert odd.text("pid") == pid


def test_that_infinite_recursion_is_explained_and_the_worker_lives_on(odd):
    assert "RecursionError" in odd.ask("recurse").problems[0].message
    assert odd.text("echo", "alive") == "alive"


def test_that_memory_that_runs_out_in_python_is_explained_and_the_worker_lives_on(odd):
    assert "MemoryError" in odd.ask("eat-memory").problems[0].message
    assert odd.text("echo", "alive") == "alive"


def test_that_an_exception_whose_text_cannot_be_asked_for_is_still_a_failure_with_a_name(odd):
    problem = odd.ask("raise-unspeakable").problems[0]
    assert "Unspeakable" in problem.message
    assert "raise_unspeakable" in problem.details
    assert odd.text("echo", "alive") == "alive"


def test_that_a_reply_which_cannot_cross_the_pipe_is_a_failure_and_not_a_hang(odd):
    assert odd.ask("unsendable").problems[0].code == "failed"
    assert odd.text("echo", "alive") == "alive"


def test_that_a_request_without_a_handler_is_refused_by_name(odd):
    reply = odd.session.ask(ListTargets("x.py"))
    assert reply.problems[0].code == "protocol-error"
    assert "ListTargets" in reply.problems[0].message


def test_that_a_python_without_torch_answers_with_no_torch_and_what_to_do(opened):
    watched = opened(odd_worker(ODD_TORCH=""))
    reply = watched.ask("echo", "hello")
    assert reply.problems[0].code == "no-torch"
    assert "not here" in reply.problems[0].message
    assert "Choose another interpreter" in reply.problems[0].hint
    assert watched.session.state == "ready"
    assert watched.session.hello.torch is None


def test_that_a_closed_session_refuses_politely(odd):
    odd.session.close()
    odd.session.start()
    odd.session.restart()
    reply = odd.ask("echo", "hello")
    assert reply.problems[0].code == "no-worker"
    assert reply.problems[0].hint
    assert odd.session.state == "stopped"
    assert odd.session.cancel() == ""


def test_that_closing_a_session_that_was_never_started_is_fine():
    Session(odd_worker()).close()


def test_that_our_terminal_interrupt_is_not_the_workers(odd):
    pid = int(odd.text("pid"))
    os.kill(pid, 2)
    assert os.getpgid(pid) == pid
    assert odd.text("pid") == str(pid)
