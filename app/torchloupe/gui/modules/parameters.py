"""The rows of the parameters and buffers: what stands in the columns, what a filter finds, what a column sorts by. No Qt here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.state_dict_diff import StateDictDiff
from torchloupe.analysis.step.wording import HARMLESS, group_text, moved_text, why_text
from torchloupe.analysis.wording import bytes_text, count_text, number_text, shape_text
from torchloupe.gui.marks import DIFF_MARKS
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.modules import PARAMETER, ParameterEntry
from torchloupe.wire.steps import ParameterMotion
from torchloupe.wire.tensors import TensorStats


@dataclass(frozen=True)
class Facts:
    """What is known of parameters beside their entries, by key: the status in the checkpoint; once the values were read, statistics
    and the initialisation that they fit; what the last training step did to them."""

    statuses: Mapping[str, str] = field(default_factory=dict)
    stats: dict[str, TensorStats] = field(default_factory=dict)
    initialised: dict[str, str] = field(default_factory=dict)
    motions: Mapping[str, ParameterMotion] = field(default_factory=dict)


@dataclass(frozen=True)
class ParameterColumn:
    """A column: its text, what it sorts by (else the text), and whether it is shown until a person chooses others."""

    column: Column
    text: Callable[[ParameterEntry, Facts], str]
    order: Callable[[ParameterEntry, Facts], Any] | None = None
    shown: bool = True


def kind_text(entry: ParameterEntry, _facts: Facts) -> str:
    """``parameter`` or ``buffer``, and whether the state_dict leaves it out."""
    return entry.kind if entry.persistent else f"{entry.kind}, not in state_dict"


def grad_text(entry: ParameterEntry, _facts: Facts) -> str:
    """Does it learn? A buffer never does."""
    return "yes" if entry.requires_grad else "no"


def persistent_text(entry: ParameterEntry, _facts: Facts) -> str:
    """Whether the state_dict has it."""
    return "yes" if entry.persistent else "no"


def step_group(entry: ParameterEntry, facts: Facts) -> str:
    """Its group in the optimizer of the last step."""
    motion = facts.motions.get(entry.key)
    return group_text(motion) if motion else ""


def step_moved(entry: ParameterEntry, facts: Facts) -> str:
    """How far the last step moved it, or why it did not."""
    motion = facts.motions.get(entry.key)
    return moved_text(motion) if motion else ""


def _moved_order(entry: ParameterEntry, facts: Facts) -> Any:
    """Those that did not move first, then by how far."""
    motion = facts.motions.get(entry.key)
    return None if motion is None else (motion.moved, motion.update_ratio or 0.0, motion.reason)


def status_text(entry: ParameterEntry, facts: Facts) -> str:
    """Its status in the open checkpoint."""
    mark = DIFF_MARKS.get(facts.statuses.get(entry.key, ""))
    return mark.text if mark else ""


def _statistic(title: str, name: str) -> ParameterColumn:
    def value(entry: ParameterEntry, facts: Facts) -> Any:
        stats = facts.stats.get(entry.key)
        return getattr(stats, name) if stats else None

    def text(entry: ParameterEntry, facts: Facts) -> str:
        found = value(entry, facts)
        return "" if found is None else number_text(found)

    return ParameterColumn(Column(title, 5, right=True), text, value, shown=False)


STATISTICS = (_statistic("Mean", "mean"), _statistic("Std", "std"), _statistic("Min", "min"), _statistic("Max", "max"))
COLUMNS = (
    ParameterColumn(Column("Key", 8), lambda entry, _: entry.key),
    ParameterColumn(Column("Shape", 6.6), lambda entry, _: shape_text(entry.shape), lambda entry, _: entry.shape or ()),
    ParameterColumn(Column("Dtype", 4.7), lambda entry, _: entry.dtype),
    ParameterColumn(Column("Kind", 5.5), kind_text),
    ParameterColumn(Column("Grad", 3.5), grad_text),
    ParameterColumn(Column("Checkpoint", 7), status_text),
    ParameterColumn(Column("Moved", 9), step_moved, _moved_order, shown=False),
    ParameterColumn(Column("Group", 6.5), step_group, shown=False),
    ParameterColumn(Column("Numel", 5.5, right=True), lambda entry, _: count_text(entry.numel), lambda entry, _: entry.numel),
    ParameterColumn(
        Column("Bytes", 5, right=True), lambda entry, _: bytes_text(entry.bytes), lambda entry, _: entry.bytes, shown=False
    ),
    ParameterColumn(Column("Device", 4.5), lambda entry, _: entry.device),
    ParameterColumn(Column("Tied to", 8), lambda entry, _: ", ".join(entry.tied_to)),
    ParameterColumn(Column("Shares memory with", 9), lambda entry, _: ", ".join(entry.shares_with)),
    ParameterColumn(Column("Persistent", 6), persistent_text, shown=False),
    ParameterColumn(Column("Owner", 9), lambda entry, _: entry.owner or "(model)", shown=False),
    ParameterColumn(Column("Initialisation", 11), lambda entry, facts: facts.initialised.get(entry.key, ""), shown=False),
    *STATISTICS,
)
TITLES = tuple(each.column.title for each in COLUMNS)
HIDDEN_AT_FIRST = tuple(each.column.title for each in COLUMNS if not each.shown)
INITIALISATION = "Initialisation"
FROM_VALUES = (INITIALISATION, *(each.column.title for each in STATISTICS))
"""The columns that say something once the values were read."""
FROM_A_STEP = ("Moved", "Group")
"""Those that do after a training step."""
KEY, BESIDE_KEY = 0, (1,)
"""The names, and what is in sight beside them."""
MOVED = TITLES.index("Moved")
KIND, GRAD, STATUS = TITLES.index("Kind"), TITLES.index("Grad"), TITLES.index("Checkpoint")


def parameter_row(entry: ParameterEntry, facts: Facts, owner: str = "") -> Row:
    """One row of the parameters of ``owner``, whose path its key is shown without."""
    cells = [each.text(entry, facts) for each in COLUMNS]
    tips = list(cells)
    cells[0] = entry.key.removeprefix(f"{owner}.") if owner else entry.key
    roles: list[str | None] = [None] * len(cells)
    roles[KIND] = "muted"
    roles[GRAD] = "info" if entry.kind == PARAMETER and not entry.requires_grad else None
    mark = DIFF_MARKS.get(facts.statuses.get(entry.key, ""))
    roles[STATUS] = mark.role if mark else None
    motion = facts.motions.get(entry.key)
    if motion is not None and not motion.moved:
        roles[MOVED], tips[MOVED] = "muted" if motion.reason in HARMLESS else "warning", why_text(motion)
    return Row(tuple(cells), entry.key, tuple(roles), tuple(tips))


def parameter_haystack(entry: ParameterEntry, facts: Facts) -> str:
    """What a filter finds a parameter by."""
    words = [each.text(entry, facts) for each in COLUMNS]
    words[STATUS] = facts.statuses.get(entry.key, "")
    return haystack(words)


def parameter_order(entry: ParameterEntry, column: int, facts: Facts) -> tuple[bool, Any]:
    """What a column of the parameters sorts by; what says nothing comes last."""
    chosen = COLUMNS[column]
    value = (chosen.order or chosen.text)(entry, facts)
    return (value is None or value == "", value if value not in (None, "") else 0)


def statuses_by_key(diff: StateDictDiff | None) -> dict[str, str]:
    """The status of every key of the model, empty while nothing is compared."""
    return {row.expected.key: row.status for row in diff.rows if row.expected} if diff else {}
