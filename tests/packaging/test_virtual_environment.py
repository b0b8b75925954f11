"""The virtual environment: made once, brought up to date, started over when it was interrupted."""

import shutil
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import quiet
from virtual_environment import (
    ABSENT,
    READY,
    SETTING_UP,
    STALE,
    VirtualEnvironment,
    package_name,
    requirements,
    venv_packages,
)

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = """
[project]
name = "torchloupe"
dependencies = ["torch>=2.1", "PySide6-Essentials>=6.8"]
[project.optional-dependencies]
dev = ["Torch==2.13.0", "pytest"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def environment(root: Path, programs) -> VirtualEnvironment:
    """An environment whose ``python -m venv`` links this interpreter and whose pip does nothing."""

    def make(words: list[str]) -> str:
        python = VirtualEnvironment(root).python
        python.parent.mkdir(parents=True, exist_ok=True)
        python.symlink_to(sys.executable)
        return ""

    programs.teach("venv", make)
    return VirtualEnvironment(root, run=programs)


def test_that_a_missing_environment_is_made_and_filled(environment: VirtualEnvironment, programs) -> None:
    assert environment.state == ABSENT
    assert environment.prepare() == environment.python
    assert environment.state == READY
    assert [words[2] for words in programs.calls] == ["venv", "pip", "pip"]
    assert not (environment.folder / SETTING_UP).exists()


def test_that_a_ready_environment_is_left_alone(environment: VirtualEnvironment, programs) -> None:
    environment.prepare()
    programs.calls.clear()
    environment.prepare()
    assert programs.calls == []


def test_that_torch_is_asked_for_with_its_pin_and_never_without(environment: VirtualEnvironment, programs) -> None:
    environment.prepare()
    asked = [word for words in programs.with_word("pip") for word in words if word.lower().startswith("torch")]
    assert asked == ["Torch==2.13.0"]


def test_that_the_app_itself_is_linked_without_asking_for_its_dependencies_again(
    environment: VirtualEnvironment, programs
) -> None:
    environment.prepare()
    (linked,) = programs.with_word("--editable")
    assert linked[-1] == str(environment.root)
    assert {"--no-deps", "--no-build-isolation"} <= set(linked)


def test_that_other_requirements_bring_it_up_to_date_in_place(environment: VirtualEnvironment, programs, root: Path) -> None:
    environment.prepare()
    programs.calls.clear()
    (root / "pyproject.toml").write_text(PYPROJECT.replace('"pytest"', '"pytest", "ruff"'), encoding="utf-8")
    assert environment.state == STALE
    environment.prepare()
    assert environment.state == READY
    assert programs.with_word("venv") == []
    assert programs.with_word("ruff")


def test_that_an_environment_made_by_hand_is_kept_and_brought_up_to_date(environment: VirtualEnvironment, programs) -> None:
    programs(["python", "-m", "venv", str(environment.folder)])
    assert environment.state == STALE
    environment.prepare()
    assert len(programs.with_word("venv")) == 1


def test_that_an_interrupted_set_up_starts_over(environment: VirtualEnvironment, programs) -> None:
    def interrupt(words: list[str]) -> str:
        raise KeyboardInterrupt

    programs.teach("pip", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare()
    half_made = environment.folder / "half-made"
    half_made.touch()
    assert environment.state == ABSENT
    programs.taught.pop()
    environment.prepare()
    assert environment.state == READY
    assert not half_made.exists()


def test_that_an_interrupted_update_starts_over_too(environment: VirtualEnvironment, programs, root: Path) -> None:
    environment.prepare()
    (root / "pyproject.toml").write_text(PYPROJECT.replace('"pytest"', '"ruff"'), encoding="utf-8")

    def interrupt(words: list[str]) -> str:
        raise KeyboardInterrupt

    programs.teach("pip", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare()
    assert environment.state == ABSENT


def test_that_an_update_that_fails_leaves_the_old_environment_usable(
    environment: VirtualEnvironment, programs, root: Path
) -> None:
    environment.prepare()
    (root / "pyproject.toml").write_text(PYPROJECT.replace('"pytest"', '"no-such-thing"'), encoding="utf-8")

    def fail(words: list[str]) -> str:
        raise quiet.Failed("no such thing")

    programs.teach("pip", fail)
    with pytest.raises(quiet.Failed):
        environment.prepare()
    assert environment.state == STALE


def test_that_an_environment_whose_interpreter_is_gone_starts_over(environment: VirtualEnvironment, programs) -> None:
    environment.prepare()
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    assert environment.state == ABSENT
    environment.prepare()
    assert len(programs.with_word("venv")) == 2


def test_that_an_environment_that_was_moved_is_stale(environment: VirtualEnvironment, root: Path, tmp_path_factory) -> None:
    environment.prepare()
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(root, elsewhere, symlinks=True)
    assert VirtualEnvironment(elsewhere).state == STALE


def test_that_the_real_requirements_are_complete_and_each_package_of_the_extra_stands_once() -> None:
    wanted = [Requirement(line) for line in requirements(ROOT / "pyproject.toml")]
    names = [package_name(requirement.name) for requirement in wanted]
    assert {"pyside6-essentials", "pyqtgraph", "torch", "torchinfo", "pytest", "hatchling"} <= set(names)
    assert [str(requirement.specifier) for requirement in wanted if requirement.name == "torch"] == ["==2.13.0"]


def test_that_qt_is_pinned_below_the_release_that_aborts_older_pythons() -> None:
    for_311 = {"python_version": "3.11"}
    wanted = [Requirement(line) for line in requirements(ROOT / "pyproject.toml")]
    qt = [each for each in wanted if each.name == "PySide6-Essentials" and each.marker and each.marker.evaluate(for_311)]
    assert len(qt) == 1
    assert "6.12.0" not in qt[0].specifier
    assert "6.11.3" in qt[0].specifier


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("torch==2.13.0", "torch"),
        ("PySide6-Essentials>=6.8.3,<6.12; python_version < '3.12'", "pyside6-essentials"),
        ("typing_extensions", "typing-extensions"),
        ("a.b_c[extra] >= 1", "a-b-c"),
    ],
)
def test_that_a_requirement_is_known_by_its_normal_name(line: str, name: str) -> None:
    assert package_name(line) == name


def test_that_a_python_without_pip_for_new_environments_names_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert venv_packages() == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert venv_packages() == [f"python3.{sys.version_info[1]}-venv"]
