"""Mismatches that raise nothing: what a watched pass showed is confirmed with other sizes, and a repair of each is tried."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple, TypeVar, Union

import torch
from torch import nn

from ...analysis.regrouping import permutation_meant, regrouped
from ...analysis.silent_mismatches import (
    BATCH,
    Place,
    batch_edits,
    batch_problem,
    broadcast_edits,
    broadcast_problem,
    is_certain,
    kind_of_reshape,
    reshape_edits,
    reshape_problem,
)
from ...analysis.source_edits import Edit, Expression, edited, text_of
from ...wire.problems import Fix, Problem
from ..input_values import SampleInput
from ..nested import map_tensors, tensors_in
from ..patches import source_patch
from ..places import Places
from ..recovery.recovering import Recovered, Recovering
from ..recovery.rewriting import ON_TO_THE_END
from ..repairs import make_changes
from ..repetition import Repetition
from ..source_trial import Spot, with_edits
from .axis_watch import AxisWatch, Met, Reshaped
from .call_watch import CallWatch

_MOST_OTHER_SIZES = 8
_MOST = 8
Site = Tuple[str, int, str]
_Seen = TypeVar("_Seen", Reshaped, Met)
PathOf = Callable[[Optional[nn.Module]], str]


def silent_mismatches(
    seen: AxisWatch, repetition: "Union[Repetition, GoingOn]", places: Places, path_of: PathOf
) -> List[Problem]:
    """The problems behind what was ``seen`` in a pass that ran to its end; ``repetition`` repeats such a pass."""
    look = _Silent(seen.reshaped, repetition, places, path_of)
    found = [look.of_reshape(each) for each in _first_of_each(seen.reshaped)]
    found += [look.of_meeting(each) for each in _first_of_each(seen.met)]
    return [problem for problem in found if problem is not None]


def flatten_tried(problem: Problem, seen: Reshaped, passes: Any, places: Places) -> Problem:
    """A batch that a view tears apart, with the flatten that keeps it tried in ``passes``."""
    return _Silent([seen], passes, places, lambda _part: problem.module or "").of_torn_batch(seen, problem)


class GoingOn:
    """Passes that get over what they fail at, for a model that does not run to its end."""

    reached = ON_TO_THE_END

    def __init__(
        self, repetition: Repetition, places: Places, hear: Callable[[Recovered], object] = lambda _recovered: None
    ) -> None:
        self.model = repetition.model
        self.given = repetition.given
        self.found: List[Recovered] = []
        self._repetition = repetition
        self._places = places
        self._hear = hear

    def run(
        self, within: Any = None, prepare: Callable[[], None] = lambda: None, given: Optional[SampleInput] = None
    ) -> Optional[BaseException]:
        """One such pass."""
        recovering = Recovering(self.model, self._places, hear=self._hear)
        with ExitStack() as inside:
            error = self._repetition.run(within=_one_in_the_other(inside, recovering, within), prepare=prepare, given=given)
        self.found = recovering.found
        return error


@contextmanager
def _one_in_the_other(stack: ExitStack, *contexts: Any) -> Iterator[None]:
    with stack:
        for context in contexts:
            if context is not None:
                stack.enter_context(context)
        yield


def silent_behind(repetition: Repetition, places: Places, path_of: PathOf) -> List[Problem]:
    """The same of a model that does not run to its end, as far as what is got over leaves no doubt."""
    calls = CallWatch(lambda: None)
    seen, ends = AxisWatch(places, calls), []
    seen.expect(tensor for _, tensor in tensors_in((repetition.given.positional, repetition.given.keywords)))

    def hear(recovered: Recovered) -> None:
        if recovered.choices > 1 or ("operation" in recovered.mismatch.problem.data and not recovered.repaired):
            ends.append((len(seen.reshaped), len(seen.met)))

    going_on = GoingOn(repetition, places, hear)
    with ExitStack() as inside:
        error = going_on.run(within=_one_in_the_other(inside, calls, seen))
    if error is not None or not going_on.found:
        return []
    known = {(each.mismatch.problem.file, each.mismatch.problem.line) for each in going_on.found}
    reshaped, met = ends[0] if ends else (len(seen.reshaped), len(seen.met))
    seen.reshaped = [each for each in seen.reshaped[:reshaped] if (each.spot.file, each.spot.line) not in known]
    seen.met = [each for each in seen.met[:met] if (each.spot.file, each.spot.line) not in known]
    return silent_mismatches(seen, GoingOn(repetition, places), places, path_of)


class _Silent:
    def __init__(
        self, reshaped: Sequence[Reshaped], repetition: "Union[Repetition, GoingOn]", places: Places, path_of: PathOf
    ) -> None:
        self._reshaped = reshaped
        self._repetition = repetition
        self._places = places
        self._path_of = path_of
        given = repetition.given
        first = next((tensor for _, tensor in tensors_in((given.positional, given.keywords)) if tensor.dim()), None)
        self._batch = None if first is None else int(first.shape[0])
        self._others: List[AxisWatch] = []
        self._is_complete: List[bool] = []

    def of_reshape(self, seen: Reshaped) -> Optional[Problem]:
        """Why it is no mere reshape; None where it is one, or may be."""
        source, target = seen.source, seen.target
        kind = kind_of_reshape(source, target, self._batch)
        if kind is None:
            return None
        place = Place(self._path_of(seen.module), seen.spot.file, seen.spot.line)
        if kind == BATCH:
            return self.of_torn_batch(seen, batch_problem(seen.operation, source, target, place))
        if not self._is_confirmed(seen):
            return None
        beside = [each for each in self._reshaped if _site(each) == _site(seen) and each.spot.span != seen.spot.span]
        others = [edits[0] for _, edits in {each.spot.span: _rewritten(each) for each in beside}.values() if edits]
        written, edits = _rewritten(seen)
        ways = [[edit, *others] for edit in edits]
        return self._tried(reshape_problem(seen.operation, source, target, place), seen.spot, written, ways)

    def of_meeting(self, met: Met) -> Optional[Problem]:
        """Samples that are combined each with each."""
        if met.result[0] != self._batch:
            return None
        place = Place(self._path_of(met.module), met.spot.file, met.spot.line)
        problem = broadcast_problem(met.operation, met.one, met.other, met.result, place)
        written = met.spot.expression(met.operation)
        edits = broadcast_edits(written, met.one, met.other) if written is not None else []
        return self._tried(problem, met.spot, written, [[edit] for edit in edits])

    def _is_confirmed(self, seen: Reshaped) -> bool:
        """Whether with other sizes, too, the axes are those of another order: (T, C) -> (T / 2, 2 C) may only look so."""
        order = _order(seen)
        for number in range(_MOST_OTHER_SIZES):
            other = self._other(number)
            if other is None:
                break
            there = [each for each in other.reshaped if _site(each) == _site(seen)]
            if any(_mixed(each) != _mixed(seen) and _order(each) == order for each in there):
                return True
            if self._is_complete[number] and not any(_order(each) == order for each in there):
                return False
        return is_certain(seen.source, seen.target)

    def _other(self, number: int) -> Optional[AxisWatch]:
        """What a pass with another size of one axis showed; None beyond the last."""
        while len(self._others) <= number:
            given = _grown(self._repetition.given, len(self._others))
            if given is None:
                return None
            watch = self._watch(given)
            self._is_complete.append(self._repetition.run(within=watch, given=given) is None)
            self._others.append(watch)
        return self._others[number]

    def _watch(self, given: SampleInput) -> AxisWatch:
        watch = AxisWatch(self._places, CallWatch(lambda: None))
        watch.expect(tensor for _, tensor in tensors_in((given.positional, given.keywords)))
        return watch

    def _tried(self, problem: Problem, spot: Spot, written: Optional[Expression], ways: Sequence[Sequence[Edit]]) -> Problem:
        """With the first way to write it with which the model runs and nothing of the kind is seen there."""
        for edits in ways:
            with with_edits(self._repetition.model, [(spot, edits)]) as is_made:
                watch = self._watch(self._repetition.given)
                error = self._repetition.run(within=watch) if is_made else NotImplemented
            lines = [each.spot.line for each in watch.reshaped] + [met.spot.line for met in watch.met]
            if error is None and spot.line not in lines and written is not None:
                text = text_of(spot.source, written.span, edits) if len(edits) == 1 else _line_of(spot, edits)
                return _with_fix(problem, text, source_patch(spot.file, edits, self._places), self._repetition.reached)
        return problem

    def of_torn_batch(self, seen: Reshaped, problem: Problem) -> Problem:
        """The problem with its repair tried: the view as a flatten, and the next layer built for what then arrives."""
        written = seen.spot.expression(seen.operation)
        edits = batch_edits(written) if written is not None else []
        with with_edits(self._repetition.model, [(seen.spot, edits)]) as is_made:
            if not edits or not is_made:
                return problem
            recovering = Recovering(self._repetition.model, self._places)
            error = self._repetition.run(within=recovering)
            fixes = [fix for each in recovering.found for fix in each.mismatch.problem.fixes if fix.kind == "set_argument"]
            if error is not None or len(fixes) != len(recovering.found) or len(fixes) > 1:
                return problem
            if self._repetition.run(prepare=lambda: make_changes(self._repetition.model, fixes)) is not None:
                return problem
        problem = _with_fix(
            problem,
            _written(edits),
            source_patch(seen.spot.file, edits, self._places, self._repetition.model, fixes),
            _together(fixes, self._repetition.reached),
        )
        reached = self._repetition.reached
        fixes = [replace(fix, verified=True, outcome=f"with `{_written(edits)}` {reached}") for fix in fixes]
        return replace(problem, fixes=(*problem.fixes, *fixes))


def _rewritten(seen: Reshaped) -> Tuple[Optional[Expression], List[Edit]]:
    """The reshape as it is written, and the ways to write it as a permutation."""
    written = seen.spot.expression(seen.operation) if seen.is_whole else None
    return written, reshape_edits(written, seen.source, seen.target) if written is not None else []


def _line_of(spot: Spot, edits: Sequence[Edit]) -> str:
    """The whole line, once several of its expressions are written otherwise."""
    return edited(spot.source, edits).splitlines()[spot.line - 1].strip()


def _together(fixes: Sequence[Fix], reached: str) -> str:
    return f"with `{fixes[0].argument}={fixes[0].value}` of `{fixes[0].module}` {reached}" if fixes else reached


def _with_fix(problem: Problem, text: str, patch: str, outcome: str) -> Problem:
    said = f"Write `{text}` in line {problem.line}."
    fix = Fix("edit_source", said, module=problem.module, value=text, verified=True, outcome=outcome, patch=patch)
    return replace(problem, hint=said, fixes=(fix,))


def _written(edits: Sequence[Edit]) -> str:
    return ", ".join(edit.text for edit in edits)


def _first_of_each(seen: Sequence[_Seen]) -> List[_Seen]:
    return list({_site(each): each for each in reversed(seen)}.values())[::-1][:_MOST]


def _site(seen: "Union[Reshaped, Met]") -> Site:
    return seen.spot.file, seen.spot.line, seen.operation


def _mixed(seen: Reshaped) -> Tuple[Tuple[int, ...], ...]:
    """The sizes that change places, before and after."""
    group = next(group for group in regrouped(seen.source, seen.target) if group.is_mixed)
    return tuple(seen.source[at] for at in group.source), tuple(seen.target[at] for at in group.target)


def _order(seen: Reshaped) -> Optional[Tuple[int, ...]]:
    meant = permutation_meant(seen.source, seen.target)
    return None if meant is None else meant.order


def _grown(given: SampleInput, number: int) -> Optional[SampleInput]:
    """The input with one axis longer by one, or twice as long, in all tensors with an axis of this size there; the last axes first."""
    shapes = [tuple(tensor.shape) for _, tensor in tensors_in((given.positional, given.keywords))]
    places = sorted({(axis, size) for shape in shapes for axis, size in enumerate(shape)}, reverse=True)
    if number >= 2 * len(places):
        return None
    axis, size = places[number // 2]

    def longer(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() <= axis or tensor.shape[axis] != size:
            return tensor
        return torch.cat([tensor, tensor.narrow(axis, 0, size if number % 2 else 1)], axis)

    return SampleInput(map_tensors(given.positional, longer), map_tensors(given.keywords, longer), given.source)
