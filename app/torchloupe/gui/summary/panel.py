"""The Summary panel: torchinfo's table as text."""

from functools import partial

from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.theme import fixed_font
from torchloupe.gui.workbench import Workbench
from torchloupe.session.own_packages import torchinfo_folder
from torchloupe.wire.requests import Failed, OpenedTarget, SummaryTable, SummaryText

ASKING = "summary"
"""Tag of the job."""
MOST_LINES = 8_000
"""So many are shown; all of them are copied."""


class SummaryPanel(QWidget):
    """Shows the table of the model for which it was asked last."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self._whole = ""
        self.empty = EmptyState()
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName(self.tr("Summary"))
        self.text.setFont(fixed_font())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        workbench.model_changed.connect(self._forget)
        self._forget()

    def copy_rows(self) -> str:
        """What is marked, else all of it."""
        marked = self.text.textCursor().selectedText().replace("\u2029", "\n")
        return marked or self._whole

    def ask(self, inputs: tuple[str, ...]) -> None:
        """Make the table, with the shapes of a run on these inputs where it can be run."""
        model = self.workbench.model
        if model is None:
            return
        self._say(self.tr("torchinfo looks at {0} …").format(model.class_name))
        self._jobs.start(
            SummaryTable(inputs, torchinfo_folder()),
            partial(self._show, model),
            self._failed,
            tag=ASKING,
            label=self.tr("the summary of {0}").format(model.class_name),
            owner=self,
        )

    def _show(self, model: OpenedTarget, summary: SummaryText) -> None:
        if model is self.workbench.model:
            lines = summary.text.split("\n")
            left_out = len(lines) - MOST_LINES
            more = [self.tr("… and {0} lines more; copying takes all of them.").format(left_out)] if left_out > 0 else []
            self._whole = summary.text
            self.text.setPlainText("\n".join(lines[:MOST_LINES] + more))
            self._pages.setCurrentWidget(self.text)

    def _failed(self, failed: Failed) -> None:
        said = " ".join(f"{problem.message} {problem.hint}" for problem in failed.problems)
        self.empty.offer(said or self.tr("Cancelled."), "model.summary")
        self._pages.setCurrentWidget(self.empty)

    def _forget(self) -> None:
        self._jobs.drop(ASKING)
        self.text.clear()
        self._whole = ""
        self.empty.offer(self.tr("torchinfo's table of the model that is open."), "model.summary")
        self._pages.setCurrentWidget(self.empty)

    def _say(self, sentence: str) -> None:
        self.empty.set_text(sentence)
        self._pages.setCurrentWidget(self.empty)
