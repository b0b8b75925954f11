"""Everything in a checkpoint as rows: its containers with their tensors, its optimizer, its other values, the names in its pickle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torchloupe.analysis.containers import OTHER, Container
from torchloupe.analysis.optimizer_state import ParamGroup
from torchloupe.analysis.row_filter import SEPARATOR
from torchloupe.analysis.stored_facts import NO_FACTS, StoredFacts, settings_text, tensor_note
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.stored_totals import Totals, totals_by_dtype, totals_of
from torchloupe.analysis.wording import bytes_text, count_text, counted, shape_text
from torchloupe.checkpoints.importable_verdicts import JudgedName
from torchloupe.gui.marks import SEVERITY_MARKS, VERDICT_MARKS
from torchloupe.gui.outline import Outline
from torchloupe.gui.text_table import Row
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue

COLUMNS = ("Key", "Shape or value", "Dtype", "Size", "Notes")
HAYSTACK_TITLES = ("Key", "Shape or value", "Dtype", "Size", "Notes", "Container")
TOP = "(top of the file)"
VALUES = "Other values"
ABOUT = "The file itself"
GLOBALS = "Names in its pickle"


@dataclass(frozen=True)
class Group:
    """A row that others lie under: what it is called, how much is in it. ``path`` is that of a container."""

    title: str
    held: str = ""
    dtype: str = ""
    size: str = ""
    note: str = ""
    path: str | None = None
    is_model: bool = False


Entry = Group | StoredTensor | StoredValue | ParamGroup | JudgedName
"""A row of the checkpoint."""


class CheckpointRows:
    """The entries of a checkpoint in the order in which they show, with their outline. ``labels`` are the first cells.

    ``choices`` are the containers, by path, as they are offered for comparing; ``totals`` is the line above all of it. ``longest``
    is the first cell that takes the most room: its level and its label.
    """

    def __init__(self) -> None:
        self.contents: CheckpointContents | None = None
        self.entries: list[Entry] = []
        self.labels: list[str] = []
        self.outline = Outline(())
        self.is_open = bytearray()
        self.facts: StoredFacts = NO_FACTS
        self.choices: list[tuple[str, str]] = []
        self.totals = ""
        self.longest = (0, "")
        self.haystacks: list[str] = []
        self.positions: dict[tuple[str, str], int] = {}

    def position_of(self, tensor: StoredTensor | None) -> int | None:
        """Where a tensor stands."""
        return self.positions.get((tensor.container, tensor.key)) if tensor is not None else None

    def row(self, position: int) -> Row:
        """What shows at a position; its key is the position."""
        entry, label = self.entries[position], self.labels[position]
        if isinstance(entry, StoredTensor):
            return self._tensor_row(position, entry, label)
        if isinstance(entry, Group):
            cells = (label, entry.held, entry.dtype, entry.size, entry.note)
            role = "accent" if entry.is_model else None
            return Row(cells, position, (role, "muted", "muted", "muted", "muted"), (self.path(position),))
        if isinstance(entry, StoredValue):
            cells = (label, value_text(entry.value), entry.type, "", "")
            return Row(cells, position, (None, None, "muted"), (entry.path,))
        if isinstance(entry, ParamGroup):
            return Row((label, *param_group_cells(entry)), position, (None, None, None, None, "muted"))
        mark = VERDICT_MARKS[entry.verdict.word]
        cells = (label, mark.text, "", "", entry.verdict.reason)
        return Row(cells, position, (None, mark.role, None, None, "muted"))

    def _tensor_row(self, position: int, tensor: StoredTensor, label: str) -> Row:
        role = "error" if tensor.broken else None
        cells = (label, shape_text(tensor.shape), tensor.dtype, bytes_text(tensor.bytes), note_of(tensor, self.facts))
        return Row(cells, position, (role, role, role, role, role or "muted"), (full_key(tensor),))

    def copied(self, position: int) -> tuple[str, ...]:
        """The cells of a row with the whole key."""
        entry, cells = self.entries[position], self.row(position).cells
        if isinstance(entry, StoredTensor):
            return (entry.key, *cells[1:])
        if isinstance(entry, Group):
            return (self.path(position), *cells[1:])
        return (entry.path, *cells[1:]) if isinstance(entry, StoredValue) else cells

    def path(self, position: int) -> str:
        """The labels from the top down to a group: ``model.layers.0``."""
        around = [position, *self.outline.ancestors(position)]
        return ".".join(self.labels[place] for place in reversed(around) if self.labels[place] not in (TOP, VALUES)) or TOP


def note_of(tensor: StoredTensor, facts: StoredFacts) -> str:
    """What is special about a tensor, a fault first."""
    broken = f"{SEVERITY_MARKS['error'].glyph} broken: {tensor.broken}" if tensor.broken else ""
    return "; ".join(part for part in (broken, tensor_note(tensor, facts)) if part)


def param_group_cells(group: ParamGroup) -> tuple[str, str, str, str]:
    """``lr 0.001`` where values stand, the other settings as a note."""
    first = {name: value for name, value in group.settings.items() if name == "lr"}
    others = {name: value for name, value in group.settings.items() if name != "lr"}
    held = counted(group.parameters, "parameter") if group.parameters is not None else ""
    return settings_text(first), "", "", ", ".join(part for part in (held, settings_text(others)) if part)


def haystack_of(tensor: StoredTensor, facts: StoredFacts) -> str:
    """What a filter looks into, for one tensor."""
    key, container = tensor.key, tensor.container or TOP
    cells = (key, shape_text(tensor.shape), tensor.dtype, bytes_text(tensor.bytes), note_of(tensor, facts), container)
    return SEPARATOR.join(cells).lower()


def container_note(container: Container, is_model: bool) -> str:
    """``the model's state_dict``, ``optimizer``, nothing when its kind is not known."""
    kind = "" if container.kind == OTHER else container.kind
    return f"the model's {kind or 'weights'}" if is_model else kind


def totals_note(totals: Totals) -> str:
    """``421,642 numbers``, and how many keys are only another name for counted memory."""
    again = f" ({count_text(totals.again)} shared, counted once)" if totals.again else ""
    return counted(totals.numbers, "number") + again


def value_text(value: Any) -> str:
    """A scalar as Python writes it, a text as it is, on one line."""
    return " ".join(str(value).split())


def file_line(contents: CheckpointContents) -> str:
    """``PyTorch zip  ·  read 48 kB of 303 MB, nothing executed``."""
    read = f"read {bytes_text(contents.bytes_read)} of {bytes_text(contents.file_bytes)}, nothing executed"
    return "  ·  ".join([contents.format, read])


def totals_line(tensors: Sequence[StoredTensor]) -> str:
    """``12 tensors  ·  423,114 numbers  ·  1.69 MB  ·  float32``; of several dtypes each with its bytes."""
    totals, dtypes = totals_of(tensors), totals_by_dtype(tensors)
    mixed = [f"{count_text(each.tensors)} {dtype} of {bytes_text(each.bytes)}" for dtype, each in dtypes.items()]
    parts = [counted(totals.tensors, "tensor"), totals_note(totals), bytes_text(totals.bytes)]
    return "  ·  ".join(parts + ([", ".join(mixed)] if len(mixed) > 1 else list(dtypes)))


def container_choice(group: Group) -> str:
    """How a container is offered for comparing."""
    return f"{group.title} ({group.held}, {group.size})"
