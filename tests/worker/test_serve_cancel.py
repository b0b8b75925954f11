"""The cancel flag and the interrupt, in this process."""

import signal
import threading
import time

import pytest

from torchloupe.worker.cancel import Cancel, Cancelled


@pytest.fixture
def cancel():
    before = signal.getsignal(signal.SIGINT)
    made = Cancel()
    yield made
    made.end()
    for thread in threading.enumerate():
        if thread.name == "interrupt":
            thread.join()
    signal.signal(signal.SIGINT, before)


def from_reader(cancel, request_id, interrupt=False):
    """Ask as the reader thread does."""
    thread = threading.Thread(target=cancel.request, args=(request_id, interrupt))
    thread.start()
    thread.join()


def interrupted_in_a_sleep(cancel):
    from_reader(cancel, 1, interrupt=True)
    time.sleep(30)


def test_that_nobody_who_catches_exception_swallows_it():
    assert not issubclass(Cancelled, Exception)


def test_that_a_request_runs_on_until_somebody_asks(cancel):
    cancel.begin(1)
    cancel.raise_if_requested()
    from_reader(cancel, 1)
    assert cancel.requested
    with pytest.raises(Cancelled):
        cancel.raise_if_requested()


def test_that_a_request_cancelled_in_the_queue_does_not_begin(cancel):
    from_reader(cancel, 2)
    cancel.begin(1)
    cancel.end()
    with pytest.raises(Cancelled):
        cancel.begin(2)


@pytest.mark.parametrize("interrupt", [False, True])
def test_that_a_cancel_that_comes_too_late_hits_nobody(cancel, interrupt):
    cancel.begin(1)
    cancel.end()
    from_reader(cancel, 1, interrupt)
    cancel.raise_if_requested()
    cancel.begin(2)
    cancel.raise_if_requested()
    with cancel.held_back():
        pass


def test_that_an_interrupt_breaks_a_sleep(cancel):
    cancel.begin(1)
    threading.Timer(0.01, cancel.request, (1, True)).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        time.sleep(30)
    assert time.monotonic() - started < 25


def test_that_one_request_is_interrupted_once(cancel):
    cancel.begin(1)
    with pytest.raises(Cancelled):
        interrupted_in_a_sleep(cancel)
    signal.raise_signal(signal.SIGINT)


def test_that_an_interrupt_that_is_lost_comes_again(cancel):
    """A signal that arrives just before a system call does not end it: here the first ones are swallowed on purpose."""
    cancel.begin(1)
    swallowed = []

    def swallow(_number, _frame):
        swallowed.append(1)
        if len(swallowed) == 3:
            cancel._raise_if_interrupted()

    cancel._on_signal = swallow
    signal.signal(signal.SIGINT, swallow)
    threading.Timer(0.01, cancel.request, (1, True)).start()
    with pytest.raises(Cancelled):
        time.sleep(30)
    assert len(swallowed) == 3


def test_that_an_interrupt_waits_until_the_frame_is_out(cancel):
    cancel.begin(1)
    written = []

    def send():
        with cancel.held_back():
            with cancel.held_back():
                from_reader(cancel, 1, interrupt=True)
                signal.raise_signal(signal.SIGINT)
            written.append("whole")

    with pytest.raises(Cancelled):
        send()
    assert written == ["whole"]


def test_that_another_thread_sends_without_holding_anything_back(cancel):
    cancel.begin(1)
    inside, leave = threading.Event(), threading.Event()

    def send():
        with cancel.held_back():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=send)
    thread.start()
    inside.wait(30)
    with pytest.raises(Cancelled):
        interrupted_in_a_sleep(cancel)
    leave.set()
    thread.join()


def test_that_an_error_while_sending_is_not_replaced_by_the_interrupt(cancel):
    cancel.begin(1)

    def send():
        with cancel.held_back():
            from_reader(cancel, 1, interrupt=True)
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        send()


def test_that_the_terminals_interrupt_is_nobodys(cancel):
    signal.raise_signal(signal.SIGINT)
    cancel.begin(1)
    signal.raise_signal(signal.SIGINT)


def test_that_a_handler_of_the_users_code_is_replaced_at_the_next_request(cancel):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cancel.begin(1)
    with pytest.raises(Cancelled):
        from_reader(cancel, 1, interrupt=True)
