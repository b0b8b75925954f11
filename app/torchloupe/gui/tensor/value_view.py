"""What the views of a tensor's values have in common: they read when they can be seen, latest wins, and say what went wrong."""

from functools import partial
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.theme import em
from torchloupe.wire.requests import Failed


class ValueView(QWidget):
    """Controls, and below them the content or a sentence in its place.

    A view says what it reads (``work``: a job, None when there is nothing to read now) and shows what came (``arrived``).
    """

    def __init__(self, jobs: Jobs, name: str) -> None:
        super().__init__()
        self.jobs, self.name = jobs, name
        self._tag = f"tensor-view-{type(self).__name__}-{id(self)}"
        self.source: ValueSource | None = None
        self._wanted: Any = None
        self.said = EmptyState()
        self.controls, self.content = QWidget(), QWidget()
        self.flow = FlowLayout(self.controls)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.said)
        self._pages.addWidget(self.content)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.4))
        box.addWidget(self.controls)
        box.addWidget(self._pages, 1)

    # what a view decides

    def begin(self, source: ValueSource) -> None:
        """Another source: set the controls."""

    def work(self, source: ValueSource) -> Any:
        """The job to do for what the controls say."""

    def arrived(self, result: Any) -> None:
        """Show the job's result."""

    def copied_text(self) -> str:
        """What is shown, as tab-separated text."""
        return ""

    # what is the same for all

    def set_source(self, source: ValueSource | None, why: str = "", button: str = "", clicked: Any = None) -> None:
        """Look at another tensor; without one the sentence says why not, and the button what can be done about it."""
        if source is None:
            self.forget()
            self.controls.hide()
            self.say(why, button, clicked)
        elif source != self.source:
            self.forget()
            self.source = source
            self.controls.show()
            self.begin(source)
        self.read()

    def forget(self) -> None:
        """What was read is out of date, and so is what is being read."""
        self.source = self._wanted = None
        self.jobs.drop(self._tag)

    def read(self) -> None:
        """Read what the controls say, unless it is there or on its way; only while somebody can see it."""
        if self.source is None or not self.isVisible():
            return
        work = self.work(self.source)
        if work is None or work == self._wanted:
            return
        self._wanted = work
        self.say(self.tr("Reading the values of {0} …").format(self.source.key))
        label = self.tr("{0} of {1}").format(self.name, self.source.key)
        done, failed = partial(self._done, work), partial(self._failed, work)
        self.jobs.start(work, done, failed, tag=self._tag, label=label, owner=self)

    def say(self, text: str, button: str = "", clicked: Any = None) -> None:
        """A sentence in place of the content, and the next step as a button."""
        self.said.set_text(text, button, clicked)
        self._pages.setCurrentWidget(self.said)

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is worth reading."""
        super().showEvent(event)
        self.read()

    def _done(self, work: Any, result: Any) -> None:
        if work == self._wanted:
            self._pages.setCurrentWidget(self.content)
            self.arrived(result)

    def _failed(self, work: Any, failed: Failed) -> None:
        if work == self._wanted:
            self._wanted = None
            sentences = [f"{problem.message} {problem.hint}".strip() for problem in failed.problems]
            again = self.tr("Reading the values was cancelled.")
            self.said.set_text("\n".join(sentences) or again, self.tr("Read again") if failed.cancelled else "", self.read)
            self._pages.setCurrentWidget(self.said)
