"""Which repairs go together: a line with the argument that follows from it, a layer with others that want the same."""

from dataclasses import replace
from typing import Iterable, List, Sequence, Tuple

from ..wire.mismatches import TriedFix
from ..wire.problems import Fix, Problem

_MADE = ("set_argument", "set_shape", "permute_input", "change_input")


def can_try(fix: Fix) -> bool:
    """Whether it says enough to be made: a line that is written otherwise needs its patch."""
    return fix.kind in _MADE or (fix.kind == "edit_source" and bool(fix.patch))


def fixes_to_try(problem: Problem, fix: Fix) -> Tuple[TriedFix, ...]:
    """``fix`` with what it needs to be whole."""
    shape = tuple(problem.data.get("input_shape", ()))
    found = [fix]
    if fix.kind == "edit_source" and fix.value is not None:
        found += [each for each in problem.fixes if each.kind == "set_argument" and f"with `{fix.value}`" in each.outcome]
    along = [each for each in problem.fixes if each != fix and fix.patch and each.patch == fix.patch and each.kind in _MADE]
    if along:
        found += along
    elif fix.kind == "set_argument" and fix.module == problem.module:
        rows = problem.data.get("consequences", ())
        alike = [
            row["module"] for row in rows if row.get("code") == problem.code and row.get("module") and not row.get("operation")
        ]
        found += [replace(fix, module=module) for module in alike]
    return tuple(TriedFix(each, shape) for each in found)


def patch_of_all(problems: Iterable[Problem]) -> str:
    """The patch that makes the first fixes of all mismatches, where they were tried together; else empty."""
    return next((str(problem.data["patch_of_all"]) for problem in problems if problem.data.get("patch_of_all")), "")


def all_fixes(problems: Sequence[Problem]) -> Tuple[TriedFix, ...]:
    """The first repair of each mismatch that was tried and can be made, together."""
    found: List[TriedFix] = []
    for problem in problems:
        first = next((fix for fix in problem.fixes if fix.verified and can_try(fix)), None)
        found += fixes_to_try(problem, first) if first is not None else ()
    return tuple(found)


def tried_sentence(fixes: Sequence[TriedFix]) -> str:
    """What was tried, in one line."""
    texts = list(dict.fromkeys(each.fix.text.rstrip(".") for each in fixes))
    if len(texts) == 1:
        return texts[0]
    return f"{len(texts)} fixes together" if texts else "no fix"
