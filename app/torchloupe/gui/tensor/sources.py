"""Where values come from: a tensor in a file, read here or by the worker's torch, or a parameter in the worker. The views ask a source
and know no more. No Qt here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from torchloupe.analysis.tensor_slices import IndexPart, blocks_of, index_parts, index_text, sliced
from torchloupe.analysis.wording import bytes_text
from torchloupe.checkpoints.dtypes import BITS
from torchloupe.checkpoints.values import needs_torch, open_values, unchanged_file
from torchloupe.gui.jobs import Cancelled, Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import CheckpointError, UnsupportedFormat, WorkerError
from torchloupe.wire.requests import Failed, FetchedValues, FetchStoredValues, FetchValues
from torchloupe.wire.step_values import FetchStepValues, StepTensor

FETCH_BYTES = 8 << 20
"""So much is asked of the worker at a time; in between, a cancel is heard."""

MOST_THROUGH_TORCH = 4_000_000_000
"""A sparse tensor can be larger than any memory when it is shown dense."""

Ask = Callable[..., Any]
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
class TorchSource(StoredSource):
    """A tensor of a checkpoint that torch alone can read: its values come dense and dequantized. ``ask`` is that of the jobs."""

    ask: Ask

    @property
    def dtype(self) -> str:
        """What its values are when they are dense."""
        return "float32" if self.tensor.dtype.startswith(("quint", "qint")) else self.tensor.dtype

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the worker, in blocks. Refused when they take too long to look at all of them."""
        size = _bytes_of(index_parts(self.shape, index), self.dtype)
        if size > MOST_THROUGH_TORCH:
            words = (
                f"{self.key} takes {bytes_text(size)} when it is shown dense; {bytes_text(MOST_THROUGH_TORCH)} are read at most."
            )
            raise UnsupportedFormat(words, "Choose a slice in the view Values or Heat map.")
        yield from in_blocks(self, lambda block: self.part(block)[1], index, progress)

    def part(self, index: str) -> tuple[FetchedValues, bytes]:
        """A part that is small enough to be sent at once, and what the worker says of it."""
        file = unchanged_file(self.contents, self.tensor)
        try:
            reply, sent = answered(self.ask, FetchStoredValues(str(file), self.tensor.container, self.key, index))
        except NoTorch as error:
            raise WorkerError(f"{self.key} is sparse or quantized, and torch alone reads that. {error}", error.hint) from error
        wanted = tuple(part.count for part in index_parts(self.shape, index) if part.count is not None)
        if (reply.shape, reply.dtype) != (wanted, self.dtype):
            raise CheckpointError(f"torch reads {self.key} as another tensor than the file says.", "Open the checkpoint again.")
        return reply, sent


@dataclass(frozen=True)
class LiveSource:
    """A parameter or buffer of the open model; ``ask`` is that of the jobs."""

    ask: Ask
    key: str
    shape: tuple[int, ...]
    dtype: str

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the worker, in blocks."""
        return in_blocks(self, lambda block: answered(self.ask, FetchValues(self.key, block))[1], index, progress)


@dataclass(frozen=True)
class StepSource:
    """The gradient or the change of a parameter in the last step, which the worker repeats for it."""

    ask: Ask
    tensor: StepTensor
    shape: tuple[int, ...]
    dtype: str

    @property
    def key(self) -> str:
        """``fc.weight, change``."""
        return f"{self.tensor.key}, {self.tensor.what}"

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the worker, in blocks."""
        return in_blocks(self, lambda block: answered(self.ask, FetchStepValues(self.tensor, block))[1], index, progress)


def source_of_stored(contents: CheckpointContents, tensor: StoredTensor, ask: Ask) -> StoredSource:
    """A stored tensor is read here where that is possible, and by the worker's torch where it is not."""
    return TorchSource(contents, tensor, ask) if needs_torch(contents, tensor) else StoredSource(contents, tensor)


class NoTorch(WorkerError):
    """There is no worker that has torch."""

    code = "no-torch"


def answered(ask: Ask, message: Any) -> tuple[FetchedValues, bytes]:
    """What the worker says, and the bytes that it sent. Raises its sentence where it refused."""
    blobs: list[bytes] = []
    reply = ask(message, lambda _message, came: blobs.extend(came))
    if isinstance(reply, Failed):
        if reply.cancelled and not reply.problems:
            raise Cancelled
        problem = reply.problems[0]
        raise (NoTorch if problem.code in ("no-torch", "no-worker") else WorkerError)(problem.message, problem.hint)
    return reply, blobs[0]


def in_blocks(source: ValueSource, fetch: Callable[[str], bytes], index: str, progress: Progress) -> Chunks:
    """What ``fetch`` answers for one block after the other; between two of them a cancel is heard."""
    parts = index_parts(source.shape, index)
    total, done = _bytes_of(parts, source.dtype), 0
    progress(0, total, source.key)
    for block in blocks_of(parts, max(1, FETCH_BYTES * 8 // BITS.get(source.dtype, 64))):
        chunk = fetch(index_text(block))
        yield memoryview(chunk)
        done += len(chunk)
        progress(min(done, total), total, source.key)


def _bytes_of(parts: list[IndexPart], dtype: str) -> int:
    return prod(part.count for part in parts if part.count is not None) * max(1, BITS.get(dtype, 8) // 8)
