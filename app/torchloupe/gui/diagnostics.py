"""What a report about this program should hold: versions, how it is shown, and what was said last. Nothing is ever sent."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from torchloupe import __version__
from torchloupe.gui import theme
from torchloupe.gui.crash_log import CRASH_FILE, LOG_FILE, log_folder
from torchloupe.wire.requests import Hello

LAST_LINES = 200


def diagnostics_text(hello: Hello | None, said: Iterable[str] = ()) -> str:
    """All of it as text, the home folder as ``~``. ``said`` are the lines of the log in the window."""
    folder = log_folder()
    parts = [
        "\n".join(version_lines(hello)),
        _part("Log of this session", list(said)[-LAST_LINES:]),
        _part("Crashes", _last_lines(folder / CRASH_FILE)),
        _part("Log file", _last_lines(folder / LOG_FILE)),
    ]
    return without_home("\n\n".join(part for part in parts if part)) + "\n"


def version_lines(hello: Hello | None) -> list[str]:
    """What runs, on what, and how it is shown."""
    screen = QGuiApplication.primaryScreen()
    size = f"{screen.size().width()}x{screen.size().height()} at {screen.devicePixelRatio():g}" if screen else "no screen"
    shown = f"Display: {QGuiApplication.platformName()}, {theme.mode()} theme ({theme.current().name}), {size}"
    lines = [
        f"Torchloupe {__version__}",
        f"Window: Python {platform.python_version()}, PySide6 {PySide6.__version__}, Qt {qVersion()}, {platform.platform()}",
        shown,
    ]
    if hello is None:
        return [*lines, "Worker: not started"]
    torch = f"torch {hello.torch}" if hello.torch else "no torch"
    return [*lines, f"Worker: Python {hello.python}, {torch}, {', '.join(hello.devices) or 'no device'}, {hello.executable}"]


def _part(title: str, lines: list[str]) -> str:
    return "\n".join([f"-- {title}", *lines]) if lines else ""


def _last_lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []


def without_home(text: str) -> str:
    """Nobody need know what a person is called on this machine."""
    home = os.path.expanduser("~")
    return text.replace(home, "~") if len(home) > 1 else text
