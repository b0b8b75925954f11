"""Read paths in a process with little memory in which every way out of the reader is wired to an alarm.

Run as a file of its own: ``guarded.py APP LIST``, where LIST is JSON, ``[[path, home], ...]``; one line of JSON for each path.
Nothing outside of ``home`` may be opened while a path is read, and nothing may be imported, written or started at all.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

MOST_MEMORY = 300 << 20
LONGEST_SECONDS = 20.0
"""When a read is ended by force; what a test allows is less and counted in processor time."""
SLOW_SECONDS = 1.0
"""A reading that takes so long is read again, twice at most, and the least counts."""
_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.remove", "os.rename", "os.mkdir"),
    *("os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate", "os.putenv", "os.utime", "os.kill"),
    *(
        "subprocess.",
        "socket.",
        "shutil.",
        "ctypes.",
        "pickle.",
        "marshal.",
        "exec",
        "urllib.",
        "http.",
        "tempfile.",
        "webbrowser.",
    ),
)
_WITHOUT_RISK = {"encodings", "unicodedata", "stringprep"}
_TENSORS_TOLD, _VALUES_TRIED, _VALUE_BYTES = 20, 8, 1 << 20


class Alarm(BaseException):
    """Something was done that no reader may do. Not an Exception, so that nothing catches it by the way."""


class Guard:
    """The alarms: ``home`` is the folder that may be read at present, None while nothing may."""

    def __init__(self) -> None:
        self.home = None
        self.rung = []

    def ring(self, what: str) -> None:
        """Note it, and end the read."""
        self.rung.append(what)
        raise Alarm(what)

    def hear(self, event: str, args: tuple) -> None:
        """The audit hook."""
        if self.home is None:
            return
        if event in ("open", "os.listdir", "os.scandir") and not isinstance(args[0], int):
            place = os.path.realpath(os.fsdecode(args[0]))
            if place != self.home and not place.startswith(self.home + os.sep):
                self.ring(f"{event} {place}")
            if event == "open" and (args[2] & _FLAGS if isinstance(args[2], int) else False):
                self.ring(f"open for writing {place}")
        elif event == "import":
            if args[0].split(".")[0] not in _WITHOUT_RISK:
                self.ring(f"import {args[0]}")
        elif event.startswith(_FORBIDDEN):
            self.ring(f"{event} {args!r:.200}")


def armed() -> Guard:
    """The guard, with the memory of this process limited and its traps set. There is no way back."""
    import builtins
    import importlib
    import resource
    import socket
    import subprocess

    guard = Guard()

    def trap(module, name: str):
        really = getattr(module, name, None)

        def trapped(*args, **keywords):
            if guard.home is not None:
                guard.ring(f"{module.__name__}.{name} {args!r:.200}")
            return really(*args, **keywords)

        return trapped

    for encoding in ("utf-8-sig", "latin1", "ascii", "utf-16", "utf-32", "raw-unicode-escape"):
        # Python imports these when they are first used, which is no fault of a reader.
        "".encode(encoding)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for module, names in (
        (os, ("system", "posix_spawn", "fork", "execv", "execve", "popen")),
        (socket, ("socket", "create_connection")),
        (subprocess, ("Popen", "run")),
        (importlib, ("import_module",)),
        (builtins, ("eval", "exec")),
    ):
        for name in names:
            setattr(module, name, trap(module, name))
    sys.addaudithook(guard.hear)
    return guard


def too_slow(number: int, frame: object) -> None:
    """The alarm clock."""
    raise Alarm(f"it takes longer than {LONGEST_SECONDS} s")


def outcome_of(path: str, read_contents, open_values, error_class) -> dict:
    """What came of one path, as JSON can say it."""
    try:
        contents = read_contents(path)
    except error_class as error:
        return {"outcome": "refused", "sentence": str(error), "hint": error.hint, "problems": [], "tensors": [], "count": 0}
    rows = contents.tensors[:_TENSORS_TOLD]
    return {
        "outcome": "opened",
        "sentence": "",
        "hint": "",
        "format": contents.format,
        "count": len(contents.tensors),
        "bytes_read": contents.bytes_read,
        "problems": [[problem.code, problem.severity, problem.message] for problem in contents.problems],
        "tensors": [[row.container[:200], row.key[:200], row.shape[:8], row.dtype, row.broken] for row in rows],
        "values": [values_of(contents, row, open_values, error_class) for row in contents.tensors[:_VALUES_TRIED]],
    }


def values_of(contents, row, open_values, error_class) -> str:
    """``"read"``, or why the values of a tensor cannot be read."""
    try:
        with open_values(contents) as values:
            read = 0
            for chunk in values.of(row).chunks():
                read += len(chunk)
                if read > _VALUE_BYTES:
                    break
        return "read"
    except error_class as error:
        return str(error)


def read_one(path: str, home: str, guard: Guard, *reader) -> dict:
    """What came of one path, with the processor time it took and the alarms it rang."""
    signal.setitimer(signal.ITIMER_REAL, LONGEST_SECONDS)
    began = time.process_time()
    guard.home = home
    try:
        found = outcome_of(path, *reader)
    except BaseException as error:
        found = {
            "outcome": "failed",
            "sentence": f"{type(error).__name__}: {error}",
            "problems": [],
            "tensors": [],
            "count": 0,
        }
    finally:
        guard.home = None
    signal.setitimer(signal.ITIMER_REAL, 0)
    found["seconds"], found["alarms"] = time.process_time() - began, guard.rung[:]
    guard.rung.clear()
    return found


def main(app: str, listed: str) -> None:
    """Read them all."""
    sys.path.insert(0, app)
    from torchloupe.checkpoints import read_contents
    from torchloupe.checkpoints.values import open_values
    from torchloupe.wire.errors import CheckpointError

    loaded = [name for name in sys.modules if name.split(".")[0] in ("torch", "numpy", "PySide6", "pickle", "_pickle")]
    if loaded:
        raise SystemExit(f"ALARM the reader imports {loaded}")
    wanted = json.loads(Path(listed).read_text())
    signal.signal(signal.SIGALRM, too_slow)
    guard = armed()
    for path, home in wanted:
        found = read_one(path, home, guard, read_contents, open_values, CheckpointError)
        for _ in range(2):
            if found["seconds"] < SLOW_SECONDS:
                break  # a slow reading is slow every time; one that the machine held up is not
            again = read_one(path, home, guard, read_contents, open_values, CheckpointError)
            found["seconds"] = min(found["seconds"], again["seconds"])
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
