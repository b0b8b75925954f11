"""The commands of ``dev.py``: what they run, and what they say when they cannot."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import system_libraries
import tasks

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "packaging/dev.py"
MODEL, CHECKPOINT = (str(path) for path in tasks.EXAMPLE)


class Terminal:
    """Stands in for programs that talk to the terminal; ``statuses`` by a word of their command."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.environments: list[Any] = []
        self.statuses: dict[str, int] = {}
        self.needs: Sequence[system_libraries.Need] = ()
        self.pictures = ["calls.png", "window.png"]

    def call(self, command: Sequence[str | Path], environment: Any = None) -> int:
        words = [str(word) for word in command]
        self.calls.append(words)
        self.environments.append(environment)
        return next((status for word, status in self.statuses.items() if word in words), 0)

    def draw(self, command: Sequence[str | Path], environment: Any, _: Path) -> str:
        """Runs quietly, and leaves a picture where one is asked for."""
        self.call(command, environment)
        for name in self.pictures:
            Path(self.calls[-1][4], name).touch()
        return ""

    def prepare(self, needs: Sequence[system_libraries.Need]) -> Path:
        self.needs = needs
        return Path("python")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Terminal:
    """The commands run nothing; there is no display, and pictures go to a folder of the test."""
    made = Terminal()
    monkeypatch.setattr(tasks, "call", made.call)
    monkeypatch.setattr(tasks, "prepare", made.prepare)
    monkeypatch.setattr(tasks.quiet, "run", made.draw)
    monkeypatch.setattr(tasks, "PICTURES", tmp_path / "pictures")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return made


