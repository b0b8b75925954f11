"""Everything is typed."""

import os
import subprocess
import sys

import pytest

from architecture.sources import ROOT


@pytest.mark.timeout(600)
def test_that_mypy_strict_has_nothing_to_say_about_the_app_and_the_developers_commands() -> None:
    folder = ROOT / "packaging"
    files = [ROOT / "app/torchloupe", *sorted(folder.glob("*.py")), folder / "bench/compare.py", folder / "bench/figures.py"]
    places = os.pathsep.join(map(str, (ROOT / "app", folder, folder / "bench")))
    command = [sys.executable, "-m", "mypy", "--explicit-package-bases", "--no-error-summary", *map(str, files)]
    environment = {**os.environ, "MYPYPATH": places}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
