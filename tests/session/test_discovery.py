"""Which Pythons are found, and what they say of themselves."""

import json
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from torchloupe.session.discovery import Interpreter, find_interpreters, probe, probe_devices, probe_interpreters, without_doubles
from torchloupe.session.launchers import launcher_of
from torchloupe.wire.requests import OpenedTarget, OpenTarget, SummaryTable

FINE = {"python": "3.12.1", "prefix": "/env", "torch": "2.6.0"}


def program(path, answer="", text=""):
    """A program that answers in place of a Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = f"echo 'torchloupe-probe {json.dumps(answer)}'" if answer else ""
    path.write_text(f"#!/bin/sh\n{text}\n{said}\n")
    path.chmod(0o755)
    return path


def environment(folder, **answer):
    """A virtual environment, as far as anybody looks."""
    python = program(folder / "bin/python", {**FINE, "prefix": str(folder), **answer})
    (folder / "pyvenv.cfg").touch(0o644)
    for place in (folder, folder / "bin"):
        place.chmod(0o755)  # whatever new folders are like here
    return str(python)


def found_with(near=None, current="", **variables):
    return [(one.path, one.origin) for one in find_interpreters(near, current, {"HOME": "/nowhere", **variables})]


def test_that_the_likeliest_come_first(tmp_path):
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    active, beside = environment(tmp_path / "active"), environment(project / ".venv")
    found = found_with(project / "models", beside, VIRTUAL_ENV=str(tmp_path / "active"))
    assert found[:3] == [(beside, "in use"), (active, "active environment"), (sys.executable, "runs Torchloupe")]


def test_that_environments_beside_the_file_and_above_are_found(tmp_path):
    inner, outer = environment(tmp_path / "project/models/env"), environment(tmp_path / "project/venv")
    found = found_with(tmp_path / "project/models")
    assert found[:2] == [(inner, "beside models"), (outer, "beside project")]


def test_that_conda_pyenv_and_shared_environments_are_found(tmp_path):
    places = {
        "listed/elsewhere": "conda",
        "miniconda3/envs/torch2": "conda",
        ".pyenv/versions/3.12.1": "pyenv",
        ".virtualenvs/old": "shared environment",
        ".cache/pypoetry/virtualenvs/net-py3.11": "shared environment",
    }
    for place in places:
        environment(tmp_path / place)
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text(f"{tmp_path}/listed/elsewhere\n/gone\n\n")
    found = dict(found_with(HOME=str(tmp_path)))
    assert {place: found[str(tmp_path / place / "bin/python")] for place in places} == places


def test_that_every_folder_of_the_path_is_looked_into_and_each_python_is_listed_once(tmp_path):
    first, second = program(tmp_path / "a/python3"), program(tmp_path / "b/python")
    (tmp_path / "b/python3").symlink_to(second)
    found = found_with(PATH=f"{tmp_path}/a:{tmp_path}/b:/nowhere")
    assert [path for path, origin in found if origin == "on the PATH"] == [str(first), str(tmp_path / "b/python3")]


def test_that_what_is_gone_is_not_listed(tmp_path):
    assert "gone" not in str(found_with(VIRTUAL_ENV=str(tmp_path / "gone"), CONDA_PREFIX=str(tmp_path)))


def test_that_two_doors_to_one_environment_become_one(tmp_path):
    doors = [Interpreter(str(program(tmp_path / name, FINE)), name) for name in ("python", "shim")]
    assert [one.origin for one in probe_interpreters(doors)] == ["python"]
    assert without_doubles([Interpreter("a", ""), Interpreter("b", "")]) == [Interpreter("a", ""), Interpreter("b", "")]


def test_that_each_is_heard_of_as_it_answers(tmp_path):
    heard = []
    (answer,) = probe_interpreters([Interpreter(environment(tmp_path / "env"), "here")], heard.append)
    assert heard == [answer]
    assert (answer.python, answer.torch, answer.trouble, answer.build) == ("3.12.1", "2.6.0", "", "cpu")


def test_that_what_an_activation_prints_is_passed_over(tmp_path):
    assert probe(Interpreter(str(program(tmp_path / "noisy", FINE, "echo Welcome to conda")), "")).torch == "2.6.0"


@pytest.mark.parametrize(
    ("answer", "text", "trouble"),
    [
        ({"python": "3.9.1", "prefix": "/p"}, "", "has no torch"),
        ({"python": "3.8.1", "prefix": "/p"}, "", "older than 3.9"),
        ("", "echo broken >&2; exit 1", "does not answer: broken"),
        ("", "echo torchloupe-probe nonsense", "does not answer: it said nothing"),
    ],
)
def test_that_one_that_cannot_be_used_says_why(tmp_path, answer, text, trouble):
    assert probe(Interpreter(str(program(tmp_path / "bad", answer, text)), "")).trouble == trouble


def test_that_one_that_hangs_or_does_not_start_says_so(tmp_path):
    hanging = program(tmp_path / "hanging", text="exec sleep 60")
    assert probe(Interpreter(str(hanging), ""), seconds=0.1).trouble == "did not answer in 0.1 seconds"
    assert "does not start" in probe(Interpreter(str(tmp_path / "gone"), "")).trouble


def test_that_a_command_of_several_words_is_not_asked(tmp_path):
    mark = tmp_path / "was here"
    assert probe(Interpreter(f"touch {mark}", "in use")) == Interpreter(f"touch {mark}", "in use")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("answer", "build"),
    [({"cuda": "12.4"}, "CUDA 12.4"), ({"rocm": "6.1"}, "ROCm 6.1"), ({"xpu": "2025.1"}, "XPU 2025.1"), ({}, "cpu")],
)
def test_that_the_kind_of_torch_is_said_without_importing_it(tmp_path, answer, build):
    assert probe(Interpreter(environment(tmp_path / "env", **answer), "")).build.startswith(build)


def test_that_a_real_python_is_asked_without_importing_torch():
    answer = probe(Interpreter(sys.executable, "here"))
    assert answer.prefix == sys.prefix
    assert answer.torch[0].isdigit()
    assert answer.devices == ()
    assert probe_devices(answer).devices[0] == "cpu"


SHADOW = "from pathlib import Path\nPath(__file__).with_name('was run').touch()\nraise ImportError('not the real one')\n"


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """The current folder holds files under the names of the standard library. The file that says that one was run."""
    (tmp_path / "trap").mkdir()
    for name in ("json", "re", "importlib", "os", "torch", "zipfile", "struct"):
        (tmp_path / f"trap/{name}.py").write_text(SHADOW)
    monkeypatch.chdir(tmp_path / "trap")
    return tmp_path / "trap/was run"


@pytest.mark.parametrize("safe_path", ["", "1"])
def test_that_nothing_of_the_current_folder_is_run_by_asking(trap, tmp_path, monkeypatch, safe_path):
    (tmp_path / "lib/torch").mkdir(parents=True)
    (tmp_path / "lib/torch/__init__.py").write_text("import types\nbackends = types.SimpleNamespace()\n")
    (tmp_path / "lib/torch/version.py").write_text("__version__ = '9.9'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("PYTHONSAFEPATH", safe_path)
    answer = probe_devices(probe(Interpreter(sys.executable, "here")))
    assert (answer.torch, answer.devices, answer.trouble) == ("9.9", ("cpu",), "")
    assert not trap.exists()


def test_that_a_python_is_asked_from_a_folder_that_nobody_works_in(tmp_path, monkeypatch):
    text = """echo "torchloupe-probe {\\"python\\": \\"3.12.1\\", \\"prefix\\": \\"$(pwd) $PYENV_DIR\\"}\""""
    python = Interpreter(str(program(tmp_path / "python", text=text)), "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYENV_DIR", raising=False)
    monkeypatch.setenv("PWD", "/project")
    assert probe(python).prefix == "/ /project"  # pyenv still looks where the person is
    monkeypatch.setenv("PYENV_DIR", "/chosen")
    assert probe(python).prefix == "/ /chosen"


