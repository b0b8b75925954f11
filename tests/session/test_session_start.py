"""Coming up, or not: every way in which an interpreter is no worker has its sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from session.conftest import ODD_WORKER, Script, is_running, odd_worker, python, wait_until
from torchloupe.session.launchers import LocalPython
from torchloupe.wire.requests import Failed

PYENV = Path.home() / ".pyenv" / "versions"


def other_python(version):
    """An interpreter of another version, or a skip."""
    found = sorted(PYENV.glob(f"{version}*/bin/python"))
    return str(found[0]) if found else pytest.skip(f"no Python {version} here")


def failure(watched):
    reply = watched.ask("echo", "hello")
    assert isinstance(reply, Failed), reply
    assert reply.problems[0].code == "worker-start-failed"
    assert reply.problems[0].hint
    assert watched.session.state == "died"
    return reply.problems[0]


def test_that_a_missing_interpreter_is_named(opened):
    problem = failure(opened(LocalPython("/nowhere/bin/python")))
    assert problem.message == "There is no interpreter /nowhere/bin/python."


def test_that_a_file_that_may_not_be_started_is_named(opened, tmp_path):
    (tmp_path / "notes").write_text("no program")
    assert "may not be started" in failure(opened(LocalPython(str(tmp_path / "notes")))).message


def test_that_a_file_that_is_no_program_is_named(opened, tmp_path):
    odd = tmp_path / "python"
    odd.write_bytes(b"\x00\x01\x02")
    odd.chmod(0o755)
    assert "is not a program that runs here" in failure(opened(LocalPython(str(odd)))).message


def test_that_a_program_that_is_no_python_shows_its_command_and_its_last_words(opened):
    problem = failure(opened(LocalPython("/bin/sleep")))
    assert "did not come up as a worker. It ended with exit status 1" in problem.message
    assert "/bin/sleep" in problem.details.splitlines()[0]
    assert "invalid option" in problem.details


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8"])
def test_that_a_python_too_old_is_told_its_version(opened, version):
    problem = failure(opened(LocalPython(other_python(version))))
    assert f"is Python {version}" in problem.message
    assert "3.9 or newer" in problem.message


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_that_the_worker_runs_in_every_python_from_3_9(opened, version):
    watched = opened(odd_worker(other_python(version)))
    assert watched.text("echo", "hello") == "hello"
    assert watched.session.hello.python.startswith(version)
    asking = watched.begin("sleep")
    watched.session.cancel()
    assert watched.session.cancel() == "interrupted"
    assert asking.result().cancelled
    assert watched.text("echo", "still") == "still"


@pytest.mark.parametrize("version", ["3.9", "3.13"])
def test_that_the_real_worker_in_a_python_without_torch_says_no_torch(opened, version):
    watched = opened(LocalPython(other_python(version)))
    reply = watched.ask("echo", "hello")
    assert reply.problems[0].code == "no-torch"
    assert "torch is not installed there" in reply.problems[0].message


def test_that_noise_before_the_magic_line_goes_to_the_log(opened):
    code = f"""
import os, sys
print("Welcome to node 7")
print("torchloupe-worker 1 wrong")
os.write(1, b"no newline: ")
os.execv(sys.executable, [sys.executable, "-u", {str(ODD_WORKER)!r}, sys.argv[1]])
"""
    watched = opened(python(code))
    assert watched.text("echo", "hello") == "hello"
    assert watched.said("worker") == ["Welcome to node 7", "torchloupe-worker 1 wrong", "no newline: "]


def test_that_a_worker_with_another_nonce_is_not_ours(opened):
    problem = failure(opened(python("print('torchloupe-worker 1 0123456789abcdef')")))
    assert "It ended with exit status 0: torchloupe-worker 1 0123456789abcdef" in problem.message


def test_that_a_program_that_talks_without_end_is_given_up(opened):
    problem = failure(opened(python("while True: print('y' * 1000)")))
    assert "no worker said hello" in problem.message


def test_that_garbage_after_the_magic_line_is_a_failed_start(opened):
    code = "import sys, time; print('torchloupe-worker 1 ' + sys.argv[1]); print('garbage ' * 100); time.sleep(600)"
    assert "did not come up as a worker" in failure(opened(python(code))).message


def test_that_an_interpreter_that_says_nothing_is_given_up_after_a_while(opened):
    problem = failure(opened(python("import time; time.sleep(600)"), start_seconds=0.3))
    assert "said nothing for 0.3 seconds" in problem.message


def test_that_a_crash_before_the_hello_is_a_failed_start(opened):
    code = "import os, sys; print('torchloupe-worker 1 ' + sys.argv[1]); sys.stdout.flush(); os.kill(os.getpid(), 11)"
    assert "SIGSEGV" in failure(opened(python(code))).message


def test_that_a_failed_start_is_tried_again_at_the_next_question(opened, tmp_path):
    link = tmp_path / "python"
    watched = opened(Script((str(link), "-u", str(ODD_WORKER), "{nonce}")))
    failure(watched)
    link.symlink_to(sys.executable)
    assert watched.text("echo", "now") == "now"


def test_that_a_start_that_fails_before_anybody_asks_is_logged_and_told(opened):
    watched = opened(LocalPython("/nowhere/bin/python"))
    watched.session.start()
    wait_until(lambda: watched.states == ["starting", "died"])
    wait_until(lambda: watched.said("app") == ["There is no interpreter /nowhere/bin/python."])


def test_that_closing_while_it_starts_leaves_nothing(opened):
    watched = opened(python("import time; time.sleep(600)"))
    watched.session.start()
    watched.session.close()
    assert watched.session.state == "stopped"


def test_that_the_worker_dies_with_its_parent_even_in_the_middle_of_a_loop():
    code = f"""
import sys, os, time
sys.path[:0] = {[str(ODD_WORKER.parents[2] / "app"), str(ODD_WORKER.parents[1])]!r}
from session.conftest import do, odd_worker
from torchloupe.session.session import Session
session = Session(odd_worker())
pid = session.ask(do("pid")).text
left = session.ask(do("stay")).text
def heard(*_):
    print(pid, left, flush=True)
    os.kill(os.getpid(), 9)
session.ask(do("loop"), heard)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    pids = [int(pid) for pid in done.stdout.split()]
    assert done.returncode == -9, done.stderr.decode()
    assert len(pids) == 3
    wait_until(lambda: not any(is_running(pid) for pid in pids), seconds=5)


def test_that_the_environment_of_the_place_reaches_the_worker_and_ours_does_not(opened, monkeypatch):
    monkeypatch.setenv("QT_PLUGIN_PATH", "/ours")
    watched = opened(odd_worker(PLACE="node 7"))
    assert watched.text("evaluate", "os.environ['PLACE']") == repr("node 7")
    assert watched.text("evaluate", "'QT_PLUGIN_PATH' in os.environ") == "False"
    assert "QT_PLUGIN_PATH" in os.environ
