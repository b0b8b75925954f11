"""The mismatches of a pass with their repairs: all at once where that goes, else each by itself."""

from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from ...analysis.mismatch_chain import key_of
from ...analysis.shape_strip import place_in_run
from ...analysis.source_edits import Edit
from ...wire.problems import Fix, Problem
from ..input_values import SampleInput
from ..patches import Made, patch_of_several
from ..places import Places
from ..repairs import RUNS, try_fixes
from ..source_trial import Spot
from ..tied_layers import tied_to
from .asked_layers import AskedLayers
from .noting import noted
from .producers import changes_before, layers_before
from .recovering import Recovered
from .rewriting import ON_TO_THE_END, Change, Outcome, Rewriting, changes, told_fixes
from .search import Key, Search, keys_of
from .stand_ins import ATTENTION
from .wrong_parameters import parameters_instead

_Met = Tuple[Problem, Recovered]
_PASSED_AND_THEN = "this layer is passed, then"
_PASSED = f"this layer is passed; {ON_TO_THE_END}"


class Repairing:
    """Tries repairs of what a search met."""

    def __init__(self, search: Search, places: Places) -> None:
        self._search = search
        self._places = places
        self._chosen: Dict[Key, Change] = {}

    def problems(self, first: Problem) -> List[Problem]:
        """Each with a cause of its own, with its repairs tried and with what follows from it.

        ``first`` was tried before.
        """
        own, following = self._search.with_causes()
        left = list(zip(own, following))
        met: List[_Met] = []
        made = Made(self._search.repetition.model)
        is_input = self._search.given is not None
        while left:
            (each, those), *left = left
            problem = each.mismatch.problem if met or is_input else with_origin_of(first, each)
            problem = noted(problem, each, made)
            problem = _marked(problem, each, self._search.is_whole and not met and not left)
            problem, gone = self._rewritten(problem, each, those, len(left))
            problem = self._with_the_same(problem, those)
            those = [*those, *(it for other, after in left if other.mismatch.key in gone for it in (other, *after))]
            left = [pair for pair in left if pair[0].mismatch.key not in gone]
            following_problems = [it.mismatch.problem for it in those]
            met.append((_with_consequences(self._with_better(problem), following_problems), each))
        untried = [each for each in met if _is_untried(each[0])]
        runs = len(met) + is_input > 1 and self._together([problem for problem, _ in met])
        found = [self._tried(problem, each, runs) if _is_untried(problem) else problem for problem, each in met]
        if not runs and untried and len(met) + is_input > 1:
            runs = all(_is_sure(problem) for problem in found) and self._together(found)
        if runs:
            found = [_passed(problem) for problem in found]
        found = [first, *found] if is_input else found
        if runs and all(_is_sure(problem) for problem in found):
            found[0] = _all_together(found)
        return found

    def _tried(self, problem: Problem, recovered: Recovered, runs: bool) -> Problem:
        """A layer with its fixes tried where the others are got over; where all ``runs`` together that is known."""
        if runs:
            return replace(problem, fixes=(replace(problem.fixes[0], verified=True, outcome=_PASSED), *problem.fixes[1:]))
        if not self._search.may_go_on():
            return problem
        return try_fixes(problem, recovered.part, _Continued(self._search, problem.module))

    def _rewritten(
        self, problem: Problem, recovered: Recovered, those: Sequence[Recovered], others: int
    ) -> Tuple[Problem, Set[Key]]:
        """The problem with the lines of forward, and the layers before, that were changed with success; what else these do away with."""
        search, before = self._search, self._before(problem, recovered)

        def run(change: Change) -> Tuple[List[Recovered], Optional[BaseException]]:
            return search.left_with(change, recovered)

        rewriting = Rewriting(search.repetition.model, self._places, search.may_go_on, self._chosen, keys_of(search.all), run)
        alike = [each for each in those if each.mismatch.problem.code == problem.code]
        problem = rewriting.rewritten(problem, [recovered, *alike], before, others)
        return problem, rewriting.gone

    def _before(self, problem: Problem, recovered: Recovered) -> List[Fix]:
        """The layers before it that could change instead."""
        calls, model = self._search.calls, self._search.repetition.model
        if "operation" in problem.data:
            return [
                *parameters_instead(problem, model),
                *layers_before(problem, recovered.call, calls, model),
                *changes_before(problem, recovered.call, calls, model),
            ]
        if not self._is_free(recovered):
            return changes_before(problem, recovered.call, calls, model)
        return []

    def _is_free(self, recovered: Recovered) -> bool:
        """Whether a layer can have another argument: the other sizes of attention change with its width, a tied weight stays as it is."""
        is_attention = recovered.mismatch.problem.data.get("layer") == ATTENTION
        return not is_attention and tied_to(self._search.repetition.model, recovered.part) is None

    def at_once(self, first: Problem) -> Optional[List[Problem]]:
        """The same in one pass with the likeliest repair of each; None where that does not bring the model to its end."""
        own, following = self._search.with_causes()
        chosen: List[Change] = []
        for each, those in zip(own, following):
            change = self._likeliest(each, those)
            if change is None:
                return None
            chosen.append(change)
        edits, fixes = [edit for change in chosen for edit in change.edits], [fix for change in chosen for fix in change.fixes]
        asked = AskedLayers([each.mismatch.problem.module or "" for each in own[1:]] if self._search.is_bare else ())
        left, error = self._search.left_with(Change(tuple(edits), tuple(fixes)), None, asked)
        if error is not None or not all(each.repaired for each in left) or not asked.all_refuse:
            return None
        made, others = Made(self._search.repetition.model), {each.mismatch.key for each in own[1:]}
        found: List[Problem] = []
        for each, those, change in zip(own, following, chosen):
            problem = with_origin_of(first, each) if not found else each.mismatch.problem
            fixes = told_fixes(problem, Outcome(others, change), self._places, self._search.repetition.model)
            kept = [fix for fix in problem.fixes if not any((fix.kind, fix.text) == (new.kind, new.text) for new in fixes)]
            problem = replace(noted(problem, each, made), fixes=(*fixes, *kept))
            found.append(_with_consequences(problem, [it.mismatch.problem for it in those]))
        return [_all_together(found), *found[1:]] if len(found) > 1 else found

    def _likeliest(self, recovered: Recovered, those: Sequence[Recovered]) -> Optional[Change]:
        problem = recovered.mismatch.problem
        alike = [each for each in those if each.mismatch.problem.code == problem.code]
        if "operation" not in problem.data and "permute" not in problem.data and self._is_free(recovered):
            own = next((fix for fix in problem.fixes[:1] if fix.kind == "set_argument"), None)
            same = [
                it.mismatch.problem.fixes[0]
                for it in alike
                if it.mismatch.problem.fixes and it.mismatch.key != recovered.mismatch.key
            ]
            if own is not None:
                return Change(fixes=(own, *same), text=own.text)
        return next(iter(changes(problem, [recovered, *alike], self._before(problem, recovered))), None)

    def _with_the_same(self, problem: Problem, those: Sequence[Recovered]) -> Problem:
        """The problem, whose own change of a layer is not enough where others want the same: with that of the others, all tried
        together."""
        own = next((fix for fix in problem.fixes if fix.outcome.startswith(_PASSED_AND_THEN)), None)
        wanted = [it.mismatch.problem for it in those if it.mismatch.problem.code == problem.code]
        same = {
            each.module: each.fixes[0]
            for each in wanted
            if each.module != problem.module and each.fixes and each.fixes[0].kind == "set_argument"
        }
        if own is None or own.module != problem.module or not same or not self._search.may_go_on():
            return problem
        left, error = self._search.left_with(Change(fixes=(own, *same.values())), None)
        if error is not None or keys_of(left) & {key_of(each) for each in (problem, *wanted)}:
            return problem
        end = ON_TO_THE_END if left else RUNS
        together = (own, *same.values())
        patch = patch_of_several(together, self._search.repetition.model, self._places)
        told = [
            replace(
                fix, verified=True, outcome=f"with {_named([each for each in together if each is not fix])} {end}", patch=patch
            )
            for fix in together
        ]
        return replace(problem, fixes=(*told, *(fix for fix in problem.fixes if fix is not own)))

    def _with_better(self, problem: Problem) -> Problem:
        """The problem, with the change first that does away with what follows from it, too."""
        better = self._search.better.get(key_of(problem))
        if better is None:
            is_of_another = bool(problem.fixes) and problem.fixes[0].verified and problem.fixes[0].module != problem.module
            return replace(problem, hint=problem.fixes[0].text) if is_of_another and "operation" not in problem.data else problem
        hint = f"{better.text} That repairs what follows from it, too."
        return replace(problem, hint=hint, fixes=(better, *problem.fixes))

    def _together(self, problems: Sequence[Problem]) -> bool:
        """Whether the pass ends without a mismatch once the first fix of each is made, for good and together."""
        edits: List[Tuple[Spot, Tuple[Edit, ...]]] = []
        fixes: List[Fix] = []
        for problem in problems:
            chosen = self._chosen.get(key_of(problem)) if key_of(problem) not in self._search.better else None
            if chosen is not None:
                edits += chosen.edits
                fixes += chosen.fixes
                continue
            likely = next((fix for fix in problem.fixes if fix.verified), problem.fixes[0] if _is_untried(problem) else None)
            if likely is None:
                return False
            fixes.append(likely)
        found, error = self._search.left_with(Change(tuple(edits), tuple(fixes)), None)
        return error is None and all(each.repaired for each in found)