@pytest.mark.parametrize("words", [sys.executable, f"env {sys.executable}"])
def test_that_a_worker_does_not_take_the_current_folder_for_the_standard_library(trap, opened, words):
    (trap.parent / "torch.py").unlink()
    watched = opened(launcher_of(words))
    watched.session.ask(SummaryTable(()))
    assert watched.session.hello is not None
    assert not trap.exists()


def test_that_a_torch_that_cannot_be_imported_says_so(tmp_path):
    broken = program(tmp_path / "python", text="echo ImportError: libcudart >&2; exit 1")
    assert "libcudart" in probe_devices(Interpreter(str(broken), "")).trouble


def test_that_a_second_environment_runs_a_model_with_what_is_installed_there(opened, tmp_path):
    place = tmp_path / "second"
    venv.create(place, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "torch.pth").write_text(sysconfig.get_paths()["purelib"])
    (packages / "only_here.py").write_text("WIDTH = 7")
    (tmp_path / "net.py").write_text(
        "import torch, only_here\nclass Net(torch.nn.Linear):\n    def __init__(self):\n        super().__init__(only_here.WIDTH, 1)\n"
    )
    (answer,) = probe_interpreters([one for one in find_interpreters(tmp_path, str(place)) if one.origin == "in use"])
    assert (answer.prefix, answer.trouble) == (str(place), "")
    for interpreter in (answer.path, f"env {answer.path}"):
        watched = opened(launcher_of(interpreter))
        reply = watched.session.ask(OpenTarget(str(tmp_path / "net.py")))
        assert isinstance(reply, OpenedTarget), reply
        assert Path(watched.session.hello.executable).is_relative_to(place)
        assert tuple(reply.tree.parameters[0].shape) == (1, 7)
