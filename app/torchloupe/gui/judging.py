"""What the calls of a run show, worked out on a thread where there are many of them."""

from dataclasses import dataclass

from torchloupe.analysis.axis_names import AxisNames
from torchloupe.gui.axes import axis_names
from torchloupe.gui.jobs import Progress
from torchloupe.gui.run_numbers import ReckonNumbers, RunNumbers
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall, Operation

MANY_CALLS = 5_000
"""Up to so many are gone through in less than a blink."""


@dataclass(frozen=True)
class JudgedRun:
    """The problems that the statistics show, the names of the axes, and the numbers over depth."""

    problems: tuple[Problem, ...]
    axes: AxisNames
    numbers: RunNumbers


@dataclass(frozen=True)
class JudgeRun:
    """Job: the calls of a run that has ended, the tree of its model, and what else was seen of it."""

    calls: dict[int, LayerCall]
    tree: ModuleTree
    kept: tuple[int, ...] = ()
    operations: tuple[Operation, ...] = ()

    def __call__(self, _progress: Progress | None = None) -> JudgedRun:
        from torchloupe.analysis.numerics import findings_of  # after the first picture

        calls = list(self.calls.values())
        numbers = ReckonNumbers(calls, self.tree, self.kept, self.operations)()
        return JudgedRun(findings_of(calls, self.tree), axis_names(self.calls, self.tree), numbers)
