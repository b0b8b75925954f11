"""The line at the bottom: interpreter, model, the last sentence, what runs and how far it is, how many problems."""

import time

from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import QProgressBar, QStatusBar, QToolButton

from torchloupe.analysis.wording import counted
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.icons import icon
from torchloupe.gui.marks import SEVERITY_MARKS
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.gui.worker_state import STATE_GLYPHS, state_text
from torchloupe.wire.problems import INFO

QUIET_MS = 150
"""Work that is done sooner than this is not mentioned."""


class StatusBar(QStatusBar):
    """Follows the workbench, the jobs and the worker."""

    interpreter_clicked = Signal()
    cancel_clicked = Signal()
    problems_clicked = Signal()

    def __init__(self, workbench: Workbench, worker: WorkerLink) -> None:
        super().__init__()
        self._workbench, self._worker, self._jobs = workbench, worker, worker.jobs
        self._began = 0.0
        self.interpreter = self._button(self.tr("Interpreter"), self.interpreter_clicked)
        self.interpreter.setIcon(icon("interpreter"))
        self.model, self.message = ElidedLabel(indent=em(self, 0.5)), ElidedLabel(indent=em(self, 0.5))
        self.model.setMaximumWidth(em(self, 20))
        self.job = ElidedLabel()
        self.bar = QProgressBar(textVisible=False, maximum=0)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setFixedSize(em(self, 8), em(self, 0.9))
        self.cancel = self._button(self.tr("Cancel"), self.cancel_clicked)
        self.cancel.setIcon(icon("close"))
        self.cancel.setToolTip(self.tr("Cancel the running job (Shift+F5)"))
        self.problems = self._button(self.tr("Problems"), self.problems_clicked)
        self.addWidget(self.interpreter)
        self.addWidget(self.model)
        self.addWidget(self.message, 1)
        for widget in (self.job, self.bar, self.cancel, self.problems):
            self.addPermanentWidget(widget)
        self._wait = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._wait.timeout.connect(lambda: self._show_job(self._jobs.busy))
        self._tick = QTimer(self, interval=500)
        self._tick.timeout.connect(self._show_elapsed)
        self._show_job(False)
        self._connect()

    def _connect(self) -> None:
        self._jobs.busy_changed.connect(self._busy_changed)
        self._jobs.progress.connect(self._show_progress)
        self._worker.changed.connect(lambda _state: self.show_interpreter())
        self._worker.restarted.connect(self.show_interpreter)
        self._workbench.model_changed.connect(self._show_model)
        self._workbench.weights.changed.connect(self._show_model)
        self._workbench.problems_changed.connect(self._show_problems)
        self._workbench.trace_changed.connect(self._show_problems)
        self.show_interpreter()
        self._show_model()
        self._show_problems()

    def say(self, text: str) -> None:
        """The last sentence, until the next one."""
        self.message.setText(plain_text(text))

    def show_interpreter(self) -> None:
        """Where the user's code runs, and whether it can."""
        hello, state = self._worker.hello, self._worker.state
        place = self.tr("far side") if self._worker.is_remote else self.tr("local")
        if hello is None or state in ("died", "stopped"):
            what = state_text(state)
        else:
            torch = f"torch {hello.torch}" if hello.torch else self.tr("no torch")
            what = self.tr("Python {0}, {1}").format(hello.python, torch)
        text = f"{STATE_GLYPHS.get(state, '')} {place}: {what}".strip()
        self.interpreter.setText(text)
        self.interpreter.setAccessibleName(self.tr("Interpreter, {0}").format(text))
        self.interpreter.setToolTip(
            self.tr("{0}\nThe worker is {1}. Click for more, or to choose another interpreter").format(
                self._worker.interpreter, state_text(state)
            )
        )

    def refresh_icons(self) -> None:
        """Draw the icons in the colours of the theme."""
        self.interpreter.setIcon(icon("interpreter"))
        self.cancel.setIcon(icon("close"))

    def _button(self, name: str, clicked: SignalInstance) -> QToolButton:
        button = QToolButton(autoRaise=True)
        button.setAccessibleName(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(clicked)
        return button

    def _busy_changed(self, busy: bool) -> None:
        if busy:
            self._began = time.monotonic()
            self._wait.start()
        else:
            self._wait.stop()
            self._show_job(False)

    def _show_job(self, shown: bool) -> None:
        for widget in (self.job, self.cancel):
            widget.setVisible(shown)
        self.bar.setVisible(shown and self.bar.maximum() > 0)  # without an end it would only move
        if shown:
            self._tick.start()
            self._show_elapsed()
        else:
            self._tick.stop()
            self.bar.setMaximum(0)

    def _show_elapsed(self) -> None:
        seconds = time.monotonic() - self._began
        label = self._jobs.label
        self.job.setText(f"{label}, {seconds:.0f} s" if seconds >= 1 else label)

    def _show_progress(self, _label: str, done: int, total: int) -> None:
        self.bar.setMaximum(total)
        self.bar.setValue(done)
        self.bar.setVisible(total > 0 and self.job.isVisible())

    def _show_model(self) -> None:
        model, loaded = self._workbench.model, self._workbench.weights.loaded
        self.model.setVisible(model is not None)
        text = model.class_name if model else ""
        if text and loaded:
            from torchloupe.analysis.loading_wording import weights_text  # after the first picture

            text += f", {weights_text(loaded)}"
        self.model.setText(text, more=model.target if model else "")

    def _show_problems(self) -> None:
        counts: dict[str, int] = {}
        for problem in self._workbench.problems:
            counts[problem.severity] = counts.get(problem.severity, 0) + 1
        parts = [f"{SEVERITY_MARKS[severity].glyph} {counts[severity]}" for severity in SEVERITY_MARKS if severity in counts]
        checked = self._workbench.report is not None or self._workbench.diff is not None
        text = "  ".join(parts) or (self.tr("no problems") if checked else self.tr("not checked yet"))
        words = [counted(count, severity, severity if severity == INFO else "") for severity, count in counts.items()]
        self.problems.setText(text)
        self.problems.setAccessibleName(self.tr("Problems: {0}").format(", ".join(words) or text))
        self.problems.setToolTip(self.tr("Show the problems (F8 goes through them)"))