class _Continued:
    """Passes in which a repair is tried while all mismatches but that of ``spared`` are got over."""

    reached = _PASSED

    def __init__(self, search: Search, spared: Optional[str]) -> None:
        self.model = search.repetition.model
        self.given = search.given or search.repetition.given
        self._search = search
        self._spared = spared

    def run(self, *, prepare: Callable[[], None], given: Optional[SampleInput] = None) -> Optional[BaseException]:
        """One such pass after ``prepare``; what it raised, or None."""
        return self._search.run(prepare, given, self._spared)


def _all_together(found: Sequence[Problem]) -> Problem:
    """The first of them, which says that all first fixes together are enough."""
    text = f"With the fixes of these {len(found)} mismatches together the model runs to its end."
    data = {**found[0].data, "runs_with_all_fixes": True}
    return replace(found[0], hint=f"{found[0].hint} {text}".strip(), data=data)


def _passed(problem: Problem) -> Problem:
    """A layer whose repair was tried alone: what is said of it is that the others have to be repaired, too."""
    fixes = [
        replace(fix, outcome=_PASSED) if fix.verified and fix.outcome.startswith(_PASSED_AND_THEN) else fix
        for fix in problem.fixes[:1]
    ]
    return replace(problem, fixes=(*fixes, *problem.fixes[1:]))


