"""The sizes of the input for which a model runs, in a report."""

from typing import List

from ...wire.sweeps import SizesSwept
from ..sweep import readings_told, sweep_verdict
from ..sweep_wording import LEGEND, size_map
from .document import Block, Bullets, Document, Section, Table, Text


def sizes_document(swept: SizesSwept) -> Document:
    """A sweep alone."""
    return Document("Sizes", sizes_section(swept).blocks)


def sizes_section(swept: SizesSwept) -> Section:
    """A row for each axis, and what refuses sizes."""
    readings = readings_told(swept.axes)
    rows = tuple((each.axis.name, each.sentence, size_map(each.axis)) for each in readings)
    blocks: List[Block] = [Table("sizes", ("axis", "runs with", "tried"), rows), Text(LEGEND)] if rows else []
    causes = tuple(sweep_verdict(readings))
    blocks += [Bullets(causes)] if causes else []
    return Section("Sizes", (*blocks, *map(Text, swept.notes)))
