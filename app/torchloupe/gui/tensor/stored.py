"""The values of a stored tensor, read on a thread: jobs that hold all of their inputs, and what they bring back. No Qt here."""

from dataclasses import dataclass
from math import prod

from torchloupe.analysis.tensor_slices import corner, sliced
from torchloupe.analysis.wording import number_text
from torchloupe.checkpoints.values import open_values
from torchloupe.gui.jobs import Progress
from torchloupe.gui.plot import load_plotting
from torchloupe.gui.tensor.model import quantile_rows
from torchloupe.gui.tensor.readings import measured
from torchloupe.gui.tensor.sources import StoredSource, TorchSource
from torchloupe.gui.text_table import Row
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import UnsupportedFormat
from torchloupe.wire.values import ValuesSlice, ValueSummary

ROWS, COLUMNS = 8, 6
COMPLEX = "Complex values have no order, so there is no histogram. Some of them stand in the table."


@dataclass(frozen=True)
class StoredReading:
    """What was read of a tensor: its statistics (or ``note``, why there are none) and the first of its values. ``origin`` says what
    the file has in their place when torch made them from that."""

    tensor: StoredTensor
    summary: ValueSummary | None
    values: ValuesSlice
    note: str = COMPLEX
    origin: str = ""


def reading_of(source: StoredSource) -> "ReadStored | ReadThroughTorch":
    """The job that reads it."""
    return ReadThroughTorch(source) if isinstance(source, TorchSource) else ReadStored(source.contents, source.tensor)


@dataclass(frozen=True)
class ReadStored:
    """Reads only this tensor's own bytes, in chunks; stops at the progress calls when it is cancelled."""

    contents: CheckpointContents
    tensor: StoredTensor

    def __call__(self, progress: Progress) -> StoredReading:
        """The reading; raises CheckpointError with a sentence when there is none."""
        load_plotting()
        from torchloupe.numbers.slices import slice_of
        from torchloupe.numbers.statistics import summary_of

        with open_values(self.contents) as values:
            values.of(self.tensor)
            index = corner(self.tensor.shape, ROWS, COLUMNS)
            some = slice_of(values, sliced(self.tensor, index), index)
            return StoredReading(self.tensor, summary_of(values, self.tensor, progress), some)


@dataclass(frozen=True)
class ReadThroughTorch:
    """The same of a tensor that the worker's torch has to read."""

    source: TorchSource

    def __call__(self, progress: Progress) -> StoredReading:
        """The reading; raises TorchloupeError with a sentence when there is none."""
        from torchloupe.numbers.decode import decoder_of
        from torchloupe.numbers.slices import plain_numbers
        from torchloupe.numbers.statistics import summary_of_chunks

        source = self.source
        index = corner(source.shape, ROWS, COLUMNS)
        first, sent = source.part(index)
        some = ValuesSlice(index, first.shape, plain_numbers(source.dtype, [memoryview(sent)]))
        if decoder_of(source.dtype).is_complex:
            return StoredReading(source.tensor, None, some, origin=first.origin)
        try:
            summary = summary_of_chunks(measured(source, "", progress), prod(source.shape))
        except UnsupportedFormat as error:
            return StoredReading(source.tensor, None, some, f"{error} {error.hint}", first.origin)
        return StoredReading(source.tensor, summary, some, origin=first.origin)


def reading_rows(reading: StoredReading) -> list[Row]:
    """Quantiles, then the first values, a line of the tensor in each row."""
    rows = quantile_rows(reading.summary)
    width = reading.values.shape[-1] if reading.values.shape else 1
    texts = [_value_text(value) for value in reading.values.values]
    leading = ["0"] * (len(reading.tensor.shape) - 2)
    for number, start in enumerate(range(0, len(texts), max(1, width))):
        place = [*leading, *([str(number)] if len(reading.tensor.shape) > 1 else []), *([":"] if reading.tensor.shape else [])]
        rows.append(Row((f"Values [{', '.join(place)}]", "  ".join(texts[start : start + width])), f"values {number}"))
    return rows


def _value_text(value: object) -> str:
    return number_text(value) if isinstance(value, float) else str(value)
