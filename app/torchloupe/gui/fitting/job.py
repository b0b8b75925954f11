"""The work of looking through a folder, as a job that holds all of its inputs. No Qt here."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.containers import keys_of_tree, unsaved_keys
from torchloupe.analysis.fitting import Fit, ranked_files
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.candidates import checkpoint_files
from torchloupe.gui.jobs import Progress
from torchloupe.wire.modules import ModuleTree


@dataclass(frozen=True)
class RankFolder:
    """The state_dicts of all checkpoints in a folder, those that fit the model best first; and what could not be read."""

    folder: Path
    tree: ModuleTree

    def __call__(self, progress: Progress) -> tuple[list[Fit], list[str]]:
        files = [str(file) for file in checkpoint_files(self.folder)]
        model = keys_of_tree(self.tree), unsaved_keys(self.tree)
        return ranked_files(files, lambda file: read_contents(Path(file)), model, progress)
