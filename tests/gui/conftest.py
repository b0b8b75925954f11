"""A window on a scripted worker, and a look at what it says."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyqtgraph  # noqa: F401  # so that the plots of a test are there at once
import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from gui import panel_data
from torchloupe.gui import theme
from torchloupe.gui.clipboard_end import hand_over_clipboard
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.session.scripted import ScriptedSession
from torchloupe.wire.requests import CallsFinished, OpenTarget, RunForward

PATIENCE_MS = 10_000
MODEL_SOURCE = '''from torch import nn


class Classifier(nn.Module):
    """Tells letters apart."""

    def __init__(self, classes=10):
        super().__init__()
'''
TWO_CLASSES = '''from torch import nn


class Small(nn.Module):
    """One layer."""


class Wide(nn.Module):
    """Many layers."""

    def __init__(self, width, depth=2):
        super().__init__()
'''

OFFSCREEN_NOISE = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""What the offscreen platform says of every window that is shown."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test of the window fails for what the platform says of all of them."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(OFFSCREEN_NOISE)


MakeWindow = Callable[..., MainWindow]


def failing_run() -> list[Any]:
    """The script of a run that ends in a mismatch."""
    calls = panel_data.failing_calls()
    return [*(CallsFinished((call,)) for call in calls), panel_data.report(panel_data.MISMATCH, calls=len(calls))]


def good_run() -> list[Any]:
    """The script of a run without problems."""
    calls = panel_data.good_calls()
    return [*(CallsFinished((call,)) for call in calls), panel_data.report(calls=len(calls))]


@pytest.fixture(scope="session")
def first_font(qapp: QApplication) -> Iterator[QFont]:
    """The font before any test has chosen another one. In the end the clipboard is let go of, as the program does."""
    yield qapp.font()
    hand_over_clipboard()


@pytest.fixture(autouse=True)
def light_theme(qapp: QApplication, first_font: QFont) -> None:
    """Every test begins in the light theme and with letters of the first size."""
    if qapp.font() != first_font:
        qapp.setFont(first_font)
    theme.use_colors("green")
    theme.apply_theme(qapp, "light")


@pytest.fixture(autouse=True)
def widgets_end_with_their_test(qapp: QApplication) -> Iterator[None]:
    """What was closed is deleted here, and garbage is looked for in the window's thread alone, as in the program."""
    was_on = gc.isenabled()
    gc.disable()
    yield
    if qapp.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)  # the next test would find it held down
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect(1)
    if was_on:
        gc.enable()


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    """A file that defines one Module class."""
    path = tmp_path / "model.py"
    path.write_text(MODEL_SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """A file that defines two Module classes, one with a required argument."""
    path = tmp_path / "two.py"
    path.write_text(TWO_CLASSES, encoding="utf-8")
    return path


@pytest.fixture
def make_window(qtbot: Any, qapp: QApplication) -> Iterator[MakeWindow]:
    """Makes shown windows on scripted workers; their sessions are in ``window.sessions``, the last one last."""
    windows: list[MainWindow] = []

    def make(
        script: dict[type, Any] | None = None, trust: bool = True, settings: Settings | None = None, hello: Any = None
    ) -> Any:
        sessions: list[ScriptedSession] = []

        def session(_interpreter: str, _log: Callable[[Any], None]) -> ScriptedSession:
            sessions.append(
                ScriptedSession({OpenTarget: [panel_data.opened()], RunForward: failing_run(), **(script or {})}, hello)
            )
            return sessions[-1]

        window: Any = MainWindow(session, "/usr/bin/python3", settings or Settings(None), trust)
        window.sessions = sessions
        windows.append(window)
        window.resize(1280, 800)
        with qtbot.waitExposed(window):
            window.show()
        return window

    yield make
    font = qapp.font()
    for window in filter(shiboken6.isValid, windows):  # one that was closed beside others is deleted by the program
        window.close()
        window.deleteLater()
    qapp.processEvents()
    qapp.setFont(font)


@pytest.fixture
def window(make_window: MakeWindow) -> Any:
    """A window with nothing open."""
    return make_window()


@pytest.fixture
def full_window(window: Any, qtbot: Any, model_file: Path) -> Any:
    """A window with the classifier and its checkpoint, after a run that failed."""
    fill_window(window, qtbot, model_file)
    return window


def fill_window(window: Any, qtbot: Any, model_file: Path) -> None:
    """Open the classifier and its checkpoint, and run."""
    window.workbench.set_checkpoint(panel_data.checkpoint())
    window.opening.opened.emit("checkpoint", "/models/last.pt")
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
