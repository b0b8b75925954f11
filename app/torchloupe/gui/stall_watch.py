"""For developers: says when the window stands still, for how long, and in which line. Off unless ``TORCHLOUPE_STALLS`` is set.

A timer in the window's thread beats; a thread of its own sees that a beat is late and looks at the stack while it is.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer

from torchloupe.gui.crash_log import tell
from torchloupe.gui.log_book import WARNING

VARIABLE = "TORCHLOUPE_STALLS"
"""Milliseconds that are worth a line; 50 where it says no number."""
USUAL_MS = 50.0
BEAT_MS = 5
DEEPEST = 12
"""So many of the innermost frames are told."""

Say = Callable[[str], object]


def wanted_milliseconds(value: str | None) -> float | None:
    """What the variable asks for; None where it is not set, or is 0."""
    if not value:
        return None
    try:
        return float(value) or None
    except ValueError:
        return USUAL_MS


class StallWatch(QObject):
    """Watches the thread that it is made in. ``say`` is called in a thread of its own, once for each stall, when it is over."""

    def __init__(self, milliseconds: float, say: Say, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._limit, self._say = milliseconds / 1000, say
        self._watched = threading.get_ident()
        self._beat = _now()
        self._stop = threading.Event()
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="stall watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        self._timer.stop()
        self._stop.set()
        self._thread.join()

    def _tick(self) -> None:
        self._beat = _now()

    def _watch(self) -> None:
        begun, stack = self._beat, ""
        while not self._stop.wait(BEAT_MS / 1000):
            beat = self._beat
            if stack and beat != begun:
                self._say(stall_text(beat[0] - begun[0], beat[1] - begun[1], stack))
                stack = ""
            elif not stack and time.perf_counter() - beat[0] > self._limit:
                frame = sys._current_frames().get(self._watched)
                begun, stack = beat, stack_text(frame)


def _now() -> tuple[float, float]:
    """The time, and how much of it this thread has worked."""
    return time.perf_counter(), time.thread_time()


def stall_text(seconds: float, worked: float, stack: str) -> str:
    """How long, and where it was when it was noticed. What it did not work itself it waited for: another thread, another program."""
    return f"The window stood still for {1000 * seconds:.0f} ms, {1000 * worked:.0f} ms of them at work, in\n{stack}"


def stack_text(frame: FrameType | None) -> str:
    """The innermost frames, as a traceback has them."""
    if frame is None:
        return "  no Python code"
    return "".join(traceback.format_list(traceback.extract_stack(frame)[-DEEPEST:])).rstrip()


def watch_for_stalls(app: QCoreApplication) -> StallWatch | None:
    """As the environment asks for it: into the log, its files, and the terminal."""
    milliseconds = wanted_milliseconds(os.environ.get(VARIABLE))
    if milliseconds is None:
        return None
    watch = StallWatch(milliseconds, _say, app)
    app.aboutToQuit.connect(watch.close)
    return watch


def _say(text: str) -> None:
    tell(text, WARNING)
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)
