"""All mismatches of a model in one go: a failed pass is taken to its end, in the way that leaves the fewest of them."""

import time
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from ...analysis.mismatch_chain import GOES_ON, causes, key_of
from ...analysis.source_edits import Edit
from ...wire.problems import Fix, Problem
from ...wire.traces import LayerCall
from ..input_values import SampleInput
from ..patches import with_patches
from ..places import Places
from ..repairs import RUNS, changed_input, make_changes, try_fixes
from ..repetition import Repetition
from ..source_trial import Spot, with_edits
from .missing_dimension import is_of_doubtful_rank, missing_dimension
from .other_sizes import other_sizes
from .producers import changes_before, layers_before
from .recovering import Recovered, Recovering
from .rewriting import Change, Rewriting

_SECONDS = 20.0
_MOST_PASSES = 40
Key = Tuple[object, ...]


def every_mismatch(first: Problem, repetition: Repetition, places: Places, told: int) -> Tuple[Problem, ...]:
    """``first``, why a pass failed, and every further mismatch with a cause of its own, each with fixes that were tried.

    ``told`` is how many calls of the pass are known to who reads this. What follows from a mismatch stands in its ``data``.
    """
    if first.code not in GOES_ON:
        return (first,)
    of_the_input = missing_dimension(first, repetition)
    if of_the_input is not None:
        return (of_the_input,)
    if is_of_doubtful_rank(first):
        return (first,)
    search = _Search(repetition, places, _repaired_input(first, repetition.given))
    found = search.found()
    if search.given is None and (not found or found[0].mismatch.key != key_of(first)):
        return (first,)
    problems = search.problems(found, first, told)
    if len(problems) > 1 and search.runs_with(problems):
        text = f"With the fixes of these {len(problems)} mismatches together the model runs to its end."
        first = problems[0]
        data = {**first.data, "runs_with_all_fixes": True}
        problems[0] = replace(first, hint=f"{first.hint} {text}".strip(), data=data)
    return with_patches(problems, repetition.model, places)


class NotMade(Exception):
    """The line to be changed is in no function that can be had."""


