"""A table of very many rows: texts are made for the rows that are looked at, haystacks once, when something is filtered."""

from bisect import bisect, bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, overload

from PySide6.QtCore import QModelIndex, QObject, Qt

from torchloupe.analysis.row_filter import Haystacks, matching, matching_steps
from torchloupe.gui.letting_go import let_go
from torchloupe.gui.slices import STEP_ROWS, Steps, sorting
from torchloupe.gui.text_table import Column, Row, TextTableModel

KEPT_ROWS = 512


class LazyRows(Sequence[Row]):
    """Rows that are made when they are asked for; the last few hundred are remembered."""

    def __init__(self, items: Sequence[Any], describe: Callable[[Any], Row]) -> None:
        self.items: Any = items
        self._describe = describe
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | Sequence[Row]:
        if isinstance(number, slice):
            return LazyRows(self.items[number], self._describe)
        row = self._made.get(number)
        if row is None:
            if len(self._made) >= KEPT_ROWS:
                self._made.clear()
            row = self._made[number] = self._describe(self.items[number])
        return row

    def __iter__(self) -> Iterator[Row]:
        return map(self._describe, self.items)

    def forget(self) -> None:
        """The items say something else now."""
        self._made.clear()


class LazyTableModel(TextTableModel):
    """Shows items: ``describe`` makes the row of one, ``find_in`` its haystack (the cells that are worth finding),
    ``sort_by`` what a column sorts by, ``key_of`` the key of its row."""

    def __init__(
        self,
        columns: Sequence[Column | str],
        describe: Callable[[Any], Row],
        find_in: Callable[[Any], str],
        sort_by: Callable[[Any, int], Any],
        key_of: Callable[[Any], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(columns, parent)
        self._describe, self._find_in, self._sort_by, self._key_of = describe, find_in, sort_by, key_of
        self._titles = [column.title for column in self.columns]
        self._haystacks = Haystacks()
        self.items: list[Any] = []
        self.shown: LazyRows = LazyRows([], describe)
        self.rows = self.shown

    @property
    def all_rows(self) -> Sequence[Row]:
        """The rows before the filter."""
        return LazyRows(self.items, self._describe)

    def set_items(self, items: Sequence[Any]) -> None:
        """Show other items; filter and sorting stay."""
        self.take_items(items)
        self._show()

    def take_items(self, items: Sequence[Any]) -> None:
        """Other items, which are about to be shown: ``find`` goes through them, and ``put`` shows what it found."""
        let_go(self.items)
        self.items, self._haystacks = list(items), Haystacks()

    def insert_items(self, items: Sequence[Any], order: Callable[[Any], Any]) -> None:
        """More items, put where ``order`` says. What is on screen stays where it is."""
        self._haystacks = Haystacks()
        new, self.items = sorted(items, key=order), list(self.items)
        for place, run in _runs(self.items, new, order):
            self.items[place:place] = run
        if self.sorted_by[0] >= 0:
            self._show()
            return
        for place, run in _runs(self.shown.items, list(filter(self._accepts, new)), order):
            self.beginInsertRows(QModelIndex(), place, place + len(run) - 1)
            self.shown.items[place:place] = run
            self.shown.forget()
            self.endInsertRows()

    def refresh(self) -> None:
        """The items say something else now; their number and order stay."""
        self._haystacks = Haystacks()
        self.shown.forget()
        if self.shown.items:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.shown) - 1, len(self.columns) - 1))

    def position_of(self, key: Any) -> int:
        """The number of the shown row with this key, -1 when there is none."""
        return next((number for number, item in enumerate(self.shown.items) if self._key_of(item) == key), -1)

    def _accepts(self, item: Any) -> bool:
        return not self.filter_text.strip() or bool(matching(self.filter_text, self._titles, [self._find_in(item)]))

    def find(self) -> Steps[list[Any]]:
        """The items that the filter accepts, in the chosen order."""
        while True:
            items, haystacks = self.items, self._haystacks
            shown, searched = list(items), bool(self.filter_text.strip())
            if searched:
                yield from self.prepare()
                places = yield from matching_steps(self.filter_text, self._titles, haystacks)
                shown = [items[place] for place in places]
            column, order = self.sorted_by
            if column >= 0:
                by_column = partial(self._order_of, column)
                shown = yield from sorting(shown, by_column, order == Qt.SortOrder.DescendingOrder)
            if items is self.items and (haystacks is self._haystacks or not searched):  # else they were replaced meanwhile
                return shown

    def prepare(self) -> Steps[None]:
        """What a filter looks into, made before it is typed."""
        items, haystacks = self.items, self._haystacks
        while len(haystacks) < len(items):
            haystacks += map(self._find_in, items[len(haystacks) : len(haystacks) + STEP_ROWS])
            yield

    def put(self, shown: list[Any]) -> None:
        """Show the items that were found."""
        self.beginResetModel()
        self.shown = LazyRows(shown, self._describe)
        self.rows = self.shown
        self.endResetModel()

    def _order_of(self, column: int, item: Any) -> Any:
        return self._sort_by(item, column)


def _runs(items: Sequence[Any], new: Sequence[Any], order: Callable[[Any], Any]) -> list[tuple[int, list[Any]]]:
    """What is new, in runs that belong side by side, each with its place among the items; the last one first. Both are in order."""
    runs: list[tuple[int, list[Any]]] = []
    start = 0
    while start < len(new):
        place = bisect(items, order(new[start]), key=order)
        end = len(new) if place == len(items) else bisect_left(new, order(items[place]), start, key=order)
        runs.append((place, list(new[start:end])))
        start = end
    return runs[::-1]
