"""What a person looks at, so that it can be found again in another run of a model that was edited meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass

from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall


@dataclass(frozen=True)
class Place:
    """The selection with the call itself: its index may be another one in the next run."""

    selection: Selection
    call: LayerCall | None = None

    def is_at(self, problems: Collection[Problem]) -> bool:
        """One of these problems is looked at."""
        return self.selection.problem in problems

    def find_in(self, bench: Workbench) -> bool:
        """Select it again, as near as possible: the problem, else the call, the parameter, the module. False when nothing is left."""
        wanted = self.selection
        problem = next((each for each in bench.problems if _same(each, wanted.problem)), None)
        call = next((each for each in bench.calls.values() if _is_call(each, self.call)), None)
        model = bench.model.tree if bench.model else None
        parts = model.hidden if model and wanted.hidden else ()
        hidden = next((part for part in parts if wanted.hidden and part.path == wanted.hidden.path), None)
        if problem is not None:
            bench.select_problem(problem)
        elif wanted.stored is not None and bench.checkpoint is not None and wanted.stored in bench.checkpoint.tensors:
            bench.select_stored(wanted.stored)
        elif hidden is not None:
            bench.select_hidden(hidden)
        elif call is not None:
            bench.select_call(call.index)
        elif model and any(entry.key == wanted.parameter for entry in model.parameters):
            bench.select_parameter(wanted.parameter or "")
        elif model and any(entry.path == wanted.module for entry in model.modules):
            bench.select_module(wanted.module or "")
        else:
            return False
        return True


def place_of(bench: Workbench) -> Place:
    """What is looked at now."""
    index = bench.selection.call
    return Place(bench.selection, bench.call_at(index))


def _same(problem: Problem, wanted: Problem | None) -> bool:
    return wanted is not None and (problem.code, problem.module, problem.parameter) == (
        wanted.code,
        wanted.module,
        wanted.parameter,
    )


def _is_call(call: LayerCall, wanted: LayerCall | None) -> bool:
    return wanted is not None and (call.module, call.call_number) == (wanted.module, wanted.call_number)
