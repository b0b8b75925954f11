"""Why there can be no window, before Qt ends the process over it."""

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from torchloupe.gui import display, main
from torchloupe.gui.display import (
    OFFSCREEN_LIBRARIES,
    X_LIBRARIES,
    has_display,
    missing_library,
    wayland_answers,
    why_no_display,
    why_qt_does_not_load,
)

VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable says anything about displays."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Libraries that cannot be loaded; everything else can."""
    absent: set[str] = set()

    def load(name: str) -> None:
        if name in absent:
            raise OSError(name)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", load)
    return absent


# a display


def test_that_without_any_display_there_is_none_on_linux_alone() -> None:
    assert not has_display("linux")
    assert "no display" in why_no_display("linux")
    assert has_display("darwin")
    assert has_display("win32")


@pytest.mark.parametrize("platform", ["offscreen", "vnc", "minimal"])
def test_that_a_platform_that_needs_no_display_is_enough(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert has_display("linux")


def test_that_the_platform_of_a_display_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert not has_display("linux")


@linux
def test_that_a_display_that_does_not_answer_is_named_with_the_way_without_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", ":94871")
    assert main.run_window(["model.pt"]) == 2
    said = capsys.readouterr().err
    assert "The display :94871 does not answer." in said
    assert "--screenshots FOLDER" in said


@pytest.mark.parametrize(("of_x", "of_wayland", "there"), [(True, False, True), (False, True, True), (False, False, False)])
def test_that_one_of_two_displays_that_answers_is_enough(
    monkeypatch: pytest.MonkeyPatch, of_x: bool, of_wayland: bool, there: bool
) -> None:
    monkeypatch.setenv("DISPLAY", ":1")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(display, "x_answers", lambda _name: of_x)
    monkeypatch.setattr(display, "wayland_answers", lambda _name: of_wayland)
    assert has_display("linux") is there
    assert there or "wayland-0 or :1 does not answer" in why_no_display("linux")


def test_that_an_x_server_that_cannot_be_asked_is_taken_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":94871")

    def refuse(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert has_display("linux")


@linux
def test_that_a_compositor_is_one_that_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    monkeypatch.setenv("XDG_RUNTIME_DIR", ".")
    with socket.socket(socket.AF_UNIX) as door:
        assert not wayland_answers("wayland-7")
        door.bind("wayland-7")
        assert not wayland_answers("wayland-7")
        door.listen()
        assert wayland_answers("wayland-7")


def test_that_pictures_are_drawn_without_a_display_where_the_one_that_is_named_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":94871")
    monkeypatch.setattr(display, "x_answers", lambda _name: False)
    assert main.why_no_window(headless=True) == ""
    assert main.why_no_window() != ""


# libraries


@pytest.mark.parametrize("library", X_LIBRARIES)
def test_that_each_library_of_x_that_is_missing_is_named_with_its_package(lacking: set[str], library: str) -> None:
    lacking.add(library)
    said = missing_library()
    assert library in said
    assert f"sudo apt install {X_LIBRARIES[library]}\n" in said


def test_that_one_line_installs_all_that_a_bare_system_lacks(lacking: set[str]) -> None:
    lacking |= {"libGL.so.1", "libxcb-shape.so.0"}
    assert "sudo apt install libgl1 libxcb-shape0\n" in missing_library()


def test_that_what_only_x_needs_is_not_missed_without_it(lacking: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lacking |= set(X_LIBRARIES)
    assert missing_library() != ""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert missing_library() == ""
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert missing_library() != ""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert missing_library() == ""


@pytest.fixture
def unloadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt cannot be imported, as where a library that it is linked to is missing."""
    monkeypatch.setitem(sys.modules, "PySide6.QtWidgets", None)


def test_that_qt_that_loads_is_no_trouble(lacking: set[str]) -> None:
    lacking |= set(OFFSCREEN_LIBRARIES)  # which nobody looks for then
    assert why_qt_does_not_load() == ""


def test_that_one_line_installs_all_that_qt_lacks(unloadable: None, lacking: set[str]) -> None:
    lacking |= {"libEGL.so.1", "libxcb-cursor.so.0"}
    assert "sudo apt install libegl1 libxcb-cursor0\n" in why_qt_does_not_load()
    assert "sudo apt install libegl1\n" in why_qt_does_not_load(headless=True)


def test_that_qt_that_does_not_load_for_another_reason_says_it_itself(unloadable: None, lacking: set[str]) -> None:
    with pytest.raises(ImportError):
        why_qt_does_not_load()


def test_that_a_missing_library_ends_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(main, "why_qt_does_not_load", lambda _headless: "Qt needs libEGL.so.1.")
    assert main.run_window(["model.pt"]) == 2
    assert capsys.readouterr().err == "Qt needs libEGL.so.1.\n"


@linux
def test_that_nothing_is_looked_for_with_the_help_of_qt() -> None:
    script = (
        "import sys; from torchloupe.gui.display import *; why_no_display(); missing_library(); print('PySide6' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(main.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
