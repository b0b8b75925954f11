"""What the Tensor panel shows: which tensors belong to the selection, and their statistics as rows. No Qt widgets here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torchloupe.analysis.activation_views import best_view, no_values_reason, tensor_name
from torchloupe.analysis.wording import bytes_text, count_text, counted, number_text, shape_text
from torchloupe.gui.flowed import pins_of_call
from torchloupe.gui.pinning import Pin
from torchloupe.gui.text_table import Row
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.activations import INPUT, OUTPUT
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.requests import FetchedStats, FetchStats
from torchloupe.wire.step_values import CHANGE, GRADIENT, MeasureStepValues, StepTensor
from torchloupe.wire.tensors import TensorStats
from torchloupe.wire.traces import LayerCall
from torchloupe.wire.values import ValueSummary

RGB_CHANNELS = 3


@dataclass(frozen=True)
class TensorChoice:
    """One tensor that can be looked at. ``fetch`` is the key that the worker is asked for, of a tensor of this ``shape`` and
    ``dtype``; ``stored`` is the tensor of the checkpoint whose values can be read from its file; ``pin`` a tensor that flowed in the
    run, of the ``kind`` that ``best_view`` says; ``pair`` two of these that are held against each other;
    ``motion`` what the last step did to a parameter."""

    title: str
    facts: tuple[tuple[str, str], ...]
    stats: TensorStats | None = None
    fetch: str | None = None
    note: str = ""
    stored: StoredTensor | None = None
    shape: tuple[int, ...] = ()
    dtype: str = ""
    pin: Pin | None = None
    pair: tuple[Pin, Pin] | None = None
    kind: str = ""
    axes: tuple[str, ...] = ()
    motion: StepTensor | None = None

    @property
    def question(self) -> FetchStats | MeasureStepValues | None:
        """What the worker is asked for its statistics; None where it need not be, or cannot."""
        if self.motion is not None:
            return MeasureStepValues(self.motion)
        return FetchStats(self.fetch) if self.fetch else None


def choices_of(workbench: Workbench) -> list[TensorChoice]:
    """The tensors that belong to what is selected: a parameter, a stored tensor, or outputs and inputs of a call. What is pinned
    comes last."""
    return [*_selected_choices(workbench), *pair_choices(workbench.pins.pair)]


def _selected_choices(workbench: Workbench) -> list[TensorChoice]:
    selection: Selection = workbench.selection
    if selection.stored is not None:
        return [stored_choice(selection.stored)]
    if selection.parameter is not None and workbench.model is not None:
        return parameter_choices(workbench, selection.parameter)
    call = workbench.calls.get(selection.call) if selection.call is not None else None
    return [flow_choice(pin, call, workbench) for pin in pins_of_call(workbench, call.index)] if call else []


def flow_choice(pin: Pin, call: LayerCall, workbench: Workbench) -> TensorChoice:
    """An output or an input of a call."""
    meta, side, number = pin.meta, pin.activation.side, pin.activation.number
    count = len(call.outputs if side == OUTPUT else call.inputs)
    facts = [("Shape", shape_text(meta.shape)), ("Dtype", meta.dtype), ("Device", meta.device)]
    if any(pin.axes):  # a row of their own: together they are too long for one
        facts.insert(1, ("Axes", ", ".join(name or "–" for name in pin.axes)))
    title = f"{call.module or '(model)'}, {tensor_name(meta, side, number, count)} {shape_text(meta.shape)}"
    is_picture = not call.module or (side == INPUT and len(meta.shape) == 4 and meta.shape[1] == RGB_CHANNELS)
    kind = best_view(meta.shape, pin.stats, is_picture, pin.axes)
    has_no_data = workbench.asked.shapes_only or (workbench.report is not None and workbench.report.device == "meta")
    note = no_values_reason(meta, call, has_no_data)
    return TensorChoice(title, tuple(facts), pin.stats, note=note, shape=meta.shape, pin=pin, kind=kind, axes=pin.axes)


def pair_choices(pair: tuple[Pin, Pin] | None) -> list[TensorChoice]:
    """The two that are pinned, held against each other."""
    if pair is None:
        return []
    one, other = pair
    facts = (("A", one.title), ("B", other.title))
    if one.meta.shape == other.meta.shape:
        kind = best_view(one.meta.shape, axes=one.axes)
        return [
            TensorChoice(
                f"Pinned: B minus A, {other.title} minus {one.title}",
                facts,
                shape=one.meta.shape,
                pair=pair,
                kind=kind,
                axes=one.axes,
            )
        ]
    return [TensorChoice(f"Pinned: A beside B, {one.title} and {other.title}", facts, pair=pair)]


def parameter_choices(workbench: Workbench, key: str) -> list[TensorChoice]:
    """A parameter or buffer of the model; its statistics have to be asked for."""
    entries = workbench.model.tree.parameters if workbench.model else ()
    entry = next((entry for entry in entries if entry.key == key), None)
    if entry is None:
        return []
    facts = (
        ("Shape", shape_text(entry.shape)),
        ("Dtype", entry.dtype),
        ("Device", entry.device),
        ("Size", bytes_text(entry.bytes)),
    )
    lazy = "A lazy parameter has no values before its module is called for the first time."
    title = f"{key} {shape_text(entry.shape)}"
    if entry.shape is None:
        return [TensorChoice(title, facts, note=lazy)]
    weight = TensorChoice(title, facts, fetch=key, shape=entry.shape, dtype=entry.dtype)
    return [weight, *_step_choices(workbench, weight, key)]


def _step_choices(workbench: Workbench, weight: TensorChoice, key: str) -> list[TensorChoice]:
    """What the last step did to a parameter."""
    motion, report = workbench.steps.motions.get(key), workbench.steps.report
    if motion is None or (report is not None and report.kept):  # to repeat it would be the step after it
        return []
    there = [CHANGE] if motion.moved else []
    there += [GRADIENT] if motion.grad_norm is not None else []
    named = {CHANGE: "change in the step", GRADIENT: "gradient in the step"}
    step = workbench.steps.request
    return [
        replace(
            weight,
            title=f"{key}, {named[what]} {shape_text(weight.shape)}",
            fetch=f"{motion.key}, {what}",
            motion=StepTensor(motion.key, what, step),
        )
        for what in there
    ]


def with_answer(choice: TensorChoice, fetched: FetchedStats | None) -> TensorChoice:
    """The same with what the worker said of it."""
    if fetched is None:
        return choice
    facts = (*choice.facts, ("Rows that moved", fetched.rows)) if fetched.rows else choice.facts
    return replace(choice, stats=fetched.stats, facts=facts)


def stored_choice(tensor: StoredTensor) -> TensorChoice:
    """A tensor of the checkpoint: what its file says of it."""
    facts = [("Shape", shape_text(tensor.shape)), ("Dtype", tensor.dtype), ("Size", bytes_text(tensor.bytes))]
    facts += [("Container", tensor.container)] if tensor.container else []
    facts += [("Record", tensor.stored_at)] if tensor.stored_at else []
    facts += [("File", tensor.file)] if tensor.file else []
    title = f"{tensor.key} {shape_text(tensor.shape)}"
    if tensor.broken:
        return TensorChoice(title, tuple(facts), note=f"✖ {tensor.broken}")
    return TensorChoice(title, tuple(facts), stored=tensor)


def no_values_sentence(choice: TensorChoice) -> str:
    """Why the values of a choice cannot be looked at one by one."""
    return choice.note or "It has no values."


def origin_sentence(origin: str) -> str:
    """``Sparse (COO), 3 of 25 values stored, shown dense; torch read it.``"""
    return f"{origin[:1].upper()}{origin[1:]}; torch read it." if origin else ""


def quantile_rows(summary: ValueSummary | None) -> list[Row]:
    """One for each quantile."""
    sampled = " (sample)" if summary and summary.quantiles_sampled else ""
    pairs = (
        [(f"Quantile {100 * each.part:g} %{sampled}", number_text(each.value)) for each in summary.quantiles] if summary else []
    )
    return [Row(pair, pair[0]) for pair in pairs]


def part_text(count: int, whole: int) -> str:
    """``12,544 (50 %)``."""
    if not whole or not count:
        return count_text(count)
    return f"{count_text(count)} ({100 * count / whole:.3g} %)"


def statistics_rows(choice: TensorChoice, stats: TensorStats | None, read: Sequence[Row] = ()) -> list[Row]:
    """Facts, statistics, what else was ``read``, and the bins of the histogram: the plot as a table."""
    pairs: list[tuple[str, str, str | None]] = [(name, value, None) for name, value in choice.facts]
    if stats:
        pairs += [("Count", count_text(stats.count), None)]
        for name, number in (("Mean", stats.mean), ("Std", stats.std), ("Min", stats.min), ("Max", stats.max)):
            pairs.append((name, number_text(number), None))
        pairs.append(("Zeros", part_text(stats.zeros, stats.count), None))
        pairs.append(("NaN", part_text(stats.nan, stats.count), "error" if stats.nan else None))
        pairs.append(("Inf", part_text(stats.inf, stats.count), "error" if stats.inf else None))
    rows = [Row((name, value), name, (None, role)) for name, value, role in pairs]
    return [*rows, *read, *(bin_rows(stats) if stats else [])]


def bin_edges(stats: TensorStats) -> tuple[float, float]:
    """Start of the first bin and width of every bin. A constant tensor gets bins of some width around its value."""
    low, high = stats.min or 0.0, stats.max or 0.0
    bins = len(stats.histogram or ()) or 1
    if high > low:
        return low, (high - low) / bins
    width = (abs(low) or 1.0) / bins
    return low - width * bins / 2, width


def bars(stats: TensorStats) -> tuple[list[float], tuple[int, ...]]:
    """Where the bars begin, and their counts. That of a constant tensor stands on its value, whichever bin was counted up."""
    low, width = bin_edges(stats)
    counts = stats.histogram or ()
    if counts and stats.min == stats.max:
        return [(stats.min or 0.0) - width / 2], (sum(counts),)
    return [low + number * width for number in range(len(counts))], counts


def bin_rows(stats: TensorStats) -> list[Row]:
    """One row for every bin; none for a constant tensor, whose bins mean nothing."""
    if not stats.histogram or stats.min == stats.max:
        return []
    low, width = bin_edges(stats)
    rows = []
    for number, count in enumerate(stats.histogram):
        start = low + number * width
        name = f"{number_text(start)} to {number_text(start + width)}"
        rows.append(Row((name, count_text(count)), f"bin {number}", ("muted", "muted" if not count else None)))
    return rows


def plain_words(stats: TensorStats) -> str:
    """Zeros, NaN and Inf in words, and what the histogram was made of."""
    if stats.nan + stats.inf == stats.count and stats.count:
        return (
            f"✖ None of its {counted(stats.count, 'value')} is finite: {count_text(stats.nan)} NaN, {count_text(stats.inf)} Inf."
        )
    words = [f"{part_text(stats.zeros, stats.count)} zeros" if stats.zeros else "no zeros"]
    if stats.nan or stats.inf:
        words.append(f"✖ {count_text(stats.nan)} NaN and {count_text(stats.inf)} Inf, left out of mean and histogram")
    else:
        words.append("no NaN, no Inf")
    if stats.min == stats.max and stats.min is not None:
        words.append(f"every finite value is {number_text(stats.min)}")
    if stats.sampled:
        words.append(f"histogram of an even sample of {count_text(stats.sampled)}")
    return f"{counted(stats.count, 'value')}: {'; '.join(words)}."
