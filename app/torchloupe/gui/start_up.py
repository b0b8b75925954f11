"""From an empty process to the window: application, font, theme, settings, window, event loop."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from torchloupe import __version__
from torchloupe.analysis.target_source import split_target
from torchloupe.gui import theme as themes
from torchloupe.gui.clipboard_end import hand_over_clipboard
from torchloupe.gui.crash_log import catch_everything, keep_log_files
from torchloupe.gui.garbage import GarbageSearch
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.settings import COLORS, Settings, settings_file
from torchloupe.gui.warm_up import WarmUp
from torchloupe.gui.windows import FOLDER, RESTORE, Windows
from torchloupe.gui.wish import Wish, is_imported
from torchloupe.gui.worker_link import WorkerSession
from torchloupe.session.interpreters import resolve_interpreter
from torchloupe.session.usual_interpreter import usual_interpreter
from torchloupe.wire.errors import UsageError

NAME = "torchloupe"
DESKTOP_ID = "io.github.torchloupe.Torchloupe"
"""What a desktop knows the window by: under X the name in WM_CLASS, under Wayland the app id."""

ALIASES = {"Monospace", "Sans Serif", "Serif"}
"""Families that Qt names even where there is no font at all."""

SCREENSHOT_SIZE = (1280, 800)

GIVE_WAY_SECONDS = 0.0001
"""How long a thread at work may keep the window waiting for the interpreter lock, each time that the window wants it; Python's own
5 ms add up to half a second while panels are shown."""


@dataclass(frozen=True)
class StartOptions:
    """How the program is started: ``fresh`` without what was remembered, ``screenshots`` a folder, ``screenshot`` one file, ``log`` a
    file for what is said."""

    fresh: bool = False
    trust: bool = False
    screenshots: str | None = None
    screenshot: str | None = None
    log: str | None = None

    @property
    def draws(self) -> bool:
        """Pictures are wanted, no window."""
        return bool(self.screenshots or self.screenshot)


def show_window(wish: Wish, options: StartOptions) -> int:
    """Show the window and return its exit status when it is closed; at once when a window that is open already takes the wish."""
    app = make_application()
    place = None if options.fresh or options.draws else settings_file()
    if place is not None and was_handed_over(place, wish):
        return 0
    sys.setswitchinterval(GIVE_WAY_SECONDS)
    GarbageSearch(app)
    if os.environ.get("TORCHLOUPE_STALLS"):
        from torchloupe.gui.stall_watch import watch_for_stalls  # for developers

        watch_for_stalls(app)
    settings = Settings(place)
    try:
        if wish.python:
            resolve_interpreter(wish.python)
    except UsageError as error:
        print(f"torchloupe: {error}\n{error.hint}", file=sys.stderr)
        return 2
    themes.use_colors(settings.text(COLORS))
    themes.apply_theme(app, wish.theme or settings.text("theme") or "system")
    make = WindowMaker(settings, options)
    if options.draws:
        draw_pictures(make, wish, options)
    else:
        windows = Windows(make, settings.folder / FOLDER if settings.folder else None, app)
        make.windows = windows
        if sys.platform == "darwin":  # where a double click is an event of the application
            app.installEventFilter(windows)
        windows.start(wish, settings.text(RESTORE, "1") == "1")
        quit_on_interrupt(windows.quit, app)
    return int(app.exec())


class WindowMaker:
    """Makes windows with all that starts after the first picture."""

    def __init__(self, settings: Settings, options: StartOptions) -> None:
        self._settings, self._options = settings, options
        self.windows: Windows | None = None
        self._is_first = True

    def __call__(self, python: str, paths: list[str], then: Callable[[Restoring], object]) -> MainWindow:
        """A window that is shown; ``then`` is called once it has been painted."""
        folder, trouble = model_folder(paths), ""
        remembered = self._settings.interpreter_for(folder)
        try:
            interpreter = choose_interpreter(python, remembered, folder)
        except UsageError as error:
            interpreter, trouble = choose_interpreter(None, remembered, folder), f"{error} {error.hint}"
        window = MainWindow(real_session, interpreter, self._settings, self._options.trust)
        catch_everything(window.book)
        if self._is_first:
            self._is_first = False
            window.painted.connect(partial(keep_log_files, self._options.log))
            window.painted.connect(partial(self._first_was_painted, window))
        window.painted.connect(window.worker.start)
        window.painted.connect(WarmUp(window.docks.panels, window).start)
        window.painted.connect(lambda: then(window.findChildren(Restoring)[0]))
        window.show()
        if trouble:
            window.status.say(trouble)
        return window

    def _first_was_painted(self, window: MainWindow) -> None:
        """Only now: both take imports that the first picture need not wait for."""
        if self.windows is None or self._settings.folder is None:
            return
        from torchloupe.gui.instance_name import instance_name
        from torchloupe.gui.kept_runs import KeepingRuns
        from torchloupe.gui.single_instance import FirstInstance

        self.windows.report = window.actions_by_id["help.diagnostics"].trigger
        KeepingRuns(window.runs, window.jobs, self._settings.folder / FOLDER).read()
        first = FirstInstance(instance_name(settings_file()), self.windows)
        first.asked.connect(self.windows.open)


def was_handed_over(settings: Path, wish: Wish) -> bool:
    """A window that is open takes the wish. Not one whose meaning depends on the folder, as an import path."""
    if any(is_imported(path) for path in wish.paths):
        return False
    from torchloupe.gui.instance_name import instance_name

    name = instance_name(settings)
    if os.path.isabs(name) and not os.path.exists(name):
        return False  # without loading what talks to it
    from torchloupe.gui.single_instance import hand_over

    return hand_over(name, wish)


def draw_pictures(make: WindowMaker, wish: Wish, options: StartOptions) -> None:
    """Without a person: open, run, save, quit."""
    from torchloupe.gui.screenshots import OnePicture, Screenshots

    window = make(wish.python, [], lambda _restoring: None)
    window.resize(*SCREENSHOT_SIZE)
    if options.screenshot:
        OnePicture(window, Path(options.screenshot), wish, lambda _status: window.close())
    else:
        Screenshots(window, Path(options.screenshots or "."), list(wish.paths), lambda _status: window.close())


def make_application() -> QApplication:
    """The application with its names and a font that exists."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([NAME, "-name", DESKTOP_ID])
    app.setApplicationName(NAME)
    app.setApplicationDisplayName("Torchloupe")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(DESKTOP_ID)
    if existing is None:
        app.aboutToQuit.connect(hand_over_clipboard)
    use_a_font_that_exists(app)
    return app


def use_a_font_that_exists(app: QApplication) -> None:
    """Without any font every letter is a box: take one that lies about, and say so when there is none."""
    if set(QFontDatabase.families()) - ALIASES:
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


def quit_on_interrupt(end: Callable[[], object], parent: QObject) -> None:
    """Ctrl+C in the terminal, or the end of the desktop's session, closes the windows. Python only gets to look at a signal when its own
    code runs, hence the tick."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: end())
    tick = QTimer(parent, interval=500)
    tick.timeout.connect(lambda: None)
    tick.start()
