"""The words for what was found: shapes, counts, sizes, times, differences, problems. Shared by both skins."""

import math
from typing import List, Optional, Sequence, Tuple

from ..wire.contents import CheckpointContents
from ..wire.problems import Fix, Problem
from ..wire.registration import MODULE as HIDDEN_MODULE
from ..wire.registration import PARAMETER as HIDDEN_PARAMETER
from ..wire.registration import HiddenPart
from .diff_rows import DTYPE, MATCHED, MISSING, RENAMED, SHAPE, TRANSPOSED, UNEXPECTED, DiffRow
from .fixes_to_try import patch_of_all
from .source_notes import excerpt

ABSENT = "–"
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_FLOP_UNITS = ("", "k", "M", "G", "T", "P")
_SECOND_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def shape_text(shape: Optional[Sequence[int]]) -> str:
    """``[2, 3]``; ``[]`` for a scalar; ``not yet known`` for a lazy parameter (None); ``[2, ?]`` where a size is ragged (-1)."""
    return "not yet known" if shape is None else "[" + ", ".join(str(size) if size >= 0 else "?" for size in shape) + "]"


def count_text(count: int) -> str:
    """``3,136``."""
    return f"{count:,}"


def at_line(place: Optional[Tuple[str, int]], beside: Optional[str]) -> str:
    """`` at line 9``, with the file where that is not the one ``beside``; empty without a place."""
    return f" at {line_text(*place, beside)}" if place is not None else ""


def line_text(file: Optional[str], line: int, beside: Optional[str]) -> str:
    """``line 9``, or ``line 9 of net.py``."""
    if not file or not beside or file == beside:
        return f"line {line}"
    name = file.replace("\\", "/").rpartition("/")[2]
    return f"line {line} of {name}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 key``, ``3,136 keys``."""
    return f"{count_text(count)} {noun if count == 1 else plural or noun + 's'}"


def bytes_text(count: int) -> str:
    """``12.3 MB``: decimal units, three digits."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_BYTE_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} B" if unit == 0 else f"{value:.3g} {_BYTE_UNITS[unit]}"


def seconds_text(seconds: Optional[float]) -> str:
    """``1.24 s``, ``35.1 ms``, ``12 µs``; a dash for None."""
    if seconds is None:
        return ABSENT
    if seconds >= 100:
        return f"{count_text(round(seconds))} s"
    for size, unit in _SECOND_UNITS:
        if seconds >= size * 0.9995:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.2g} µs"


def flops_text(count: int) -> str:
    """``4.09 GFLOPs``: multiplications and additions."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_FLOP_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} FLOPs" if unit == 0 else f"{value:.3g} {_FLOP_UNITS[unit]}FLOPs"


def number_text(value: Optional[float]) -> str:
    """Four significant digits; a dash for None; ``nan``, ``inf`` and ``-inf`` as such."""
    if value is None:
        return ABSENT
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    return f"{value:.3e}" if not 1e-3 <= abs(value) < 1e6 else f"{value:.4g}"


def describe_difference(row: DiffRow, model: str = "the model", checkpoint: str = "the checkpoint") -> str:
    """One row of the diff in words, naming the checkpoint and the model: ``missing in the checkpoint``."""
    expected, found = row.expected, row.found
    if row.status == MISSING or found is None:
        return row.how or f"missing in {checkpoint}"
    if row.status == UNEXPECTED or expected is None:
        return row.how or f"not in {model}"
    if row.status == MATCHED:
        return "matched"
    found_in, expected_in = checkpoint.replace("the ", ""), model.replace("the ", "")
    sizes = f"{found_in} {shape_text(found.shape)}, {expected_in} {shape_text(expected.shape)}"
    words = {
        SHAPE: f"other shape: {sizes}",
        TRANSPOSED: f"transposed: {sizes}",
        DTYPE: f"{found_in} {found.dtype}, {expected_in} {expected.dtype}",
        RENAMED: f"renamed: {found.key} in {checkpoint}",
    }
    return words.get(row.status, f"{row.status}: {sizes}") + (f" ({row.how})" if row.how else "")


def describe_hidden(part: HiddenPart) -> str:
    """What it means that a part is not registered, in two sentences."""
    held = f" in a {part.held_by}" if part.held_by else ""
    if part.kind == HIDDEN_MODULE:
        return (
            f"A {part.class_name}{held} that PyTorch does not see. It is in neither parameters() nor state_dict(), .to() leaves it "
            "behind, and train() and eval() do not reach it."
        )
    if part.kind == HIDDEN_PARAMETER:
        return f"A Parameter{held} that PyTorch does not see. No optimizer gets it, state_dict() leaves it out, .to() leaves it behind."
    if part.from_parameter:
        return "The result of an operation on a Parameter, a plain tensor. No optimizer gets it, and state_dict() leaves it out."
    if part.requires_grad:
        return "A plain tensor that requires a gradient. No optimizer gets it, and state_dict() leaves it out."
    return f"A plain tensor{held}. state_dict() leaves it out, and .to() leaves it behind."


def read_text(contents: CheckpointContents) -> str:
    """``161 tensors in gpt2.pt (torch zip); read 29.2 kB of 498 MB, nothing executed``."""
    name = contents.path.replace("\\", "/").rpartition("/")[2]
    read = f"read {bytes_text(contents.bytes_read)} of {bytes_text(contents.file_bytes)}, nothing executed"
    return f"{counted(len(contents.tensors), 'tensor')} in {name} ({contents.format}); {read}"


def place_text(problem: Problem) -> str:
    """``model.py:12``, ``encoder.fc1``, both or nothing."""
    place = problem.file or ""
    if place and problem.line:
        place = f"{place}:{problem.line}"
    subject = problem.parameter or problem.module or ""
    return ", ".join(part for part in (subject, place) if part)


def tried_text(fix: Fix) -> str:
    """Whether a repair was tried, what came of it, and what the checkpoint says of it."""
    evidence = f"; {fix.evidence}" if fix.evidence else ""
    if fix.verified:
        return f"tried: {fix.outcome or 'it works'}{evidence}"
    return (f"tried, and not enough: {fix.outcome}" if fix.outcome else "not tried") + evidence


def fix_text(fix: Fix) -> str:
    """The repair in words, and what came of it when it was tried."""
    return f"{fix.text} ({tried_text(fix)})" if fix.verified or fix.outcome or fix.evidence else fix.text


def problem_lines(problem: Problem) -> List[str]:
    """A problem as lines of text: severity and message, the place, the line with its shapes over it, the hint, the fixes, and the patch
    of the first of them."""
    lines = [f"{problem.severity}: {problem.message}"]
    place = place_text(problem)
    if place:
        lines.append(f"  at {place}")
    lines.extend(f"      {line}" for line in excerpt(problem))
    if problem.hint:
        lines.append(f"  {problem.hint}")
    lines.extend(f"  fix: {fix_text(fix)}" for fix in problem.fixes)
    patch = problem.fixes[0].patch if problem.fixes else ""
    lines.extend(f"    {line}".rstrip() for line in patch.splitlines())
    return lines


def patch_lines(problems: Sequence[Problem]) -> List[str]:
    """The patch that makes the first fixes of all mismatches, where they were tried together."""
    patch = patch_of_all(problems)
    return ["All of these fixes as one patch:", *(f"    {line}".rstrip() for line in patch.splitlines())] if patch else []
