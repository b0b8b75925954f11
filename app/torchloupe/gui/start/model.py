"""Rows of the list of recent files."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torchloupe.gui.jobs import Progress
from torchloupe.gui.settings import RecentFile
from torchloupe.gui.text_table import Row

_UNITS = ((86400 * 365, "year"), (86400 * 30, "month"), (86400 * 7, "week"), (86400, "day"), (3600, "hour"), (60, "minute"))

REMOVE, PIN, UNPIN = "remove", "pin", "unpin"
"""What the last cell of a row does."""
_TIPS = {REMOVE: "Take it off this list", PIN: "Keep it at the top of this list", UNPIN: "Keep it at the top no longer"}


@dataclass(frozen=True)
class FindDeadFiles:
    """Job: which of these files are no longer there. A network folder may take its time, hence a job."""

    paths: tuple[str, ...]

    def __call__(self, progress: Progress) -> frozenset[str]:
        dead = set()
        for number, path in enumerate(self.paths):
            progress(number, len(self.paths), "looking for recent files")
            if not Path(file_of(path)).exists():
                dead.add(path)
        return frozenset(dead)


def file_of(path: str) -> str:
    """The file of a recent entry: a target carries a name after its file."""
    head, colon, _name = path.rpartition(":")
    return head if colon and head.endswith(".py") else path


def recent_rows(files: Sequence[RecentFile], dead: Iterable[str], now: float | None = None) -> list[Row]:
    """One row for each file; the key is its path."""
    now = time.time() if now is None else now
    gone = set(dead)
    rows = []
    for file in files:
        path = Path(file.path)
        folder = "" if str(path.parent) == "." else str(path.parent)  # a module that is imported has none
        missing = file.path in gone
        role = "muted" if missing else None
        name = ("★ " if file.pinned else "") + path.name
        kind = f"{file.kind}, gone" if missing else file.kind
        action = REMOVE if missing else UNPIN if file.pinned else PIN
        rows.append(
            Row(
                cells=(name, kind, age_text(now - file.opened_at), folder, action),
                key=file.path,
                roles=(role, "warning" if missing else "muted", "muted", "muted", "accent"),
                tips=(*(file.path,) * 4, _TIPS[action]),
                order=(path.name.lower(), kind, -file.opened_at, folder, action),
                struck=missing,
            )
        )
    return rows


def age_text(seconds: float) -> str:
    """``3 hours ago``."""
    for size, unit in _UNITS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
