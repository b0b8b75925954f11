"""No process is left, whatever happens to the process that started it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from session.conftest import is_running, wait_until

OWNER = """\
import json, sys, threading
sys.path[:0] = [{app!r}, {tests!r}]
from session.conftest import Script, odd_worker, do, wait_until
from torchloupe.session.launchers import launcher_of
from torchloupe.session.session import Session
from torchloupe.wire.requests import ListTargets

kind, *verb = sys.argv[1:]
launcher = odd_worker() if kind == "by path" else Script(("sh", "-c", "echo hi; exec 3>&1; " + {behind!r}))
session = Session(launcher, lambda line: None, spare=True)
children = session.ask(do("stay")).text.split()
wait_until(lambda: session._spare is not None and session._spare.hello is not None)
pids = [session.hello.pid, session._spare.hello.pid, *map(int, children)]
if verb:
    heard = threading.Event()
    threading.Thread(target=lambda: session.ask(do(*verb), lambda *event: heard.set()), daemon=True).start()
    if verb[0] != "evaluate":
        assert heard.wait(30)
print(json.dumps(pids), flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[2]
ODD = f"{sys.executable} -u {ROOT}/tests/session/odd_worker.py {{nonce}}; true"
KEEPS_THE_LOCK = ("evaluate", "__import__('re').match('(a+)+b', 'a' * 60)")
BUSY_WITH = {
    "nothing": (),
    "a loop in Python": ("loop",),
    "a native sleep": ("sleep",),
    "what no signal interrupts": ("stubborn",),
    "a native call that keeps the lock": KEEPS_THE_LOCK,
}


@pytest.fixture
def owner():
    """Starts a process that has a session with a busy worker, its children and a spare; gives it and all the pids."""
    started = []

    def start(kind, verb):
        code = OWNER.format(app=str(ROOT / "app"), tests=str(ROOT / "tests"), behind=ODD)
        process = subprocess.Popen(
            [sys.executable, "-c", code, kind, *verb], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        started.append(process)
        pids = json.loads(process.stdout.readline())
        assert all(is_running(pid) for pid in pids)
        return process, pids

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("kind", ["by path", "behind a shell"])
@pytest.mark.parametrize("busy", BUSY_WITH)
def test_that_nothing_is_left_when_the_window_is_killed_while_the_worker_is_busy_with(owner, busy, kind):
    process, pids = owner(kind, BUSY_WITH[busy])
    keepers = await_keepers(pids, 2)  # one for the worker, one for the spare
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in [*pids, *keepers]), 10)


def test_that_the_keeper_goes_with_the_worker_and_holds_nothing_open(odd):
    pid = int(odd.text("pid"))
    (keeper,) = await_keepers([pid], 1)
    assert os.getsid(keeper) == keeper
    assert {os.readlink(f"/proc/{keeper}/fd/{number}") for number in (1, 2)} == {"/dev/null"}
    odd.session.close()
    wait_until(lambda: not is_running(keeper))


def test_that_the_users_wait_does_not_meet_the_keeper(odd):
    reply = odd.ask("evaluate", "__import__('os').wait()")
    assert "ChildProcessError" in reply.problems[0].message


def test_that_a_worker_that_ends_by_itself_takes_its_keeper_along(odd):
    (keeper,) = await_keepers([int(odd.text("pid"))], 1)
    odd.ask("hard-exit", "0")
    wait_until(lambda: not is_running(keeper))


def test_that_a_worker_whose_input_is_no_pipe_has_no_keeper(tmp_path):
    code = "from torchloupe.worker.keeper import have_a_keeper; have_a_keeper(); import os; print(os.getpid())"
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT / "app"
    )
    assert keepers_of([int(done.stdout)]) == []


def test_that_a_worker_becomes_the_leader_of_its_group(odd):
    pid = int(odd.text("pid"))
    assert os.getpgid(pid) == pid


def await_keepers(workers, number):
    """The keepers, once there are so many."""
    wait_until(lambda: len(keepers_of(workers)) == number)
    return keepers_of(workers)


def keepers_of(workers):
    """Processes that show the command line of one of these and wait beside it."""
    lines = {pid: command_line(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
    wanted = {lines.get(pid) for pid in workers} - {b"", None}
    return [
        pid for pid, line in lines.items() if line in wanted and pid not in workers and os.getsid(pid) == pid and in_poll(pid)
    ]


def in_poll(pid):
    return Path(f"/proc/{pid}/fd/1").readlink() == Path("/dev/null")


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
