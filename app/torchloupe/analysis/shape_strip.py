"""The run as a line of shapes: one cell for the calls that hand a shape on, and a break where two shapes do not meet."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Protocol, Sequence, Set, Tuple

from ..wire.problems import ERROR, Problem
from ..wire.tensors import TensorMeta
from ..wire.traces import DONE, FAILED, LayerCall
from .mismatch_chain import sizes_that_clash
from .wording import counted, shape_text

Shape = Tuple[int, ...]
PASSED, ASSUMED, BREAK, FOLLOWS = "passed", "assumed", "break", "follows"
_MOST_MISSES = 12


class ShapeCell(NamedTuple):
    """Calls one after the other that give the same ``shape``, or a break between two shapes.

    ``state`` is ``passed``, ``assumed`` (what would come once the breaks before it are repaired), ``break``, or ``follows`` (a break
    that is gone with the cause of another one). ``first`` and ``last`` are indices of calls, ``calls`` how many there are; ``module`` is
    that of the first, ``until`` that of the last. ``problem`` is the position of the problem behind a break, ``text`` what does not
    meet, in a few letters, and ``line`` that of an operation.
    """

    state: str
    first: int
    last: int
    module: str
    until: str = ""
    shape: Optional[Shape] = None
    calls: int = 1
    problem: Optional[int] = None
    text: str = ""
    line: Optional[int] = None

    @property
    def is_break(self) -> bool:
        """Two shapes do not meet here."""
        return self.state in (BREAK, FOLLOWS)


class _Break(NamedTuple):
    state: str
    problem: int
    text: str
    module: str
    line: Optional[int]


class Widths(Protocol):
    """How wide each cell is; few are asked for."""

    def __getitem__(self, at: int, /) -> float:
        """That of one."""


def shape_strip(
    calls: Sequence[LayerCall], assumed: Sequence[LayerCall], problems: Sequence[Problem], inputs: Sequence[TensorMeta] = ()
) -> Tuple[ShapeCell, ...]:
    """The cells of a run. ``assumed`` are the calls behind its failure, as they would be; ``inputs`` is what the model was given."""
    ended = {call.index: call for call in calls if call.status == DONE}
    behind = {call.index: call for call in assumed if call.index not in ended}
    failed = {call.index: call for call in calls if call.status == FAILED and call.index not in behind}
    breaks = _breaks(calls, problems)
    cells: List[ShapeCell] = []
    shape = tuple(inputs[0].shape) if inputs else None
    if shape is not None:
        cells.append(ShapeCell(PASSED, -1, -1, "", shape=shape, calls=0))
    waiting = sorted(breaks)
    for call in _leaves({**failed, **behind, **ended}, set(breaks)):
        while waiting and waiting[0] <= call.index:
            cells += _broken(waiting[0], breaks[waiting.pop(0)])
        state = PASSED if call.index in ended else ASSUMED
        arrived = call.inputs[0].shape if call.inputs else None
        if arrived is not None and shape is not None and arrived != shape and not (cells and cells[-1].is_break):
            around = call.module.rpartition(".")[0]
            _add(cells, ShapeCell(state, call.index, call.index, around, shape=arrived, calls=0))
        if call.outputs:
            shape = call.outputs[0].shape
            _add(cells, ShapeCell(state, call.index, call.index, call.module, call.module, shape))
    for at in waiting:
        cells += _broken(at, breaks[at])
    return tuple(cells)


def _leaves(calls: Dict[int, LayerCall], breaks: Set[int]) -> Iterator[LayerCall]:
    """The calls that call nothing, in their order, and those that break by themselves."""
    order = [calls[index] for index in sorted(calls)]
    for call, after in zip(order, [*order[1:], None]):
        if after is None or after.depth <= call.depth or (call.index in breaks and call.status == FAILED):
            yield call


def _add(cells: List[ShapeCell], cell: ShapeCell) -> None:
    """A cell, together with the one before it when both are of one shape."""
    last = cells[-1] if cells else None
    if last is None or last.is_break or last.shape != cell.shape or last.state != cell.state or not last.calls:
        cells.append(cell)
    elif cell.calls:
        cells[-1] = last._replace(last=cell.last, until=cell.until, calls=last.calls + cell.calls)


def _broken(at: int, those: Sequence[_Break]) -> Iterator[ShapeCell]:
    for each in those:
        yield ShapeCell(each.state, at, at, each.module, calls=0, problem=each.problem, text=each.text, line=each.line)


def _breaks(calls: Sequence[LayerCall], problems: Sequence[Problem]) -> Dict[int, List[_Break]]:
    """By the index of the call that they stand before."""
    found: Dict[int, List[_Break]] = {}
    failed = {call.index for call in calls if call.status == FAILED}
    end = max((call.index for call in calls), default=-1) + 1
    for number, problem in enumerate(problems):
        at = place_in_run(problem.data, problem.call)
        is_failed = problem.call is not None and problem.call in failed
        if problem.severity != ERROR or not (_is_of_shapes(problem) or is_failed) or (at is None and not is_failed):
            continue
        if at is None or ("operation" in problem.data and "before_call" not in problem.data):
            at = end
        elif at == problem.call:
            at = _after_its_own(calls, at)
        line = problem.line if "operation" in problem.data else None
        found.setdefault(at, []).append(_Break(BREAK, number, clash_text(problem), problem.module or "", line))
        for row in problem.data.get("consequences", ()):
            place = place_in_run(row, row.get("call"))
            if place is not None:
                text, line = because_text(problem), row.get("line") if row.get("operation") else None
                found.setdefault(place, []).append(_Break(FOLLOWS, number, text, row.get("module") or "", line))
    return found


def _after_its_own(calls: Sequence[LayerCall], index: int) -> int:
    """What a call did itself when it failed, it did after the calls that it had made."""
    depths = {call.index: call.depth for call in calls}
    after = index + 1
    while depths.get(after, -1) > depths.get(index, 0):
        after += 1
    return after if after > index + 1 else index


def place_in_run(data: Dict[str, Any], call: Optional[int]) -> Optional[int]:
    """The index of the call before which something stands; None where nobody knows."""
    before = data.get("before_call", call)
    return before if isinstance(before, int) else None


def _is_of_shapes(problem: Problem) -> bool:
    return any(name in problem.data for name in ("shapes", "input_shape"))


def because_text(problem: Problem) -> str:
    """What is said of a mismatch that follows from this one: ``due to fc1``."""
    operation = problem.data.get("operation")
    return f"due to {f'line {problem.line}' if operation and problem.line else problem.module or 'the model'}"


def consequences_by_module(problem: Problem) -> Dict[str, str]:
    """The layers that refuse what arrives because of this mismatch alone, by their paths, with the words for that."""
    rows = [row for row in problem.data.get("consequences", ()) if not row.get("operation") and row.get("module")]
    return {row["module"]: because_text(problem) for row in rows}


def clash_text(problem: Problem) -> str:
    """``16 ≠ 32``: what arrived, and what it was built for; of two operands both."""
    got, expected = problem.data.get("got"), problem.data.get("expected")
    sizes = sorted(size for size in sizes_that_clash(problem) if isinstance(size, int))
    if len(sizes) == 2:
        return f"{sizes[1]} ≠ {sizes[0]}"
    if isinstance(got, (int, str)) and isinstance(expected, (int, str)):
        return f"{got} ≠ {expected}"
    if isinstance(got, list) and isinstance(expected, list):
        return f"{shape_text(got)} ≠ {shape_text(expected)}"
    return str(problem.data.get("operation") or "failed")


# What of it is shown


class Piece(NamedTuple):
    """A part of the strip as it is shown: one cell, or those from ``first`` to ``last`` as one fold."""

    first: int
    last: int
    is_fold: bool = False


def fitted(cells: Sequence[ShapeCell], widths: Widths, room: float, fold: float, chosen: Optional[int] = None) -> List[Piece]:
    """The pieces that are shown in this ``room``: the cell that is ``chosen``, then breaks and what is beside them, both ends, and as much
    else as fits. What does not is folded, each fold as wide as ``fold``."""
    shown: Set[int] = set()
    used, misses = (fold if cells else 0.0), 0
    for at in _by_weight(cells, chosen):
        if at in shown:
            continue
        beside = sum(0 <= other < len(cells) and other not in shown for other in (at - 1, at + 1))
        after = used + widths[at] + (beside - 1) * fold
        if after > room and shown:
            misses += 1
            if misses > _MOST_MISSES:
                break
            continue
        shown.add(at)
        used = after
    return _folded(len(cells), shown)


def _by_weight(cells: Sequence[ShapeCell], chosen: Optional[int]) -> Iterator[int]:
    """All positions, what matters most first."""
    if not cells:
        return
    home = chosen if chosen is not None and 0 <= chosen < len(cells) else None
    breaks = [at for at, cell in enumerate(cells) if cell[0] in (BREAK, FOLLOWS)]
    near = home if home is not None else 0
    breaks.sort(key=lambda at: (cells[at].state != BREAK, abs(at - near)))
    if home is not None:
        yield home
    for at in breaks:
        yield from (each for each in (at, at - 1, at + 1) if 0 <= each < len(cells))
    yield 0
    yield len(cells) - 1
    middles = ([home] if home is not None else []) + breaks or [0]
    for distance in range(1, len(cells)):
        for middle in middles:
            yield from (each for each in (middle - distance, middle + distance) if 0 <= each < len(cells))


def _folded(count: int, shown: Set[int]) -> List[Piece]:
    pieces: List[Piece] = []
    for at in range(count):
        if at in shown:
            pieces.append(Piece(at, at))
        elif pieces and pieces[-1].is_fold:
            pieces[-1] = Piece(pieces[-1].first, at, True)
        else:
            pieces.append(Piece(at, at, True))
    return pieces


def fold_text(cells: Sequence[ShapeCell]) -> str:
    """What is in a fold: ``⋯ 240`` calls, with how many breaks."""
    breaks, calls = sum(cell.state == BREAK for cell in cells), sum(cell.calls for cell in cells)
    return f"⋯ {calls or ''}".rstrip() + (f" ✖ {breaks}" if breaks else "")


def cell_text(cell: ShapeCell) -> str:
    """All of a cell in one line, for a person who reads it."""
    if cell.is_break:
        where = f"line {cell.line}" if cell.line else f"`{cell.module}`" if cell.module else "the model"
        return f"✖ {where}: {cell.text}" if cell.state == BREAK else f"◌ {where}: {cell.text}"
    if cell.first < 0:
        return f"{shape_text(cell.shape)}  input"
    made = cell.module if cell.until in ("", cell.module) else f"{cell.module} to {cell.until}"
    if not cell.calls:
        made = f"in {cell.module or 'the model'}"
    several = f", {counted(cell.calls, 'call')}" if cell.calls > 1 else ""
    return f"{shape_text(cell.shape)}  {made or '(model)'}{several}" + (", assumed" if cell.state == ASSUMED else "")


def cell_at(cells: Sequence[ShapeCell], call: Optional[int], problem: Optional[int] = None) -> Optional[int]:
    """The position of the cell that shows a problem, else a call; None where none does."""
    if problem is not None:
        found = next((at for at, cell in enumerate(cells) if cell.state == BREAK and cell.problem == problem), None)
        if found is not None:
            return found
    if call is None:
        return None
    inside = (at for at, cell in enumerate(cells) if cell.calls and cell.first <= call <= cell.last)
    return next(inside, None)