class _Search:
    """Passes in which mismatches are got over. ``given`` is the input, where the first mismatch is one of it and it was changed."""

    def __init__(self, repetition: Repetition, places: Places, given: Optional[SampleInput]) -> None:
        self.given = given
        self.model = repetition.model
        self.is_whole = False
        self._repetition = repetition
        self._places = places
        self._choices: List[int] = []
        self._doubtful: Dict[Key, Key] = {}
        self._better: Dict[Key, Fix] = {}
        self._calls: List[LayerCall] = []
        self._found: List[Recovered] = []
        self._found_calls: List[LayerCall] = []
        self._chosen: Dict[Key, Change] = {}
        self._gone: Set[Key] = set()
        self._passes = 0
        self._until = time.monotonic() + _SECONDS

    def found(self) -> List[Recovered]:
        """What was got over, in its order, where operations give what leaves the fewest mismatches."""
        best, error = self._pass([])
        while True:
            points = [each for each in best if each.choices > 1]
            if len(points) <= len(self._choices):
                break
            point = points[len(self._choices)]
            options = [(best, error)]
            while len(options) < point.choices and self._may_go_on():
                options.append(self._pass([*self._choices, len(options)]))
            winner = min(range(len(options)), key=lambda at: (options[at][1] is not None, len(options[at][0])))
            best, error = options[winner]
            self._choices.append(winner)
            others = [_keys(those) for those, ended in options if ended is None or error is not None]
            sure: Set[Key] = set.intersection(*others) if len(options) == point.choices and others else set()
            at = best.index(next(each for each in best if each.mismatch.key == point.mismatch.key))
            for each in best[at + 1 :]:
                if each.mismatch.key not in sure:
                    self._doubtful.setdefault(each.mismatch.key, point.mismatch.key)
        self.is_whole = error is None
        self._found, self._found_calls = best, self._calls
        if len(best) > 1 and error is None:
            self._smaller(best)
        if best and self._repetition.given.source == "worked_out":
            self._doubt_what_depends_on_the_input(best)
        return best

    def _doubt_what_depends_on_the_input(self, found: Sequence[Recovered]) -> None:
        """The input was worked out on a model that is broken: a size that changes with it says nothing about the model."""
        got = {each.mismatch.key: _arrived(each) for each in found}
        for given in other_sizes(self.given or self._repetition.given):
            there, error = self._pass(self._choices, given) if self._may_go_on() else ([], None)
            found_there = {each.mismatch.key: _arrived(each) for each in there}
            reached = [at for at, key in enumerate(got) if key in found_there]
            for at, each in enumerate(found):
                key = each.mismatch.key
                if at and (error is None or at <= max(reached, default=0)) and found_there.get(key, self) != got[key]:
                    self._doubtful.setdefault(key, found[0].mismatch.key)

    def with_causes(self, found: Sequence[Recovered]) -> Tuple[List[Recovered], List[List[Problem]]]:
        """Those with a cause of their own, and for each of them what follows from it."""
        roots: List[Optional[int]] = list(causes([each.mismatch for each in found]))
        places = {each.mismatch.key: at for at, each in reversed(list(enumerate(found)))}
        for at, each in enumerate(found):
            doubt = self._doubtful.get(each.mismatch.key)
            root = places.get(doubt, at) if doubt is not None else at
            if roots[at] is None and root < at:
                roots[at] = roots[root] if roots[root] is not None else root
        own = [at for at, root in enumerate(roots) if root is None]
        following = [[each.mismatch.problem for each, root in zip(found, roots) if root == at] for at in own]
        return [found[at] for at in own], following

    def _smaller(self, found: Sequence[Recovered]) -> None:
        """One change of a layer before it may do away with several mismatches at once: then they are one."""
        keys, roots = _keys(found), causes([each.mismatch for each in found])
        own = [each for each, root in zip(found, roots) if root is None]
        plan = [(each, changes_before(each.mismatch.problem, each.call, self._found_calls, self.model)) for each in own]
        for each, fixes in plan:
            for fix in fixes if each.mismatch.key not in self._doubtful else ():
                if not self._may_go_on():
                    return
                left, error = self._pass(self._choices, change=Change(fixes=(fix,)))
                gone = keys - _keys(left)
                if error is None and each.mismatch.key in gone and len(gone) > 1 and _keys(left) < keys:
                    root, *others = [other.mismatch.key for other in found if other.mismatch.key in gone]
                    self._doubtful.update((key, root) for key in others if key != root)
                    those = "one that follows" if len(gone) == 2 else f"{len(gone) - 1} that follow"
                    outcome = f"this mismatch is gone, and with it {those} from it"
                    self._better[root] = replace(fix, verified=True, outcome=outcome)
                    break

    def problems(self, found: Sequence[Recovered], first: Problem, told: int) -> List[Problem]:
        """Each with a cause of its own, with its repairs tried and with what follows from it. ``first`` was tried before."""
        own, following = self.with_causes(found)
        left = list(zip(own, following))
        problems = [first] if self.given is not None else []
        while left:
            (each, those), *left = left
            if problems:
                problem = _told(self.tried(each, len(left)), told)
            else:
                problem = _marked(first, each, self.is_whole and not left)
                problem = self.with_better(self.rewritten(problem, each, len(left)))
            gone = [(other, after) for other, after in left if other.mismatch.key in self._gone]
            left = [pair for pair in left if pair not in gone]
            problems.append(
                _with_consequences(problem, [*those, *(it for other, after in gone for it in (other.mismatch.problem, *after))])
            )
        return problems

    def tried(self, recovered: Recovered, others: int) -> Problem:
        """Its problem with its fixes tried where all the ``others`` are got over."""
        problem = recovered.mismatch.problem
        if "operation" in problem.data:
            problem = _marked(problem, recovered, False)
        elif self._may_go_on():
            problem = try_fixes(problem, recovered.part, _Continued(self, problem.module))
        return self.with_better(self.rewritten(problem, recovered, others))

    def rewritten(self, problem: Problem, recovered: Recovered, others: int) -> Problem:
        """The problem with the lines of forward, and the layers before, that were changed with success."""
        before: List[Fix] = []
        if "operation" in problem.data:
            before = [*layers_before(problem, recovered.call, self._found_calls, self.model)]
            before += changes_before(problem, recovered.call, self._found_calls, self.model)
        points = [each for each in self._found if each.choices > 1]
        at = next((at for at, each in enumerate(points) if each.mismatch.key == recovered.mismatch.key), len(points))
        choices = [*self._choices[:at], *self._choices[at + 1 :]]
        rewriting = Rewriting(
            self._places, self._may_go_on, self._chosen, _keys(self._found), lambda change: self._pass(choices, change=change)
        )
        problem = rewriting.rewritten(problem, recovered, before, others)
        self._gone = rewriting.gone
        return problem

    def with_better(self, problem: Problem) -> Problem:
        """The problem, with the change first that does away with what follows from it, too."""
        better = self._better.get(key_of(problem))
        if better is None:
            return problem
        hint = f"{better.text} That repairs what follows from it, too."
        return replace(problem, hint=hint, fixes=(better, *problem.fixes))

    def runs_with(self, problems: Sequence[Problem]) -> bool:
        """Whether the pass ends without a mismatch once the first fix of each is made, for good and together."""
        edits: List[Tuple[Spot, Tuple[Edit, ...]]] = []
        fixes: List[Fix] = []
        for problem in problems:
            chosen = self._chosen.get(key_of(problem))
            verified = next((fix for fix in problem.fixes if fix.verified), None)
            if verified is None:
                return False
            is_line = chosen is not None and key_of(problem) not in self._better
            edits += chosen.edits if chosen is not None and is_line else ()
            fixes += chosen.fixes if chosen is not None and is_line else (verified,)
        found, error = self._pass([], change=Change(tuple(edits), tuple(fixes))) if self._may_go_on() else ([], None)
        return bool(self._may_go_on()) and error is None and all(each.repaired for each in found)

    def run(self, prepare: Callable[[], None], given: Optional[SampleInput], spared: Optional[str]) -> Optional[BaseException]:
        """One more pass, with a change to the model or to the input."""
        within = Recovering(self.model, self._places, self._choices, spared)
        return self._repetition.run(within=within, prepare=prepare, given=given or self.given)

    def _pass(
        self, choices: Sequence[int], given: Optional[SampleInput] = None, change: Change = Change()
    ) -> Tuple[List[Recovered], Optional[BaseException]]:
        self._passes += 1
        recovering = Recovering(self.model, self._places, choices)
        with with_edits(self.model, change.edits) as is_made:
            error: Optional[BaseException] = None
            if is_made:
                prepare = partial(make_changes, self.model, change.fixes)
                error = self._repetition.run(within=recovering, given=given or self.given, prepare=prepare)
        self._calls = recovering.calls
        return recovering.found, error if is_made else NotMade()

    def _may_go_on(self) -> bool:
        return self._passes < _MOST_PASSES and time.monotonic() < self._until


