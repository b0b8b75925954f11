"""The seconds of something that nobody can look into."""

import sys
import threading

from torchloupe.session.launchers import LocalPython
from torchloupe.session.session import Session
from torchloupe.wire.requests import Failed, OpenTarget, Progress
from torchloupe.worker.elapsed import counting_seconds
from worker.projects import NET, written


class Listener:
    """A context that hears so many events and then says so."""

    def __init__(self, count):
        self.events, self.count, self.heard = [], count, threading.Event()

    def progress(self, done, total, what):
        self.emit(Progress(done, total, what))

    def emit(self, message):
        self.events.append(message)
        if len(self.events) >= self.count:
            self.heard.set()


def test_that_the_seconds_are_told_while_it_goes_on():
    listener = Listener(3)
    with counting_seconds(listener, 1, 3, "constructing Net", second=0.001):
        assert listener.heard.wait(10)
    first, second = listener.events[:2]
    assert (first.done, first.total, first.what) == (1, 3, "constructing Net")
    assert second.what == "constructing Net, 0 s"


def test_that_nothing_is_told_once_it_is_over():
    listener = Listener(1)
    with counting_seconds(listener, 0, 3, "importing"):
        pass
    assert [event.what for event in listener.events] == ["importing"]
    assert "torchloupe seconds" not in [thread.name for thread in threading.enumerate()]


def test_that_it_ends_when_what_goes_on_fails():
    try:
        with counting_seconds(Listener(1), 0, 3, "importing"):
            raise KeyError
    except KeyError:
        pass
    assert "torchloupe seconds" not in [thread.name for thread in threading.enumerate()]


def test_that_a_constructor_that_never_ends_can_be_cancelled_and_the_worker_lives_on(tmp_path):
    slow = NET.replace("        self.fc", "        import time\n        while True: time.sleep(0.01)\n        self.fc")
    written(tmp_path, {"slow.py": slow, "net.py": NET})
    session = Session(LocalPython(sys.executable, None), lambda line: None)
    said = []

    def cancel_soon(event, _blobs):
        said.append(event.what)
        if "constructing" in event.what:
            threading.Thread(target=lambda: (session.cancel(), session.cancel())).start()

    try:
        reply = session.ask(OpenTarget(str(tmp_path / "slow.py")), cancel_soon)
        assert isinstance(reply, Failed)
        assert reply.cancelled
        assert said[0] == "importing"
        assert any(what.startswith("constructing Net") for what in said)
        assert session.ask(OpenTarget(str(tmp_path / "net.py"))).class_name == "Net"
    finally:
        session.close()
