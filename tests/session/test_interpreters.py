"""Which Python is meant."""

import sys
from pathlib import Path

import pytest

from torchloupe.session.interpreters import default_interpreter, resolve_interpreter
from torchloupe.session.launchers import LocalPython, worker_file
from torchloupe.wire.errors import UsageError


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_that_the_default_is_the_python_that_runs_the_app():
    assert default_interpreter() == sys.executable


def test_that_a_frozen_app_takes_python3_from_the_path(monkeypatch, tmp_path):
    python = program(tmp_path / "python3")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert default_interpreter() == str(python)


def test_that_a_frozen_app_without_any_python_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="no python3 on the PATH") as caught:
        default_interpreter()
    assert "--python" in caught.value.hint


def test_that_a_window_without_a_console_takes_the_python_beside_it(monkeypatch, tmp_path):
    console = program(tmp_path / "python.exe")
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "pythonw.exe")))
    assert default_interpreter() == str(console)


def test_that_a_path_is_made_absolute_and_links_are_kept(monkeypatch, tmp_path):
    program(tmp_path / "real")
    (tmp_path / "python").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    assert resolve_interpreter("./python") == str(tmp_path / "python")


@pytest.mark.parametrize("inside", ["bin/python", "bin/python3", "Scripts/python.exe"])
def test_that_the_folder_of_a_virtual_environment_means_its_python(tmp_path, inside):
    python = program(tmp_path / inside)
    assert resolve_interpreter(str(tmp_path)) == str(python)


def test_that_a_name_is_looked_up_on_the_path(monkeypatch, tmp_path):
    program(tmp_path / "python3.12")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert resolve_interpreter("python3.12") == str(tmp_path / "python3.12")


def test_that_the_home_folder_is_understood(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    python = program(tmp_path / "env/bin/python")
    assert resolve_interpreter("~/env") == str(python)


@pytest.mark.parametrize(
    ("make", "said"), [("nothing", "no interpreter"), ("empty folder", "holds no Python"), ("text", "not a program")]
)
def test_that_what_is_no_interpreter_is_refused_with_a_hint(tmp_path, make, said):
    path = tmp_path / "it"
    if make == "empty folder":
        path.mkdir()
    elif make == "text":
        path.write_text("notes")
    with pytest.raises(UsageError, match=said) as caught:
        resolve_interpreter(str(path))
    assert caught.value.hint


def test_that_a_local_python_is_started_by_path_with_nothing_installed():
    words = LocalPython("/env/bin/python").words("abc")
    assert words == ["/env/bin/python", "-u", str(worker_file()), "abc"]
    assert LocalPython("/env/bin/python").describe() == "/env/bin/python"


def test_that_the_workers_file_is_where_the_launcher_says():
    assert worker_file().is_file()
    assert worker_file().parts[-3:] == ("torchloupe", "worker", "__main__.py")
    assert isinstance(worker_file(), Path)
