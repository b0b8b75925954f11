"""Everything in a checkpoint as rows: its containers with their tensors, its other values, the names its pickle mentions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torchloupe.analysis.containers import Container, containers_of
from torchloupe.analysis.wording import bytes_text, count_text, counted, shape_text
from torchloupe.gui.marks import SEVERITY_MARKS
from torchloupe.gui.outline import Outline
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.text_table import Row
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue

COLUMNS = ("Key", "Shape or value", "Dtype", "Size", "Notes")
HAYSTACK_TITLES = ("Key", "Shape or value", "Dtype", "Size", "Notes", "Container")
TOP = "(top of the file)"
VALUES = "Other values"
GLOBALS = "Names that its pickle mentions"


@dataclass(frozen=True)
class Group:
    """A row that others lie under."""

    title: str
    shape: str = ""
    dtype: str = ""
    size: str = ""
    note: str = ""
    is_model: bool = False


Entry = Group | StoredTensor | StoredValue | str
"""A row of the checkpoint; a plain text is an importable name."""


class CheckpointRows:
    """The entries of a checkpoint in the order in which they show, with their outline."""

    def __init__(self, contents: CheckpointContents | None, model_container: str = "") -> None:
        self.entries: list[Entry] = []
        self._parents: list[int] = []
        self.partners = sharing(contents.tensors) if contents else {}
        if contents:
            self._add_tensors(contents, model_container)
            self._add_group(Group(VALUES, note=counted(len(contents.values), "value")), contents.values)
            self._add_group(Group(GLOBALS, note=counted(len(contents.globals), "name")), contents.globals)
        self.outline = Outline(self._parents)

    def _add_tensors(self, contents: CheckpointContents, model_container: str) -> None:
        held: dict[str, list[StoredTensor]] = {}
        for tensor in contents.tensors:
            held.setdefault(tensor.container, []).append(tensor)
        for container in containers_of(contents):
            tensors = held[container.path]
            self._add_group(container_group(container, tensors, container.path == model_container), tensors)

    def _add_group(self, group: Group, entries: Sequence[Entry]) -> None:
        if entries:
            above = len(self.entries)
            self.entries += [group, *entries]
            self._parents += [-1] + [above] * len(entries)

    def row(self, position: int) -> Row:
        """What shows at a position; its key is the position."""
        entry = self.entries[position]
        if isinstance(entry, StoredTensor):
            return self._tensor_row(position, entry)
        if isinstance(entry, Group):
            cells = (entry.title, entry.shape, entry.dtype, entry.size, entry.note)
            role = "accent" if entry.is_model else None
            return Row(cells, position, (role, "muted", "muted", "muted", "muted"))
        if isinstance(entry, StoredValue):
            return Row((entry.path, value_text(entry.value), entry.type, "", ""), position, (None, None, "muted"))
        return Row((entry, "", "", "", "not imported, only read"), position, (None, None, None, None, "muted"))

    def _tensor_row(self, position: int, tensor: StoredTensor) -> Row:
        note = self.note(tensor)
        role = "error" if tensor.broken else None
        cells = (tensor.key, shape_text(tensor.shape), tensor.dtype, bytes_text(tensor.bytes), note)
        return Row(cells, position, (role, role, role, role, role or "muted"), (full_key(tensor),))

    def note(self, tensor: StoredTensor) -> str:
        """What is special about a tensor: broken, shared, learned, in another file."""
        notes = []
        if tensor.broken:
            notes.append(f"{SEVERITY_MARKS['error'].glyph} broken: {tensor.broken}")
        partners = [full_key(other) for other in self.partners.get(record_of(tensor), ()) if other is not tensor]
        if partners:
            more = f" and {len(partners) - 1} more" if len(partners) > 1 else ""
            notes.append(f"shares memory with {partners[0]}{more}")
        if tensor.file:
            notes.append(f"in {tensor.file}")
        return "; ".join(notes)

    def haystacks(self) -> list[str]:
        """What a filter looks into. Groups are found only by what is in them."""
        rows, group = [], ""
        for position, entry in enumerate(self.entries):
            if isinstance(entry, Group):
                group = entry.title
                rows.append("")
            else:
                rows.append(haystack((*self.row(position).cells, group)))
        return rows


def container_group(container: Container, tensors: Sequence[StoredTensor], is_model: bool) -> Group:
    """The row of a container: its path, its kind, how much it holds."""
    kind = {"state_dict": "state_dict", "optimizer": "optimizer"}.get(container.kind, "")
    words = [counted(container.tensor_count, "tensor")] + ([kind] if kind else []) + (["the model's"] if is_model else [])
    dtypes = dtype_mix(tensors)
    return Group(
        container.path or TOP,
        "",
        dtypes if "," not in dtypes else "mixed",
        bytes_text(container.bytes),
        ", ".join(words),
        is_model,
    )


def full_key(tensor: StoredTensor) -> str:
    """The dotted path from the top of the file."""
    return f"{tensor.container}.{tensor.key}" if tensor.container else tensor.key


def record_of(tensor: StoredTensor) -> tuple[str | None, str]:
    """Where in the checkpoint its numbers lie."""
    return tensor.file, tensor.stored_at


def sharing(tensors: Sequence[StoredTensor]) -> dict[tuple[str | None, str], list[StoredTensor]]:
    """The tensors that share a record with another one, by record."""
    records: dict[tuple[str | None, str], list[StoredTensor]] = {}
    for tensor in tensors:
        if tensor.stored_at:
            records.setdefault(record_of(tensor), []).append(tensor)
    return {record: shared for record, shared in records.items() if len(shared) > 1}


def value_text(value: Any) -> str:
    """A scalar as Python writes it, a text as it is, on one line."""
    return " ".join(str(value).split())


def dtype_mix(tensors: Sequence[StoredTensor]) -> str:
    """``float32``, or ``13 float32, 1 int64``, the most frequent first."""
    counts = Counter(tensor.dtype for tensor in tensors).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{count_text(count)} {dtype}" for dtype, count in counts)


def number_count(tensors: Sequence[StoredTensor]) -> int:
    """Elements in the tensors, each record once."""
    seen: set[object] = set()
    total = 0
    for tensor in tensors:
        place: object = (*record_of(tensor), tensor.offset, tensor.shape) if tensor.stored_at else tensor.key
        if place not in seen:
            seen.add(place)
            total += prod(tensor.shape)
    return total


def file_line(contents: CheckpointContents) -> str:
    """``PyTorch zip · 303 MB · read 48 kB of it``."""
    read = f"read {bytes_text(contents.bytes_read)} of {bytes_text(contents.file_bytes)}, nothing executed"
    return "  ·  ".join([contents.format, read])


def totals_line(tensors: Sequence[StoredTensor]) -> str:
    """``12 tensors · 423,114 numbers · 1.69 MB · float32``."""
    size = bytes_text(sum(tensor.bytes for tensor in tensors))
    numbers = counted(number_count(tensors), "number")
    return "  ·  ".join([counted(len(tensors), "tensor"), numbers, size] + ([dtype_mix(tensors)] if tensors else []))


def container_choice(container: Container) -> str:
    """How a container is offered for comparing."""
    return f"{container.path or TOP} ({counted(container.tensor_count, 'tensor')}, {bytes_text(container.bytes)})"
