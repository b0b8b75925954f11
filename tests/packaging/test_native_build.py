"""The C part is compiled where there is a compiler, and nothing that goes wrong with it stops an installation."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import native_build

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / native_build.FOLDER
LIBRARY = native_build.LIBRARY

with_compiler = pytest.mark.skipif(not native_build.compiler(), reason="there is no C compiler")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with the sources of the C part and nothing else."""
    folder = tmp_path / native_build.FOLDER
    folder.mkdir(parents=True)
    for source in SOURCES.glob("*.[ch]"):
        (folder / source.name).write_bytes(source.read_bytes())
    return tmp_path


def library_of(tree: Path) -> Path:
    return tree / native_build.FOLDER / LIBRARY


def hook_of(tree: Path) -> native_build.NativeBuildHook:
    pytest.importorskip("hatchling")
    return native_build.NativeBuildHook(str(tree), {}, None, None, str(tree / "dist"), "wheel")


@with_compiler
def test_that_the_source_has_nothing_to_warn_about(tmp_path: Path) -> None:
    words = [*native_build.compiler(), *native_build.FLAGS.replace("-O3", "-O1").split(), "-Wall", "-Wextra", "-Werror"]
    done = subprocess.run(
        [*words, "-o", tmp_path / "made", SOURCES / native_build.SOURCE], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_that_without_a_compiler_nothing_is_made_and_nothing_is_said(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tree))
    monkeypatch.setenv("CC", "nonsense")
    native_build.bring_up_to_date(tree)
    assert not library_of(tree).exists()
    assert capsys.readouterr() == ("", "")


def test_that_nothing_is_compiled_where_a_pure_wheel_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(native_build.PURE, "1")
    assert native_build.compiler() == []


def test_that_the_compiler_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"{sys.executable} -fast")
    assert native_build.compiler() == [sys.executable, "-fast"]


def test_that_a_compiler_that_fails_leaves_the_old_library_and_says_why(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library_of(tree).write_bytes(b"old")
    monkeypatch.setenv("CC", f"{sys.executable} -c 'raise SystemExit(\"out of registers\")'")
    assert not native_build.compile_library(library_of(tree).parent, library_of(tree))
    assert library_of(tree).read_bytes() == b"old"
    assert "statistics will take longer: out of registers" in capsys.readouterr().err


def test_that_a_folder_that_cannot_be_written_to_is_no_reason_to_fail(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CC", sys.executable)
    assert not native_build.compile_library(tree, tree / "nowhere" / LIBRARY)
    assert "The C part is left out" in capsys.readouterr().err


def test_that_only_what_has_changed_is_compiled(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    monkeypatch.setattr(native_build, "compile_library", lambda _folder, target: made.append(target))
    native_build.bring_up_to_date(tree)
    library_of(tree).write_bytes(b"")
    os.utime(library_of(tree), (4e9, 4e9))
    native_build.bring_up_to_date(tree)
    assert made == [library_of(tree)]
    os.utime(library_of(tree), (1, 1))
    native_build.bring_up_to_date(tree)
    assert made == [library_of(tree)] * 2


@with_compiler
def test_that_an_editable_install_has_the_library_beside_its_source(tree: Path) -> None:
    before = set(library_of(tree).parent.iterdir())
    hook, data = hook_of(tree), {"force_include": {}}
    hook.initialize("editable", data)
    hook.finalize("editable", data, "")
    assert data == {"force_include": {}}
    assert set(library_of(tree).parent.iterdir()) - before == {library_of(tree)}
    look = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).torchloupe_version())"
    done = subprocess.run([sys.executable, "-c", look, library_of(tree)], capture_output=True, text=True, check=True)
    said = re.search(r"#define VERSION (\d+)", (tree / native_build.FOLDER / native_build.SOURCE).read_text())
    assert said is not None
    assert done.stdout == said[1] + "\n"


def test_that_a_wheel_made_without_a_compiler_fits_every_machine(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(native_build.PURE, "1")
    hook, data = hook_of(tree), {"force_include": {}}
    hook.initialize("standard", data)
    hook.finalize("standard", data, "")
    assert data == {"force_include": {}}


@with_compiler
def test_that_a_wheel_holds_the_library_and_says_for_which_machine_but_for_every_python(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert f"torchloupe/worker/statistics/{LIBRARY}" in archive.namelist()
    assert "-py3-none-" in wheel.name
    assert not wheel.name.endswith("-any.whl")


def test_that_the_library_is_never_committed() -> None:
    done = subprocess.run(["git", "check-ignore", str(SOURCES / LIBRARY)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 128)  # 128: the tree is no repository here
