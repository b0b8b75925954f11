"""A worker that dies is a value with words; the next question finds a new one."""

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from session.conftest import ODD_WORKER, is_running, wait_until
from torchloupe.wire.requests import Failed


def problem_of(reply):
    assert isinstance(reply, Failed), reply
    assert not reply.cancelled
    (problem,) = reply.problems
    assert problem.hint
    return problem


def test_that_a_crash_in_native_code_is_named_with_the_line_that_led_there(odd):
    problem = problem_of(odd.ask("segfault"))
    assert problem.code == "worker-died"
    assert "crashed in native code (SIGSEGV) while torchinfo ran" in problem.message
    assert problem.file == str(ODD_WORKER)
    assert "string_at" in ODD_WORKER.read_text().splitlines()[problem.line - 1]
    assert "Segmentation fault" in problem.details
    assert odd.session.state == "died"
    assert odd.text("echo", "again") == "again"


def test_that_a_kill_from_outside_is_taken_for_memory_that_ran_out(odd):
    pid = int(odd.text("pid"))
    asking = odd.begin("loop")
    os.kill(pid, signal.SIGKILL)
    problem = problem_of(asking.result())
    assert problem.code == "out-of-memory"
    assert "memory" in problem.message
    assert odd.text("echo", "again") == "again"


def test_that_an_allocation_that_fails_in_native_code_is_out_of_memory(odd):
    assert problem_of(odd.ask("abort-for-memory")).code == "out-of-memory"


@pytest.mark.parametrize(
    ("verb", "word", "said"),
    [
        ("hard-exit", "3", "status 3"),
        ("hard-exit", "0", "status 0"),
        ("die-by", "SIGTERM", "SIGTERM"),
        ("die-by", "SIGABRT", "native code (SIGABRT)"),
    ],
)
def test_that_the_way_a_worker_ended_is_said(odd, verb, word, said):
    problem = problem_of(odd.ask(verb, word))
    assert problem.code == "worker-died"
    assert said in problem.message
    assert odd.text("echo", "again") == "again"


def test_that_the_last_lines_of_the_log_are_in_the_details(odd):
    odd.ask("evaluate", "print('famous last words')")
    assert "famous last words" in problem_of(odd.ask("hard-exit", "1")).details


def test_that_garbage_on_the_pipe_is_a_protocol_error_and_ends_the_worker(odd):
    pid = int(odd.text("pid"))
    assert problem_of(odd.ask("garbage")).code == "protocol-error"
    assert not is_running(pid)
    assert odd.text("echo", "again") == "again"


def test_that_code_which_closes_every_descriptor_does_not_leave_us_waiting(odd):
    pid = int(odd.text("pid"))
    said = problem_of(odd.ask("close-descriptors")).message
    assert (
        "pipe" in said or "exit status" in said
    )  # whichever is noticed first: that nobody speaks any more, or that nobody is there
    assert not is_running(pid)


def test_that_a_worker_that_dies_while_idle_is_told_at_once_and_replaced_when_needed(odd):
    os.kill(int(odd.text("pid")), signal.SIGKILL)
    wait_until(lambda: odd.session.state == "died")
    wait_until(lambda: any("it was idle" in line for line in odd.said("app")))
    assert odd.session.hello is None
    assert odd.text("echo", "again") == "again"


@pytest.mark.parametrize("idle", [False, True])
def test_that_a_death_that_is_slow_to_be_noticed_is_told_once_and_not_to_the_next_question(odd, monkeypatch, idle):
    notice = odd.session._on_change
    noticing = threading.Event()

    def late(channel):
        if channel.state == "ended":
            noticing.set()
            time.sleep(0.2)
        notice(channel)

    monkeypatch.setattr(odd.session, "_on_change", late)
    pid = int(odd.text("pid"))
    if idle:
        os.kill(pid, signal.SIGKILL)
        assert noticing.wait(30)
    else:
        problem_of(odd.ask("hard-exit", "1"))
    assert odd.text("echo", "again") == "again"


def test_that_what_the_users_code_leaves_behind_goes_with_the_worker(odd):
    pids = [int(pid) for pid in odd.text("stay").split()] + [int(odd.text("pid"))]
    started = time.monotonic()
    odd.session.close()
    assert time.monotonic() - started < 30
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_that_children_of_a_crashed_worker_go_too(odd):
    pids = [int(pid) for pid in odd.text("stay").split()]
    problem_of(odd.ask("segfault"))
    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_that_a_child_deaf_to_polite_signals_does_not_keep_us(odd):
    pid = int(odd.text("stubborn-child"))
    odd.session.close()
    wait_until(lambda: not is_running(pid))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_that_twenty_workers_leave_no_descriptor_open(opened):
    opened().text("echo", "warm")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        watched = opened()
        watched.text("echo", "a")
        watched.session.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_that_no_path_of_ours_is_taken_for_the_users_line(odd):
    problem = problem_of(odd.ask("segfault"))
    assert not re.search(r"worker/serve\.py", problem.file or "")


def test_that_what_is_cancelled_before_the_worker_was_told_of_it_is_not_asked(odd):
    assert odd.text("echo", "up") == "up"
    rungs = []
    odd.session.on_state = lambda state: rungs.append(odd.session.cancel()) if state == "busy" and not rungs else None
    assert odd.ask("echo", "never") == Failed((), cancelled=True)
    assert rungs == ["asked"]
    assert odd.text("echo", "again") == "again"
