"""The watch over the window's thread: it says when that stands still, for how long, and where."""

import threading
import time
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from gui.conftest import PATIENCE_MS
from torchloupe.gui import crash_log, stall_watch
from torchloupe.gui.stall_watch import VARIABLE, StallWatch, stack_text, stall_text, wanted_milliseconds, watch_for_stalls


@pytest.mark.parametrize(
    ("value", "milliseconds"), [(None, None), ("", None), ("0", None), ("50", 50.0), ("12.5", 12.5), ("yes", 50.0)]
)
def test_that_the_variable_says_how_long_is_too_long(value: Any, milliseconds: Any) -> None:
    assert wanted_milliseconds(value) == milliseconds


def stand_still_until(noticed: threading.Event) -> None:
    """Python code in the window's thread that does not come back for a while."""
    assert noticed.wait(PATIENCE_MS / 1000)


def test_that_a_stall_is_told_with_the_line_where_it_was(qapp: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed, said = threading.Event(), []
    looked = stall_watch.stack_text

    def look(frame: Any) -> str:
        text = looked(frame)
        if "stand_still_until" in text:
            noticed.set()
        return text

    monkeypatch.setattr(stall_watch, "stack_text", look)
    watch = StallWatch(20.0, said.append)
    QTimer.singleShot(0, lambda: stand_still_until(noticed))
    qtbot.waitUntil(lambda: any("stand_still_until" in text for text in said), timeout=PATIENCE_MS)
    watch.close()
    told = next(text for text in said if "stand_still_until" in text)
    assert told.startswith("The window stood still for ")
    assert "test_stall_watch.py" in told
    assert not any(thread.name == "stall watch" for thread in threading.enumerate())


def test_that_a_window_that_answers_is_not_spoken_of(qapp: Any, qtbot: Any) -> None:
    said: list[str] = []
    watch = StallWatch(PATIENCE_MS, said.append)
    beaten = watch._beat
    qtbot.waitUntil(lambda: watch._beat > beaten, timeout=PATIENCE_MS)
    watch.close()
    assert said == []


def test_that_the_text_says_milliseconds_and_a_stack_may_be_missing() -> None:
    assert stall_text(0.1234, 0.02, "  here") == "The window stood still for 123 ms, 20 ms of them at work, in\n  here"
    assert stack_text(None) == "  no Python code"


def test_that_only_the_innermost_frames_are_told() -> None:
    import sys

    def deeper(levels: int) -> str:
        return deeper(levels - 1) if levels else stack_text(sys._getframe())

    text = deeper(40)
    assert text.count("in deeper") <= 3, "equal frames are told once"
    assert "pytest" not in text
    assert "stack_text(sys._getframe())" in text


def test_that_it_is_off_unless_it_is_asked_for(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert watch_for_stalls(qapp) is None


def test_that_what_it_says_goes_to_the_log_and_to_the_terminal(
    qapp: QCoreApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[tuple[str, str]] = []
    monkeypatch.setattr(crash_log, "_listeners", [lambda text, level: heard.append((text, level))])
    monkeypatch.setenv(VARIABLE, "10000")
    watch = watch_for_stalls(qapp)
    assert watch is not None
    watch._say("still")
    watch.close()
    assert heard == [("still", "warning")]
    assert capsys.readouterr().err == "still\n"
    assert time.perf_counter() > watch._beat[0]
