"""The run that is shown as a line of shapes, and what its calls have to do with its mismatches, worked out once for each run."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from torchloupe.analysis.shape_strip import BREAK, FOLLOWS, ShapeCell, shape_strip
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall


@dataclass(frozen=True)
class RunShapes:
    """``cells`` are those of the strip, ``problems`` those that their breaks count, ``assumed`` the calls behind a failure."""

    cells: tuple[ShapeCell, ...] = ()
    problems: tuple[Problem, ...] = ()
    assumed: tuple[LayerCall, ...] = ()

    @cached_property
    def broken(self) -> dict[int, Problem]:
        """By the index of a call of a layer, the mismatch in it."""
        return {cell.first: self.problems[cell.problem or 0] for cell in self.cells if cell.state == BREAK and not cell.line}

    @cached_property
    def because(self) -> dict[int, str]:
        """By the index of a call of a layer, what it follows from: ``due to fc1``."""
        return {cell.first: cell.text for cell in self.cells if cell.state == FOLLOWS and not cell.line}

    @cached_property
    def consequences(self) -> dict[str, str]:
        """The same by module path."""
        return {cell.module: cell.text for cell in self.cells if cell.state == FOLLOWS and not cell.line}


NOTHING = RunShapes()
AT_ONCE, MOST_CALLS = 4_000, 20_000
"""So many are gone through beside everything else that a run's end brings; a run of more than that has no strip."""
_known: "WeakKeyDictionary[Workbench, tuple[object, object, RunShapes]]" = WeakKeyDictionary()


def known_shapes(bench: Workbench) -> RunShapes | None:
    """Those of the run that has ended, where they are worked out or that takes no time; nothing while one goes on."""
    if bench.running or not bench.calls:
        return NOTHING
    known = _known.get(bench)
    if known is not None and known[0] is bench.calls and known[1] is bench.report and known[2].problems == bench.problems:
        return known[2]
    return shapes_of(bench) if len(bench.calls) + len(assumed_of(bench)) <= AT_ONCE else None


def assumed_of(bench: Workbench) -> tuple[LayerCall, ...]:
    """The calls behind the failure of the run that has ended."""
    return bench.report.assumed if bench.report is not None and not bench.running else ()


def shapes_of(bench: Workbench) -> RunShapes:
    """Of a run that has ended; nothing while one goes on."""
    if bench.running or not bench.calls:
        return NOTHING
    known, problems, report = _known.get(bench), bench.problems, bench.report
    if known is not None and known[0] is bench.calls and known[1] is report and known[2].problems == problems:
        return known[2]
    assumed, inputs = (report.assumed, report.inputs) if report is not None else ((), ())
    is_short = len(bench.calls) + len(assumed) <= MOST_CALLS
    cells = shape_strip(list(bench.calls.values()), assumed, problems, inputs) if is_short else ()
    found = RunShapes(cells, problems, assumed)
    _known[bench] = bench.calls, report, found
    return found
