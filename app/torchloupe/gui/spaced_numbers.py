"""Room between numbers, which stand at the right of their column, and the words of the next column."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtWidgets import QStyledItemDelegate, QTableView

GAP = "\u2002"


class SpacedNumbers(QStyledItemDelegate):
    """Draws a text with a gap behind it; what is copied has none."""

    def displayText(self, value: Any, _locale: Any) -> str:
        """What is drawn."""
        return f"{value}{GAP}" if value else ""


def space_numbers(view: QTableView, at_right: Sequence[bool]) -> None:
    """Every column that is ``at_right`` and followed by one that is not."""
    delegate = SpacedNumbers(view)
    for number, (here, following) in enumerate(pairwise(at_right)):
        if here and not following:
            view.setItemDelegateForColumn(number, delegate)
