"""Statistics of each channel of an activation, as a table."""

from typing import Any

from PySide6.QtWidgets import QLabel, QVBoxLayout

from torchloupe.analysis.activation_views import channel_dimension
from torchloupe.analysis.wording import count_text, counted, number_text
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor.activation_source import ActivationSource
from torchloupe.gui.tensor.model import part_text
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em
from torchloupe.wire.activations import ChannelStats, MeasureActivation, MeasuredActivation

TITLES = ("Mean", "Std", "Min", "Max")


class ChannelsView(ValueView):
    """One row for each channel; a click on a title sorts by it."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Channels")
        numbers = [Column(title, 5.4, right=True) for title in TITLES]
        columns = [Column(self.tr("Channel"), 4.6, right=True), *numbers, Column(self.tr("Zeros"), 7.6, right=True)]
        self.table = FilterTable([*columns, Column(self.tr("NaN or Inf"), 5.4, right=True)], self.tr("Channels"))
        self.note = QLabel(" ", wordWrap=True)
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.3))
        box.addWidget(self.note)
        box.addWidget(self.table, 1)

    def work(self, source: ValueSource) -> Any:
        """The numbers, made where the tensor is."""
        if not isinstance(source, ActivationSource):
            return None
        return MeasureActivation(source.activation, channel_dimension(source.shape, source.axes), source.pinned)

    def arrived(self, result: MeasuredActivation) -> None:
        """Show them."""
        axes = self.source.axes if isinstance(self.source, ActivationSource) else ()
        self.note.setText(channels_sentence(result, axes))
        self.table.set_rows([channel_row(channel, result) for channel in result.channels])

    def copied_text(self) -> str:
        """The table."""
        return self.table.copied_text()


def channels_sentence(measured: MeasuredActivation, axes: tuple[str, ...] = ()) -> str:
    """How many there are, which dimension they are, and those that stand out."""
    if not measured.channels:
        return "Its channels are not counted: it has none, too many, or values without an order."
    dead = sum(channel.min == channel.max == 0 for channel in measured.channels)
    constant = sum(channel.min == channel.max for channel in measured.channels if channel.min is not None) - dead
    dimension = channel_dimension(measured.shape, axes)
    name = axes[dimension].rstrip("s") if axes and dimension is not None else ""
    words = [f"{counted(len(measured.channels), name or 'channel')} in dimension {dimension}"]
    words += [f"{count_text(dead)} of them zero everywhere"] if dead else []
    words += [f"{count_text(constant)} of them constant"] if constant else []
    return f"{', '.join(words)}. Of all values of each."


def channel_row(channel: ChannelStats, measured: MeasuredActivation) -> Row:
    """One channel."""
    size = 1
    for length in measured.shape:
        size *= length
    each = size // max(1, len(measured.channels))
    numbers = (channel.mean, channel.std, channel.min, channel.max)
    cells = (
        count_text(channel.number),
        *map(number_text, numbers),
        part_text(channel.zeros, each),
        count_text(channel.not_finite),
    )
    dead = channel.min == channel.max
    roles = (
        None,
        *["muted" if dead else None] * 4,
        None,
        "error" if channel.not_finite else "muted",
    )
    order = (channel.number, *numbers, channel.zeros, channel.not_finite)
    return Row(cells, channel.number, roles, order=order)
