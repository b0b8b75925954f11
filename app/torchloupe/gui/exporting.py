"""The work of writing new files, as jobs that hold all of their inputs. No Qt here, and nothing is imported before it is needed."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.gui.jobs import Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor


@dataclass(frozen=True)
class WriteCheckpoint:
    """Writes one mapping of a checkpoint to ``path``, with ``diff`` under the model's keys. What stands there was asked about before."""

    contents: CheckpointContents
    container: str
    diff: StateDictDiff | None
    path: Path

    def __call__(self, progress: Progress) -> tuple[str, ...]:
        """The sentences about what was written."""
        from torchloupe.analysis.key_renaming import Renaming, export_lines, model_keys, planned_export, shapes_line
        from torchloupe.checkpoints.writing import write_checkpoint

        plan = planned_export(self.contents, self.container, Renaming(model_keys(self.diff) if self.diff else {}))
        written = write_checkpoint(self.contents, plan.named, self.path, True, progress)
        lines = export_lines(plan, self.contents, written.path, written.bytes, written.shared, written.repeated)
        return (*lines, *shapes_line(self.diff)) if self.diff else tuple(lines)


@dataclass(frozen=True)
class SaveTensor:
    """Writes one tensor as ``.npy``."""

    contents: CheckpointContents
    tensor: StoredTensor
    path: Path

    def __call__(self, progress: Progress) -> tuple[str, ...]:
        """The sentence about what was written."""
        from torchloupe.analysis.wording import shape_text
        from torchloupe.checkpoints.values import open_values
        from torchloupe.numbers.npy_file import save_npy

        with open_values(self.contents) as values:
            dtype = save_npy(values, self.tensor, self.path, True, progress)
        return (f"Saved {self.tensor.key}, {shape_text(self.tensor.shape)} {dtype}, to {self.path}.",)
