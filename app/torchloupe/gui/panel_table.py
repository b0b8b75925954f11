"""All panels of the window, in the order of their numbers. Each is imported when it is first shown."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from torchloupe.gui.jobs import Jobs
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.panels import PanelPlace
from torchloupe.gui.workbench import Workbench

translate = QCoreApplication.translate


def panel_places(workbench: Workbench, jobs: Jobs, book: LogBook, start: Callable[[], QWidget]) -> tuple[PanelPlace, ...]:
    """The table. ``start`` builds the start page, which needs the actions."""

    def modules() -> QWidget:
        from torchloupe.gui.modules.panel import ModulesPanel

        return ModulesPanel(workbench, jobs)

    def checkpoint() -> QWidget:
        from torchloupe.gui.checkpoint.panel import CheckpointPanel

        return CheckpointPanel(workbench, jobs)

    def calls() -> QWidget:
        from torchloupe.gui.calls.panel import CallsPanel

        return CallsPanel(workbench, jobs)

    def compare() -> QWidget:
        from torchloupe.gui.compare.panel import ComparePanel

        return ComparePanel(workbench, jobs)

    def tensor() -> QWidget:
        from torchloupe.gui.tensor.panel import TensorPanel

        return TensorPanel(workbench, jobs)

    def details() -> QWidget:
        from torchloupe.gui.details.panel import DetailsPanel

        return DetailsPanel(workbench, jobs)

    def problems() -> QWidget:
        from torchloupe.gui.problems.panel import ProblemsPanel

        return ProblemsPanel(workbench, jobs)

    def log() -> QWidget:
        from torchloupe.gui.log.panel import LogPanel

        return LogPanel(book)

    def checkpoint_pair() -> QWidget:
        from torchloupe.gui.checkpoint_pair.panel import CheckpointPairPanel

        return CheckpointPairPanel(workbench, jobs)

    return (
        PanelPlace("start", translate("panels", "Start"), "centre", start),
        PanelPlace("modules", translate("panels", "Modules"), "left", modules),
        PanelPlace("checkpoint", translate("panels", "Checkpoint"), "left", checkpoint),
        PanelPlace("calls", translate("panels", "Calls"), "centre", calls),
        PanelPlace("compare", translate("panels", "Compare"), "centre", compare),
        PanelPlace("tensor", translate("panels", "Tensor"), "centre", tensor),
        PanelPlace("details", translate("panels", "Details"), "right", details),
        PanelPlace("problems", translate("panels", "Problems"), "bottom", problems),
        PanelPlace("log", translate("panels", "Log"), "bottom", log),
        PanelPlace("checkpoint_pair", translate("panels", "Checkpoints"), "centre", checkpoint_pair, always=False),
    )
