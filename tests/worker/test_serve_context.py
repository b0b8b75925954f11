"""Events and progress of one request."""

import io
import signal

import pytest

from torchloupe.wire.requests import Progress
from torchloupe.wire.stream import EVENT, EndOfStream, Stream
from torchloupe.worker.cancel import Cancel
from torchloupe.worker.context import Context


@pytest.fixture
def wire():
    """A context on a clock that stands still, and what it has sent."""
    before, now, pipe = signal.getsignal(signal.SIGINT), [0.0], io.BytesIO()
    context = Context(5, Stream(io.BytesIO(), pipe), Cancel(), {}, clock=lambda: now[0])

    def sent():
        frames, stream = [], Stream(io.BytesIO(pipe.getvalue()), io.BytesIO())
        while True:
            try:
                frames.append(stream.receive())
            except EndOfStream:
                return frames

    yield context, now, sent
    signal.signal(signal.SIGINT, before)


def test_that_an_event_carries_the_id_of_its_request_and_its_blobs(wire):
    context, _, sent = wire
    context.emit(Progress(1, 2, "a"), [b"xy", b""])
    (frame,) = sent()
    assert (frame.kind, frame.id, frame.message, frame.blobs) == (EVENT, 5, Progress(1, 2, "a"), (b"xy", b""))


def test_that_progress_is_sent_at_most_every_50_ms(wire):
    context, now, sent = wire
    for step in range(100):
        now[0] = step * 0.01
        context.progress(step, 1000)
    times = [frame.message.done for frame in sent()]
    assert times[0] == 0
    assert all(late - early >= 5 for early, late in zip(times, times[1:]))
    assert len(times) >= 15


def test_that_the_last_step_is_sent_at_once_when_the_total_is_known(wire):
    context, _, sent = wire
    for step in range(11):
        context.progress(step, 10)
    assert [frame.message.done for frame in sent()] == [0, 10]


def test_that_the_last_step_is_sent_at_the_end_when_the_total_is_not_known(wire):
    context, _, sent = wire
    for step in range(11):
        context.progress(step, 0)
    context.flush()
    context.flush()
    assert [frame.message.done for frame in sent()] == [0, 10]


def test_that_a_request_without_progress_has_nothing_to_flush(wire):
    context, _, sent = wire
    context.flush()
    assert sent() == []


def test_that_the_state_is_shared_by_the_requests_of_a_worker(wire):
    context, _, _ = wire
    context.state["open"] = "model"
    other = Context(6, Stream(io.BytesIO(), io.BytesIO()), context.cancel, context.state)
    assert other.state["open"] == "model"
