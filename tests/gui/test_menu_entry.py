"""The entry in the applications menu of a person who installed with pip."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gui.conftest import MakeWindow
from torchloupe.gui import menu_entry, start_up
from torchloupe.gui.main import window_main
from torchloupe.gui.menu_entry import APP_ID, AddToMenu, add_to_menu, entry_text, is_offered, own_command, remove_from_menu
from torchloupe.gui.resources import resource

ENTRY = resource("desktop", f"{APP_ID}.desktop").read_text(encoding="utf-8")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that were run, none of which is."""
    calls: list[list[str]] = []
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", lambda words, **_: calls.append(words))
    return calls


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder of a user."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path


def lines(text: str, name: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{name}=")]


def test_that_the_entry_the_icon_and_the_types_are_written_and_the_desktop_is_told(folder: Path, told: list[list[str]]) -> None:
    said = add_to_menu()
    assert str(folder / f"applications/{APP_ID}.desktop") in said
    assert "--remove-from-menu" in said
    assert (folder / f"icons/hicolor/scalable/apps/{APP_ID}.svg").read_text().startswith("<svg")
    assert "safetensors" in (folder / f"mime/packages/{APP_ID}.xml").read_text()
    assert told == [["update-mime-database", f"{folder}/mime"], ["update-desktop-database", f"{folder}/applications"]]


def test_that_the_entry_starts_this_installation_from_anywhere(folder: Path, told: list[list[str]]) -> None:
    add_to_menu()
    text = (folder / f"applications/{APP_ID}.desktop").read_text(encoding="utf-8")
    command = " ".join(own_command())
    assert lines(text, "TryExec") == [own_command()[0]]
    assert lines(text, "Exec") == [f"{command} %F", f"{command} --new-window", f"{command} --new-window --compare"]
    assert Path(own_command()[0]).is_absolute()


def test_that_nothing_of_it_is_left_after_it_was_taken_out(folder: Path, told: list[list[str]]) -> None:
    add_to_menu()
    before = len(told)
    assert "no longer" in remove_from_menu()
    assert [place for place in folder.rglob("*") if place.is_file()] == []
    assert len(told) == 2 * before
    assert "no longer" in remove_from_menu()


def test_that_without_the_programs_of_a_desktop_the_files_are_written_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    add_to_menu()
    assert (folder / f"applications/{APP_ID}.desktop").is_file()


def test_that_the_script_beside_the_interpreter_is_what_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert own_command() == [str(tmp_path / "python"), "-m", "torchloupe"]
    (tmp_path / menu_entry.PROGRAM).touch()
    assert own_command() == [str(tmp_path / menu_entry.PROGRAM)]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command() == [str(tmp_path / "python")]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["/opt/x/torchloupe-window"], "/opt/x/torchloupe-window"),
        (["/my apps/window"], '"/my apps/window"'),
        (["/a$b`c/window"], '"/a\\\\$b\\\\`c/window"'),
        (["/100%/window"], "/100%%/window"),
        (["/p y/python", "-m", "torchloupe"], '"/p y/python" -m torchloupe'),
    ],
)
def test_that_a_command_is_quoted_as_desktops_read_it(command: list[str], expected: str) -> None:
    assert lines(entry_text(ENTRY, command), "Exec")[0] == f"{expected} %F"


@pytest.mark.parametrize("command", [["/my apps/window"], ["/a$b`c\\d/window", "-m"], ["/100%/window"]])
def test_that_the_entry_is_valid_wherever_it_lies(command: list[str], tmp_path: Path) -> None:
    if not shutil.which("desktop-file-validate"):
        pytest.skip("desktop-file-validate is not installed")
    file = tmp_path / f"{APP_ID}.desktop"
    file.write_text(entry_text(ENTRY, command), encoding="utf-8")
    done = subprocess.run(["desktop-file-validate", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_that_the_command_line_does_it_and_says_so(
    folder: Path, told: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for option, words in (("--add-to-menu", "is in the applications menu"), ("--remove-from-menu", "no longer")):
        with pytest.raises(SystemExit) as leaving:
            window_main([option])
        assert leaving.value.code == 0
        assert words in capsys.readouterr().out
    assert len(told) == 4


def test_that_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    folder: Path, told: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "applications").touch(stat.S_IRUSR)  # a file where a folder has to be
    with pytest.raises(SystemExit) as leaving:
        window_main(["--add-to-menu"])
    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert str(folder / "applications") in said
    assert "Traceback" not in said
    assert told == []


def test_that_it_is_offered_until_there_is_one(folder: Path, told: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", f"{folder}/local:{folder}/share")
    monkeypatch.setattr(sys, "platform", "linux")
    assert is_offered()
    add_to_menu()
    assert not is_offered()
    remove_from_menu()
    assert is_offered()
    of_a_package = folder / "share" / menu_entry.ENTRY
    of_a_package.parent.mkdir(parents=True)
    of_a_package.touch()
    assert not is_offered()
    of_a_package.unlink()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not is_offered()


def test_that_the_window_writes_it_and_says_so(
    make_window: MakeWindow, folder: Path, told: list[list[str]], monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", str(folder / "share"))
    window: Any = make_window()
    said: list[str] = []
    monkeypatch.setattr(window.status, "say", said.append)
    action = window.actions_by_id["help.menu_entry"]
    action.trigger()
    qtbot.waitUntil(lambda: (folder / menu_entry.ENTRY).is_file() and len(told) == 2)
    window.actions_by_id.refresh()
    assert not action.isEnabled()


def test_that_the_window_says_why_it_cannot_be_written(folder: Path) -> None:
    (folder / "applications").touch()
    assert AddToMenu()(None).startswith("The entry cannot be written: ")


def test_that_the_window_is_known_to_the_desktop_by_the_name_of_its_entry() -> None:
    assert start_up.DESKTOP_ID == APP_ID
