"""The assignment with the highest sum: which row gets which column. Dense, small, with a greedy start."""

from typing import List, Sequence

NONE = -1


def assign(scores: Sequence[Sequence[float]], least: float = 0.0) -> List[int]:
    """For each row its column, ``NONE`` for a row without one. A pair that scores ``least`` or less is not made."""
    rows, columns = len(scores), len(scores[0]) if scores else 0
    if not rows or not columns:
        return [NONE] * rows
    if rows > columns:
        turned = assign([[scores[row][column] for row in range(rows)] for column in range(columns)], least)
        chosen = [NONE] * rows
        for column, row in enumerate(turned):
            if row != NONE:
                chosen[row] = column
        return chosen
    chosen = _best_of_each(scores)
    if NONE in chosen:
        chosen = _augmented(scores, chosen)
    return [column if column != NONE and scores[row][column] > least else NONE for row, column in enumerate(chosen)]


def _best_of_each(scores: Sequence[Sequence[float]]) -> List[int]:
    """Every row takes its best column, where no earlier row has it."""
    taken, chosen = set(), []
    for row in scores:
        column = max(range(len(row)), key=row.__getitem__)
        chosen.append(NONE if column in taken else column)
        taken.add(column)
    return chosen


def _augmented(scores: Sequence[Sequence[float]], start: List[int]) -> List[int]:
    """Shortest augmenting paths for the rows that are still without a column (the Hungarian method; costs are minus the scores)."""
    width = len(scores[0])
    rows_price = [-max(row) for row in scores]
    columns_price = [0.0] * width
    owner = [NONE] * width
    for row, column in enumerate(start):
        if column != NONE:
            owner[column] = row
    for row, column in enumerate(start):
        if column == NONE:
            _augment(scores, row, owner, rows_price, columns_price)
    chosen = [NONE] * len(scores)
    for column, row in enumerate(owner):
        if row != NONE:
            chosen[row] = column
    return chosen


def _augment(
    scores: Sequence[Sequence[float]], start: int, owner: List[int], rows_price: List[float], columns_price: List[float]
) -> None:
    """Give ``start`` a column; others move along the cheapest chain of exchanges."""
    width = len(columns_price)
    distance, came_from = [float("inf")] * width, [NONE] * width
    open_columns, done = list(range(width)), []
    row, at = start, NONE
    reached = 0.0
    while True:
        costs, base = scores[row], reached - rows_price[row]
        nearest, best = NONE, float("inf")
        for column in open_columns:
            through = base - costs[column] - columns_price[column]
            if through < distance[column]:
                distance[column], came_from[column] = through, at
            if distance[column] < best:
                nearest, best = column, distance[column]
        open_columns.remove(nearest)
        done.append(nearest)
        at, reached = nearest, best
        row = owner[nearest]
        if row == NONE:
            break
    rows_price[start] += reached
    for column in done:
        if owner[column] != NONE:
            rows_price[owner[column]] += reached - distance[column]
        columns_price[column] -= reached - distance[column]
    while at != NONE:
        before = came_from[at]
        owner[at] = owner[before] if before != NONE else start
        at = before
