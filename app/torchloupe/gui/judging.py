"""What the calls of a run show, worked out on a thread where there are many of them."""

from dataclasses import dataclass

from torchloupe.analysis.axis_names import AxisNames
from torchloupe.analysis.numerics.run_findings import findings_of
from torchloupe.gui.axes import axis_names
from torchloupe.gui.jobs import Progress
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall

MANY_CALLS = 5_000
"""Up to so many are gone through in less than a blink."""


@dataclass(frozen=True)
class JudgedRun:
    """The problems that the statistics show, and the names of the axes."""

    problems: tuple[Problem, ...]
    axes: AxisNames


@dataclass(frozen=True)
class JudgeRun:
    """Job: the calls of a run that has ended, and the tree of its model."""

    calls: dict[int, LayerCall]
    tree: ModuleTree

    def __call__(self, _progress: Progress | None = None) -> JudgedRun:
        return JudgedRun(findings_of(list(self.calls.values()), self.tree), axis_names(self.calls, self.tree))
