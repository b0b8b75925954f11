"""Repairs of a mismatch that stands in a line of forward: other ways to write it, and other layers before it, each of them run."""

from dataclasses import replace
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from torch import nn

from ...analysis.mismatch_chain import key_of
from ...analysis.operation_ways import Way, ways
from ...analysis.source_edits import Edit
from ...wire.problems import Fix, Problem
from ..patches import source_patch
from ..places import Places
from ..repairs import RUNS
from ..source_trial import Spot
from .recovering import Recovered

Key = Tuple[object, ...]
ON_TO_THE_END = "with the other mismatches repaired, too, the model runs to its end"
_MOST_ENOUGH = 2


class Change(NamedTuple):
    """A repair: lines written otherwise, layers with another argument."""

    edits: Tuple[Tuple[Spot, Tuple[Edit, ...]], ...] = ()
    fixes: Tuple[Fix, ...] = ()
    text: str = ""
    line: int = 0


class Outcome(NamedTuple):
    """What a repair leaves of the mismatches, and what else has to change for it."""

    left: Set[Key]
    change: Change
    further: Tuple[Fix, ...] = ()


Pass = Callable[[Change], Tuple[List[Recovered], Optional[BaseException]]]


class Rewriting:
    """Tries the repairs of one mismatch after the other. ``chosen`` is the best of each, by its key.

    ``known`` are the mismatches without a repair; ``run`` is a pass with a repair made and the other mismatches got over. ``gone`` are
    those that the best repair does away with.
    """

    def __init__(
        self,
        model: nn.Module,
        places: Places,
        may_go_on: Callable[[], bool],
        chosen: Dict[Key, Change],
        known: Set[Key],
        run: Pass,
    ) -> None:
        self._model = model
        self._places = places
        self._may_go_on = may_go_on
        self._chosen = chosen
        self._known = known
        self._run = run
        self.gone: Set[Key] = set()

    def rewritten(self, problem: Problem, alike: Sequence[Recovered], before: Sequence[Fix], least: int) -> Problem:
        """The problem with those of its repairs that worked, the most thorough first. ``alike`` are it and those that follow from it and
        have to be written otherwise in the same way, ``before`` are layers that could change instead, ``least`` is how many mismatches
        have to be left."""
        good: List[Outcome] = []
        for change in changes(problem, alike, before):
            if not self._may_go_on() or sum(len(outcome.left) <= least for outcome in good) >= _MOST_ENOUGH:
                break
            outcome = self._outcome(change, alike[0].mismatch.key)
            if outcome is not None:
                good.append(outcome)
        if not good:
            return problem
        good.sort(key=lambda outcome: len(outcome.left))
        best = good[0]
        self.gone = self._known - best.left if len(best.left) < least else set()
        self._chosen[key_of(problem)] = best.change._replace(fixes=(*best.change.fixes, *best.further))
        told = [fix for outcome in good[:_MOST_ENOUGH] for fix in told_fixes(problem, outcome, self._places, self._model)]
        kept = [fix for fix in problem.fixes if fix.kind == "set_argument"]
        return replace(problem, fixes=(*told, *kept))

    def _outcome(self, change: Change, key: Key) -> Optional[Outcome]:
        """None for a repair that does not do away with it, or brings others that no argument of one layer repairs."""
        left, error = self._run(change)
        keys = {each.mismatch.key for each in left}
        if error is not None or key in keys:
            return None
        new = [each.mismatch.problem for each in left if each.mismatch.key not in self._known]
        if not new:
            return Outcome(keys, change)
        further = tuple(fix for problem in new for fix in problem.fixes[:1] if fix.kind == "set_argument")
        if len(new) > 1 or not further or change.fixes or not self._may_go_on():
            return None
        left, error = self._run(change._replace(fixes=further))
        keys = {each.mismatch.key for each in left}
        return Outcome(keys, change, further) if error is None and key not in keys and keys <= self._known else None


