"""What is missing on the system, and what is done or said about it."""

import os
import stat
from pathlib import Path

import pytest

import system_libraries
from system_libraries import (
    MORE_TESTS,
    OFFSCREEN,
    WINDOW,
    WINDOW_TESTS,
    Missing,
    Need,
    ensure,
    install_line,
    missing,
    skipped_without,
)
from torchloupe.gui.display import OFFSCREEN_LIBRARIES, X_LIBRARIES

ALL_LIBRARIES = frozenset(need.library for need in WINDOW if need.library)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, programs) -> Path:
    """A machine with apt-get, without any of the libraries and programs; returns its folder of programs."""
    add_program(tmp_path, "apt-get")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(system_libraries, "loader_libraries", lambda: frozenset({"libc.so.6"}))
    monkeypatch.setattr("quiet.run", programs)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def add_program(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_that_a_window_needs_what_offscreen_needs_and_more() -> None:
    assert set(OFFSCREEN) < set(WINDOW) < set(WINDOW_TESTS)
    assert len(OFFSCREEN) == 6
    assert len(WINDOW) == 11


def test_that_libraries_are_looked_up_by_their_names_and_not_by_package() -> None:
    assert missing(OFFSCREEN, ALL_LIBRARIES) == []
    lacking = missing(WINDOW, ALL_LIBRARIES - {"libxcb-cursor.so.0", "libEGL.so.1"})
    assert [need.package for need in lacking] == ["libegl1", "libxcb-cursor0"]


def test_that_where_the_loader_has_no_list_the_libraries_are_taken_to_be_there() -> None:
    assert missing(WINDOW, frozenset()) == []


def test_that_programs_are_looked_up_on_the_path(bare: Path) -> None:
    add_program(bare, "Xvfb")
    add_program(bare, "import")
    assert [need.package for need in missing(WINDOW_TESTS, ALL_LIBRARIES)] == ["xauth", "openbox", "xdotool"]


def test_that_tests_which_are_skipped_are_named_with_the_line_that_brings_what_they_need(bare: Path) -> None:
    add_program(bare, "pcmanfm")
    (bare / "launcher").touch()
    wanted = (*MORE_TESTS[:1], Need("reader", programs=(str(bare / "launcher"),)), *MORE_TESTS[3:])
    sentence = skipped_without(wanted)
    assert sentence.startswith("A few tests of the window are skipped here.")
    assert sentence.endswith("sudo apt-get update && sudo apt-get install -y --no-install-recommends dbus")


def test_that_nothing_is_said_where_all_is_there_or_apt_is_not(bare: Path) -> None:
    assert skipped_without(()) == ""
    (bare / "apt-get").unlink()
    assert skipped_without(MORE_TESTS) == ""


def test_that_what_a_few_tests_need_is_no_condition_of_running_the_others() -> None:
    assert not set(MORE_TESTS) & set(WINDOW_TESTS)


def test_that_the_real_loader_knows_the_c_library() -> None:
    assert (
        any(name.startswith("libc.") for name in system_libraries.loader_libraries()) or not system_libraries.loader_libraries()
    )


def test_that_nothing_is_done_when_nothing_is_missing(bare: Path, programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "loader_libraries", lambda: ALL_LIBRARIES)
    ensure(WINDOW)
    assert programs.calls == []


def test_that_root_on_debian_gets_what_is_missing_after_one_update(bare: Path, programs) -> None:
    ensure(OFFSCREEN, ["python3.11-venv"])
    assert [words[:2] for words in programs.calls] == [["apt-get", "update"], ["apt-get", "install"]]
    install = programs.calls[1]
    assert "--no-install-recommends" in install
    wanted = ["libglib2.0-0", "libgl1", "libegl1", "libfontconfig1", "libdbus-1-3", "libxkbcommon0", "python3.11-venv"]
    assert install[-7:] == wanted


def test_that_somebody_else_is_told_the_one_line_to_run(bare: Path, programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Missing) as told:
        ensure(OFFSCREEN)
    assert str(told.value).splitlines()[1].strip() == install_line([need.package for need in OFFSCREEN])
    assert programs.calls == []


def test_that_the_line_to_run_is_one_line_that_can_be_pasted() -> None:
    line = install_line(["libgl1", "libegl1"])
    assert "\n" not in line
    assert line.startswith("sudo apt-get update && sudo apt-get install -y")
    assert line.endswith("libgl1 libegl1")


def test_that_a_system_without_apt_is_told_the_names_of_the_libraries(bare: Path, programs) -> None:
    (bare / "apt-get").unlink()
    with pytest.raises(Missing, match=r"libEGL\.so\.1.*Xvfb"):
        ensure(WINDOW_TESTS)
    assert programs.calls == []


def test_that_the_window_asks_for_the_same_libraries_before_it_starts() -> None:
    for needs, libraries in ((OFFSCREEN, OFFSCREEN_LIBRARIES), (WINDOW, OFFSCREEN_LIBRARIES | X_LIBRARIES)):
        assert {need.library: need.package for need in needs} == libraries
