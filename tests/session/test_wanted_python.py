"""Which interpreters have what a model lacks."""

import sys
from dataclasses import replace

import pytest

from session.test_discovery import environment, program
from torchloupe.session import wanted_python
from torchloupe.session.discovery import Interpreter, probe, probe_interpreters
from torchloupe.session.wanted_python import best_first, has, interpreters_with, modules_of

GOOD = Interpreter("/good", "conda", python="3.11.4", torch="2.6.0", modules=("einops",))
WITHOUT = Interpreter("/without", "conda", python="3.12.1", torch="2.6.0")
NO_TORCH = replace(GOOD, path="/bare", torch="", trouble="has no torch")
OLD = replace(GOOD, path="/old", python="3.8.1", torch="", trouble="older than 3.9")
SILENT = Interpreter("/silent", "conda", trouble="did not answer in 8 seconds")


@pytest.fixture(autouse=True)
def nothing_kept():
    """No test hears the answer of another one."""
    wanted_python._kept.clear()


@pytest.fixture
def machine(monkeypatch):
    """A machine with these interpreters; ``asked`` are the modules that they were asked for."""
    asked = []

    def probed(found, seconds, modules):
        asked.append(modules)
        return found

    monkeypatch.setattr(wanted_python, "find_interpreters", lambda near, current: [NO_TORCH, WITHOUT, SILENT, OLD, GOOD])
    monkeypatch.setattr(wanted_python, "probe_interpreters", probed)
    return asked


def test_that_a_module_is_looked_for_and_not_imported(tmp_path):
    answer = probe(Interpreter(environment(tmp_path / "env", modules=["einops"]), ""), modules=("einops", "timm"))
    assert answer.modules == ("einops",)


def test_that_a_real_python_says_which_modules_it_has():
    (answer,) = probe_interpreters([Interpreter(sys.executable, "")], modules=("torch", "no_such_module", "json"))
    assert answer.modules == ("torch", "json")


def test_that_all_of_them_together_have_the_seconds(tmp_path):
    hanging = [Interpreter(str(program(tmp_path / f"{number}/python", text="exec sleep 60")), "") for number in range(12)]
    answers = probe_interpreters(hanging, seconds=0.2)
    assert all("did not answer" in one.trouble for one in answers)


def test_that_those_that_have_it_are_found_with_torch_first(machine):
    assert interpreters_with("einops.layers") == [GOOD, NO_TORCH]
    assert machine == [("einops",)]


def test_that_a_version_is_wanted_too_and_no_module_is_asked_for(machine):
    assert interpreters_with(">=3.12") == [WITHOUT]
    assert interpreters_with("<3.12") == [GOOD, NO_TORCH]
    assert machine == [(), ()]


def test_that_the_environment_beside_the_model_is_found_by_what_it_has(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("PATH", str(tmp_path))
    beside = environment(tmp_path / "project/.venv", modules=["only_here"])
    environment(tmp_path / "project/venv", modules=["something_else"])
    (found,) = interpreters_with("only_here.deep", tmp_path / "project")
    assert (found.path, found.origin, found.torch) == (beside, "beside project", "2.6.0")


NEITHER = ["foo-bar", "einops.foo-bar", "~=3.12", "==3.10", "<=3.12", ">3.11", ">=", "<", ">=abc", "3.12", ">=3.12,<4", "", "."]


@pytest.mark.parametrize("wanted", NEITHER)
def test_that_nobody_has_what_is_neither_a_module_nor_a_version_and_nobody_is_asked(machine, wanted):
    assert not any(has(one, wanted) for one in (GOOD, WITHOUT, NO_TORCH))
    assert interpreters_with(wanted) == []
    assert machine == []


def test_that_the_current_folder_is_neither_run_nor_counted_by_the_search(tmp_path, monkeypatch):
    for name in ("json", "re", "only_in_this_folder"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'was run')!r}, 'w').close()\nraise ImportError\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wanted_python, "find_interpreters", lambda near, current: [Interpreter(sys.executable, "")])
    assert [one.path for one in interpreters_with("argparse", tmp_path)] == [sys.executable]
    assert interpreters_with("only_in_this_folder", tmp_path) == []
    assert not (tmp_path / "was run").exists()


def test_that_an_answer_is_kept_for_a_while(machine, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(wanted_python.time, "monotonic", lambda: now[0])
    first = interpreters_with("einops")
    first.clear()
    assert interpreters_with("einops") == [GOOD, NO_TORCH]
    assert len(machine) == 1
    now[0] += wanted_python.KEPT_SECONDS
    interpreters_with("einops")
    assert len(machine) == 2


@pytest.mark.parametrize(
    ("wanted", "names"),
    [("einops", ("einops",)), ("PIL.Image", ("PIL",)), (">=3.12", ()), ("<3.11", ()), ("foo-bar", ()), ("", ())],
)
def test_that_the_first_name_of_a_module_is_asked_for(wanted, names):
    assert modules_of(wanted) == names


@pytest.mark.parametrize(
    ("one", "wanted", "answer"),
    [
        (GOOD, "einops", True),
        (WITHOUT, "einops", False),
        (OLD, "einops", False),
        (SILENT, "einops", False),
        (SILENT, "<3.12", False),
        (GOOD, ">=3.11", True),
        (GOOD, ">=3.12", False),
        (GOOD, "<3.12", True),
        (WITHOUT, "<3.12", False),
        (OLD, "<3.12", False),
    ],
)
def test_that_only_what_has_it_and_can_be_used_counts(one, wanted, answer):
    assert has(one, wanted) is answer


def test_that_what_has_it_comes_first_and_what_can_be_used_before_the_rest():
    assert best_first([SILENT, WITHOUT, NO_TORCH, GOOD], "einops") == [GOOD, NO_TORCH, WITHOUT, SILENT]
    assert best_first([NO_TORCH, WITHOUT, GOOD]) == [WITHOUT, GOOD, NO_TORCH]
