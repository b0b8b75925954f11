"""Reading what is inside a checkpoint file."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.gui.jobs import Progress
from torchloupe.wire.contents import CheckpointContents


@dataclass(frozen=True)
class ReadCheckpoint:
    """Job: what is inside a checkpoint file."""

    path: Path

    def __call__(self, progress: Progress) -> CheckpointContents:
        from torchloupe.checkpoints import read_contents  # on the job's thread: the start of the window does not wait for it

        return read_contents(self.path, progress)
