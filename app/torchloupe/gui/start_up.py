"""From an empty process to the window: application, font, theme, settings, window, event loop."""

import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from torchloupe import __version__
from torchloupe.analysis.target_source import split_target
from torchloupe.gui import theme as themes
from torchloupe.gui.crash_log import catch_everything, keep_log_files
from torchloupe.gui.garbage import GarbageSearch
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings, settings_file
from torchloupe.gui.warm_up import WarmUp
from torchloupe.gui.worker_link import WorkerSession
from torchloupe.session.interpreters import resolve_interpreter
from torchloupe.session.usual_interpreter import usual_interpreter
from torchloupe.wire.errors import UsageError

NAME = "torchloupe"
DESKTOP_ID = "io.github.torchloupe.Torchloupe"
"""What a desktop knows the window by: under X the name in WM_CLASS, under Wayland the app id."""

SCREENSHOT_SIZE = (1280, 800)

GIVE_WAY_SECONDS = 0.0001
"""How long a thread at work may keep the window waiting for the interpreter lock, each time that the window wants it; Python's own
5 ms add up to half a second while panels are shown."""


def show_window(
    paths: list[str], python: str | None, theme: str | None, fresh: bool, trust: bool, screenshots: str | None
) -> int:
    """Show the window and return its exit status when it is closed."""
    app = make_application()
    sys.setswitchinterval(GIVE_WAY_SECONDS)
    GarbageSearch(app)
    settings = Settings(None if fresh else settings_file())
    try:
        interpreter = choose_interpreter(python, settings.interpreter_for(model_folder(paths)), model_folder(paths))
    except UsageError as error:
        print(f"torchloupe: {error}\n{error.hint}", file=sys.stderr)
        return 2
    themes.apply_theme(app, theme or settings.text("theme") or "system")
    window = MainWindow(real_session, interpreter, settings, trust)
    catch_everything(window.book)
    window.painted.connect(keep_log_files)
    window.painted.connect(window.worker.start)
    window.painted.connect(WarmUp(window.docks.panels, window).start)
    if screenshots is not None:
        from torchloupe.gui.screenshots import Screenshots

        window.resize(*SCREENSHOT_SIZE)
        Screenshots(window, Path(screenshots), paths, lambda _status: window.close())
    elif paths:
        window.painted.connect(lambda: window.open_paths(paths))
    quit_on_interrupt(window)
    window.show()
    return int(app.exec())


def make_application() -> QApplication:
    """The application with its names and a font that exists."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([NAME, "-name", DESKTOP_ID])
    app.setApplicationName(NAME)
    app.setApplicationDisplayName("Torchloupe")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(DESKTOP_ID)
    use_a_font_that_exists(app)
    return app


def use_a_font_that_exists(app: QApplication) -> None:
    """Without any font every letter is a box: take one that lies about, and say so when there is none."""
    if QFontDatabase.families():
        return
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts", str(Path.home() / ".fonts")):
        for file in Path(folder).rglob("*.[to]tf"):
            number = QFontDatabase.addApplicationFont(str(file))
            if number >= 0:
                app.setFont(QFont(QFontDatabase.applicationFontFamilies(number)[0]))
                return
    print("torchloupe: No font was found. Install one: sudo apt install fonts-dejavu-core", file=sys.stderr)


def model_folder(paths: list[str]) -> Path | None:
    """The folder of the first model file that was named."""
    places = (Path(split_target(path)[0]) for path in paths)
    return next((place.absolute().parent for place in places if place.suffix == ".py"), None)


def choose_interpreter(wanted: str | None, remembered: str, near: Path | None = None) -> str:
    """The Python of the worker: the one asked for, else the remembered one while it exists, else the usual one for a model there."""
    if wanted:
        return resolve_interpreter(wanted)
    with contextlib.suppress(UsageError):  # it was removed since
        return resolve_interpreter(remembered) if remembered else usual_interpreter(near)
    return usual_interpreter(near)


def real_session(interpreter: str, log: Callable[[Any], None]) -> WorkerSession:
    """A worker in a process of its own, here or on the far side of a command."""
    from torchloupe.session.launchers import PipedPython, launcher_of  # after the first picture
    from torchloupe.session.session import Session

    try:
        launcher = launcher_of(interpreter)
    except UsageError:
        launcher = PipedPython((interpreter,))  # the window opens all the same, and its start says what is the matter
    return Session(launcher, log)


def quit_on_interrupt(window: MainWindow) -> None:
    """Ctrl+C in the terminal closes the window. Python only gets to look at a signal when its own code runs, hence the tick."""
    signal.signal(signal.SIGINT, lambda _number, _frame: window.close())
    tick = QTimer(window, interval=500)
    tick.timeout.connect(lambda: None)
    tick.start()
