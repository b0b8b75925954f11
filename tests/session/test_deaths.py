"""The words for a worker that is not there."""

import errno

import pytest

from torchloupe.session.deaths import died, no_hello, not_launched, signal_name
from torchloupe.wire.requests import FetchStats, FetchStoredValues, FetchValues, ListTargets, OpenTarget, RunForward, SummaryTable

CRASH = [
    "Fatal Python error: Segmentation fault",
    "",
    "Thread 0x1 (most recent call first):",
    '  File "/home/ada/other.py", line 3 in elsewhere',
    "Current thread 0x2 (most recent call first):",
    '  File "/usr/lib/python3.12/ctypes/__init__.py", line 9 in string_at',
    '  File "/home/ada/.venv/lib/python3.12/site-packages/torch/nn/module.py", line 1 in _call_impl',
    '  File "/home/ada/net.py", line 42 in forward',
    '  File "/opt/app/torchloupe/worker/forward.py", line 5 in run_forward',
    "",
    "Extension modules: torch._C",
]


@pytest.mark.parametrize(
    ("returncode", "name"),
    [(-11, "SIGSEGV"), (139, "SIGSEGV"), (137, "SIGKILL"), (0, None), (1, None), (255, None), (None, None)],
)
def test_that_a_signal_is_known_also_when_a_shell_or_ssh_reports_it(returncode, name):
    assert signal_name(returncode) == name


def test_that_a_crash_points_at_the_innermost_line_that_is_the_users():
    problem = died(-11, CRASH, RunForward())
    assert (problem.file, problem.line) == ("/home/ada/net.py", 42)
    assert problem.message == "The worker crashed in native code (SIGSEGV) while the forward pass ran."


def test_that_a_crash_without_a_stack_points_nowhere():
    problem = died(-11, ["hello"], RunForward())
    assert (problem.file, problem.line) == (None, None)


def test_that_a_stack_of_libraries_alone_points_nowhere():
    assert died(-11, CRASH[:7], None).file is None


@pytest.mark.parametrize("returncode", [-9, 137])
def test_that_a_kill_is_out_of_memory(returncode):
    problem = died(returncode, [], RunForward())
    assert problem.code == "out-of-memory"
    assert problem.data == {"returncode": returncode, "signal": "SIGKILL"}


@pytest.mark.parametrize("said", ["std::bad_alloc", "CUDA error: out of memory", "Cannot allocate memory"])
def test_that_an_abort_for_lack_of_memory_is_out_of_memory_and_another_abort_is_not(said):
    assert died(-6, ["before", said], None).code == "out-of-memory"
    assert died(-6, ["assertion failed"], None).code == "worker-died"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (OpenTarget("a.py"), "the model was being opened"),
        (FetchStats("w"), "statistics were being computed"),
        (FetchValues("w"), "values were being read"),
        (FetchStoredValues("a.pt", "", "w"), "values of the checkpoint were being read"),
        (SummaryTable(), "torchinfo ran"),
        (ListTargets("a.py"), "it answered ListTargets"),
        (None, "it was idle"),
    ],
)
def test_that_what_it_was_doing_is_said(request_, words):
    assert words in died(-11, [], request_).message


@pytest.mark.parametrize("returncode", [-11, -9, -6, -15, 0, 1, 70, None])
def test_that_every_death_says_what_to_do_and_keeps_the_last_lines(returncode):
    problem = died(returncode, ["a", "b"], None)
    assert problem.hint
    assert problem.message.endswith(".")
    assert problem.details.endswith("a\nb")


def test_that_only_the_last_lines_are_kept():
    details = died(1, [f"line {n}" for n in range(500)], None).details
    assert "line 499" in details
    assert len(details.splitlines()) < 60


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), "There is no interpreter py."),
        (PermissionError(errno.EACCES, "denied"), "py may not be started."),
        (OSError(errno.ENOEXEC, "Exec format error"), "py is not a program that runs here: Exec format error."),
    ],
)
def test_that_a_refused_launch_says_why_and_shows_the_command(error, said):
    problem = not_launched(error, "py")
    assert problem.message == said
    assert problem.details.startswith("py\n")


def test_that_an_old_python_is_told_from_other_failures():
    problem = no_hello("py", 0, ["banner", "torchloupe-worker too-old 3.6.15"])
    assert problem.message == "py is Python 3.6.15; 3.9 or newer is needed."


def test_that_a_program_that_says_nothing_at_all_is_said_to():
    assert no_hello("py", 4, []).message == "py did not come up as a worker. It ended with exit status 4: it said nothing"


def test_that_the_last_thing_that_was_said_is_the_reason_shown():
    assert no_hello("ssh box py", 255, ["a", "Permission denied (publickey).", ""]).message.endswith(
        "Permission denied (publickey)."
    )


def test_that_a_login_that_asks_something_is_sent_to_a_terminal():
    assert "Log in once in a terminal" in no_hello("ssh box py", 255, ["Host key verification failed."]).hint
    assert "terminal" not in no_hello("ssh box py", 255, ["Connection refused"]).hint
