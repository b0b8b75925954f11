"""Which Python is taken unasked, and how a frozen app starts a worker in it."""

import json
import sys

import pytest

from torchloupe.session import usual_interpreter as usual
from torchloupe.session.discovery import Interpreter
from torchloupe.session.environment import without_our_libraries
from torchloupe.session.interpreters import is_frozen
from torchloupe.session.launchers import LocalPython, PipedPython, launcher_of
from torchloupe.session.own_packages import torchinfo_folder
from torchloupe.session.session import Session
from torchloupe.session.usual_interpreter import usual_interpreter
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenedTarget, OpenTarget


@pytest.fixture
def frozen(monkeypatch):
    """As in an app that is a program of its own."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)


def environment(folder, torch):
    """A virtual environment, as far as anybody looks, with this torch."""
    python = folder / "bin/python"
    python.parent.mkdir(parents=True)
    answer = {"python": "3.12.1", "prefix": str(folder), **({"torch": torch} if torch else {})}
    python.write_text(f"#!/bin/sh\necho 'torchloupe-probe {json.dumps(answer)}'\n")
    python.chmod(0o755)
    (folder / "pyvenv.cfg").touch(0o644)
    for place in (folder, folder / "bin"):
        place.chmod(0o755)
    return str(python)


@pytest.fixture
def machine(tmp_path, monkeypatch, frozen):
    """A machine with nothing on it: neither environments of this user nor a Python on the PATH."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_ROOT", "MAMBA_ROOT_PREFIX", "PYENV_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("torchloupe.session.discovery._conda_environments", lambda *_: [])
    return tmp_path


def test_that_an_app_that_a_python_runs_takes_that_one():
    assert not is_frozen()
    assert usual_interpreter() == sys.executable


def test_that_a_frozen_app_takes_the_active_environment(machine, monkeypatch):
    active = environment(machine / "active", "2.6.0")
    environment(machine / "project/.venv", "2.7.0")
    monkeypatch.setenv("VIRTUAL_ENV", str(machine / "active"))
    assert usual_interpreter(machine / "project") == active


def test_that_a_frozen_app_passes_over_what_has_no_torch(machine, monkeypatch):
    environment(machine / "active", "")
    beside = environment(machine / "project/.venv", "2.7.0")
    monkeypatch.setenv("VIRTUAL_ENV", str(machine / "active"))
    assert usual_interpreter(machine / "project") == beside
    assert usual_interpreter(machine / "project/models") == beside


def test_that_without_any_torch_the_python_on_the_path_is_taken_to_say_so(machine):
    environment(machine / "project/.venv", "")
    python = machine / "bin/python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    assert usual_interpreter(machine / "project") == str(python)


def test_that_where_there_is_no_python_its_name_is_taken_so_that_the_start_says_so(machine):
    assert usual_interpreter() == usual.NAME
    with pytest.raises(UsageError, match="no interpreter python3"):
        launcher_of(usual_interpreter())


def test_that_asking_ends_in_time(machine, monkeypatch):
    asked = []

    def probe(found, seconds):
        asked.append(seconds)
        return [Interpreter(one.path, one.origin, trouble="did not answer") for one in found]

    monkeypatch.setattr("torchloupe.session.discovery.probe_interpreters", probe)
    assert usual_interpreter() == usual.NAME
    assert asked == [usual.PROBE_SECONDS]


# its worker


def test_that_the_sources_travel_from_a_frozen_app_to_an_interpreter_here(frozen):
    launcher = launcher_of(sys.executable)
    assert isinstance(launcher, PipedPython)
    assert launcher.command == (sys.executable,)
    assert launcher.far_side == ""
    assert launcher.describe() == sys.executable
    assert launcher.luggage


def test_that_they_lie_where_they_are_otherwise():
    assert isinstance(launcher_of(sys.executable), LocalPython)


def test_that_an_interpreter_whose_path_has_a_blank_is_one_word(frozen, tmp_path):
    python = tmp_path / "my pythons/python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    assert launcher_of(str(python)).command == (str(python),)  # type: ignore[attr-defined]


def test_that_no_folder_of_a_frozen_app_is_shown_to_a_worker(frozen):
    assert torchinfo_folder() is None


def test_that_a_worker_of_a_frozen_app_opens_a_model_and_sees_nothing_of_the_app(frozen, monkeypatch, tmp_path):
    model = tmp_path / "seen.py"
    model.write_text(
        "import json, os, sys, torch\n"
        "seen = [place for place in sys.path if 'torchloupe' in place] + [os.environ.get('LD_LIBRARY_PATH', '')]\n"
        "class Seen(torch.nn.Module):\n"
        "    def __init__(self, told: str = json.dumps(seen)):\n"
        "        super().__init__()\n"
        "        self.register_parameter(told.replace('.', '-'), torch.nn.Parameter(torch.zeros(1)))\n"
    )
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "_internal"))
    session = Session(launcher_of(sys.executable), spare=False)
    try:
        opened = session.ask(OpenTarget(str(model)))
    finally:
        session.close()
    assert isinstance(opened, OpenedTarget)
    assert [each.key for each in opened.tree.parameters] == ['[""]']


def test_that_what_a_frozen_app_sets_for_itself_is_taken_away_and_what_a_person_set_stays():
    given = {"LD_LIBRARY_PATH": "/app", "_PYI_APPLICATION_HOME_DIR": "/app", "QT_PLUGIN_PATH": "/app", "QT_SCALE_FACTOR": "2"}
    assert without_our_libraries(given, frozen=True) == {"QT_SCALE_FACTOR": "2"}
    assert without_our_libraries({"LD_LIBRARY_PATH": "/cuda"}, frozen=False) == {"LD_LIBRARY_PATH": "/cuda"}
    assert without_our_libraries({"LD_LIBRARY_PATH": "/app", "LD_LIBRARY_PATH_ORIG": "/cuda"}, True) == {
        "LD_LIBRARY_PATH": "/cuda"
    }
    assert given["LD_LIBRARY_PATH"] == "/app"
