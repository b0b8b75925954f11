"""Reading what a target offers, without running it."""

from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.target_source import target_choices
from torchloupe.gui.jobs import Progress
from torchloupe.wire.requests import TargetChoices

_MOST_BYTES = 2 << 20


@dataclass(frozen=True)
class ReadTargetFile:
    """Job: the classes and factories of a ``.py`` file, found in its syntax tree."""

    path: Path

    def __call__(self, progress: Progress) -> TargetChoices:
        progress(0, 0, f"reading {self.path.name}")
        source = self.path.read_text(encoding="utf-8-sig", errors="replace")  # an editor's byte order mark is no syntax error
        return target_choices(source, str(self.path), read_project_file)


def read_project_file(path: str) -> str | None:
    """The text of another file of the project, where base classes are looked for; None when there is none worth reading."""
    place = Path(path)
    try:
        if place.stat().st_size > _MOST_BYTES:
            return None
        return place.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return None
