"""A worker on a far side that has nothing of ours: its sources go through the pipe."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from session.conftest import is_running, wait_until
from torchloupe.session.launchers import LocalPython, PipedPython, launcher_of
from torchloupe.session.luggage import LENGTH_DIGITS, bootstrap, luggage
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import Failed, ListTargets, OpenedTarget, OpenTarget, RunForward, SummaryTable, SummaryText

APP = Path(__file__).resolve().parents[2] / "app"
STAND_IN = """\
#!/bin/sh
# As ssh does it: the words are joined and read by a shell elsewhere, whose profile is chatty.
shift
echo "Welcome to the far side"
cd / && exec env -i PATH=/usr/bin:/bin HOME=/nonexistent /bin/sh -c "$*"
"""
WATCHED_PYTHON = """\
#!/bin/sh
# A Python that writes down every file that it opens.
exec {python} -B -c '
import sys
log = open("{log}", "a", buffering=1)
sys.addaudithook(lambda event, words: log.write(str(words[0]) + chr(10)) if event == "open" else None)
code = sys.argv.pop(3)
del sys.argv[1:3]
exec(code, {{"__name__": "__main__"}})
' "$@" 2>/dev/null
"""
NET = """\
import os, re, subprocess, sys, time, torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 4)

    def forward(self, x):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("child", child.pid, flush=True)
        {wait}

def example_inputs():
    return (torch.ones(2, 4),)
