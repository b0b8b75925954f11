"""The checkpoint beside the open one, which it is compared with: opened, closed, exchanged with the open one."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from torchloupe.gui.events_trace import trace
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.read_checkpoint import ReadCheckpoint
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import CheckpointContents

if TYPE_CHECKING:
    from torchloupe.gui.comparing import PairKeys

OTHER = "other checkpoint"
"""Tag of its job, and the origin under which its problems are kept."""


class OtherCheckpoint(QObject):
    """Opens a second checkpoint; the first one stays whatever happens to it."""

    read = Signal(object)  # CheckpointContents that stand beside the open checkpoint from now on
    refused = Signal(str, object)  # path, Failed

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        workbench.pair_later = self._pair_later

    def open(self, path: Path) -> None:
        """Read a file on a thread; the other checkpoint of before stays until it is there."""
        path = path.absolute()
        self._jobs.start(
            ReadCheckpoint(path),
            done=self._arrived,
            failed=partial(self.refused.emit, str(path)),
            tag=OTHER,
            label=self.tr("reading {0}").format(path.name),
        )

    def _arrived(self, contents: CheckpointContents) -> None:
        self._workbench.report_problems(OTHER, contents.problems)
        trace("opened", kind="other", path=contents.path, tensors=len(contents.tensors))
        self.read.emit(contents)
        self._workbench.set_other(contents)

    def _pair_later(self, question: "PairKeys") -> None:
        label = self.tr("comparing the keys of two checkpoints")
        self._jobs.start(question, done=self._workbench.set_pair, tag="pair", label=label)

    def close(self) -> None:
        """Take it away; one that is still being read does not come."""
        self._jobs.drop(OTHER)
        self._workbench.report_problems(OTHER, ())
        self._workbench.set_other(None)

    def swap(self, opened: str) -> None:
        """What was found is expected now, and the other way round. ``opened`` is the origin of the open checkpoint's problems."""
        bench = self._workbench
        bench.swap_checkpoints()
        for origin, contents in ((opened, bench.checkpoint), (OTHER, bench.other)):
            bench.report_problems(origin, contents.problems if contents else ())
