"""How sure a pair of keys is, and why, in words."""

from .diff_rows import DiffRow
from .loading import SURE
from .locked_keys import GIVEN

LOCKED = "locked"


def sure_text(row: DiffRow) -> str:
    """``97 %``, ``locked``; empty where no key had to be found."""
    if row.expected is None or row.found is None:
        return ""
    if row.how == GIVEN:
        return LOCKED
    return "" if row.expected.key == row.found.key and row.confidence == 1 else f"{round(100 * row.confidence)} %"


def sure_reason(row: DiffRow) -> str:
    """Why it is so sure, or what to do where it is not."""
    if row.expected is None or row.found is None:
        return ""
    if row.how == GIVEN:
        return "You have decided on this pair. Solving again keeps it."
    if is_unsure(row):
        return f"{row.how or 'More than one place fits'}. It is not loaded: lock it if it is right, or map it to another key."
    return row.how or "The same key."


def is_unsure(row: DiffRow) -> bool:
    """A pair that is not loaded unless a person says that it is right."""
    return row.expected is not None and row.found is not None and row.how != GIVEN and row.confidence < SURE
