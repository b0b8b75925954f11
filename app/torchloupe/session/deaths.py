"""Why a worker is not there, in words: it could not be started, or it ended when nobody had asked it to."""

import re
import signal
from collections.abc import Sequence
from typing import Any

from torchloupe.wire.errors import GPU_LOST_STATUS
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import MAGIC, FetchStats, FetchStoredValues, FetchValues, OpenTarget, RunForward, SummaryTable

DETAIL_LINES = 40
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGSYS", "SIGTRAP")
_MEMORY_WORDS = re.compile(r"bad_alloc|out of memory|MemoryError|annot allocate memory", re.IGNORECASE)
_WANTS_A_PERSON = re.compile(r"Permission denied \(|Host key verification failed|[Pp]assword:|passphrase")
_FRAME = re.compile(r'\s*File "(?P<file>[^"<>]+)", line (?P<line>\d+) in ')
_NOT_THE_USERS = re.compile(r"site-packages|dist-packages|[/\\]torchloupe[/\\]worker[/\\]|[/\\]lib[/\\]python\d|[/\\]Lib[/\\]")
_DOING: dict[type, str] = {
    OpenTarget: "the model was being opened",
    RunForward: "the forward pass ran",
    FetchStats: "statistics were being computed",
    FetchValues: "values were being read",
    FetchStoredValues: "values of the checkpoint were being read",
    SummaryTable: "torchinfo ran",
}
_MEMORY_HINT = (
    "Use a smaller input or batch, or look at the shapes alone. What was captured stays; the next run starts a new worker."
)
_CRASH_HINT = "The details show where it was. What was captured stays; the next run starts a new worker."


def not_launched(error: OSError, program: str) -> Problem:
    """The operating system refused to start the program."""
    if isinstance(error, FileNotFoundError):
        message = f"There is no interpreter {program}."
    elif isinstance(error, PermissionError):
        message = f"{program} may not be started."
    else:
        message = f"{program} is not a program that runs here: {error.strerror or error}."
    return Problem("worker-start-failed", message, hint="Choose another interpreter.", details=f"{program}\n{error}")


def no_hello(program: str, returncode: int | None, lines: Sequence[str], why: str = "") -> Problem:
    """The command ran, but no worker said hello. ``lines`` is what it said instead, ``why`` what was wrong when it did not end."""
    details = "\n".join([program, *lines[-DETAIL_LINES:]])
    hint = "Choose another interpreter; the details show what it said."
    if any(_WANTS_A_PERSON.search(line) for line in lines):
        hint = "Log in once in a terminal, so that nothing is asked any more (a key, a password, a host that is not known yet)."
    for line in lines:
        if line.startswith(f"{MAGIC} too-old "):
            message = f"{program} is Python {line.split()[-1]}; 3.9 or newer is needed."
            return Problem("worker-start-failed", message, hint="Choose another interpreter.", details=details)
    if why:
        message = f"{program} did not come up as a worker: {why}"
    else:
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        message = f"{program} did not come up as a worker. It {_ending(returncode)}: {said}"
    return Problem("worker-start-failed", message, hint=hint, details=details)


def died(returncode: int | None, lines: Sequence[str], request: Any) -> Problem:
    """A worker that had come up ended by itself. ``request`` is what it was answering or None, ``lines`` the last of its log."""
    name, during = signal_name(returncode), _during(request)
    said = "\n".join(lines[-DETAIL_LINES:])
    details = f"The worker {_ending(returncode)}.\n{said}".rstrip()
    data = {"returncode": returncode, "signal": name}
    if name == "SIGKILL" or (name == "SIGABRT" and _MEMORY_WORDS.search(said)):
        message = f"The worker was killed while {during}, probably because memory ran out."
        return Problem("out-of-memory", message, hint=_MEMORY_HINT, data=data, details=details)
    if name in _CRASHES:
        file, line = _crash_site(lines)
        message = f"The worker crashed in native code ({name}) while {during}."
        return Problem("worker-died", message, hint=_CRASH_HINT, file=file, line=line, data=data, details=details)
    if name is not None:
        message, hint = f"The worker was ended by {name} while {during}.", _CRASH_HINT
    elif returncode is None:
        message, hint = f"The worker closed its side of the pipe while {during}.", _CRASH_HINT
    elif returncode == GPU_LOST_STATUS:
        message = "The worker ended because its GPU answers nothing any more."
        hint = "What was captured stays; the next run starts a new worker."
    else:
        message = f"The worker ended with exit status {returncode} while {during}."
        hint = "Code of the model or of a library ended the process (os._exit, or exit in native code); the next run starts a new worker."
    return Problem("worker-died", message, hint=hint, data=data, details=details)


def _during(request: Any) -> str:
    if request is None:
        return "it was idle"
    return _DOING.get(type(request), f"it answered {type(request).__name__}")


def signal_name(returncode: int | None) -> str | None:
    """The signal that an exit status speaks of, also when a shell or ssh stood between (128 + number); None when it was none."""
    if returncode is None:
        return None
    number = -returncode if returncode < 0 else returncode - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return None


def _ending(returncode: int | None) -> str:
    name = signal_name(returncode)
    if name:
        return f"was ended by {name}"
    return "did not end" if returncode is None else f"ended with exit status {returncode}"


def _crash_site(lines: Sequence[str]) -> tuple[str | None, int | None]:
    """The innermost line of the user's code in the stack that faulthandler left in the log."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Current thread ")]
    for line in lines[starts[-1] + 1 :] if starts else ():
        frame = _FRAME.match(line)
        if frame is None:
            break
        if not _NOT_THE_USERS.search(frame["file"]):
            return frame["file"], int(frame["line"])
    return None, None
