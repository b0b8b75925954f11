"""Replay a step with the one change that should make a weight move, and look whether it does."""

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple

from ...analysis.step.facts import ParameterFacts, StepFacts
from ...analysis.step.proofs import MOST_CHANGES, Proof, change_for, has_learned, proof_text
from ...analysis.step.reasons import Reason, reason_of
from ...wire.steps import ParameterMotion
from ..error_words import words_of
from .changes import Change

EVERY = "*"
"""Stands for the keys of all weights that did not move."""


@dataclass(frozen=True)
class Replayed:
    """What one replay showed: the facts with their causes, how far each weight moved, and which changes had anything to change."""

    facts: StepFacts
    measured: Dict[str, ParameterMotion]
    acted: FrozenSet[str] = frozenset()


def proved(
    facts: StepFacts,
    motions: Sequence[ParameterMotion],
    wanted: Iterable[str],
    replay: Callable[[Sequence[Change]], Replayed],
    progress: Callable[[int, int, str], None],
) -> Tuple[ParameterMotion, ...]:
    """The rows with what came of the trials for the keys that are ``wanted``; those that share a cause are tried together."""
    keys = set(wanted)
    groups: Dict[Tuple[Any, ...], List[ParameterFacts]] = {}
    for each in facts.parameters:
        reason = reason_of(each, facts)
        if reason is not None and not has_learned(each) and (each.key in keys or EVERY in keys):
            groups.setdefault((reason.code, reason.at, reason.text), []).append(each)
    told: Dict[str, Tuple[str, Optional[bool]]] = {}
    for number, group in enumerate(groups.values()):
        progress(number, len(groups), f"replaying the step for {group[0].key}")
        proofs = _Trial(facts, group, replay).proofs()
        told.update({key: (proof_text(proof), proof.moved if proof.changes else None) for key, proof in proofs.items()})
    return tuple(
        replace(each, proof=told[each.key][0], proven=told[each.key][1]) if each.key in told else each for each in motions
    )


class _Trial:
    """Weights with one cause: changed and replayed until they move, or nothing is known to change any more."""

    def __init__(
        self,
        facts: StepFacts,
        group: Sequence[ParameterFacts],
        replay: Callable[[Sequence[Change]], Replayed],
    ) -> None:
        self._facts, self._group, self._replay = facts, list(group), replay
        self._changes: List[Change] = []

    def proofs(self) -> Dict[str, Proof]:
        """What came of it for each key."""
        done: Dict[str, Proof] = {}
        open_keys, facts = [each.key for each in self._group], self._facts
        while open_keys and len(self._changes) < MOST_CHANGES:
            now = [each for each in facts.parameters if each.key in open_keys]
            reason = reason_of(now[0], facts) if now else None
            kind = change_for(reason) if reason is not None else None
            if reason is None or kind is None or any(each.kind == kind for each in self._changes):
                break
            self._changes.append(self._change(kind, reason, now))
            try:
                seen = self._replay(tuple(self._changes))
            except (Exception, SystemExit) as error:
                said = words_of(error).partition("\n")[0]
                failure = f"it exits with {said}" if isinstance(error, SystemExit) else said
                return {**done, **{key: Proof(self._kinds, False, failure=failure) for key in open_keys}}
            if kind not in seen.acted:  # nothing of that was met: to call it a trial would be a lie
                self._changes.pop()
                break
            facts = seen.facts
            for each in facts.parameters:
                if each.key in open_keys and has_learned(each):
                    done[each.key] = Proof(self._kinds, True, seen.measured[each.key].update_ratio)
            open_keys = [key for key in open_keys if key not in done]
        left = {each.key: each for each in facts.parameters}
        for key in open_keys:
            behind = reason_of(left[key], facts) if key in left else None
            done[key] = Proof(self._kinds, False, behind=behind)
        return done

    @property
    def _kinds(self) -> Tuple[str, ...]:
        return tuple(change.kind for change in self._changes)

    def _change(self, kind: str, reason: Reason, now: Sequence[ParameterFacts]) -> Change:
        zeros = {key for each in now if each.lost is not None for key in each.lost.zeros}
        return Change(kind, [each.key for each in now], sorted(zeros), reason.at)
