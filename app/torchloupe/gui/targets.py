"""Reading what a target offers, without running it."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.target_source import target_choices
from torchloupe.gui.jobs import Progress
from torchloupe.wire.requests import TargetChoices


@dataclass(frozen=True)
class ReadTargetFile:
    """Job: the classes and factories of a ``.py`` file, found in its syntax tree."""

    path: Path

    def __call__(self, progress: Progress) -> TargetChoices:
        progress(0, 0, f"reading {self.path.name}")
        # utf-8-sig: an editor's byte order mark is no syntax error
        return target_choices(self.path.read_text(encoding="utf-8-sig", errors="replace"), str(self.path))
