"""Seconds from saving a model's file to its new result: ``saved_model.py FILE plain|window [SAVES]``.

``window``: a window on an offscreen screen that has the model and a run of it open, with a spare worker waiting; the file is saved
so many times. ``plain``: what the model itself takes in this process - its import, construction and one forward pass.
"""

import contextlib
import importlib.util
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

PAUSE_SECONDS = 1.0
"""A person takes longer than that from one save to the next."""
LIMIT_SECONDS = 60.0


def plain(file: Path) -> dict[str, float]:
    """The model's own seconds; torch is imported before."""
    import torch

    torch.ones(1)
    began = time.perf_counter()
    spec = importlib.util.spec_from_file_location("model", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    make = getattr(module, "make_model", None) or module.LetterClassifier
    with contextlib.suppress(RuntimeError):  # the example has a mismatch
        make()(*module.example_inputs())
    return {"seconds": time.perf_counter() - began}


def window(file: Path, saves: int) -> dict[str, float]:
    """From the save until the new result is painted: the median."""
    from torchloupe.gui.qt_classes import every_class_at_once

    with every_class_at_once():
        from PySide6.QtCore import QEventLoop, QTimer

    from torchloupe.gui.main_window import MainWindow
    from torchloupe.gui.settings import Settings
    from torchloupe.gui.start_up import make_application, real_session
    from torchloupe.session.session import Session

    app = make_application()
    tick = QTimer(interval=100)  # conditions outside of Qt are looked at now and then
    tick.start()
    shown = MainWindow(real_session, sys.executable, Settings(None), trust_everything=True)
    shown.resize(1280, 800)
    shown.show()
    shown.open_paths([file])

    def until(condition: Callable[[], object]) -> None:
        end = time.perf_counter() + LIMIT_SECONDS
        while not condition():
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.perf_counter() > end:
                sys.exit(f"It never came to that; the window said: {shown.status.message.text()}")

    def spare_waits() -> bool:
        session = shown.worker.session
        return isinstance(session, Session) and session.has_spare and not shown.jobs.busy

    until(lambda: shown.opening.can_run)
    shown.opening.run_forward()
    until(lambda: shown.workbench.report is not None)
    taken = []
    for number in range(saves):
        until(spare_waits)
        rested = time.perf_counter() + PAUSE_SECONDS
        until(lambda rested=rested: time.perf_counter() > rested)
        before, text = shown.workbench.report, file.read_text(encoding="utf-8")
        began = time.perf_counter()
        file.write_text(f"{text}# saved {number}\n", encoding="utf-8")
        until(lambda before=before: shown.workbench.report is not before and shown.workbench.report is not None)
        app.processEvents()
        taken.append(time.perf_counter() - began)
    shown.close()
    return {"seconds": median(taken)}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="torchloupe-bench-") as name:
        copy = Path(shutil.copy(sys.argv[1], name))
        print(json.dumps(plain(copy) if sys.argv[2] == "plain" else window(copy, int(sys.argv[3]))))