def changes(problem: Problem, alike: Sequence[Recovered], before: Sequence[Fix]) -> List[Change]:
    """What may be changed, likeliest first: the line - of it, and of those ``alike`` that follow from it - and the layers ``before``."""
    lines = _written_otherwise(problem, alike)
    first = 0 if _is_multiple(problem) or _is_of_features(problem) else 1
    return [*lines[:first], *(Change(fixes=(fix,), text=fix.text) for fix in before), *lines[first:]]


def told_fixes(problem: Problem, outcome: Outcome, places: Places, model: nn.Module) -> List[Fix]:
    """A change that was tried, as repairs of the problem."""
    what = "operation" if "operation" in problem.data else "layer"
    end = ON_TO_THE_END if outcome.left else RUNS
    others = "".join(f"with `{fix.argument}={fix.value}` of `{fix.module}` " for fix in outcome.further)
    said = f"this {what} is passed; {end}" if outcome.left else f"{others}{end}"
    if outcome.change.fixes:
        return [replace(fix, verified=True, outcome=said) for fix in outcome.change.fixes]
    file, lines = outcome.change.edits[0][0].file, {spot.line for spot, _ in outcome.change.edits}
    edits = [edit for spot, those in outcome.change.edits if spot.file == file for edit in those]
    patch = source_patch(file, edits, places, model, outcome.further)
    more = f", and in the same way in line {', '.join(map(str, sorted(lines)[1:]))}" if len(lines) > 1 else ""
    text = f"Write `{outcome.change.text}` in line {outcome.change.line}{more}."
    written = Fix("edit_source", text, module=problem.module, value=outcome.change.text, verified=True, outcome=said, patch=patch)
    further = [replace(fix, verified=True, outcome=f"with `{outcome.change.text}` {RUNS}") for fix in outcome.further]
    return [written, *further]


def _written_otherwise(problem: Problem, alike: Sequence[Recovered]) -> List[Change]:
    """The ways to write the first of them, with the same way for the others that stand elsewhere."""
    first, *others = alike
    found = _ways(problem, first)
    beside = [each for each in others if each.spot is not None and first.spot is not None and each.spot != first.spot]
    theirs = [(each.spot, _ways(each.mismatch.problem, each)) for each in {each.spot: each for each in beside}.values()]
    if first.spot is None:
        return []
    changes = []
    for number, way in enumerate(found):
        along = [(spot, those[number].edits) for spot, those in theirs if spot is not None and len(those) == len(found)]
        changes.append(Change(edits=((first.spot, way.edits), *along), text=way.text, line=way.line))
    return changes


def _ways(problem: Problem, recovered: Recovered) -> List[Way]:
    spot = recovered.spot
    if spot is None:
        return []
    operation = problem.data.get("operation")
    written = spot.expression(str(operation)) if operation else spot.call()
    return [] if written is None else ways(problem, written, spot.source)


def _is_of_features(problem: Problem) -> bool:
    """Whether two widths of features clash: stretched, or a product turned both ways around to be over the tokens, it would run and be
    wrong."""
    shapes = problem.data.get("shapes", ())
    if len(shapes) != 2 or min(map(len, shapes)) < 2:
        return False
    if problem.code == "broadcast-mismatch":
        return len(shapes[0]) == len(shapes[1]) == 3 and shapes[0][1] == shapes[1][1]
    if problem.code != "matmul-mismatch":
        return False
    one, other = shapes
    return one[-2] == other[-1] and len({one[-1], one[-2], other[-2]}) == 3


def _is_multiple(problem: Problem) -> bool:
    """Whether one map is so many times as large as the other: a stride is at fault, and no margin."""
    shapes = problem.data.get("shapes") or [()]
    sides = sorted(shape[-1] for shape in shapes if len(shape) > 2)
    return len(sides) == 2 and sides[0] > 0 and sides[1] // sides[0] > 1 and sides[1] % sides[0] == 0
