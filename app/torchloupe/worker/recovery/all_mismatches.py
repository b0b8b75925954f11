"""All mismatches of a model in one go: a failed pass is taken to its end, and what it is taken over is repaired and tried."""

from dataclasses import replace
from typing import List, Optional, Sequence, Tuple

from ...analysis.mismatch_chain import GOES_ON, key_of
from ...wire.problems import Fix, Problem
from ..input_values import SampleInput
from ..patches import with_patches
from ..places import Places
from ..repairs import changed_input
from ..repetition import Repetition
from .missing_dimension import is_of_doubtful_rank, missing_dimension
from .recovering import MOST_MISMATCHES
from .repairing import Repairing, with_origin_of
from .search import Search
from .wrong_input import MANY, input_that_fits, wrong_input


def every_mismatch(first: Problem, repetition: Repetition, places: Places, told: int) -> Tuple[Problem, ...]:
    """``first``, why a pass failed, and every further mismatch with a cause of its own, each with fixes that were tried.

    ``told`` is how many calls of the pass are known to who reads this. What follows from a mismatch stands in its ``data``.
    """
    if first.code not in GOES_ON:
        return with_patches([first], repetition.model, places)
    of_the_input = missing_dimension(first, repetition)
    if of_the_input is not None:
        return (of_the_input,)
    if is_of_doubtful_rank(first):
        return (first,)
    return with_patches(_searched(first, repetition, places, told), repetition.model, places)


def _searched(first: Problem, repetition: Repetition, places: Places, told: int) -> List[Problem]:
    search = Search(repetition, places, _repaired_input(first, repetition.given))
    found = search.find()
    if search.given is None:
        if not found or found[0].mismatch.key != key_of(first):
            return [first]
        first, refused = with_origin_of(first, found[0]), list(search.refused())
        other = input_that_fits(first, len(refused), repetition)
        if other is not None and len(refused) >= MANY:
            return [wrong_input(first, refused, other)]
        first = first if other is None else replace(first, fixes=(*first.fixes, other))
    problems = Repairing(search, places).problems(first, told)
    if search.is_on_shapes:
        problems = [_without_data(problem, first.fixes) for problem in problems]
    if len(problems) >= MOST_MISMATCHES:
        more = f"These are the first {len(problems)}; there may be more behind them."
        problems[0] = replace(problems[0], hint=f"{problems[0].hint} {more}".strip())
    return problems


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
