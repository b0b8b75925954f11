"""What ``dev.py build`` makes, and with what."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomllib

import artefacts
import quiet
import tasks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def programs_of_a_build(programs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Nothing is run; what is built goes to folders of the test."""
    monkeypatch.setattr(artefacts.quiet, "run", programs)
    monkeypatch.setattr(artefacts, "BUILD", tmp_path / "build")
    monkeypatch.setattr(artefacts, "DIST", tmp_path / "dist")
    monkeypatch.setattr(artefacts, "FOLDER", tmp_path / "dist/torchloupe")
    (tmp_path / "build/tools").mkdir(parents=True)
    (tmp_path / "dist").mkdir()
    return programs


def test_that_every_requirement_of_a_build_is_pinned_and_none_is_torch() -> None:
    lines = [line for line in artefacts.REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w-]+==\d[\d.]*", line)] == []
    names = {line.partition("==")[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]} - {"torch"}  # type: ignore[index]
    assert names == {"build", "pyinstaller", *needed}


def test_that_the_tools_are_installed_once_and_again_when_another_version_is_wanted(
    programs_of_a_build: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("build==1.0\n", encoding="utf-8")
    monkeypatch.setattr(artefacts, "REQUIREMENTS", wanted)
    programs_of_a_build.teach("venv", lambda words: Path(words[-1]).mkdir(parents=True))
    for _ in range(2):
        assert artefacts.tools().is_relative_to(tmp_path / "build/tools")
    assert len(programs_of_a_build.with_word("pip")) == 1
    wanted.write_text("build==2.0\n", encoding="utf-8")
    artefacts.tools()
    assert len(programs_of_a_build.with_word("pip")) == 2


def test_that_a_set_up_that_failed_is_made_again(programs_of_a_build: Any) -> None:
    def fail(_words: list[str]) -> str:
        raise quiet.Failed("no such thing")

    programs_of_a_build.teach("venv", lambda words: Path(words[-1]).mkdir(parents=True))
    programs_of_a_build.teach("pip", fail)
    for _ in range(2):
        with pytest.raises(quiet.Failed):
            artefacts.tools()
    assert len(programs_of_a_build.with_word("venv")) == 2


def test_that_the_wheel_is_made_from_the_source_archive(programs_of_a_build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "tools", lambda: Path("python"))
    (artefacts.DIST / "torchloupe-0.0.1.tar.gz").touch()

    def make(_words: list[str]) -> str:
        for name in ("torchloupe-9.9.tar.gz", "torchloupe-9.9-py3-none-any.whl"):
            (artefacts.DIST / name).touch()
        return ""

    programs_of_a_build.teach("build", make)
    assert {file.name for file in artefacts.wheel()} == {"torchloupe-9.9.tar.gz", "torchloupe-9.9-py3-none-any.whl"}
    (words,) = programs_of_a_build.calls
    assert words[:3] == ["python", "-m", "build"]
    assert "--wheel" not in words  # alone it would be made from the tree


def test_that_a_folder_that_has_grown_too_large_is_a_failure(programs_of_a_build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefacts, "tools", lambda: Path("python"))
    artefacts.FOLDER.mkdir()
    (artefacts.FOLDER / "app").write_bytes(b"x")
    assert artefacts.folder() == [artefacts.FOLDER]
    monkeypatch.setattr(artefacts, "megabytes", lambda _place: artefacts.LARGEST_MEGABYTES + 1)
    with pytest.raises(quiet.Failed, match="more than 190"):
        artefacts.folder()
    words = next(words for words in programs_of_a_build.calls if "PyInstaller" in words)
    assert words[-1].endswith("torchloupe.spec")


def test_that_the_debian_package_is_made_of_a_new_folder(programs_of_a_build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(artefacts, "folder", lambda: done.append("folder"))
    monkeypatch.setattr(artefacts.debian_package, "build", lambda *places: done.append("deb") or places[-1] / "made.deb")
    assert artefacts.deb() == [artefacts.DIST / "made.deb"]
    assert done == ["folder", "deb"]


def test_that_a_link_is_not_counted_twice(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (3 << 20))
    (tmp_path / "link").symlink_to("large")
    assert artefacts.megabytes(tmp_path) == 3
    assert artefacts.megabytes(tmp_path / "large") == 3


# the command


def test_that_build_makes_the_wheel_unless_something_else_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"x" * (2 << 20))
    for name in artefacts.ARTEFACTS:
        monkeypatch.setitem(artefacts.ARTEFACTS, name, lambda name=name: asked.append(name) or [made])
    for words, expected in (([], ["wheel"]), (["folder"], ["folder"]), (["wheel", "deb"], ["wheel", "deb"])):
        asked: list[str] = []
        assert tasks.main(["build", *words]) == 0
        assert asked == expected
    assert capsys.readouterr().out.splitlines()[0] == f"{made} (2 MB)"


def test_that_what_cannot_be_built_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        tasks.main(["build", "flatpak"])
    assert leaving.value.code == 2
    assert "flatpak" in capsys.readouterr().err


def test_that_smoke_is_run_by_the_python_whose_torch_the_workers_use(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(tasks, "call", lambda words: calls.append(words) or 0)
    monkeypatch.setattr(tasks, "prepare", lambda _needs: Path("python"))
    assert tasks.main(["smoke", "deb"]) == 0
    assert calls == [[Path("python"), ROOT / "packaging/smoke_test.py", "deb"]]


def test_that_the_frozen_app_begins_with_the_environment_of_the_shell(tmp_path: Path) -> None:
    hook = ROOT / "packaging/frozen_environment.py"
    script = f"import os; del os.environ['VIRTUAL_ENV']; exec(open({str(hook)!r}).read()); print(os.environ['VIRTUAL_ENV'])"
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells what it was")
    done = subprocess.run(
        [sys.executable, "-c", script], env={"VIRTUAL_ENV": "/home/ada/.venv é"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "/home/ada/.venv é\n"
