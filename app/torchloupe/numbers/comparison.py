"""The values of two checkpoints, pair by pair, on as many threads as there are cores; large tensors in parts, small ones in lots."""

import os
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ..checkpoints.values import CheckpointValues, open_values
from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import CheckpointError
from ..wire.values import ComparedValues
from .differences import Pair, PairPart, Sums, Workspace
from .progress import Meter, Progress, silent

ValuePair = tuple[StoredTensor, StoredTensor]
"""What is expected and what was found, of the same shape."""

PART = 1 << 22
"""Elements that one thread reads at a time."""
LOT_BYTES = 1 << 24
"""Parts are handed to a thread in lots of so many bytes: to hand over each for itself would cost more than to read small ones."""
_MOST_THREADS = 4
_AHEAD = 256
"""So many pairs are begun before the first of them is waited for."""


def compare_values(
    expected: CheckpointContents, found: CheckpointContents, pairs: Sequence[ValuePair], progress: Progress = silent
) -> Generator[ComparedValues, None, None]:
    """How far each pair differs, in their order, each as soon as it is known.

    A pair that cannot be compared says why, and the rest go on. Whatever ``progress`` raises ends it.
    """
    meter = Meter(progress, sum(one.bytes + other.bytes for one, other in pairs), "comparing values")
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    with open_values(expected) as here, open_values(found) as there, ThreadPoolExecutor(threads, "compare") as pool:
        readers = _Readers(here, there, pool)
        begun: deque[_Begun] = deque()
        try:
            for one, other in pairs:
                begun.append(readers.begin(one, other))
                while begun and (begun[0].is_done or len(begun) >= _AHEAD):
                    readers.hand_over()
                    yield begun.popleft().finished(meter)
            readers.hand_over()
            while begun:
                yield begun.popleft().finished(meter)
        finally:
            readers.stop.set()
            pool.shutdown(cancel_futures=True)


@dataclass
class _Task:
    """A part of a pair, and in the end its sums or the reason why there are none."""

    part: PairPart
    sums: Sums | None = None
    reason: str = ""
    lot: "Future[None] | None" = None


@dataclass
class _Begun:
    """A pair that is being read, or was, or could not be."""

    one: StoredTensor
    other: StoredTensor
    pair: Pair | None = None
    tasks: list[_Task] = field(default_factory=list)
    reason: str = ""

    @property
    def is_done(self) -> bool:
        return all(task.lot and task.lot.done() for task in self.tasks)

    def finished(self, meter: Meter) -> ComparedValues:
        """Wait for it."""
        meter.what = self.one.key
        counted = 0
        for task in self.tasks:
            if task.lot:
                task.lot.result()
            meter.add(len(task.part))
            counted += len(task.part)
        meter.add(self.one.bytes + self.other.bytes - counted)
        reason = self.reason or next((task.reason for task in self.tasks if task.reason), "")
        if self.pair is None or reason:
            return ComparedValues(self.one.key, self.other.key, reason=reason)
        return ComparedValues(self.one.key, self.other.key, self.pair.difference([task.sums for task in self.tasks if task.sums]))


class _Readers:
    """Threads that read pairs."""

    def __init__(self, here: CheckpointValues, there: CheckpointValues, pool: ThreadPoolExecutor) -> None:
        self._here, self._there, self._pool = here, there, pool
        self.stop = threading.Event()
        self._own = threading.local()
        self._lot: list[_Task] = []
        self._bytes = 0

    def begin(self, one: StoredTensor, other: StoredTensor) -> _Begun:
        """Have a pair read, soon."""
        begun = _Begun(one, other)
        try:
            begun.pair = Pair(self._here, one, self._there, other)
        except CheckpointError as error:
            begun.reason = _sentence(error)
            return begun
        for part in begun.pair.parts(PART):
            task = _Task(part)
            begun.tasks.append(task)
            self._lot.append(task)
            self._bytes += len(part)
            if self._bytes >= LOT_BYTES:
                self.hand_over()
        return begun

    def hand_over(self) -> None:
        """Have what was begun read now."""
        if self._lot:
            lot = self._pool.submit(self._read, self._lot)
            for task in self._lot:
                task.lot = lot
            self._lot, self._bytes = [], 0

    def _read(self, tasks: list[_Task]) -> None:
        if not hasattr(self._own, "workspace"):
            self._own.workspace = Workspace()
        for task in tasks:
            try:
                task.sums = task.part.sums(self._check, self._own.workspace)
            except CheckpointError as error:
                task.reason = _sentence(error)

    def _check(self) -> None:
        if self.stop.is_set():
            raise CancelledError


def _sentence(error: CheckpointError) -> str:
    return f"{error} {error.hint}".strip()