class _Continued:
    """Passes in which a repair is tried while all mismatches but that of ``spared`` are got over."""

    reached = "this layer is passed; with the other mismatches repaired, too, the model runs to its end"

    def __init__(self, search: _Search, spared: Optional[str]) -> None:
        self.model = search.model
        self.given = search.given or search._repetition.given
        self._search = search
        self._spared = spared

    def run(self, *, prepare: Callable[[], None], given: Optional[SampleInput] = None) -> Optional[BaseException]:
        """One such pass after ``prepare``; what it raised, or None."""
        return self._search.run(prepare, given, self._spared)


def _repaired_input(first: Problem, given: SampleInput) -> Optional[SampleInput]:
    """The input as it should have been, where that is what was wrong."""
    fix = next((fix for fix in first.fixes if fix.verified and fix.kind in ("permute_input", "change_input")), None)
    return changed_input(fix, first, given) if fix else None


def _arrived(recovered: Recovered) -> Any:
    """The size that did not fit."""
    data = recovered.mismatch.problem.data
    return data["shapes"] if recovered.mismatch.problem.code == "view-mismatch" else data.get("got")


def _keys(found: Sequence[Recovered]) -> Set[Key]:
    return {each.mismatch.key for each in found}


def _marked(problem: Problem, recovered: Recovered, is_all: bool) -> Problem:
    """The fix of an operation was made on the way."""
    if not recovered.repaired or "operation" not in problem.data:
        return problem
    outcome = RUNS if is_all else "this operation is passed"
    fixes = tuple(replace(fix, verified=True, outcome=outcome) if fix.kind == "edit_source" else fix for fix in problem.fixes)
    return replace(problem, fixes=fixes)


def _with_consequences(problem: Problem, following: Sequence[Problem]) -> Problem:
    told: List[Dict[str, Any]] = []
    for each in following:
        row = {"code": each.code, "module": each.module, "file": each.file, "line": each.line}
        if row not in told:
            told.append(row)
    return replace(problem, data={**problem.data, "consequences": told}) if told else problem


def _told(problem: Problem, told: int) -> Problem:
    return problem if problem.call is None or problem.call < told else replace(problem, call=None)