"""
WAITS = {
    "python loop": "while True: pass",
    "native sleep": "time.sleep(600)",
    "native call that keeps the lock": "re.match('(a+)+b', 'a' * 60)",
    "a failure that nobody catches": "[][0]",
}


@pytest.fixture
def far(tmp_path):
    """The words of a stand-in for ``ssh box python3``."""
    ssh = tmp_path / "ssh"
    ssh.write_text(STAND_IN)
    ssh.chmod(0o755)
    return f"{ssh} box {sys.executable}"


def net(folder, wait):
    file = folder / "net.py"
    file.write_text(NET.format(wait=WAITS[wait]))
    return OpenTarget(str(file))


def child_of(watched):
    """The process that the model started."""
    wait_until(lambda: any(line.startswith("child ") for line in watched.said("user")))
    return int(next(line for line in watched.said("user") if line.startswith("child ")).split()[1])


def test_that_several_words_are_a_command_and_one_is_a_program(tmp_path):
    assert launcher_of("sh -c x") == PipedPython(("sh", "-c", "x"))
    assert launcher_of(sys.executable) == LocalPython(sys.executable)
    spaced = tmp_path / "my python"
    spaced.symlink_to(sys.executable)
    assert launcher_of(str(spaced)) == LocalPython(str(spaced))


@pytest.mark.parametrize(
    ("words", "said"), [("no-such-program box python3", "no-such-program"), ("ssh 'box python3", "command line")]
)
def test_that_a_command_that_cannot_be_is_refused_with_a_hint(words, said):
    with pytest.raises(UsageError, match=said) as caught:
        launcher_of(words)
    assert caught.value.hint


def test_that_a_piped_python_says_what_it_is_and_where_paths_are():
    place = PipedPython(("ssh", "box", "python3"))
    assert place.describe() == "ssh box python3"
    assert place.far_side == "ssh box"
    assert place.words("n1")[:5] == ["ssh", "box", "python3", "-u", "-c"]
    assert place.words("n1")[-1] == "n1"
    assert LocalPython("python3").far_side == ""


def test_that_the_luggage_is_made_once_and_says_how_long_it_is():
    data = luggage()
    assert luggage() is data
    assert int(data[:LENGTH_DIGITS]) == len(data) - LENGTH_DIGITS
    assert len(data) < 1_000_000


def test_that_the_bootstrap_survives_shells_and_means_the_same_as_given_literally():
    code = bootstrap()
    assert not set(code) & set(' "\\$`\n\t&|<>!*?{}~')
    ran = []
    exec(code, {"exec": ran.append})
    exec(code.replace("''''0''", "0").replace("'", ""), {"exec": ran.append})
    assert len(ran) == 2
    assert ran[0] == ran[1]
    compile(ran[0], "bootstrap", "exec")


def test_that_a_far_side_with_nothing_but_python_and_torch_runs_a_model(opened, far, tmp_path):
    watched = opened(launcher_of(far))
    assert isinstance(watched.session.ask(net(tmp_path, "a failure that nobody catches")), OpenedTarget)
    assert "Welcome to the far side" in watched.said("worker")
    report = watched.session.ask(RunForward())
    assert report.problems[0].line == 11
    assert report.problems[0].file == str(tmp_path / "net.py")
    child = child_of(watched)
    assert isinstance(watched.session.ask(SummaryTable()), SummaryText), "torchinfo came along"
    watched.session.close()
    wait_until(lambda: not is_running(child))


def test_that_a_traceback_through_our_code_shows_its_lines(opened, far):
    watched = opened(launcher_of(far))
    (problem,) = watched.session.ask(OpenTarget("no.such.module:Net")).problems
    assert "Paths are those of the far side" in problem.hint or problem.code != "usage"
    reply = watched.session.ask(OpenTarget("/nowhere/net.py"))
    assert "no file /nowhere/net.py" in reply.problems[0].message
    assert f"far side ({far.rpartition(' ')[0]})" in reply.problems[0].hint


def test_that_no_file_of_ours_is_opened_and_none_is_written_on_the_far_side(opened, tmp_path):
    log, python = tmp_path / "opened", tmp_path / "python"
    python.write_text(WATCHED_PYTHON.format(python=sys.executable, log=log))
    python.chmod(0o755)
    watched = opened(launcher_of(f"env {python}"))
    assert isinstance(watched.session.ask(ListTargets("/nowhere.py")), Failed)
    files = log.read_text().splitlines()
    assert any("torch" in file for file in files), "the log works"
    assert [file for file in files if file.startswith(str(APP))] == []


@pytest.mark.parametrize("rungs", [["asked", "interrupted"], ["asked", "interrupted", "killed"]])
def test_that_a_piped_worker_is_interrupted_through_the_pipe_and_killed_by_its_end(opened, far, tmp_path, rungs):
    watched = opened(launcher_of(far))
    stuck = "native call that keeps the lock" if "killed" in rungs else "native sleep"
    watched.session.ask(net(tmp_path, stuck))
    pid, replies = watched.session.hello.pid, []
    asking = Asked(watched, replies)
    child = child_of(watched)
    assert [watched.session.cancel() for _ in rungs] == rungs
    asking.join()
    assert replies[0].cancelled if isinstance(replies[0], Failed) else replies[0].problems is not None
    if "killed" in rungs:
        wait_until(lambda: not is_running(pid) and not is_running(child))
    else:
        assert watched.session.hello.pid == pid, "the same worker answers on"


class Asked:
    """A forward pass on a thread."""

    def __init__(self, watched, replies):
        self.thread = threading.Thread(target=lambda: replies.append(watched.session.ask(RunForward())))
        self.thread.start()

    def join(self):
        self.thread.join(30)
        assert not self.thread.is_alive()


def test_that_a_worker_that_gets_nothing_ends_by_itself_and_says_why():
    done = subprocess.run([sys.executable, "-u", "-c", bootstrap(), "n"], input=b"", capture_output=True, timeout=30)
    assert b"docker exec" in done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("version", ["2.7.18", "3.6.15", "3.8.18"])
def test_that_a_python_that_is_too_old_is_told_from_a_broken_one(opened, version):
    python = Path.home() / ".pyenv/versions" / version / "bin/python"
    if not python.exists():
        pytest.skip(f"there is no Python {version}")
    reply = opened(launcher_of(f"env {python}")).session.ask(ListTargets("x"))
    assert f"is Python {version}; 3.9 or newer is needed." in reply.problems[0].message


@pytest.mark.parametrize("version", ["3.9.18", "3.10.13", "3.12.1", "3.13.0"])
def test_that_a_python_without_torch_comes_up_and_says_what_to_do(opened, version):
    python = Path.home() / ".pyenv/versions" / version / "bin/python"
    if not python.exists():
        pytest.skip(f"there is no Python {version}")
    for interpreter in (f"env {python}", str(python)):
        watched = opened(launcher_of(interpreter))
        (problem,) = watched.session.ask(OpenTarget("net.py")).problems
        assert problem.code == "no-torch"
        assert "install torch in this one" in problem.hint
        assert watched.session.hello.python == version


def test_that_a_signal_from_outside_is_named_through_the_pipe_too(opened, far, tmp_path):
    watched = opened(launcher_of(f"env {sys.executable}"))
    watched.session.ask(ListTargets(str(tmp_path)))
    os.kill(watched.session.hello.pid, signal.SIGSEGV)
    wait_until(lambda: watched.session.state == "died")
    wait_until(lambda: any("SIGSEGV" in line for line in watched.said("app")))
