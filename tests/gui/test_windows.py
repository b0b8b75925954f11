"""All windows of the program: what was open comes back, another start opens here, what is open is kept."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSysInfo, QUrl
from PySide6.QtGui import QFileOpenEvent

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui import windows as all_windows
from torchloupe.gui.last_session import FILE, LastSession, WindowState, read_session, write_session
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.windows import Windows, the_windows
from torchloupe.gui.wish import Wish

KEYS = '{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}'


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(KEYS, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "session"


@pytest.fixture
def program(make_window: MakeWindow, folder: Path) -> Iterator[Callable[[], Windows]]:
    """Starts of the program, one after the other; what is made is in ``made``."""
    started: list[Windows] = []

    def start() -> Windows:
        windows = Windows(make, folder)
        started.append(windows)
        return windows

    def make(_python: str, _paths: list[str], then: Callable[[Restoring], object]) -> Any:
        window: Any = make_window()
        then(window.findChildren(Restoring)[0])
        return window

    yield start
    for windows in started:
        windows.quit()
        windows.end()


def opened(window: Any, qtbot: Any) -> str:
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None and not window.jobs.busy, timeout=PATIENCE_MS)
    return str(window.workbench.checkpoint.path)


def bar_of(window: Any) -> Any:
    return window.findChildren(Restoring)[0].bar


def test_that_all_windows_come_back_after_a_quit(program: Any, keys_file: Path, folder: Path, qtbot: Any) -> None:
    windows = program()
    windows.start(Wish((str(keys_file),)))
    opened(windows.windows[0], qtbot)
    windows.open(Wish((str(keys_file),)))
    assert len(windows.windows) == 2
    opened(windows.windows[1], qtbot)
    windows.quit()
    assert windows.windows == []
    assert the_windows() is None
    kept = read_session(folder)
    assert (kept.ended, [window.checkpoint for window in kept.windows]) == (True, [str(keys_file)] * 2)
    again = program()
    again.start(Wish())
    assert [opened(window, qtbot) for window in again.windows] == [str(keys_file)] * 2
    assert all(bar_of(window) is None for window in again.windows)


def test_that_a_window_that_was_closed_before_the_others_does_not_come_back(
    program: Any, keys_file: Path, folder: Path, qtbot: Any
) -> None:
    windows = program()
    windows.start(Wish((str(keys_file),)))
    opened(windows.windows[0], qtbot)
    windows.open(Wish(new_window=True))
    windows.windows[0].close()
    windows.windows[0].close()
    assert [window.is_empty for window in read_session(folder).windows] == [True]
    again = program()
    again.start(Wish())
    assert len(again.windows) == 1
    assert again.windows[0].workbench.checkpoint is None


def test_that_a_session_that_ended_unexpectedly_is_only_opened_when_somebody_asks(
    program: Any, keys_file: Path, folder: Path, qtbot: Any
) -> None:
    folder.mkdir()
    (folder / "running.lock").write_text(f"999999999\ntorchloupe\n{QSysInfo.machineHostName()}\n", encoding="utf-8")
    write_session(folder, LastSession((WindowState(checkpoint=str(keys_file)),) * 2, ended=False))
    windows, reported = program(), []
    windows.report = lambda: reported.append(True)
    windows.start(Wish())
    (window,) = windows.windows
    bar = bar_of(window)
    assert bar.label.text() == "▲  The last session ended unexpectedly."
    assert window.workbench.checkpoint is None
    windows.keep(ended=True)
    assert [each.checkpoint for each in read_session(folder).windows] == [str(keys_file)] * 2  # still to be had
    bar._more.itemAt(0).widget().click()
    bar.button.click()
    assert [opened(each, qtbot) for each in windows.windows] == [str(keys_file)] * 2
    assert reported == [True]


def test_that_a_file_that_cannot_be_read_is_said_and_a_window_opened(program: Any, folder: Path) -> None:
    folder.mkdir()
    (folder / FILE).write_text("{torn", encoding="utf-8")
    windows = program()
    windows.start(Wish())
    assert "put aside as session.broken" in bar_of(windows.windows[0]).label.text()


def test_that_what_is_open_is_kept_while_it_is(program: Any, keys_file: Path, folder: Path, qtbot: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(all_windows, "KEEP_MS", 1)
    windows = program()
    windows.start(Wish((str(keys_file),)))
    opened(windows.windows[0], qtbot)
    qtbot.waitUntil(lambda: (folder / FILE).exists(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: bool(read_session(folder).windows[0].checkpoint), timeout=PATIENCE_MS)
    assert not read_session(folder).ended


def test_that_another_program_on_the_same_settings_leaves_the_session_alone(program: Any, keys_file: Path, folder: Path) -> None:
    first = program()
    first.start(Wish())
    first.keep()
    before = (folder / FILE).read_text(encoding="utf-8")
    second = program()
    second.start(Wish())
    second.keep()
    second.quit()
    assert (folder / FILE).read_text(encoding="utf-8") == before
    assert bar_of(second.windows[0] if second.windows else first.windows[0]) is None


def test_that_another_start_is_opened_in_a_window_where_nothing_is_open(program: Any, keys_file: Path, qtbot: Any) -> None:
    windows = program()
    windows.start(Wish())
    windows.open(Wish((str(keys_file),)))
    assert len(windows.windows) == 1
    opened(windows.windows[0], qtbot)
    windows.open(Wish((str(keys_file),)))
    assert len(windows.windows) == 2
    opened(windows.windows[1], qtbot)
    windows.open(Wish())
    assert len(windows.windows) == 2
    windows.open(Wish(goto="fc.weight"))
    qtbot.waitUntil(lambda: any(each.workbench.selection.stored for each in windows.windows), timeout=PATIENCE_MS)
    windows.open(Wish(new_window=True))
    assert len(windows.windows) == 3


def test_that_two_windows_may_show_one_file(program: Any, keys_file: Path, qtbot: Any) -> None:
    windows = program()
    windows.start(Wish((str(keys_file),)))
    windows.open(Wish((str(keys_file),), new_window=True))
    first, second = windows.windows
    assert opened(first, qtbot) == opened(second, qtbot)
    first.workbench.select_stored(first.workbench.checkpoint.tensors[0])
    assert second.workbench.selection.stored is None
    first.close()
    assert second.workbench.checkpoint is not None


def test_that_a_file_is_compared_with_that_of_the_open_window(program: Any, keys_file: Path, tmp_path: Path, qtbot: Any) -> None:
    (tmp_path / "other.json").write_text(KEYS, encoding="utf-8")
    windows = program()
    windows.start(Wish((str(keys_file),)))
    opened(windows.windows[0], qtbot)
    windows.open(Wish((str(tmp_path / "other.json"),), compare=True))
    qtbot.waitUntil(lambda: windows.windows[0].workbench.other is not None, timeout=PATIENCE_MS)
    assert len(windows.windows) == 1
    opened(windows.windows[0], qtbot)
    windows.open(Wish((str(tmp_path / "other.json"), str(keys_file)), compare=True))  # two are compared with each other
    qtbot.waitUntil(lambda: windows.windows[1].workbench.other is not None, timeout=PATIENCE_MS)
    assert opened(windows.windows[1], qtbot) == str(tmp_path / "other.json")
    assert windows.windows[1].workbench.other.path == str(keys_file)


def test_that_nothing_is_restored_where_a_person_does_not_want_it(program: Any, keys_file: Path, folder: Path) -> None:
    write_session(folder, LastSession((WindowState(checkpoint=str(keys_file)),)))
    windows = program()
    windows.start(Wish(), restore=False)
    assert windows.windows[0].findChildren(Restoring)[0].is_empty
    assert bar_of(windows.windows[0]) is None


def test_that_a_fresh_start_keeps_nothing(make_window: MakeWindow, tmp_path: Path) -> None:
    windows = Windows(lambda _python, _paths, _then: make_window(), None)  # type: ignore[arg-type, return-value]
    windows.start(Wish())
    windows.keep()
    windows.quit()
    windows.end()
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_that_cannot_be_written_to_is_said_once(program: Any, folder: Path) -> None:
    windows = program()
    windows.start(Wish())
    (folder / FILE).mkdir()
    windows.keep()
    bar = bar_of(windows.windows[0])
    assert "is not kept for the next start" in bar.label.text()
    bar.hide()
    windows.keep()
    assert not bar.isVisible()
    (folder / FILE).rmdir()
    bar.button.click()
    assert json.loads((folder / FILE).read_text(encoding="utf-8"))["ended"] is False


def test_that_a_new_window_and_the_end_of_all_are_commands(program: Any, qtbot: Any) -> None:
    windows = program()
    windows.start(Wish())
    window = windows.windows[0]
    window.actions_by_id.refresh()
    window.actions_by_id["window.new"].trigger()
    assert len(windows.windows) == 2
    window.actions_by_id["quit"].trigger()
    assert windows.windows == []


def test_that_a_double_click_on_macos_opens_the_file(program: Any, keys_file: Path, qtbot: Any) -> None:
    windows = program()
    windows.start(Wish())
    assert windows.eventFilter(windows, QFileOpenEvent(QUrl.fromLocalFile(str(keys_file))))
    assert opened(windows.windows[0], qtbot) == str(keys_file)


def test_that_the_token_of_who_asked_lets_the_window_rise(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "old")
    windows = program()
    windows.start(Wish())
    windows.windows[0].showMinimized()
    windows.open(Wish(token="fresh"))
    assert all_windows.os.environ["XDG_ACTIVATION_TOKEN"] == "fresh"
    assert not windows.windows[0].isMinimized()


def test_that_a_folder_that_cannot_be_made_is_said_and_the_window_opens(
    make_window: MakeWindow, tmp_path: Path, keys_file: Path
) -> None:
    def make(_python: str, _paths: list[str], then: Callable[[Restoring], object]) -> Any:
        window: Any = make_window()
        then(window.findChildren(Restoring)[0])
        return window

    windows = Windows(make, keys_file / "below a file")
    windows.start(Wish())
    assert "is not kept for the next start" in bar_of(windows.windows[0]).label.text()
    windows.keep()
    windows.quit()
    windows.end()
    assert keys_file.read_text(encoding="utf-8") == KEYS


def test_that_a_window_whose_screen_is_gone_comes_to_one_that_is_there(program: Any, monkeypatch: Any) -> None:
    windows = program()
    windows.start(Wish())
    (window,) = windows.windows
    dock = window.docks.docks["details"]
    dock.show()
    dock.setFloating(True)
    here = window.frameGeometry()
    all_windows.back_on_screen(window)
    assert window.frameGeometry() == here
    for part in (window, dock):
        part.move(50_000, 50_000)
    windows._bring_back()
    for part in (window, dock):
        assert window.screen().availableGeometry().intersects(part.frameGeometry())
