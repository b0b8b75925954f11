"""Mappings in files, as jobs that hold all of their inputs. No Qt here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.gui.jobs import Progress
from torchloupe.wire.errors import UsageError


def mapping_text(diff: StateDictDiff, locked: Mapping[str, str]) -> str:
    """All pairs, and the keys that were left out by hand (null), as JSON."""
    left_out = {key: None for key, home in locked.items() if not home}
    return json.dumps({**diff.mapping, **left_out}, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class ReadMapping:
    """The pairs of a file, all of whose keys have to be there."""

    path: Path
    diff: StateDictDiff

    def __call__(self, _progress: Progress | None = None) -> dict[str, str]:
        from torchloupe.analysis.key_renaming import mapping_in
        from torchloupe.analysis.locked_keys import locked_pairs

        try:
            found = mapping_in(json.loads(self.path.read_text(encoding="utf-8")))
        except (ValueError, RecursionError):
            raise UsageError(f"{self.path.name} is not JSON.", 'It has to be {"old key": "new key", ...}.') from None
        rows = self.diff.rows
        locked_pairs(
            {row.expected.key: row.expected for row in rows if row.expected},
            {row.found.key: row.found for row in rows if row.found},
            found,
        )
        return found


@dataclass(frozen=True)
class WriteText:
    """Writes a text file, whole or not at all. What stands there was asked about before."""

    text: str
    path: Path

    def __call__(self, _progress: Progress | None = None) -> str:
        """The sentence about what was written."""
        from torchloupe.checkpoints.writing.new_file import new_file

        with new_file(self.path, len(self.text), True) as file:
            file.write(self.text.encode("utf-8"))
        return f"Wrote {self.path}."
