"""What runs in the user's interpreter keeps to Python 3.9."""

import ast
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from architecture.sources import APP, Source, modules, modules_in

IN_THE_USERS_PYTHON = ("wire", "checkpoints", "analysis", "worker")
WITHOUT_TORCH = ("wire", "checkpoints", "analysis")


def sources_of(rooms: tuple[str, ...]) -> list[Source]:
    return [modules()["torchloupe"], *(source for room in rooms for source in modules_in(room))]


@lru_cache(maxsize=1)
def python39() -> str | None:
    """An interpreter of Python 3.9 on this machine."""
    homes = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    candidates = [str(path) for home in homes for path in home.glob("3.9.*/bin/python3.9")]
    candidates += [found for found in (shutil.which("python3.9"),) if found]
    return next((candidate for candidate in candidates if says_39(candidate)), None)


def says_39(python: str) -> bool:
    done = subprocess.run([python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False)
    return done.stdout.strip() == "(3, 9)"


@pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source in sources_of(IN_THE_USERS_PYTHON)])
def test_that_it_parses_as_python_39(source: Source) -> None:
    ast.parse(source.text, str(source.path), feature_version=(3, 9))


@pytest.mark.parametrize("source", [pytest.param(source, id=source.name) for source in sources_of(IN_THE_USERS_PYTHON)])
def test_that_no_dataclass_has_slots_which_39_does_not_know(source: Source) -> None:
    words = [word.arg for node in ast.walk(source.tree) if isinstance(node, ast.Call) for word in node.keywords]
    assert not {"slots", "kw_only"} & set(words)


def test_that_python_39_imports_what_needs_no_torch() -> None:
    python = python39()
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    names = [source.name for source in sources_of(WITHOUT_TORCH)]
    script = f"import sys; sys.path.insert(0, {str(APP)!r}); import {', '.join(names)}"
    done = subprocess.run([python, "-B", "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_that_python_39_resolves_every_annotation_of_the_messages() -> None:
    python = python39()
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    script = (
        f"import sys, typing; sys.path.insert(0, {str(APP)!r})\n"
        "from torchloupe.wire.codec import MESSAGES\n"
        "for kind in MESSAGES.values(): typing.get_type_hints(kind)\n"
        "print(len(MESSAGES))"
    )
    done = subprocess.run([python, "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
