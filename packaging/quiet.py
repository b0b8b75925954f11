"""Run a program without its chatter, and show all of it when it fails."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class Failed(Exception):
    """A program that had to succeed did not; its whole output was shown."""


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    must_succeed: bool = True,
) -> str:
    """Standard output and error of ``command``. Raises ``Failed`` on a status other than 0, unless it need not succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode and must_succeed:
        sys.stderr.write(text)
        raise Failed(f"This failed with status {done.returncode}: {' '.join(words)}")
    return text
