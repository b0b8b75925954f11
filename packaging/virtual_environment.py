"""The developers' virtual environment: made when missing, brought up to date when ``pyproject.toml`` asks for something else.

Two files in it say how far it is: ``SETTING_UP`` stands while something is being installed, so that an interrupted set-up
starts over; ``STAMP`` holds the fingerprint of what was installed. The app itself is installed as a link to ``app/``.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomllib

import quiet

STAMP = "torchloupe-requirements"
SETTING_UP = "torchloupe-setting-up"
READY, STALE, ABSENT = "ready", "stale", "absent"


def requirements(pyproject: Path) -> list[str]:
    """What the app and its developers need. A package that the ``dev`` extra names is asked for in that spelling alone."""
    project = project_table(pyproject)
    extra: list[str] = project["optional-dependencies"]["dev"]
    named = {package_name(line) for line in extra}
    return [line for line in project["dependencies"] if package_name(line) not in named] + extra


def project_table(pyproject: Path) -> dict[str, Any]:
    """The ``[project]`` table."""
    table: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return table


def package_name(requirement: str) -> str:
    """``torch`` of ``torch==2.13.0; python_version >= "3.12"``, in the normal form of names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group() if found else "").lower()


def venv_packages() -> list[str]:
    """The Debian package that ``python -m venv`` lacks here; empty when it lacks none."""
    has_pip = importlib.util.find_spec("ensurepip") is not None
    return [] if has_pip else [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]


class VirtualEnvironment:
    """The folder ``.venv`` below ``root``, for the ``pyproject.toml`` that lies there."""

    def __init__(self, root: Path, run: Callable[..., str] = quiet.run) -> None:
        self.root = root
        self.folder = root / ".venv"
        self._run = run

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def state(self) -> str:
        """``ready``, ``stale`` (works, holds something else than wanted) or ``absent`` (missing, half made, or broken)."""
        if (self.folder / SETTING_UP).exists() or not self._python_runs():
            return ABSENT
        stamp = self.folder / STAMP
        return READY if stamp.exists() and stamp.read_text(encoding="utf-8") == self.fingerprint() else STALE

    def fingerprint(self) -> str:
        """Changes with the requirements, the scripts, and the folder, whose path is written into the environment."""
        wanted = json.dumps([project_table(self.root / "pyproject.toml"), str(self.root)], sort_keys=True)
        return hashlib.sha256(wanted.encode()).hexdigest()

    def prepare(self) -> Path:
        """Its interpreter, after whatever was needed to make it ready. Raises ``quiet.Failed``."""
        state = self.state
        if state == ABSENT:
            self._create()
        if state != READY:
            self._install(state)
        return self.python

    def _python_runs(self) -> bool:
        try:
            check = "import sys; sys.exit(sys.version_info < (3, 11))"
            return subprocess.run([self.python, "-c", check], capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def _create(self) -> None:
        print(f"Making {self.folder} (once; torch and Qt take a few minutes to come down)", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / SETTING_UP).touch()
        self._run([sys.executable, "-m", "venv", self.folder])

    def _install(self, state: str) -> None:
        if state == STALE:
            print(f"Bringing {self.folder} up to date", flush=True)
        began = self.folder / SETTING_UP
        began.touch()
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            self._run([*pip, *requirements(self.root / "pyproject.toml")], cwd=self.root)
        except quiet.Failed:
            if state == STALE:  # pip fetches everything before it changes anything, so the old environment is whole
                began.unlink()
            raise
        self._run([*pip, "--no-deps", "--no-build-isolation", "--editable", self.root], cwd=self.root)
        (self.folder / STAMP).write_text(self.fingerprint(), encoding="utf-8")
        began.unlink()
