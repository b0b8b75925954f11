"""What the panel shows of two checkpoints before any values are known. For a thread: 100,000 rows take a moment. No widget here."""

from dataclasses import dataclass

from torchloupe.analysis.pair_wording import pair_headline, two_names
from torchloupe.gui.checkpoint_pair.compare_values import bytes_of
from torchloupe.gui.checkpoint_pair.model import Names, PairRow, by_key, pair_rows, ranked
from torchloupe.gui.comparing import CheckpointPair
from torchloupe.gui.jobs import Progress

AT_ONCE = 2_000
"""Up to so many rows are made in less than a blink."""


@dataclass(frozen=True, eq=False)
class BuiltPair:
    """``in_order`` are the rows in the order of the files, ``rows`` in ranked order, ``rows_by_key`` are those with a key of the open
    checkpoint. ``bytes`` is how much the values take, ``longest_key`` the longest text in the column of keys."""

    pair: CheckpointPair
    names: Names
    headline: str
    in_order: list[PairRow]
    rows: list[PairRow]
    rows_by_key: dict[str, PairRow]
    bytes: int
    longest_key: str


@dataclass(frozen=True)
class BuildPair:
    """Job: make them."""

    pair: CheckpointPair

    def __call__(self, _progress: Progress | None = None) -> BuiltPair:
        pair = self.pair
        rows, names = pair_rows(pair.diff), two_names(pair.expected.path, pair.found.path)
        longest = max((row.moved.key for row in rows), key=len, default="")
        return BuiltPair(pair, names, pair_headline(pair.diff, names), rows, ranked(rows), by_key(rows), bytes_of(pair), longest)

    @property
    def is_large(self) -> bool:
        """It takes long enough to be done on a thread."""
        return len(self.pair.diff.rows) > AT_ONCE
