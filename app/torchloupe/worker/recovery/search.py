"""Passes that are taken to their end, in the way that leaves the fewest mismatches, and which of these follow from which."""

import time
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ...analysis.mismatch_chain import are_alike, causes, changes_asked, key_of
from ...wire.problems import Fix, Problem
from ...wire.traces import ASSUMED, LayerCall
from ..call_record import CallRecord
from ..input_values import SampleInput
from ..kept_elsewhere import may_keep_tensors
from ..module_tree import tensors_of
from ..places import Places
from ..repetition import Repetition
from ..source_trial import with_edits
from ..without_data import needs_data
from .asked_layers import AskedLayers
from .other_sizes import other_sizes
from .producers import changes_before
from .recovering import MOST_MISMATCHES, Recovered, Recovering
from .rewriting import Change

_MOST_PASSES = 40
_LEAST_SECONDS, _MOST_SECONDS, _MOST_TIMES = 1.0, 10.0, 2.0
"""So long may repairs be tried: so many times as long as one pass takes, within these bounds."""
_SLOW = 0.4
_LEAST_BARE_SECONDS = 1.0
"""So long it may take in any case: the first one in a process has rules to import."""
_TIMES_BARE = 3.0
"""What a pass on fake tensors takes in terms of one on the meta device, and at least"""
_LEAST_PER_CALL = 1.5e-3
"""for each call: Python takes longer to go without data than arithmetic of so many seconds."""
_OF_VALUES = {"index-out-of-range", "dtype-mismatch"}
"""Mismatches that shapes alone do not show."""
Key = Tuple[object, ...]
_Passed = Tuple[List[Recovered], List[LayerCall], Optional[BaseException]]


class NotMade(Exception):
    """The line to be changed is in no function that can be had."""


