"""The columns of the module tree: what each says of a module, and which are shown until a person chooses others."""

from collections.abc import Callable
from dataclasses import dataclass

from torchloupe.analysis.wording import bytes_text, count_text
from torchloupe.gui.text_table import Column
from torchloupe.wire.modules import ModuleEntry


@dataclass(frozen=True)
class Fact:
    """A column that says something of a module itself, whatever has run."""

    column: Column
    text: Callable[[ModuleEntry], str]
    shown: bool = True


def share_text(entry: ModuleEntry) -> str:
    """How much of a module learns: ``all``, ``none`` or a percentage; nothing without parameters."""
    learns, total = entry.trainable_numel, entry.total_numel
    if not total:
        return ""
    if learns in (0, total):
        return "all" if learns else "none"
    return f"{min(max(100 * learns / total, 0.1), 99.9):.1f} %"


def mode_text(entry: ModuleEntry) -> str:
    """``train`` or ``eval``."""
    return "train" if entry.training else "eval"


def lazy_text(entry: ModuleEntry) -> str:
    """Whether a tensor of its own has no shape yet."""
    return "no shape yet" if entry.is_lazy else ""


def hooks_text(entry: ModuleEntry) -> str:
    """The kinds of hooks on it, each with its number when there are several."""
    return ", ".join(
        f"{kind} × {entry.hooks.count(kind)}" if entry.hooks.count(kind) > 1 else kind for kind in dict.fromkeys(entry.hooks)
    )


NAME, CLASS, PARAMETERS, OUTPUT, CALLS, STATE = range(6)
"""The first columns, by position."""

FIRST = (
    Column("Module", 7.5),
    Column("Class", 6.5),
    Column("Parameters", 7.1, right=True),
    Column("Output", 8),
    Column("Calls", 3.5, right=True),
    Column("State", 8),
)
FACTS = (
    Fact(Column("Trainable", 4.5, right=True), share_text),
    Fact(Column("Bytes", 5, right=True), lambda entry: bytes_text(entry.total_bytes) if entry.total_bytes else ""),
    Fact(Column("Dtype", 5), lambda entry: entry.dtype),
    Fact(Column("Device", 4), lambda entry: entry.device),
    Fact(Column("Mode", 3.5), mode_text),
    Fact(Column("Own", 5.5, right=True), lambda entry: count_text(entry.numel), shown=False),
    Fact(Column("Hooks", 6), hooks_text, shown=False),
    Fact(Column("Parametrizations", 8), lambda entry: ", ".join(entry.parametrized), shown=False),
    Fact(Column("Lazy", 6), lazy_text, shown=False),
    Fact(Column("Settings", 16), lambda entry: entry.settings, shown=False),
)
FROM_A_RUN = (Column("Time", 5, right=True), Column("FLOPs", 7.5, right=True))
"""What all calls of a module in the last run took, with what they called."""
COLUMNS = (*FIRST, *(fact.column for fact in FACTS), *FROM_A_RUN)
HIDDEN_AT_FIRST = (*(fact.column.title for fact in FACTS if not fact.shown), *(column.title for column in FROM_A_RUN))
