"""The spare: a second worker that waits with torch imported."""

import os
import signal

import pytest

from session.conftest import Asking, is_running, odd_worker, wait_until


@pytest.fixture
def spared(opened):
    """A session with a spare, both up."""
    watched = opened(spare=True)
    watched.text("echo", "up")
    await_spare(watched)
    return watched


def await_spare(watched):
    wait_until(lambda: watched.session._spare is not None and watched.session._spare.state == "ready")


def spare_pid(watched):
    return watched.session._spare.hello.pid


def test_that_a_restart_takes_the_spare_and_keeps_another(spared):
    old, spare = int(spared.text("pid")), spare_pid(spared)
    spared.session.restart()
    assert spared.session.state == "ready"
    assert int(spared.text("pid")) == spare
    wait_until(lambda: not is_running(old))
    await_spare(spared)
    assert spare_pid(spared) not in (old, spare)


def test_that_the_next_spare_may_wait_until_the_first_answers_are_there(spared):
    assert spared.session.has_spare
    spared.session.restart(spare=False)
    assert spared.text("count") == "1"
    assert spared.session._spare is None
    assert not spared.session.has_spare
    spared.session.keep_spare()
    wait_until(lambda: spared.session.has_spare)
    spared.session.close()
    spared.session.keep_spare()
    assert spared.session._spare is None


def test_that_a_restarted_worker_knows_nothing_of_before(spared):
    assert spared.text("count") == "1"
    spared.session.restart()
    assert spared.text("count") == "1"


def test_that_a_restart_without_a_spare_starts_a_new_worker(odd):
    pid = odd.text("pid")
    odd.session.restart()
    assert odd.session.state == "starting"
    assert odd.text("pid") != pid


def test_that_a_restart_gives_up_what_runs(spared):
    asking = spared.begin("loop")
    spared.session.restart()
    reply = asking.result()
    assert reply.cancelled
    assert reply.problems[0].severity == "info"
    assert spared.text("echo", "on") == "on"


def test_that_a_question_that_waits_for_a_start_follows_a_restart(odd):
    asking = Asking(odd.session, ("echo", "hello"))
    wait_until(lambda: odd.session.state == "starting")
    odd.session.restart()
    assert asking.result().text == "hello"


@pytest.mark.parametrize("verb", ["segfault", "hard-exit 1", "raise-error ValueError", "recurse"])
def test_that_the_next_question_works_after_whatever_happened_and_a_restart(spared, verb):
    spared.ask(*verb.split())
    spared.session.restart()
    assert spared.text("echo", "on") == "on"


def test_that_after_a_death_the_spare_answers_the_next_question(spared):
    spare = spare_pid(spared)
    os.kill(int(spared.text("pid")), signal.SIGKILL)
    wait_until(lambda: spared.session.state == "died")
    assert int(spared.text("pid")) == spare


def test_that_a_spare_that_dies_while_it_waits_changes_nothing_and_is_replaced_at_the_next_restart(spared):
    pid = spared.text("pid")
    os.kill(spare_pid(spared), signal.SIGKILL)
    wait_until(lambda: spared.session._spare is None)
    assert spared.session.state == "ready"
    assert spared.text("pid") == pid
    spared.session.restart()
    assert spared.text("echo", "on") == "on"
    await_spare(spared)


def test_that_no_spare_is_kept_where_torch_is_missing(opened):
    watched = opened(odd_worker(ODD_TORCH=""), spare=True)
    watched.ask("echo", "hello")
    assert watched.session._spare is None


def test_that_closing_ends_the_spare_too(spared):
    pids = [int(spared.text("pid")), spare_pid(spared)]
    spared.session.close()
    assert not any(is_running(pid) for pid in pids)
