"""The numbers of a run over its depth and what stands out in them, worked out once for each run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from torchloupe.gui.jobs import Progress
from torchloupe.gui.letting_go import let_go
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.traces import LayerCall, Operation

if TYPE_CHECKING:
    from torchloupe.analysis.depth_numbers import DepthPoint
    from torchloupe.analysis.depth_outliers import Outlier

MANY_CALLS = 5_000
"""Up to so many are gone through in less than a blink."""


class RunNumbers:
    """All calls, those that call nothing, each by its index, and those that stand out."""

    def __init__(self, points: "Sequence[DepthPoint]" = ()) -> None:
        self.points = points

    @cached_property
    def leaves(self) -> "Sequence[DepthPoint]":
        """Those that call nothing."""
        from torchloupe.analysis.depth_numbers import leaves  # after the first picture

        return leaves(self.points)

    @cached_property
    def by_call(self) -> "dict[int, DepthPoint]":
        """By ``LayerCall.index``."""
        return {point.call.index: point for point in self.points}

    @cached_property
    def flops_by_module(self) -> dict[str, int]:
        """What all calls of a module computed, by its path."""
        found: dict[str, int] = {}
        for point in self.points:
            if point.all_flops:
                found[point.call.module] = found.get(point.call.module, 0) + point.all_flops
        return found

    @cached_property
    def outliers(self) -> "dict[int, tuple[Outlier, ...]]":
        """By the index of the call."""
        from torchloupe.analysis.depth_outliers import all_outliers

        return all_outliers(self.points)


NO_NUMBERS = RunNumbers()


@dataclass(frozen=True)
class ReckonNumbers:
    """Job: the calls of a run, and what they took."""

    calls: Sequence[LayerCall]
    tree: ModuleTree | None = None
    kept: Sequence[int] = ()
    operations: Sequence[Operation] = ()

    def __call__(self, _progress: Progress | None = None) -> RunNumbers:
        from torchloupe.analysis.depth_numbers import depth_points

        numbers = RunNumbers(depth_points(self.calls, self.tree, self.kept, self.operations))
        for derived in ("outliers", "by_call", "leaves", "flops_by_module"):  # cached, and asked for here, on the job's thread
            getattr(numbers, derived)
        return numbers


_known: WeakKeyDictionary[Workbench, tuple[object, int, object, RunNumbers]] = WeakKeyDictionary()


def question_of(bench: Workbench) -> ReckonNumbers:
    """For the calls that are there now. While a run goes on FLOPs wait for its end."""
    kept = bench.report.kept_bytes if bench.report is not None else ()
    tree = None if bench.running else bench.tree
    return ReckonNumbers(tuple(bench.calls.values()), tree, kept, tuple(bench.operations.found.values()))


def known_numbers(bench: Workbench) -> RunNumbers | None:
    """Those of the run that has ended, when they were worked out."""
    known = _known.get(bench)
    fits = known is not None and known[0] is bench.calls and known[1] == len(bench.calls) and known[2] is bench.report
    return known[3] if known is not None and fits and not bench.running else None


def numbers_of(bench: Workbench) -> RunNumbers:
    """Of a run that has ended; none while one goes on, and none of very many calls that nobody has worked out on a thread."""
    known = known_numbers(bench)
    if known is None and not bench.running and len(bench.calls) <= MANY_CALLS:
        return keep_numbers(bench, bench.report, question_of(bench)())
    return known or NO_NUMBERS


def keep_numbers(bench: Workbench, report: object, numbers: RunNumbers) -> RunNumbers:
    """They are those of the calls that are there now, and of the run that ended with this report."""
    if bench in _known:
        let_go(_known[bench][3].points, _known[bench][3])
    _known[bench] = bench.calls, len(bench.calls), report, numbers
    return numbers
