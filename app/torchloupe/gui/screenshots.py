"""``--screenshots FOLDER``: open the files, run the sample input, save pictures of the window and of every panel, report, quit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from torchloupe.analysis.wording import counted, problem_lines, seconds_text
from torchloupe.gui import theme
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.wish import Wish
from torchloupe.gui.workbench import Workbench

SETTLE_MS = 250
"""So long nothing may run before the next step; a job that follows another one starts well within it."""


def _running_app() -> QApplication:
    """The running application."""
    running = QApplication.instance()
    assert isinstance(running, QApplication)
    return running


class Screenshots(QObject):
    """Goes from step to step whenever nothing runs any more."""

    def __init__(self, window: MainWindow, folder: Path, paths: list[str], finished: Callable[[int], object]) -> None:
        super().__init__(window)
        self._window, self._folder, self._paths, self._finished = window, folder, paths, finished
        self._saved: list[Path] = []
        self._mode = theme.mode()
        self._steps: list[Callable[[], object]] = [self._open, self._run, self._pictures]
        for mode in ("light", "dark"):  # each when what follows from another theme has been drawn
            self._steps += [partial(theme.apply_theme, _running_app(), mode), partial(self._keep, f"window-{mode}")]
        self._steps.append(self._end)
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._next)
        window.jobs.busy_changed.connect(self._busy_changed)
        window.painted.connect(self._timer.start)

    def _busy_changed(self, busy: bool) -> None:
        if busy:
            self._timer.stop()
        else:
            self._timer.start()

    def _next(self) -> None:
        if not self._window.jobs.busy and self._steps:
            self._steps.pop(0)()
            if self._steps and not self._window.jobs.busy:
                self._timer.start()

    def _open(self) -> None:
        self._window.open_paths(self._paths)

    def _run(self) -> None:
        if self._window.workbench.model is not None:
            self._window.opening.run_forward()

    def _pictures(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._keep("window")
        docks = self._window.docks
        self._panels([name for name in docks.panels if name != "start"] if docks.is_shown("bottom") else [])

    def _panels(self, names: list[str]) -> None:
        """One after the other; what a panel works out when it is first seen is waited for."""
        docks = self._window.docks
        for number, name in enumerate(names):
            docks.raise_panel(name)
            _running_app().processEvents()
            if self._window.jobs.busy:
                self._steps.insert(0, partial(self._panels, names[number:]))
                return
            self._keep(f"panel-{name}", docks.panels[name])
        if names:
            docks.raise_panel("problems")
            docks.raise_panel("calls" if self._window.workbench.model else "tensor")

    def _end(self) -> None:
        theme.apply_theme(_running_app(), self._mode)
        print("\n".join([*report_lines(self._window.workbench), *(f"saved {path}" for path in self._saved)]), flush=True)
        self._finished(0)

    def _keep(self, name: str, widget: QWidget | None = None) -> None:
        self._saved.append(self._save(name, widget))

    def _save(self, name: str, widget: QWidget | None = None) -> Path:
        path = self._folder / f"{name}.png"
        shown = widget if widget is not None else self._window
        shown.grab().save(str(path))
        return path


class OnePicture(Screenshots):
    """``--screenshot FILE``: the window as it is once the files are open and what was asked for is selected."""

    def __init__(self, window: MainWindow, file: Path, wish: Wish, finished: Callable[[int], object]) -> None:
        super().__init__(window, file.parent, list(wish.paths), finished)
        self._name, self._wish = file.name, wish
        self._steps = [self._fulfil, self._one_picture]

    def _fulfil(self) -> None:
        self._window.findChildren(Restoring)[0].fulfil(self._wish)

    def _one_picture(self) -> None:
        _running_app().processEvents()
        if self._window.jobs.busy:  # a panel that is first seen works something out
            self._steps.insert(0, self._one_picture)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        print("\n".join([*report_lines(self._window.workbench), f"saved {self._save(Path(self._name).stem)}"]), flush=True)
        self._finished(0)


def report_lines(workbench: Workbench) -> list[str]:
    """What is open and what was found, as lines of text."""
    lines = []
    if workbench.checkpoint:
        lines.append(f"checkpoint {workbench.checkpoint.path}: {counted(len(workbench.checkpoint.tensors), 'tensor')}")
    if workbench.model:
        lines.append(f"model {workbench.model.target}: {counted(len(workbench.model.tree.modules), 'module')}")
    if workbench.report:
        lines.append(f"run: {counted(len(workbench.calls), 'call')} in {seconds_text(workbench.report.seconds)}")
    if workbench.diff:
        lines.append("compared: " + ", ".join(f"{count} {status}" for status, count in workbench.diff.counts.items() if count))
    for problem in workbench.problems:
        lines.extend(problem_lines(problem))
    return lines or ["Nothing was opened."]
