"""Everything is typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from architecture.sources import ROOT


@pytest.mark.timeout(600)
def test_that_mypy_strict_has_nothing_to_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_that_mypy_strict_has_nothing_to_say_about_the_developers_commands(tmp_path: Path) -> None:
    folder = ROOT / "packaging"
    files = [*sorted(folder.glob("*.py")), folder / "bench/compare.py", folder / "bench/figures.py"]
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", *map(str, files)]
    places = os.pathsep.join([str(folder), str(folder / "bench")])
    environment = {**os.environ, "MYPYPATH": places, "MYPY_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
