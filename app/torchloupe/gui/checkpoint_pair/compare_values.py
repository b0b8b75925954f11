"""The values of two checkpoints, compared on a thread: a job that holds all of its inputs. No widget here."""

import gc
from contextlib import closing
from dataclasses import dataclass

from torchloupe.analysis.moved_weights import moved_summary
from torchloupe.gui.comparing import CheckpointPair
from torchloupe.gui.jobs import Reporter
from torchloupe.gui.plot import load_plotting
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.values import ComparedValues

AT_ONCE_BYTES = 1_000_000_000
"""Up to so many bytes, which take a few seconds, are read without being asked for."""


@dataclass(frozen=True)
class BytesRead:
    """Event: how far it is."""

    done: int
    total: int


@dataclass(frozen=True)
class CompareValues:
    """Job: how far the tensors of each pair differ, each told as soon as it is known; the answer is the summary of all.

    ``before`` are those that were compared already, before a cancel; ``pairs`` those that are left.
    """

    pair: CheckpointPair
    pairs: tuple[tuple[StoredTensor, StoredTensor], ...]
    before: tuple[ComparedValues, ...] = ()

    def __call__(self, report: Reporter) -> str:
        load_plotting()
        from torchloupe.numbers.comparison import compare_values

        gc.freeze()  # what is open need not be gone through each time when there are many results: the window would stop for it

        def progress(done: int, total: int, what: str) -> None:
            report(done, total, what)
            report.tell(BytesRead(done, total))

        compared = list(self.before)
        with closing(compare_values(self.pair.expected, self.pair.found, self.pairs, progress)) as arriving:
            for each in arriving:
                compared.append(each)
                report.tell(each)
        return moved_summary(compared)


def left_of(pair: CheckpointPair, before: tuple[ComparedValues, ...]) -> CompareValues:
    """What is still to be done."""
    if not before:
        return CompareValues(pair, pair.pairs)
    done = {each.expected for each in before}
    return CompareValues(pair, tuple(both for both in pair.pairs if both[0].key not in done), before)


def bytes_of(pair: CheckpointPair) -> int:
    """So much has to be read."""
    return sum(one.bytes + other.bytes for one, other in pair.pairs)
