"""All panels of the window, in the order of their numbers. Each is imported when it is first shown."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.panels import PanelPlace
from torchloupe.gui.run_history import RunHistory
from torchloupe.gui.settings import Settings
from torchloupe.gui.workbench import Workbench

translate = QCoreApplication.translate


@dataclass(frozen=True)
class PanelBuilds:
    """Imports and makes each panel."""

    workbench: Workbench
    jobs: Jobs
    book: LogBook
    settings: Settings
    runs: RunHistory

    def modules(self) -> QWidget:
        """The tree of modules with their parameters."""
        from torchloupe.gui.modules.panel import ModulesPanel

        return ModulesPanel(self.workbench, self.jobs, self.settings)

    def checkpoint(self) -> QWidget:
        """What is in the checkpoint."""
        from torchloupe.gui.checkpoint.panel import CheckpointPanel

        return CheckpointPanel(self.workbench, self.jobs)

    def calls(self) -> QWidget:
        """The calls of the last run."""
        from torchloupe.gui.calls.panel import CallsPanel

        return CallsPanel(self.workbench, self.settings)

    def compare(self) -> QWidget:
        """Checkpoint against model."""
        from torchloupe.gui.compare.panel import ComparePanel

        return ComparePanel(self.workbench)

    def tensor(self) -> QWidget:
        """Values of one tensor."""
        from torchloupe.gui.tensor.panel import TensorPanel

        return TensorPanel(self.workbench, self.jobs)

    def details(self) -> QWidget:
        """Everything about the selection."""
        from torchloupe.gui.details.panel import DetailsPanel

        return DetailsPanel(self.workbench, self.jobs)

    def problems(self) -> QWidget:
        """Everything that is wrong."""
        from torchloupe.gui.problems.panel import ProblemsPanel

        return ProblemsPanel(self.workbench)

    def log(self) -> QWidget:
        """What worker and app said."""
        from torchloupe.gui.log.panel import LogPanel

        return LogPanel(self.book)

    def checkpoint_pair(self) -> QWidget:
        """Two checkpoints side by side."""
        from torchloupe.gui.checkpoint_pair.panel import CheckpointPairPanel

        return CheckpointPairPanel(self.workbench, self.jobs)

    def source(self) -> QWidget:
        """The source of the selection."""
        from torchloupe.gui.source.panel import SourcePanel

        return SourcePanel(self.workbench, self.jobs)

    def summary(self) -> QWidget:
        """torchinfo's table."""
        from torchloupe.gui.summary.panel import SummaryPanel

        return SummaryPanel(self.workbench, self.jobs)

    def step(self) -> QWidget:
        """The last training step."""
        from torchloupe.gui.step.panel import StepPanel

        return StepPanel(self.workbench, self.jobs)

    def run_pair(self) -> QWidget:
        """Two runs beside each other."""
        from torchloupe.gui.runs.panel import RunsPanel

        return RunsPanel(self.workbench, self.runs)

    def find(self) -> QWidget:
        """Everything that is open, searched at once."""
        from torchloupe.gui.find.panel import FindPanel

        return FindPanel(self.workbench, self.jobs)

    def notes(self) -> QWidget:
        """Notes and bookmarks."""
        from torchloupe.gui.notes.panel import NotesPanel

        return NotesPanel(self.workbench)

    def depth(self) -> QWidget:
        """Numbers over the depth of a run."""
        from torchloupe.gui.depth.panel import DepthPanel

        return DepthPanel(self.workbench, self.jobs, self.runs, self.settings)


def panel_places(panels: PanelBuilds, start: Callable[[], QWidget]) -> tuple[PanelPlace, ...]:
    """The table. ``start`` builds the start page, which needs the actions."""
    return (
        PanelPlace("start", translate("panels", "Start"), "centre", start),
        PanelPlace("modules", translate("panels", "Modules"), "left", panels.modules),
        PanelPlace("checkpoint", translate("panels", "Checkpoint"), "left", panels.checkpoint),
        PanelPlace("calls", translate("panels", "Calls"), "centre", panels.calls),
        PanelPlace("compare", translate("panels", "Compare"), "centre", panels.compare),
        PanelPlace("tensor", translate("panels", "Tensor"), "centre", panels.tensor),
        PanelPlace("details", translate("panels", "Details"), "right", panels.details),
        PanelPlace("problems", translate("panels", "Problems"), "bottom", panels.problems),
        PanelPlace("log", translate("panels", "Log"), "bottom", panels.log),
        PanelPlace("checkpoint_pair", translate("panels", "Checkpoints"), "centre", panels.checkpoint_pair, always=False),
        PanelPlace("source", translate("panels", "Source"), "centre", panels.source),
        PanelPlace("summary", translate("panels", "Summary"), "centre", panels.summary, always=False),
        PanelPlace("step", translate("panels", "Step"), "centre", panels.step, always=False),
        PanelPlace("runs", translate("panels", "Runs"), "centre", panels.run_pair, always=False),
        PanelPlace("depth", translate("panels", "Depth"), "centre", panels.depth, always=False),
        PanelPlace("notes", translate("panels", "Notes"), "bottom", panels.notes, always=False),
        PanelPlace("find", translate("panels", "Find"), "bottom", panels.find, always=False),
    )