@pytest.fixture
def old_python() -> str:
    """An interpreter older than 3.11."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*homes.glob("3.*/bin/python3"), *(shutil.which(f"python3.{minor}") for minor in (10, 9, 8, 7))]
    test = "import sys; sys.exit(sys.version_info >= (3, 11))"
    for python in filter(None, candidates):
        if subprocess.run([python, "-c", test], capture_output=True, check=False).returncode == 0:
            return str(python)
    pytest.skip("no Python older than 3.11 on this machine")


def test_that_an_old_python_is_told_so_in_a_sentence(old_python: str) -> None:
    done = subprocess.run([old_python, DEV, "test"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and this is Python 3." in done.stderr
    assert "Traceback" not in done.stderr


def test_that_the_help_names_every_command() -> None:
    done = subprocess.run([sys.executable, DEV, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert set(tasks.COMMANDS) == {"run", "test", "check", "bench", "build", "smoke", "pictures"}
    assert [name for name in tasks.COMMANDS if f"{name}:" not in done.stdout] == []


def test_that_the_pictures_of_the_readme_are_drawn_without_a_display(terminal: Terminal) -> None:
    assert tasks.main(["pictures", "window"]) == 0
    assert terminal.calls == [["python", str(ROOT / "packaging/pictures/readme_pictures.py"), "window"]]
    assert terminal.needs == system_libraries.OFFSCREEN


def test_that_an_unknown_command_is_refused() -> None:
    done = subprocess.run([sys.executable, DEV, "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "fly" in done.stderr


# run


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
class TestRun:
    """``dev.py run``"""

    def test_that_with_a_display_the_window_opens_on_the_example(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DISPLAY", ":7")
        assert tasks.main(["run"]) == 0
        assert terminal.calls == [["python", "-m", "torchloupe", MODEL, CHECKPOINT]]
        assert terminal.needs == system_libraries.WINDOW

    def test_that_wayland_is_a_display(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert tasks.has_display()

    def test_that_options_are_passed_on(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISPLAY", ":7")
        tasks.main(["run", "--theme", "dark"])
        assert terminal.calls == [["python", "-m", "torchloupe", MODEL, CHECKPOINT, "--theme", "dark"]]

    def test_that_files_take_the_place_of_the_example(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISPLAY", ":7")
        tasks.main(["run", __file__])
        assert terminal.calls == [["python", "-m", "torchloupe", __file__]]

    def test_that_without_a_display_there_is_a_report_and_pictures(
        self, terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        terminal.statuses = {"check": 1}
        assert tasks.main(["run"]) == 0
        report, drawn = terminal.calls
        folder = tmp_path / "pictures"
        assert report == ["python", "-m", "torchloupe", "check", MODEL, "--checkpoint", CHECKPOINT]
        assert drawn == ["python", "-m", "torchloupe", "--screenshots", str(folder), MODEL, CHECKPOINT]
        assert terminal.environments[1]["QT_QPA_PLATFORM"] == "offscreen"
        assert terminal.needs == system_libraries.OFFSCREEN
        assert f"are in {folder}:\n  calls.png  window.png\n" in capsys.readouterr().out

    def test_that_pictures_of_an_earlier_run_are_not_taken_for_new_ones(self, terminal: Terminal, tmp_path: Path) -> None:
        tasks.main(["run"])
        terminal.pictures = ["new.png"]
        tasks.main(["run"])
        assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["new.png"]

    def test_that_offscreen_can_be_asked_for(self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISPLAY", ":7")
        tasks.main(["run", "--offscreen"])
        assert [words[3] for words in terminal.calls] == ["check", "--screenshots"]
        assert not [words for words in terminal.calls if "--offscreen" in words]

    def test_that_a_checkpoint_alone_is_shown(self, terminal: Terminal) -> None:
        tasks.main(["run", CHECKPOINT])
        assert terminal.calls[0] == ["python", "-m", "torchloupe", "show", CHECKPOINT]

    def test_that_what_could_not_be_run_is_a_failure(self, terminal: Terminal) -> None:
        terminal.statuses = {"check": 2}
        assert tasks.main(["run"]) == 2
        assert len(terminal.calls) == 1

    def test_that_a_run_without_pictures_is_a_failure(self, terminal: Terminal) -> None:
        terminal.pictures = []
        assert tasks.main(["run"]) == 1


# test, check, build


def test_that_test_runs_pytest_without_a_display_and_hands_on_its_status(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    terminal.statuses = {"pytest": 5}
    assert tasks.main(["test"]) == 5
    assert terminal.calls == [
        ["python", "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart", "1"]
    ]
    assert terminal.environments[0]["QT_QPA_PLATFORM"] == "offscreen"
    assert terminal.environments[0]["OMP_NUM_THREADS"] == "1"
    assert terminal.needs == system_libraries.WINDOW_TESTS


def test_that_paths_and_options_narrow_the_tests(terminal: Terminal) -> None:
    tasks.main(["test", "tests/wire", "-k", "frame"])
    assert terminal.calls[0][-3:] == ["tests/wire", "-k", "frame"]


@pytest.mark.parametrize("words", [["-n", "0"], ["-n4"]])
def test_that_how_many_tests_run_at_a_time_can_be_said(terminal: Terminal, words: list[str]) -> None:
    tasks.main(["test", *words])
    assert terminal.calls == [["python", "-m", "pytest", *words]]


def test_that_check_runs_everything_even_when_the_first_step_fails(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.statuses = {"--check": 1, "mypy": 1}
    assert tasks.main(["check"]) == 1
    assert [words[2] for words in terminal.calls] == ["ruff", "ruff", "mypy", "pytest"]
    assert capsys.readouterr().out.splitlines()[-1] == "Failed: ruff format, mypy."


def test_that_check_says_when_all_is_well(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.main(["check"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "All is well."


def test_that_bench_hands_the_interpreter_to_the_comparison(terminal: Terminal) -> None:
    assert tasks.main(["bench", "--quick"]) == 0
    assert terminal.calls[0][1:] == [str(ROOT / "packaging/bench/compare.py"), "python", "--quick"]
    assert terminal.calls[1] == ["python", str(ROOT / "packaging/bench/fuzz.py"), "--seconds", "2.0"]


def test_that_bench_reads_damaged_files_as_long_as_it_is_told_and_fails_when_one_of_both_does(terminal: Terminal) -> None:
    assert tasks.main(["bench", "--fuzz", "600"]) == 0
    assert terminal.calls[1][2:] == ["--seconds", "600.0"]
    for name in ("compare.py", "fuzz.py"):
        terminal.statuses = {str(ROOT / "packaging/bench" / name): 1}
        assert tasks.main(["bench"]) == 1


@pytest.mark.parametrize("error", [system_libraries.Missing("Run this once."), tasks.quiet.Failed("pip failed.")])
def test_that_what_stops_a_command_is_said_in_a_sentence(
    error: Exception, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(needs: Sequence[system_libraries.Need]) -> Path:
        raise error

    monkeypatch.setattr(tasks, "prepare", refuse)
    assert tasks.main(["test"]) == 1
    assert capsys.readouterr().err == f"{error}\n"


def test_that_libraries_are_looked_for_before_the_environment_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def remember(word: str) -> Callable[..., Any]:
        return lambda *_: order.append(word)

    monkeypatch.setattr(system_libraries, "ensure", remember("libraries"))
    monkeypatch.setattr(tasks.virtual_environment.VirtualEnvironment, "prepare", remember("environment"))
    monkeypatch.setattr(tasks, "compile_ahead", remember("byte code"))
    tasks.prepare(system_libraries.OFFSCREEN)
    assert order[-2:] == ["environment", "byte code"]
    assert order[:-2] == (["libraries"] if sys.platform.startswith("linux") else [])


def test_that_the_app_is_compiled_ahead_also_where_python_writes_no_byte_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "app/torchloupe"
    package.mkdir(parents=True)
    (package / "window.py").write_text("1", encoding="utf-8")
    (package / "half_written.py").write_text("def", encoding="utf-8")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    tasks.compile_ahead(Path(sys.executable))
    assert [file.name.split(".")[0] for file in package.rglob("*.pyc")] == ["window"]


def test_that_the_wheel_holds_the_app_and_its_resources(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    listing = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0] for line in listing.splitlines()[1:]}
    assert {"torchloupe/wire/codec.py", "torchloupe/resources/example/checkpoint.pt"} <= names
    assert not [name for name in names if name.startswith(("tests/", "packaging/")) or "__pycache__" in name]
    shared = {name.partition(".data/data/share/")[2] for name in names if ".data/data/share/" in name}
    app_id = "io.github.torchloupe.Torchloupe"
    assert shared == {
        f"applications/{app_id}.desktop",
        f"icons/hicolor/scalable/apps/{app_id}.svg",
        f"metainfo/{app_id}.metainfo.xml",
        f"mime/packages/{app_id}.xml",
    }
    assert {"torchloupe/resources/licences/LICENSE", "torchloupe/resources/licences/LGPL-3.0.txt"} <= names
