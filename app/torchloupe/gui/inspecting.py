"""A closer look at the model (registration, modes, values) after each run, in the background: it gives way to whatever else is asked."""

from functools import partial

from PySide6.QtCore import QObject

from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui.events_trace import trace
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.opening import Opening
from torchloupe.wire.registration import InspectedModel, InspectModel
from torchloupe.wire.requests import Failed, OpenedTarget

INSPECTION = "inspection"
"""Tag of the job."""
_OUT_OF_TIME = "time-limit"


class Inspecting(QObject):
    """Looks when a run has ended, also one that failed; the next run or model ends it."""

    def __init__(self, opening: Opening, book: LogBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opening, self._bench, self._jobs, self._book = opening, opening.workbench, opening.jobs, book
        opening.run_finished.connect(self._look)
        self._bench.model_changed.connect(self._give_up)
        self._bench.trace_changed.connect(self._run_changed)

    def _look(self) -> None:
        model, report = self._bench.model, self._bench.report
        if report is None or any(problem.code == _OUT_OF_TIME for problem in report.problems):
            return  # cancelled, or could not begin, or would not end now either
        if model is None or not self._opening.constructed or self._bench.tried:  # the repaired model is gone again
            return
        options = self._opening.running.options
        self._jobs.start(
            InspectModel(options.inputs, options.device, options.mode, shapes_only=options.shapes_only),
            done=partial(self._looked, model),
            failed=self._failed,
            tag=INSPECTION,
            label=self.tr("looking closer at the model"),
            gives_way=True,
        )

    def _run_changed(self) -> None:
        if self._bench.running:
            self._give_up()

    def _give_up(self) -> None:
        self._jobs.drop(INSPECTION)

    def _looked(self, model: OpenedTarget, found: InspectedModel) -> None:
        from torchloupe.analysis.numerics import sharpest  # after the first picture

        if self._bench.model is not model:
            return
        selected = self._bench.selection.problem
        new = self._bench.add_found(found.problems)
        sharper = next((each for each in new if selected is not None and sharpest([selected, each]) == [each]), None)
        if sharper is not None:
            self._bench.select_problem(sharper)
        for note in found.notes:
            self._book.add("app", note)
        trace("inspected", problems=[problem.code for problem in found.problems], new=len(new))
        more = counted(len(new), "more problem") if new else self.tr("nothing more")
        self._opening.said.emit(self.tr("A closer look found {0} ({1})").format(more, seconds_text(found.seconds)))

    def _failed(self, failed: Failed) -> None:
        """The run is what was wanted; that there was no closer look is for the log."""
        for problem in failed.problems:
            self._book.add("app", self.tr("No closer look: {0}").format(problem.message))
