"""What a training step adds to what is known of a model already: one cause is one problem."""

from typing import List, Sequence, Tuple

from ...wire.problems import ERROR, Problem
from ..silent_mismatches import SILENT


def new_problems(found: Sequence[Problem], known: Sequence[Problem]) -> List[Problem]:
    """Those of the step that nobody told before, nor what they follow from."""
    told = {_cause(problem) for problem in known}
    return [problem for problem in found if _cause(problem) not in told and not _follows(problem, known)]


def _cause(problem: Problem) -> Tuple[object, ...]:
    where = (problem.file, problem.line) if problem.line is not None else (problem.module, problem.parameter)
    return (problem.code, *where, str(problem.data.get("reason", "")))


def _follows(problem: Problem, known: Sequence[Problem]) -> bool:
    """Weights of a module that is never called do not move: the module is the cause. An output that lost its batch on the way through
    the model does not fit its target: the way is."""
    if problem.code in ("loss-target-shape", "silent-broadcast") and "target" in problem.data:
        return any(each.code in SILENT and each.severity == ERROR for each in known)
    if problem.data.get("reason") != "unused-in-forward":
        return False
    unused = [each.module for each in known if each.code == "unused-module" and each.module]
    keys = [str(key) for key in problem.data.get("parameters", ())]
    return bool(keys) and all(any(key.startswith(f"{module}.") for module in unused) for key in keys)
