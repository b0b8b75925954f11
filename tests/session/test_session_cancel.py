"""The ladder: asked, interrupted, killed."""

import threading

import pytest

from session.conftest import Asking, do, python, wait_until
from torchloupe.wire.requests import Failed, SummaryText


def test_that_the_first_rung_stops_a_model_at_its_next_layer_and_the_worker_lives_on(odd):
    pid = odd.text("pid")
    asking = odd.begin("layers")
    assert odd.session.cancel() == "asked"
    assert asking.result() == Failed((), cancelled=True)
    assert odd.text("pid") == pid


@pytest.mark.parametrize("verb", ["loop", "sleep"])
def test_that_the_second_rung_stops_python_code_that_reaches_no_layer(odd, verb):
    pid = odd.text("pid")
    asking = odd.begin(verb)
    assert odd.session.cancel() == "asked"
    assert odd.session.cancel() == "interrupted"
    assert asking.result() == Failed((), cancelled=True)
    assert odd.text("pid") == pid


def test_that_the_third_rung_ends_the_process_and_the_next_question_starts_another(odd):
    pid = odd.text("pid")
    asking = odd.begin("stubborn")
    assert [odd.session.cancel() for _ in range(3)] == ["asked", "interrupted", "killed"]
    reply = asking.result()
    assert reply.cancelled
    assert reply.problems[0].severity == "info"
    assert odd.session.state == "died"
    assert odd.text("pid") != pid


def test_that_each_request_begins_at_the_foot_of_the_ladder(odd):
    for _ in range(2):
        asking = odd.begin("layers")
        assert odd.session.cancel() == "asked"
        assert asking.result().cancelled


def test_that_nothing_is_cancelled_when_nothing_runs(odd):
    assert odd.session.cancel() == ""
    odd.text("echo", "a")
    assert odd.session.cancel() == ""
    assert odd.text("echo", "b") == "b"


def test_that_waiting_for_a_worker_to_start_can_be_cancelled_at_once(opened):
    watched = opened(python("import time; time.sleep(600)"))
    asking = Asking(watched.session, ("echo", "never"))
    wait_until(lambda: watched.session.cancel() == "asked")
    assert asking.result() == Failed((), cancelled=True)
    assert watched.session.state == "starting"


def test_that_a_signal_handler_of_the_users_code_does_not_outlive_its_request(odd):
    odd.ask("own-signal-handler")
    asking = odd.begin("loop")
    odd.session.cancel()
    assert odd.session.cancel() == "interrupted"
    assert asking.result().cancelled


def test_that_an_interrupt_never_tears_a_frame_that_is_being_sent(odd):
    pid = odd.text("pid")
    for _ in range(20):
        asking = odd.begin("flood", "1000000")
        odd.session.cancel()
        odd.session.cancel()
        assert asking.result() == Failed((), cancelled=True)
    assert odd.text("pid") == pid


def test_that_a_cancel_which_comes_as_the_answer_goes_out_does_not_hit_the_next_request(odd):
    pid = odd.text("pid")
    for _ in range(200):
        asking = threading.Thread(target=odd.session.ask, args=(do("echo", "short"),))
        asking.start()
        odd.session.cancel()
        odd.session.cancel()
        asking.join()
        assert odd.session.ask(do("echo", "next")) == SummaryText("next")
    assert odd.text("pid") == pid
