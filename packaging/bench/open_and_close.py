"""Open, run and close, again and again: what is left of it in memory, threads, file descriptors, processes and objects.

``open_and_close.py [--cycles N] [--every N]``: each cycle makes a window with a worker of its own, opens the bundled example, runs it, goes
through every panel and closes the window. A line of JSON every so many cycles; the last one says how much each grew since the warm-up.
"""

import argparse
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torchloupe.gui.qt_classes import every_class_at_once

with every_class_at_once():
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

from torchloupe.gui.example import example_files
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.gui.start_up import make_application, real_session

PATIENCE_SECONDS = 60.0
WARM_UP = 5
"""Cycles in which caches fill and libraries are imported."""


@dataclass(frozen=True)
class Held:
    """What the process holds. ``widgets`` are those that Qt knows, ``objects`` what Python's garbage collector knows."""

    resident_kb: int
    threads: int
    descriptors: int
    children: int
    widgets: int
    objects: int

    @classmethod
    def now(cls) -> "Held":
        """After looking for garbage."""
        gc.collect()
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        facts = dict(line.split(":", 1) for line in lines)
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        return cls(
            int(facts["VmRSS"].split()[0]),
            threading.active_count(),
            len(os.listdir("/proc/self/fd")),
            len(children),
            len(QApplication.allWidgets()),
            len(gc.get_objects()),
        )

    def minus(self, earlier: "Held") -> dict[str, int]:
        """By how much each grew."""
        before = asdict(earlier)
        return {name: value - before[name] for name, value in asdict(self).items()}


class Cycles:
    """One window after the other."""

    def __init__(self, app: QApplication, paths: Sequence[Path]) -> None:
        self._app, self._paths = app, list(paths)

    def run_one(self) -> None:
        """Open, run, look at everything, close."""
        window = MainWindow(real_session, sys.executable, Settings(None), True)
        window.resize(1280, 800)
        window.show()
        self._use(window)
        window.close()
        window.deleteLater()
        del window
        self._until(lambda: not [each for each in self._app.topLevelWidgets() if isinstance(each, MainWindow)])
        self._until(lambda: Held.now().children == 0)

    def _use(self, window: MainWindow) -> None:
        window.open_paths(self._paths)
        self._until(lambda: window.workbench.model is not None and not window.jobs.busy)
        window.opening.run_forward()
        self._until(lambda: window.workbench.report is not None and not window.jobs.busy)
        for name in window.docks.panels:
            window.docks.focus_panel(name)
            self._app.processEvents()
        self._until(lambda: not window.jobs.busy)

    def _until(self, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("The window does not come to rest.")
            self._app.processEvents()
            self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            time.sleep(0.002)


def main(words: Sequence[str]) -> int:
    """Go round, say what is held; status 1 where something that must not grow did."""
    parser = argparse.ArgumentParser(prog="open_and_close.py")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--every", type=int, default=20)
    options = parser.parse_args(words)
    gc.disable()  # as in the program: garbage is looked for in the window's thread alone
    cycles = Cycles(make_application(), example_files())
    for _ in range(WARM_UP):
        cycles.run_one()
    first = Held.now()
    print(json.dumps({"cycle": 0, **asdict(first)}), flush=True)
    for number in range(1, options.cycles + 1):
        cycles.run_one()
        if number % options.every == 0:
            print(json.dumps({"cycle": number, **asdict(Held.now())}), flush=True)
    grown = Held.now().minus(first)
    print(json.dumps({"cycles": options.cycles, "grown": grown}), flush=True)
    return int(any(grown[name] > 0 for name in ("threads", "descriptors", "children", "widgets")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
