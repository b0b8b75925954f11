"""Values of stored tensors as text: how far two checkpoints differ, and one tensor."""

from collections.abc import Sequence

from torchloupe.analysis.moved_weights import moved_summary
from torchloupe.analysis.spectrum import singular_facts
from torchloupe.analysis.step.wording import percent_text
from torchloupe.analysis.value_pairs import ranked
from torchloupe.analysis.wording import ABSENT, count_text, counted, number_text, shape_text
from torchloupe.wire.tensors import TensorStats
from torchloupe.wire.values import ComparedValues, SingularValues, TensorDifference

from .report import ShownTensor
from .terminal import Terminal
from .text_columns import columns, printable

ROWS_SHOWN = 60
SINGULAR_SHOWN = 10
_BLOCKS = " ▁▂▃▄▅▆▇█"


def difference_lines(compared: Sequence[ComparedValues], terminal: Terminal) -> list[str]:
    """Which tensors moved in a sentence, then each, the furthest first."""
    moved = ranked(compared)
    lines = ["", terminal.paint(f"values: {printable(moved_summary(compared))}", "strong")]
    if not moved:
        return lines
    rows: list[tuple[str, ...]] = [("  KEY", "MOVED", "WEIGHT", "UPDATE", "CHANGED", "MAX |Δ|", "COSINE", "NaN")]
    rows += [("  " + each.expected, *_difference_cells(how)) for each, how in moved[:ROWS_SHOWN]]
    first, *rest = columns(rows, right=(1, 2, 3, 4, 5, 6, 7), width=terminal.width)
    lines += [terminal.paint(first, "dim"), *rest]
    more = len(moved) - ROWS_SHOWN
    return [*lines, f"  … and {counted(more, 'more tensor')} (--json lists all)"] if more > 0 else lines


def _difference_cells(how: TensorDifference) -> tuple[str, ...]:
    relative = "from zero" if how.relative is None else number_text(how.relative)
    norms = (number_text(how.expected_norm), number_text(how.norm))
    cosine = ABSENT if how.cosine is None else f"{how.cosine:.6f}"
    nan = count_text(how.nan) if how.nan else ""
    return (relative, *norms, percent_text(how.changed_fraction), number_text(how.max_abs), cosine, nan)


def tensor_lines(shown: ShownTensor, terminal: Terminal) -> list[str]:
    """One tensor: what it is, its statistics, some of its values."""
    tensor = shown.tensor
    title = f"{tensor.container}.{tensor.key}" if tensor.container else tensor.key
    lines = [terminal.paint(printable(title), "strong"), f"{shape_text(tensor.shape)} {tensor.dtype}"]
    if shown.summary is not None:
        lines += ["", *_statistics_lines(shown.summary.stats)]
        if shown.summary.quantiles:
            sampled = shown.summary.quantiles_sampled
            of = f" (of an even sample of {count_text(sampled)})" if sampled else ""
            lines += ["", f"quantiles{of}"]
            cells = [(f"  {100 * each.part:g} %", number_text(each.value)) for each in shown.summary.quantiles]
            lines += columns(cells, right=(0, 1))
    if shown.values is not None and shown.values.values:
        lines += ["", f"values [{printable(shown.values.index)}] of shape {shape_text(shown.values.shape)}"]
        lines += _value_lines(shown.values.shape, shown.values.values)
    if shown.singular is not None:
        lines += ["", *_singular_lines(shown.singular)]
    if shown.saved is not None:
        lines += ["", f"Saved {shape_text(shown.saved_shape)} {shown.saved_dtype} to {shown.saved}."]
    return lines


def _singular_lines(found: SingularValues) -> list[str]:
    lines = [f"singular values of the matrix {count_text(found.rows)} x {count_text(found.columns)}"]
    lines += columns([("  " + name, value) for name, value in singular_facts(found)], right=(1,))
    return [
        *lines,
        "  " + "  ".join(map(number_text, found.values[:SINGULAR_SHOWN])) + (" …" if len(found.values) > SINGULAR_SHOWN else ""),
    ]


def _statistics_lines(stats: TensorStats) -> list[str]:
    pairs = [("count", count_text(stats.count))]
    pairs += [(name, number_text(getattr(stats, name))) for name in ("mean", "std", "min", "max")]
    pairs += [(name, count_text(getattr(stats, name))) for name in ("zeros", "nan", "inf")]
    lines = columns([("  " + name, value) for name, value in pairs], right=(1,))
    if stats.histogram:
        most = max(stats.histogram) or 1
        bars = "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // most)] for count in stats.histogram)
        lines.append(f"  {bars}" + (f"  (of an even sample of {count_text(stats.sampled)})" if stats.sampled else ""))
    return lines


def _value_lines(shape: tuple[int, ...], values: Sequence[object]) -> list[str]:
    """Rows along the last dimension; higher ones stand one below the other."""
    width = shape[-1] if shape else 1
    texts = [value_text(value) for value in values]
    rows = [["  " + texts[at], *texts[at + 1 : at + width]] for at in range(0, len(texts), width)]
    return columns(rows, right=range(width))


def value_text(value: object) -> str:
    """A value as it would be written in code, six digits of a float."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