def _named(fixes: Sequence[Fix]) -> str:
    """``in_features=32` of `b```, and how many more."""
    more = f" and {len(fixes) - 1} layers like it" if len(fixes) > 1 else ""
    return f"`{fixes[0].argument}={fixes[0].value}` of `{fixes[0].module}`{more}"


def _is_sure(problem: Problem) -> bool:
    return any(fix.verified for fix in problem.fixes)


def _is_untried(problem: Problem) -> bool:
    """Whether it is a layer whose first fix nobody has tried."""
    is_layer = "operation" not in problem.data and bool(problem.fixes)
    return is_layer and not any(fix.verified or fix.outcome for fix in problem.fixes)


def _marked(problem: Problem, recovered: Recovered, is_all: bool) -> Problem:
    """The fix of an operation was made on the way; whether the pass comes here at all may be a guess."""
    if recovered.guessed is not None:
        line = f" in line {recovered.guessed}" if recovered.guessed else ""
        hint = f"{problem.hint} This is a guess: values{line} decide whether the run comes here, and these are not known."
        problem = replace(problem, hint=hint.strip(), data={**problem.data, "guessed": True})
    if not recovered.repaired or "operation" not in problem.data:
        return problem
    outcome = RUNS if is_all else "this operation is passed"
    fixes = tuple(replace(fix, verified=True, outcome=outcome) if fix.kind == "edit_source" else fix for fix in problem.fixes)
    return replace(problem, fixes=fixes)


def with_origin_of(first: Problem, again: Recovered) -> Problem:
    """Seen again with all that is kept of the way, it is known better where its sizes come from."""
    problem = again.mismatch.problem
    known = {
        name: problem.data[name]
        for name in ("origin", "factors", "before_call", "parameters")
        if problem.data.get(name) is not None
    }
    return replace(first, message=problem.message if "origin" in known else first.message, data={**first.data, **known})


def _with_consequences(problem: Problem, following: Sequence[Problem]) -> Problem:
    told: Dict[Any, Dict[str, Any]] = {}
    for each in following:
        row = {"code": each.code, "module": each.module, "file": each.file, "line": each.line}
        more = {"call": place_in_run(each.data, each.call), "operation": each.data.get("operation")}
        told.setdefault(tuple(row.values()), {**row, **more})
    return replace(problem, data={**problem.data, "consequences": list(told.values())}) if told else problem
