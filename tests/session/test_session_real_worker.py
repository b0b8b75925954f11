"""The real worker beside real torch, with models that misbehave."""

import textwrap
import threading

import pytest

from session.conftest import wait_until
from torchloupe.session.interpreters import default_interpreter
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.requests import CallsFinished, Failed, FetchStats, OpenedTarget, OpenTarget, RunForward
from torchloupe.wire.traces import ForwardReport


@pytest.fixture
def real(opened, tmp_path):
    """Makes a session with the real worker, and opens models whose ``forward`` is the given code."""

    def make(**options):
        watched = opened(LocalPython(default_interpreter()), **options)
        return watched, lambda forward, top="": watched.session.ask(OpenTarget(write_model(tmp_path / "net.py", forward, top)))

    return make


def write_model(file, forward, top):
    body = textwrap.indent(textwrap.dedent(forward).strip(), " " * 8)
    file.write_text(f"""\
import ctypes, sys, threading, time, torch
{top}

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 4)

    def forward(self, x):
        x = self.first(x)
{body}
        return x

def example_inputs():
    return (torch.ones(2, 4),)
""")
    return str(file)


def run(session):
    """The reply of a forward pass, and the calls that were heard of."""
    heard = []
    reply = session.ask(RunForward(), lambda message, _: heard.append(message))
    return reply, [call for message in heard if isinstance(message, CallsFinished) for call in message.calls]


def begin(session):
    """A forward pass on another thread, past its first layer."""
    heard, replies = threading.Event(), []

    def listen(message, _blobs):
        if isinstance(message, CallsFinished):
            heard.set()

    thread = threading.Thread(target=lambda: replies.append(session.ask(RunForward(), listen)))
    thread.start()
    assert heard.wait(60)

    def result():
        thread.join(60)
        return replies[0]

    return result


def test_that_a_model_is_opened_and_run_and_its_prints_are_heard(real, tmp_path):
    for name in ("wire", "worker", "handlers", "serve", "context", "session"):
        (tmp_path / f"{name}.py").write_text("MINE = True\n")
    watched, open_model = real()
    reply = open_model(
        "print('from forward')",
        top="import wire, worker, handlers, serve, context, session\nassert wire.MINE and session.MINE\nprint('from import')",
    )
    assert isinstance(reply, OpenedTarget), reply
    report, calls = run(watched.session)
    assert isinstance(report, ForwardReport), report
    assert [call.class_name for call in calls] == ["Linear", "Net"]
    wait_until(lambda: {"from import", "from forward"} <= set(watched.said("user")))


def test_that_whatever_a_model_raises_is_explained_and_the_worker_lives_on(real):
    watched, open_model = real()
    for code in ("sys.exit(3)", "raise KeyboardInterrupt", "raise MemoryError", "self.forward(x)", "1 / 0"):
        assert isinstance(open_model(code), OpenedTarget)
        pid = watched.session.hello.pid
        report, calls = run(watched.session)
        assert report.problems, code
        assert calls, "what was captured stays"
        assert watched.session.hello.pid == pid
    reply = open_model("pass", top="sys.exit(2)")
    assert "sys.exit" in reply.problems[0].message
    assert isinstance(open_model("pass"), OpenedTarget)


def test_that_a_model_that_does_not_end_is_stopped_and_the_worker_lives_on(real):
    watched, open_model = real()
    open_model("while True: x = self.first(x)")
    result = begin(watched.session)
    assert watched.session.cancel() == "asked"
    assert isinstance(result(), (Failed, ForwardReport))
    pid = watched.session.hello.pid
    for code in ("while True: pass", "time.sleep(600)"):
        open_model(code)
        result = begin(watched.session)
        assert watched.session.cancel() == "asked"
        assert watched.session.cancel() == "interrupted"
        assert isinstance(result(), (Failed, ForwardReport))
    assert watched.session.hello.pid == pid
    assert isinstance(open_model("pass"), OpenedTarget)


def test_that_a_model_that_crashes_in_native_code_is_pointed_at_and_the_spare_opens_it_again(real, tmp_path):
    watched, open_model = real(spare=True)
    open_model("ctypes.string_at(0)")
    reply, calls = run(watched.session)
    assert isinstance(reply, Failed)
    assert reply.problems[0].code == "worker-died"
    assert reply.problems[0].file == str(tmp_path / "net.py")
    assert calls, "what was captured stays"
    assert isinstance(watched.session.ask(FetchStats("first.weight")), Failed), "the new worker has no open model"
    assert isinstance(open_model("pass"), OpenedTarget)


def test_that_a_restart_reads_the_users_file_afresh_and_leaves_its_threads_behind(real):
    watched, open_model = real(spare=True)
    assert isinstance(open_model("threading.Thread(target=time.sleep, args=(600,)).start()"), OpenedTarget)
    run(watched.session)
    pid = watched.session.hello.pid
    watched.session.restart()
    assert isinstance(open_model("return x, x"), OpenedTarget)
    report, _ = run(watched.session)
    assert len(report.outputs) == 2
    assert watched.session.hello.pid != pid


def test_that_a_worker_whose_gpu_is_lost_says_so_and_makes_room_for_another_one(real):
    watched, open_model = real()
    loss = "CUDA error: device-side assert triggered"
    assert isinstance(open_model(f"raise RuntimeError({loss!r})"), OpenedTarget)
    reply, calls = run(watched.session)
    (problem,) = reply.problems
    assert (problem.code, problem.line) == ("gpu-lost", 11)
    assert [(call.module, call.status) for call in calls] == [("first", "done"), ("", "failed")]
    wait_until(lambda: watched.session.state == "died")
    wait_until(lambda: any("its GPU answers nothing any more" in line for line in watched.said("app")))
    assert isinstance(open_model("pass"), OpenedTarget)
    assert isinstance(run(watched.session)[0], ForwardReport)
