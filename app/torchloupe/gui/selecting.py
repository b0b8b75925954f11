"""The one thing that a person looks at, and the ways to look at another one."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from torchloupe.gui.known_problems import KnownProblems
from torchloupe.gui.tree_index import TreeIndex
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import ForwardReport, LayerCall


@dataclass(frozen=True)
class Selection:
    """The one thing a person looks at; what belongs to it is filled in (a problem knows its call, a call its module).

    ``module`` is a module path (``""`` is the root), ``call`` a ``LayerCall.index``, ``parameter`` a state_dict key of the model,
    ``stored`` a tensor of the checkpoint, ``hidden`` what ``module`` holds without having registered it, ``operation`` an
    ``Operation.index`` between the calls.
    """

    module: str | None = None
    call: int | None = None
    parameter: str | None = None
    stored: StoredTensor | None = None
    problem: Problem | None = None
    hidden: HiddenPart | None = None
    operation: int | None = None


class Selecting(QObject):
    """Holds the selection. What can be selected is known to the workbench, which is one."""

    selection_changed = Signal(object)  # Selection
    selection: Selection
    calls: dict[int, LayerCall]
    report: ForwardReport | None
    index: TreeIndex
    _known: KnownProblems

    def select(self, selection: Selection) -> None:
        """Look at something else. The same selection again is silent, so panels may echo without loops."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit(selection)

    def select_module(self, path: str) -> None:
        """Look at a module; its first call comes along."""
        behind = self.report.assumed if self.report is not None else ()
        call = next((call.index for call in (*self.calls.values(), *behind) if call.module == path), None)
        self.select(Selection(module=path, call=call))

    def call_at(self, index: int | None) -> LayerCall | None:
        """A call of the last run, or one that is assumed behind its failure."""
        behind = self.report.assumed if self.report is not None and index not in self.calls else ()
        return self.calls.get(index) if index in self.calls else next((each for each in behind if each.index == index), None)

    def select_call(self, index: int) -> None:
        """Look at one call."""
        problem, call = next((problem for problem in self._known.run if problem.call == index), None), self.call_at(index)
        self.select(Selection(module=call.module if call else None, call=index, problem=problem))

    def select_parameter(self, key: str) -> None:
        """Look at a parameter or buffer of the model."""
        entry = self.index.parameters.get(key)
        self.select(Selection(module=entry.owner if entry else None, parameter=key))

    def select_hidden(self, part: HiddenPart) -> None:
        """Look at something that a module holds without having registered it."""
        self.select(Selection(module=part.owner, hidden=part))

    def select_stored(self, tensor: StoredTensor) -> None:
        """Look at a tensor of the checkpoint."""
        self.select(Selection(stored=tensor))

    def select_problem(self, problem: Problem) -> None:
        """Look at a problem, with its module, call and parameter, and the hidden part that it is about."""
        hidden = next(iter(self.index.about(problem)), None)
        self.select(Selection(problem.module, problem.call, problem.parameter, None, problem, hidden))

    def _look_again(self, problems: Sequence[Problem]) -> None:
        """The problem that is looked at may say more now, or less, of the same."""
        seen = self.selection.problem
        if seen is None or seen in problems:
            return
        same = (each for each in problems if (each.code, each.module, each.message) == (seen.code, seen.module, seen.message))
        for problem in same:
            self.select_problem(problem)
            break
