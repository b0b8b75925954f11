"""Which Python runs the model."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from torchloupe.wire.errors import UsageError

_IN_A_VENV = ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe")


def is_frozen() -> bool:
    """The app is a program of its own: no Python runs it, and its folder holds modules that no other Python may load."""
    return bool(getattr(sys, "frozen", False))


def default_interpreter() -> str:
    """The interpreter that runs the app; when that is a frozen program, the ``python3`` on the PATH. Raises ``UsageError``."""
    if not is_frozen() and sys.executable:
        return _with_console(sys.executable)
    found = shutil.which("python3") or shutil.which("python")
    if found is None:
        raise UsageError("There is no python3 on the PATH.", "Choose the interpreter that has torch (--python).")
    return found


def resolve_interpreter(value: str) -> str:
    """The interpreter that ``--python VALUE`` means: a program, the folder of a virtual environment, a name on the PATH, or a
    command line of several words, which is left as it is.

    The path is made absolute, links are kept (a virtual environment is one). Raises ``UsageError``.
    """
    if words := command_words(value):
        if shutil.which(words[0]) is None:
            raise UsageError(
                f"There is no program {words[0]}.", "Give a command line that starts a Python, such as ssh host python3."
            )
        return value.strip()
    path = Path(value).expanduser()
    if path.is_dir():
        for inside in _IN_A_VENV:
            if (path / inside).is_file():
                return str((path / inside).absolute())
        raise UsageError(f"The folder {path} holds no Python.", "Choose the folder of a virtual environment, or its bin/python.")
    if path.is_file():
        if not os.access(path, os.X_OK):
            raise UsageError(f"{path} is not a program that can be started.", "Choose an interpreter, such as .venv/bin/python.")
        return str(path.absolute())
    found = shutil.which(value)
    if found is None:
        raise UsageError(f"There is no interpreter {value}.", "Give its path, or the folder of a virtual environment.")
    return str(Path(found).absolute())


def command_words(value: str) -> tuple[str, ...]:
    """The words of a command line that starts a Python somewhere (``ssh host python3``); empty when it names a program here."""
    if Path(value).expanduser().exists():
        return ()
    try:
        words = shlex.split(value, posix=os.name != "nt")
    except ValueError as error:
        raise UsageError(f"{value} is no command line: {error}.", "Close every quote.") from error
    return tuple(words) if len(words) > 1 else ()


def _with_console(executable: str) -> str:
    """On Windows the window may run under ``pythonw.exe``, which has no standard streams to speak over."""
    path = Path(executable)
    console = path.with_name(path.name.lower().replace("pythonw", "python"))
    return str(console) if path.name.lower().startswith("pythonw") and console.is_file() else executable
