"""Where values come from: a tensor in a file, or a parameter in the worker. The views ask a source and know no more. No Qt here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any, Protocol

from torchloupe.analysis.tensor_slices import IndexPart, index_parts, index_text, sliced
from torchloupe.checkpoints.dtypes import BITS
from torchloupe.checkpoints.values import open_values
from torchloupe.gui.jobs import Cancelled, Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import WorkerError
from torchloupe.wire.requests import Failed, FetchValues

FETCH_BYTES = 8 << 20
"""So much is asked of the worker at a time; in between, a cancel is heard."""

Chunks = Iterator[memoryview]


class ValueSource(Protocol):
    """One tensor whose values can be read, in the background: sources are values themselves, and jobs hold them."""

    @property
    def key(self) -> str:
        """What it is called."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> str:
        """Its dtype, by torch's name."""

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """The bytes of the part that an index means, row-major, in chunks that are valid until the next is asked for.

        ``progress`` is told in bytes and cancels by raising. Raises TorchloupeError with a sentence.
        """


@dataclass(frozen=True)
class StoredSource:
    """A tensor of a checkpoint; only the bytes of the part are read."""

    contents: CheckpointContents
    tensor: StoredTensor

    @property
    def key(self) -> str:
        """Its key."""
        return self.tensor.key

    @property
    def shape(self) -> tuple[int, ...]:
        """As declared."""
        return self.tensor.shape

    @property
    def dtype(self) -> str:
        """As declared."""
        return self.tensor.dtype

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the file, without torch."""
        with open_values(self.contents) as values:
            values.of(self.tensor)
            stored = values.of(sliced(self.tensor, index))
            done = 0
            progress(0, len(stored), self.key)
            for chunk in stored.chunks():
                yield chunk
                done += len(chunk)
                progress(done, len(stored), self.key)


@dataclass(frozen=True)
class LiveSource:
    """A parameter or buffer of the open model; ``ask`` is the session's."""

    ask: Callable[..., Any]
    key: str
    shape: tuple[int, ...]
    dtype: str

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the worker, in blocks."""
        parts = index_parts(self.shape, index)
        total = prod(part.count for part in parts if part.count is not None) * max(1, BITS.get(self.dtype, 8) // 8)
        done = 0
        progress(0, total, self.key)
        for block in blocks_of(parts, max(1, FETCH_BYTES * 8 // BITS.get(self.dtype, 64))):
            chunk = self._fetched(index_text(block))
            yield memoryview(chunk)
            done += len(chunk)
            progress(min(done, total), total, self.key)

    def _fetched(self, index: str) -> bytes:
        blobs: list[bytes] = []
        reply = self.ask(FetchValues(self.key, index), lambda _message, came: blobs.extend(came))
        if isinstance(reply, Failed):
            if reply.cancelled and not reply.problems:
                raise Cancelled
            problem = reply.problems[0]
            raise WorkerError(problem.message, problem.hint)
        return blobs[0]


def blocks_of(parts: list[IndexPart], elements: int) -> Iterator[list[IndexPart]]:
    """An index as several, each of at most so many elements, in row-major order."""
    ranges = [number for number, part in enumerate(parts) if part.count is not None]
    inner = 1
    while ranges and inner * (parts[ranges[-1]].count or 0) <= elements:
        inner *= parts[ranges.pop()].count or 0
        if not inner:
            return
    if not ranges:
        yield parts
        return
    cut, step = ranges[-1], max(1, elements // inner)
    for place in product(*(range(parts[number].count or 0) for number in ranges[:-1])):
        outer = list(parts)
        for number, at in zip(ranges[:-1], place, strict=True):
            outer[number] = _range(parts[number], at, 1)
        for first in range(0, parts[cut].count or 0, step):
            outer[cut] = _range(parts[cut], first, min(step, (parts[cut].count or 0) - first))
            yield list(outer)


def _range(part: IndexPart, first: int, count: int) -> IndexPart:
    """Some of a part's places."""
    return replace(part, begin=part.begin + first * part.step, count=count)
