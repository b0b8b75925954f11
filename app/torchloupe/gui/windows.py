"""All windows of this program: what was open comes back, what another start asks for is opened here, and what is open is kept."""

import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QLockFile, QObject, QTimer
from PySide6.QtGui import QFileOpenEvent, QGuiApplication
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from torchloupe.gui.last_session import LastSession, WindowState, read_session, write_session
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.wish import Wish

KEEP_MS = 2000
"""What is open is written so long after it changed."""
SETTLE_MS = 300
"""So long a desktop is given to move windows away from a screen that is gone."""
LOCK_MS = 7 * 24 * 3600 * 1000
"""A lock is no lock when its process is gone; one of another machine, where that cannot be seen, when it is as old as this."""
FOLDER, LOCK, RESTORE = "session", "running.lock", "restore_session"
Make = Callable[[str, list[str], Callable[[Restoring], object]], QMainWindow]
"""Makes and shows a window on an interpreter ("" is the usual one for these paths); the callable is called after its first picture."""

_all: "list[Windows]" = []


def the_windows() -> "Windows | None":
    """Those of this program; None in a window that stands alone."""
    return _all[0] if _all else None


class Windows(QObject):
    """Opens windows and follows them. Without a folder nothing is kept."""

    def __init__(self, make: Make, folder: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make, self._folder = make, folder
        self.windows: list[QMainWindow] = []
        self._offered: list[WindowState] = []  # what was open when the last session ended unexpectedly, until something else is
        self._left: list[WindowState] | None = None  # of windows that are being closed together
        self._lock = QLockFile(str(folder / LOCK)) if folder else None
        self._keeps = False  # another program that runs on the same settings keeps its own session
        self.report: Callable[[], object] = lambda: None
        self._timer = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._timer.timeout.connect(self.keep)
        _all[:] = [self]
        self._later = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._later.timeout.connect(self._bring_back)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenRemoved.connect(self._later.start)

    # the first window

    def start(self, wish: Wish, restore: bool = True) -> None:
        """Open what is wished, else what was open the last time. A session that ended unexpectedly is only opened when somebody asks."""
        last = self._last_session()
        before = [state for state in last.windows if not state.is_empty]
        if wish.paths or wish.goto or wish.compare:
            self.open(wish)
        elif restore and last.ended and before:
            for state in before:
                self._restore(state)
        else:
            self._new_window("", [], partial(self._say_how_it_ended, last, before))

    def _last_session(self) -> LastSession:
        if self._folder is None or self._lock is None:
            return LastSession()
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._lock.setStaleLockTime(LOCK_MS)
        self._keeps = self._lock.tryLock(0)
        if self._lock.error() in (QLockFile.LockError.PermissionError, QLockFile.LockError.UnknownError):
            text = self.tr("What is open is not kept for the next start: nothing can be written to {0}.")
            return LastSession(trouble=text.format(self._folder))
        return read_session(self._folder) if self._keeps else LastSession()

    def _say_how_it_ended(self, last: LastSession, before: list[WindowState], restoring: Restoring) -> None:
        if not last.ended:
            self._offered = before
            text = self.tr("The last session ended unexpectedly.")
            reopen = partial(self._reopen, before)
            restoring.say(text, self.tr("Reopen"), reopen, (self.tr("Report"), self.report))
        elif last.trouble:
            restoring.say(last.trouble, self.tr("Report"), self.report)

    def _reopen(self, before: list[WindowState]) -> None:
        for state in before:
            empty = self._empty_window()
            if empty is not None:
                empty.restore(state)
            else:
                self._restore(state)

    def _restore(self, state: WindowState) -> None:
        target = str((state.target or {}).get("target", ""))
        self._new_window("", [target] if target else [], lambda restoring: restoring.restore(state))

    # more windows

    def open(self, wish: Wish) -> None:
        """In a window where nothing is open, beside what is open where that is wished, else in a new one."""
        window = None if wish.new_window else self._front() if wish.is_beside else self._empty_window()
        if window is None and not (wish.paths or wish.new_window):
            window = self._front()
        if window is not None:
            window.fulfil(wish)
            rise(window.parent(), wish.token)
        else:
            self._new_window(wish.python, list(wish.paths), lambda restoring: restoring.fulfil(wish))

    def _new_window(self, python: str, paths: list[str], then: Callable[[Restoring], object]) -> None:
        window = self._make(python, paths, then)
        self.windows.append(window)
        window.installEventFilter(self)
        _restoring_of(window).changed.connect(self._timer.start)

    def _empty_window(self) -> Restoring | None:
        return next((_restoring_of(window) for window in self.windows if _restoring_of(window).is_empty), None)

    def _front(self) -> Restoring | None:
        active = [window for window in self.windows if window.isActiveWindow()]
        return _restoring_of([*active, *self.windows][0]) if self.windows else None

    def _bring_back(self) -> None:
        for window in self.windows:
            for part in (window, *(dock for dock in window.findChildren(QDockWidget) if dock.isFloating())):
                back_on_screen(part)

    # what is kept

    def keep(self, ended: bool = False) -> None:
        """Write down what is open."""
        if self._folder is None or not self._keeps:
            return
        states = self._left if self._left is not None else [_restoring_of(window).state() for window in self.windows]
        kept = states if any(not state.is_empty for state in states) else self._offered or states
        trouble = write_session(self._folder, LastSession(tuple(kept), ended))
        if trouble and self.windows and not ended:
            self._keeps = False  # said once
            _restoring_of(self.windows[0]).say(trouble, self.tr("Try again"), self._keep_again)

    def _keep_again(self) -> None:
        self._keeps = True
        self.keep()

    def quit(self) -> None:
        """Close all windows; all of them come back."""
        self._left = [_restoring_of(window).state() for window in self.windows]
        for window in list(self.windows):
            window.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A window is closed: the last one comes back at the next start, others do not. And on macOS a file is double-clicked."""
        if isinstance(event, QFileOpenEvent):
            self.open(Wish((event.file(),)))
            return True
        if event.type() == QEvent.Type.Close and watched in self.windows:
            window = self.windows[self.windows.index(watched)]
            if self._left is None and len(self.windows) == 1:
                self._left = [_restoring_of(window).state()]
            self.windows.remove(window)
            if self.windows:
                self._timer.start()
                window.deleteLater()
            else:
                self.end()
        return super().eventFilter(watched, event)

    def end(self) -> None:
        """No window is left."""
        self._timer.stop()
        self.keep(ended=True)
        self._left = None
        if self._lock is not None:
            self._lock.unlock()
        _all.clear()


def back_on_screen(window: QWidget) -> None:
    """A window whose screen was taken away comes to one that is there."""
    here = window.frameGeometry()
    screen = QGuiApplication.primaryScreen()
    if screen is not None and not any(each.availableGeometry().intersects(here) for each in QGuiApplication.screens()):
        room = screen.availableGeometry()
        window.resize(window.size().boundedTo(room.size()))
        window.move(room.topLeft())


def _restoring_of(window: QMainWindow) -> Restoring:
    return window.findChildren(Restoring)[0]


def rise(window: QObject | None, token: str) -> None:
    """Bring a window to the front; on Wayland that takes the token of who asked."""
    if isinstance(window, QMainWindow):
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        if window.isMinimized():
            window.showNormal()
        window.raise_()
        window.activateWindow()
