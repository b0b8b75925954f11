"""Values that flowed in a run, which the worker has for as long as they are looked at; and how far two of them differ. No Qt here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

from torchloupe.analysis.activation_views import activation_name
from torchloupe.analysis.tensor_slices import blocks_of, index_parts, index_text
from torchloupe.gui.jobs import Progress
from torchloupe.gui.pinning import Pin
from torchloupe.gui.plot import load_plotting
from torchloupe.gui.tensor.sources import Ask, Chunks, ValueSource, answered, in_blocks
from torchloupe.wire.activations import Activation, FetchActivation
from torchloupe.wire.values import TensorDifference, ValueSummary

BLOCK = 1 << 19
"""Elements of both sides that are held against each other at a time."""
_WHOLE_FLOATS = ("float16", "bfloat16", "float32", "bool")


def dense_dtype(dtype: str) -> str:
    """What the values of a quantized tensor are when they are scaled."""
    return "float32" if dtype.startswith(("qint", "quint")) else dtype


@dataclass(frozen=True)
class ActivationSource:
    """A tensor that went into a call or came out of it. The worker keeps it, and those that are pinned. ``axes`` are the names of its
    dimensions, as far as they are known."""

    ask: Ask
    activation: Activation
    shape: tuple[int, ...]
    dtype: str
    pinned: tuple[Activation, ...] = field(default=(), compare=False)
    axes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """``encoder.fc1, output``."""
        return activation_name(self.activation)

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """From the worker, in blocks; the first one may cost a pass of the model."""
        return in_blocks(self, self._fetched, index, progress)

    def _fetched(self, block: str) -> bytes:
        return answered(self.ask, FetchActivation(self.activation, block, self.pinned))[1]


def activation_source(ask: Ask, pin: Pin, pinned: tuple[Activation, ...]) -> ActivationSource:
    """The values of a tensor of a call."""
    return ActivationSource(ask, pin.activation, pin.meta.shape, dense_dtype(pin.meta.dtype), pinned, pin.axes)


@dataclass(frozen=True)
class DifferenceSource:
    """The values of ``other`` minus those of ``one``, which has the same shape."""

    one: ValueSource
    other: ValueSource

    @property
    def key(self) -> str:
        """Both names."""
        return f"{self.other.key} minus {self.one.key}"

    @property
    def shape(self) -> tuple[int, ...]:
        """That of both."""
        return self.one.shape

    @property
    def dtype(self) -> str:
        """Wide enough for both."""
        kinds = self.one.dtype, self.other.dtype
        if any(kind.startswith("complex") for kind in kinds):
            return "complex128"
        return "float32" if all(kind in _WHOLE_FLOATS or kind.startswith("float8") for kind in kinds) else "float64"

    def chunks(self, index: str, progress: Progress) -> Chunks:
        """Both sides are read, block by block."""
        for delta, _, _ in self.blocks(index, progress):
            yield memoryview(delta.tobytes())

    def blocks(self, index: str, progress: Progress) -> Iterator[tuple[Any, memoryview, memoryview]]:
        """The difference of each block as numbers, and the bytes of both sides, which may be written into."""
        import numpy

        from torchloupe.numbers.decode import decoder_of

        decoders = decoder_of(self.one.dtype), decoder_of(self.other.dtype)
        parts = index_parts(self.shape, index)
        total, done = prod(part.count for part in parts if part.count is not None), 0
        for block in blocks_of(parts, BLOCK):
            progress(done, total, self.key)
            text = index_text(block)
            sides = [memoryview(bytearray().join(source.chunks(text, _quiet))) for source in (self.one, self.other)]
            one, other = (decoder.measured(side).astype(self.dtype) for decoder, side in zip(decoders, sides, strict=True))
            with numpy.errstate(all="ignore"):
                delta = other - one
            yield delta, sides[0], sides[1]
            done += delta.size
        progress(total, total, self.key)


@dataclass(frozen=True)
class MeasuredDifference:
    """How far two tensors differ, and the statistics of their difference; None where that has no order."""

    difference: TensorDifference
    summary: ValueSummary | None


@dataclass(frozen=True)
class MeasureDifference:
    """Reads both of them once."""

    source: DifferenceSource

    def __call__(self, progress: Progress) -> MeasuredDifference:
        """Exact over all values."""
        load_plotting()
        from torchloupe.numbers.decode import decoder_of
        from torchloupe.numbers.differences import Sums, Workspace
        from torchloupe.numbers.statistics import summary_of_chunks

        source = self.source
        sums = Sums(decoder_of(source.one.dtype), decoder_of(source.other.dtype), Workspace())
        count = prod(source.shape)

        def deltas() -> Iterator[Any]:
            for delta, one, other in source.blocks("", progress):
                sums.add(one, other)
                yield delta

        if source.dtype.startswith("complex") or not count:
            for _ in deltas():
                pass
            return MeasuredDifference(sums.together([], count, 1), None)
        summary = summary_of_chunks(deltas(), count)
        return MeasuredDifference(sums.together([], count, 1), summary)


def _quiet(_done: int, _total: int, _what: str) -> None:
    """The blocks tell how far it is."""
