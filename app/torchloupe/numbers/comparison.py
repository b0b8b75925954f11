"""The values of two checkpoints, pair by pair; large tensors in parts, on as many threads as there are cores."""

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
_INLINE_BYTES = 1 << 20
"""Handing a smaller pair to another thread would cost more than to read it."""
_MOST_THREADS = 4
_AHEAD = 64
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
                while len(begun) >= _AHEAD or (begun and begun[0].is_done):
                    yield begun.popleft().finished(meter)
            while begun:
                yield begun.popleft().finished(meter)
        finally:
            readers.stop.set()
            pool.shutdown(cancel_futures=True)


@dataclass
class _Begun:
    """A pair that is being read, or was, or could not be."""

    one: StoredTensor
    other: StoredTensor
    pair: Pair | None = None
    sums: list[Sums] = field(default_factory=list)
    parts: "list[tuple[int, Future[Sums]]]" = field(default_factory=list)
    reason: str = ""

    @property
    def is_done(self) -> bool:
        return all(future.done() for _, future in self.parts)

    def finished(self, meter: Meter) -> ComparedValues:
        """Wait for it."""
        meter.what = self.one.key
        counted = 0
        try:
            for count, future in self.parts:
                self.sums.append(future.result())
                meter.add(count)
                counted += count
        except CheckpointError as error:
            self.reason = _sentence(error)
        meter.add(self.one.bytes + self.other.bytes - counted)
        if self.pair is None or self.reason:
            return ComparedValues(self.one.key, self.other.key, reason=self.reason)
        return ComparedValues(self.one.key, self.other.key, self.pair.difference(self.sums))


class _Readers:
    """Threads that read pairs."""

    def __init__(self, here: CheckpointValues, there: CheckpointValues, pool: ThreadPoolExecutor) -> None:
        self._here, self._there, self._pool = here, there, pool
        self.stop = threading.Event()
        self._own = threading.local()

    def begin(self, one: StoredTensor, other: StoredTensor) -> _Begun:
        """Read a small pair at once, have a large one read."""
        begun = _Begun(one, other)
        try:
            begun.pair = Pair(self._here, one, self._there, other)
            if begun.pair.bytes < _INLINE_BYTES:
                begun.sums = [self._read(part) for part in begun.pair.parts(PART)]
            else:
                begun.parts = [(len(part), self._pool.submit(self._read, part)) for part in begun.pair.parts(PART)]
        except CheckpointError as error:
            begun.reason = _sentence(error)
        return begun

    def _read(self, part: PairPart) -> Sums:
        if not hasattr(self._own, "workspace"):
            self._own.workspace = Workspace()
        return part.sums(self._check, self._own.workspace)

    def _check(self) -> None:
        if self.stop.is_set():
            raise CancelledError


def _sentence(error: CheckpointError) -> str:
    return f"{error} {error.hint}".strip()
