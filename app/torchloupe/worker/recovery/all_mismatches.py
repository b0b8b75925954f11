"""All mismatches of a model in one go: a failed pass is taken to its end, and what it is taken over is repaired and tried."""

from dataclasses import replace
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

from ...analysis.mismatch_chain import GOES_ON, key_of
from ...wire.problems import Fix, Problem
from ...wire.traces import LayerCall
from ..failure import ForwardFailure
from ..input_values import SampleInput
from ..patches import with_patches
from ..places import Places
from ..repairs import changed_input
from ..repetition import Repetition
from .missing_dimension import is_of_doubtful_rank, lacks_a_rank, missing_dimension
from .other_margin import margin_that_fits
from .recovering import MOST_MISMATCHES, Recovered
from .repairing import Repairing, with_origin_of
from .search import Search
from .wrong_input import MANY, WRONG_INPUT, batch_of_two, input_of_other_side, input_that_fits, wrong_input


class Mismatches(NamedTuple):
    """All that a pass would have failed at, and its calls as they would be, with what got over each failure."""

    problems: Tuple[Problem, ...]
    assumed: Tuple[LayerCall, ...] = ()


Tell = Callable[[Problem], object]


def every_mismatch(
    failure: ForwardFailure,
    repetition: Repetition,
    places: Places,
    seconds: float,
    is_slow: bool,
    tell: Tell = lambda _problem: None,
) -> Mismatches:
    """Why a pass failed, and every further mismatch with a cause of its own, each with fixes that were tried.

    What follows from a mismatch stands in its ``data``. ``tell`` hears of the first as soon as it is known, untried. A pass, which took
    so many ``seconds`` until it failed, that ``is_slow`` is repeated as rarely as can be: once without data to get over all failures,
    once with the likeliest repairs of all, and only where these do not do for each by itself.
    """
    first = failure.at_once
    if first is not None:
        tell(first)
    if is_slow and (first is None or _may_hurry(first, repetition)):
        search = Search(repetition, places, None, seconds)
        hurried = _in_a_hurry(failure, search, places, tell)
        if hurried:
            return Mismatches(with_patches(hurried, repetition.model, places), search.assumed())
    else:
        search = None
    first = failure.problem(repetition)
    if first.code not in GOES_ON:
        return Mismatches(with_patches([first], repetition.model, places))
    of_the_input = missing_dimension(first, repetition)
    if of_the_input is not None:
        return Mismatches((of_the_input,))
    if is_of_doubtful_rank(first):
        return Mismatches((first,))
    given = _repaired_input(first, repetition.given)
    if search is None or search.is_bare or given is not None:
        search = Search(repetition, places, given, seconds)
    problems = with_patches(_searched(first, search, places), repetition.model, places)
    return Mismatches(problems, () if problems[0].code == WRONG_INPUT else search.assumed())


def _may_hurry(first: Problem, repetition: Repetition) -> bool:
    """Whether there is no question of the input."""
    of_the_input = any(fix.kind in ("permute_input", "change_input") for fix in first.fixes)
    return first.code in GOES_ON and not of_the_input and not is_of_doubtful_rank(first) and not lacks_a_rank(repetition)


def _in_a_hurry(failure: ForwardFailure, search: Search, places: Places, tell: Tell) -> List[Problem]:
    """All mismatches with the likeliest repairs, where these bring the model to its end at once; else nothing."""
    known = [failure.at_once] if failure.at_once is not None else []

    def hear(recovered: Recovered) -> None:
        if not known:
            again = failure.seen_again(recovered.mismatch.problem)
            if again is not None:
                known.append(again)
                tell(again)

    found = search.find_once(hear, bare=True)
    first = known[0] if known else None
    if not found or first is None or found[0].mismatch.key != key_of(first) or not search.is_plain:
        return []
    problems = Repairing(search, places).at_once(first)
    if problems is not None and len(problems) == 1:
        problems = [replace(problems[0], fixes=(*problems[0].fixes, *_other_ways(problems[0], search)))]
    return [_without_data(problem, ()) for problem in problems or []] if search.is_on_shapes else problems or []


def _searched(first: Problem, search: Search, places: Places) -> List[Problem]:
    found = search.find()
    if search.given is None:
        if not found or found[0].mismatch.key != key_of(first):
            return [first]
        first, refused = with_origin_of(first, found[0]), list(search.refused())
        other = input_that_fits(first, len(refused), search.repetition)
        if other is not None and len(refused) >= MANY:
            return [wrong_input(first, refused, other)]
        others = [other] if other is not None else _other_ways(first, search) if len(refused) == 1 else []
        first = replace(first, fixes=(*first.fixes, *others))
    problems = Repairing(search, places).problems(first)
    if search.is_on_shapes:
        problems = [_without_data(problem, first.fixes) for problem in problems]
    if len(problems) >= MOST_MISMATCHES:
        more = f"These are the first {len(problems)}; there may be more behind them."
        problems[0] = replace(problems[0], hint=f"{problems[0].hint} {more}".strip())
    return problems


def _other_ways(first: Problem, search: Search) -> List[Fix]:
    """Another layer, and another input, with which all runs, where a single layer refuses what comes."""
    if first.code == "batch-of-one":
        found = [batch_of_two(search.repetition)]
    else:
        margin = margin_that_fits(first, search.quickest(), search.may_go_on)
        found = [margin, input_of_other_side(first, search.quickest(), search.may_go_on)]
    return [fix for fix in found if fix is not None]


def _without_data(problem: Problem, with_data: Sequence[Fix]) -> Problem:
    """Says of the fixes that were tried how: the pass takes long, and shapes alone show the mismatch as well."""
    fixes = [
        replace(fix, outcome=f"{fix.outcome}, on shapes alone") if fix.verified and fix not in with_data else fix
        for fix in problem.fixes
    ]
    return replace(problem, fixes=tuple(fixes))


def _repaired_input(first: Problem, given: SampleInput) -> Optional[SampleInput]:
    """The input as it should have been, where that is what was wrong."""
    fix = next((fix for fix in first.fixes if fix.verified and fix.kind in ("permute_input", "change_input")), None)
    return changed_input(fix, first, given) if fix else None
