"""A script in a fresh Python of the same environment, and the last thing that it says."""

import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from typing import Callable

from ...analysis.reproducer_script import SCRIPT

LONGEST_SECONDS = 120.0
_PAUSE = 0.02
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def said_by_script(folder: str, check: Callable[[], None]) -> str:
    """What the script in a folder wrote to standard error; a sentence where it ran to its end or took too long."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, SCRIPT],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment(),
        )
        end = time.monotonic() + LONGEST_SECONDS
        try:
            while process.poll() is None:
                check()
                if time.monotonic() > end:
                    return f"The script took longer than {LONGEST_SECONDS:g} s."
                time.sleep(_PAUSE)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    return said.strip() or f"The script ended with status {process.returncode} and said nothing."


def _environment() -> "dict[str, str]":
    """That of this process; what it compiles is not left in the user's folders."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}


def error_line(error: BaseException) -> str:
    """The first line of what Python writes last of an error."""
    return "".join(traceback.format_exception_only(type(error), error)).strip().split("\n")[0]


def is_same(line: str, said: str) -> bool:
    """Does the script end with this error? Addresses in memory are others each time."""
    return _ADDRESS.sub("0x", line) in [_ADDRESS.sub("0x", each) for each in said.splitlines()]
