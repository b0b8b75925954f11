"""Everything is typed."""

import subprocess
import sys

import pytest

from architecture.sources import ROOT


@pytest.mark.timeout(600)
def test_that_mypy_strict_has_nothing_to_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_that_mypy_strict_has_nothing_to_say_about_the_developers_commands() -> None:
    files = [str(path) for path in sorted((ROOT / "packaging").glob("*.py"))]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", *files]
    done = subprocess.run(command, cwd=ROOT / "packaging", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
