"""The work of writing new files, as jobs that hold all of their inputs. No Qt here, and nothing is imported before it is needed."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.gui.jobs import Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor


@dataclass(frozen=True)
class WriteCheckpoint:
    """Writes one mapping of a checkpoint to ``path``, with ``diff`` as the model of it wants it. What stands there was asked about
    before."""

    contents: CheckpointContents
    container: str
    diff: StateDictDiff | None
    path: Path

    def __call__(self, progress: Progress) -> tuple[str, ...]:
        """The sentences about what was written."""
        from torchloupe.analysis.converted_export import conversion_lines, converted_export
        from torchloupe.analysis.key_renaming import export_lines, planned_export
        from torchloupe.checkpoints.writing import write_checkpoint

        if self.diff is not None:
            fitted = converted_export(self.diff, self.contents, self.container)
            done = write_checkpoint(self.contents, fitted.named, self.path, True, progress)
            return tuple(conversion_lines(fitted, done.path, done.bytes))
        plan = planned_export(self.contents, self.container)
        written = write_checkpoint(self.contents, plan.named, self.path, True, progress)
        return tuple(export_lines(plan, self.contents, written.path, written.bytes, written.shared, written.repeated))


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