class Search:
    """Passes in which mismatches are got over. ``given`` is the input, where the first mismatch is one of it and it was changed;
    ``seconds`` what a pass took until it failed.

    ``all`` is what one such pass met; ``calls`` are its calls; ``is_whole`` that it came to its end, ``is_bare`` that it had no data;
    ``better`` are changes that do away with several mismatches, by the key of the first.
    """

    def __init__(self, repetition: Repetition, places: Places, given: Optional[SampleInput], seconds: float) -> None:
        self.given = given
        self.repetition = repetition
        self.is_whole = self.is_bare = False
        self.all: List[Recovered] = []
        self.calls: List[LayerCall] = []
        self.better: Dict[Key, Fix] = {}
        self._places = places
        self._choices: List[int] = []
        self._doubtful: Dict[Key, Key] = {}
        self._passes = 0
        self._seconds = seconds
        self._bare_seconds: Optional[float] = None
        self._until = time.monotonic() + _MOST_SECONDS
        self._on_shapes: Optional[Repetition] = None
        self._once: Optional[BaseException] = None

    def find_once(self, hear: Callable[[Recovered], object] = lambda _recovered: None, bare: bool = False) -> List[Recovered]:
        """What one pass got over, in its order; ``hear`` is told of each at once. A ``bare`` one has no data, where that can be: it does
        not see every mismatch, and what it finds is to be tried with data."""
        began = time.monotonic()
        found = self._without_data(hear) if bare else None
        self.is_bare = found is not None
        self.all, self.calls, error = found or self._pass([], hear=hear)
        self._once = error
        self.is_whole = error is None
        self._set_limits(self._seconds if self.is_bare else time.monotonic() - began, self.all)
        return self.all

    def _without_data(self, hear: Callable[[Recovered], object]) -> "Optional[_Passed]":
        """A pass on the meta device; None where that does not come to its end soon, or meets what only data can tell: operations have other
        strides there, and other tensors beside them."""
        bare = self.repetition.bare() if self._keeps_nothing else None
        if bare is None:
            return None
        self._passes += 1
        began, model = time.monotonic(), self.repetition.model
        recovering = Recovering(model, self._places, hear=hear, until=began + max(self._seconds, _LEAST_BARE_SECONDS))
        error = bare.run(within=recovering)
        self._bare_seconds = time.monotonic() - began
        if error is not None or any("operation" in each.mismatch.problem.data for each in recovering.found[1:]):
            return None
        device = next((tensor.device for tensor in tensors_of(model)), None)
        return recovering.found, [_on(call, str(device)) for call in recovering.calls], None

    @cached_property
    def _keeps_nothing(self) -> bool:
        return not may_keep_tensors(self.repetition.model, self._places.is_project)

    def settle_guesses(self) -> None:
        """What lies behind a decision by made-up values stays only where the pass comes to it once the mismatches before are repaired;
        where that cannot be tried it stays a guess."""
        sure = [each.mismatch.problem for each in self.all if each.guessed is None]
        fixes = [next((fix for fix in problem.fixes if fix.kind == "set_argument"), None) for problem in sure]
        if len(sure) == len(self.all) or not all(fixes):
            return
        found, _, error = self._pass(self._choices, change=Change(fixes=tuple(fix for fix in fixes if fix is not None)))
        if error is None and not keys_of(found) & {key_of(problem) for problem in sure}:
            real = keys_of(found)
            self.all = [each for each in self.all if each.guessed is None or each.mismatch.key in real]
            for each in self.all:
                each.guessed = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing that it met hangs on what else was met: there is one way to get over each, and no change is one of several."""
        asking = [each.mismatch.problem for each in self.all if each.choices < 2]
        problems = [each for each in asking if any(changes_asked(each)) or each.code == "rnn-state-shape"]
        pairs = [(one, other) for at, one in enumerate(problems) for other in problems[:at]]
        is_made_up = self.repetition.given.source == "worked_out" and len(self.all) > 1
        is_guessed = any(each.guessed is not None for each in self.all)
        return self.is_whole and not is_made_up and not is_guessed and not any(are_alike(one, other) for one, other in pairs)

    def find(self) -> List[Recovered]:
        """The same, where operations give what leaves the fewest mismatches."""
        if not self.calls:
            self.find_once()
        best, calls, error = self.all, self.calls, self._once
        while True:
            points = [each for each in best if each.choices > 1]
            if len(points) <= len(self._choices):
                break
            point = points[len(self._choices)]
            options = [(best, calls, error)]
            while len(options) < point.choices and self.may_go_on():
                options.append(self._pass([*self._choices, len(options)]))
            winner = min(range(len(options)), key=lambda at: (options[at][2] is not None, len(options[at][0])))
            best, calls, error = options[winner]
            self._choices.append(winner)
            self._doubt_what_depends_on(point, best, [keys_of(those) for those, _, ended in options if ended is None or error])
        self.all, self.calls, self.is_whole = best, calls, error is None
        self.settle_guesses()
        best = self.all
        if len(best) > 1 and error is None:
            self._smaller()
        if best and self.repetition.given.source == "worked_out":
            self._doubt_what_depends_on_the_input()
        return best

    @property
    def is_on_shapes(self) -> bool:
        """Whether repairs were tried without data."""
        return self._on_shapes is not None

    def _set_limits(self, seconds: float, met: Sequence[Recovered]) -> None:
        """What is slow with data is tried on shapes alone, where they show as much."""
        self._until = time.monotonic() + min(max(_LEAST_SECONDS, _MOST_TIMES * seconds), _MOST_SECONDS)
        bare = self._bare_seconds
        is_quicker = _TIMES_BARE * bare < seconds if bare is not None else seconds > _LEAST_PER_CALL * len(self.calls)
        if (
            seconds > _SLOW
            and is_quicker
            and self._keeps_nothing
            and not any(each.mismatch.problem.code in _OF_VALUES for each in met)
        ):
            self._on_shapes = self.repetition.without_data()

    def _doubt_what_depends_on(self, point: Recovered, best: Sequence[Recovered], options: Sequence[Set[Key]]) -> None:
        """A mismatch after an operation of which several results are likely, that not all of them bring."""
        sure: Set[Key] = set.intersection(*options) if len(options) == point.choices else set()
        at = next(at for at, each in enumerate(best) if each.mismatch.key == point.mismatch.key)
        for each in best[at + 1 :]:
            if each.mismatch.key not in sure:
                self._doubtful.setdefault(each.mismatch.key, point.mismatch.key)

    def _doubt_what_depends_on_the_input(self) -> None:
        """The input was worked out on a model that is broken: a size that changes with it says nothing about the model."""
        got = {each.mismatch.key: _arrived(each) for each in self.all}
        for given in other_sizes(self.given or self.quickest().given):
            there, _, error = self._pass(self._choices, given) if self.may_go_on() else ([], [], None)
            found_there = {each.mismatch.key: _arrived(each) for each in there}
            reached = [at for at, key in enumerate(got) if key in found_there]
            for at, each in enumerate(self.all):
                key = each.mismatch.key
                if at and (error is None or at <= max(reached, default=0)) and found_there.get(key, self) != got[key]:
                    self._doubtful.setdefault(key, self.all[0].mismatch.key)

    def _smaller(self) -> None:
        """One change of a layer before it may do away with several mismatches at once: then they are one."""
        keys, roots = keys_of(self.all), causes([each.mismatch for each in self.all])
        own = [each for each, root in zip(self.all, roots) if root is None]
        for each in [each for each in own if each.mismatch.key not in self._doubtful]:
            problem = each.mismatch.problem
            others = [other.mismatch.problem for other in self.all if other.mismatch.key != each.mismatch.key]
            if not any(are_alike(problem, other) for other in others):
                continue
            for fix in changes_before(problem, each.call, self.calls, self.repetition.model):
                if not self.may_go_on():
                    return
                left, _, error = self._pass(self._choices, change=Change(fixes=(fix,)))
                gone = keys - keys_of(left)
                if error is None and each.mismatch.key in gone and len(gone) > 1 and keys_of(left) < keys:
                    self._take_together(fix, gone)
                    break

    def _take_together(self, fix: Fix, gone: Set[Key]) -> None:
        root, *others = [each.mismatch.key for each in self.all if each.mismatch.key in gone]
        self._doubtful.update((key, root) for key in others if key != root)
        those = "one that follows" if len(gone) == 2 else f"{len(gone) - 1} that follow"
        self.better[root] = replace(fix, verified=True, outcome=f"this mismatch is gone, and with it {those} from it")

    def refused(self) -> Iterator[Problem]:
        """Each layer, and each operation, once."""
        told: Set[Key] = set()
        for each in self.all:
            if each.mismatch.key not in told:
                told.add(each.mismatch.key)
                yield each.mismatch.problem

    def quickest(self) -> Repetition:
        """On shapes alone where a pass takes long and they show as much."""
        return self._on_shapes or self.repetition

    def assumed(self) -> Tuple[LayerCall, ...]:
        """The calls of that pass without their times, which say nothing; none where it got over nothing."""
        calls = self.calls if self.all or self.given is not None else []
        told = [call.as_call() if isinstance(call, CallRecord) else call for call in calls]
        return tuple(replace(call, status=ASSUMED, seconds=None) for call in told)

    def with_causes(self) -> Tuple[List[Recovered], List[List[Recovered]]]:
        """Those with a cause of their own, and for each of them what follows from it."""
        roots: List[Optional[int]] = list(causes([each.mismatch for each in self.all]))
        places = {each.mismatch.key: at for at, each in reversed(list(enumerate(self.all)))}
        for at, each in enumerate(self.all):
            doubt = self._doubtful.get(each.mismatch.key)
            root = places.get(doubt, at) if doubt is not None else at
            if roots[at] is None and root < at:
                roots[at] = roots[root] if roots[root] is not None else root
        own = [at for at, root in enumerate(roots) if root is None]
        following = [[each for each, root in zip(self.all, roots) if root == at] for at in own]
        return [self.all[at] for at in own], following

    def left_with(
        self, change: Change, repaired: Optional[Recovered], asked: AskedLayers = AskedLayers()
    ) -> Tuple[List[Recovered], Optional[BaseException]]:
        """What a pass meets with a change made, ``repaired`` by it or (None) all: what an operation then gives is no choice."""
        points = [each for each in self.all if each.choices > 1]
        kept = [
            choice for point, choice in zip(points, self._choices) if repaired and point.mismatch.key != repaired.mismatch.key
        ]
        found, _, error = self._pass(kept, change=change, asked=asked)
        return found, error

    def run(self, prepare: Any, given: Optional[SampleInput], spared: Optional[str]) -> Optional[BaseException]:
        """One more pass, with a change to the model or to the input, in which the layer ``spared`` is left to fail."""
        self._passes += 1
        within = Recovering(self.repetition.model, self._places, self._choices, spared)
        return self.repetition.run(within=within, prepare=prepare, given=given or self.given)

    def may_go_on(self) -> bool:
        """Whether there is time for another pass. One with all repairs together is made in any case."""
        return self._passes < _MOST_PASSES and time.monotonic() < self._until

    def _pass(
        self,
        choices: Sequence[int],
        given: Optional[SampleInput] = None,
        change: Change = Change(),
        hear: Callable[[Recovered], object] = lambda _recovered: None,
        asked: AskedLayers = AskedLayers(),
    ) -> _Passed:
        self._passes += 1
        # A change that brings more mismatches than there were is no repair, however it ends.
        most = len(self.all) + 1 if change.edits or change.fixes else MOST_MISMATCHES
        recovering = Recovering(self.repetition.model, self._places, choices, most=most, hear=hear)
        with with_edits(self.repetition.model, change.edits) as is_made:
            if not is_made:
                return [], [], NotMade()
            prepare = partial(asked.prepare, self.repetition.model, change.fixes)
            given = given or self.given
            error = self.quickest().run(within=recovering, given=given, prepare=prepare)
            if self._on_shapes is not None and error is not None and needs_data(error):
                self._on_shapes = None
                recovering = Recovering(self.repetition.model, self._places, choices, most=most)
                error = self.repetition.run(within=recovering, given=given, prepare=prepare)
        return recovering.found, recovering.calls, error


def _on(call: Any, device: str) -> LayerCall:
    """The call as it would be with its tensors on a device."""
    told = call.as_call() if isinstance(call, CallRecord) else call
    inputs, outputs = (tuple(replace(each, device=device) for each in tensors) for tensors in (told.inputs, told.outputs))
    return replace(told, inputs=inputs, outputs=outputs)


def _arrived(recovered: Recovered) -> Any:
    """The size that did not fit."""
    data = recovered.mismatch.problem.data
    return data["shapes"] if recovered.mismatch.problem.code == "view-mismatch" else data.get("got")


def keys_of(found: Sequence[Recovered]) -> Set[Key]:
    """By what they are known in another pass."""
    return {each.mismatch.key for each in found}
