"""Literal prefixes that one side's keys carry and the other's lack: ``module.``, ``_orig_mod.``, ``net.backbone.``."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from .diff_rows import UNINITIALIZED, KeyEntry

SAMPLE = 600
"""How many keys vote for the candidates; the winners are counted over all keys."""
CANDIDATES = 6
_COPIES = {"ema", "teacher", "momentum", "target", "averaged", "swa", "shadow"}


@dataclass(frozen=True)
class PrefixRule:
    """``found_prefix`` at the start of a found key stands where the expected key has ``expected_prefix``. Either may be empty.

    ``fitting`` is the number of keys that then agree in key and shape, ``agreeing`` of those that agree in key; ``rivals`` are
    other found prefixes that explain as many.
    """

    found_prefix: str
    expected_prefix: str
    fitting: int = 0
    agreeing: int = 0
    rivals: Tuple[str, ...] = ()

    def expected_key(self, found_key: str) -> str:
        """The expected key that ``found_key`` stands for (``found_key`` starts with ``found_prefix``)."""
        return self.expected_prefix + found_key[len(self.found_prefix) :]

    @property
    def how(self) -> str:
        """The rule in a few words: ``prefix module.``."""
        if self.found_prefix and self.expected_prefix:
            return f"prefix {self.found_prefix} for {self.expected_prefix}"
        return f"prefix {self.found_prefix or self.expected_prefix}" + (" in the model" if self.expected_prefix else "")


Keys = Mapping[str, KeyEntry]


def same_shape(expected: KeyEntry, found: KeyEntry) -> bool:
    """Do the shapes agree? A lazy parameter takes any."""
    return expected.shape == found.shape or expected.dtype == UNINITIALIZED


def best_prefix(expected: Keys, found: Keys) -> PrefixRule:
    """The prefix that explains the most keys; ``agreeing`` is 0 when none explains any."""
    rules = _stripped(expected, found) + _added(expected, found) or _swapped(expected, found)
    counted = [_counted(rule, expected, found.values()) for rule in rules]
    if not counted:
        return PrefixRule("", "")
    best = min(counted, key=lambda rule: (-rule.fitting, -rule.agreeing, is_copy(rule.found_prefix)))
    rivals = [rule for rule in counted if rule is not best and (rule.fitting, rule.agreeing) == (best.fitting, best.agreeing)]
    return replace(best, rivals=tuple(rule.found_prefix for rule in rivals))


def _counted(rule: PrefixRule, expected: Keys, found: Iterable[KeyEntry]) -> PrefixRule:
    """The rule with its numbers."""
    fitting = agreeing = 0
    start = rule.found_prefix
    for entry in found:
        if entry.key.startswith(start):
            home = expected.get(rule.expected_key(entry.key))
            if home is not None:
                agreeing += 1
                fitting += same_shape(home, entry)
    return replace(rule, fitting=fitting, agreeing=agreeing)


def overlap(expected: Sequence[KeyEntry], found: Sequence[KeyEntry]) -> int:
    """How many found keys agree with expected ones in key and shape, as they are or under the best prefix."""
    wanted = {entry.key: entry for entry in expected}
    have = {entry.key: entry for entry in found}
    plain = _counted(PrefixRule("", ""), wanted, found).fitting
    return plain if plain == len(have) else max(plain, best_prefix(wanted, have).fitting)


def _sample(keys: Keys) -> List[KeyEntry]:
    step = max(1, len(keys) // SAMPLE)
    return list(keys.values())[::step]


def _starts(key: str) -> Iterator[str]:
    """The dotted prefixes of a key, the shortest first: ``a.b.weight`` gives ``a.`` and ``a.b.``."""
    position = key.find(".")
    while position >= 0:
        yield key[: position + 1]
        position = key.find(".", position + 1)


def _longer_start(keys: Keys, others: Keys) -> List[str]:
    """Prefixes of ``keys`` whose rest is one of ``others``: those with the most votes, in file order. An equal shape is worth a
    hundred equal names."""
    votes: Dict[str, int] = {}
    for entry in _sample(keys):
        for start in _starts(entry.key):
            other = others.get(entry.key[len(start) :])
            if other is not None:
                votes[start] = votes.get(start, 0) + (100 if same_shape(other, entry) or same_shape(entry, other) else 1)
    enough = max(votes.values(), default=0) / 2
    return [start for start, count in votes.items() if count >= enough][:CANDIDATES]


def _stripped(expected: Keys, found: Keys) -> List[PrefixRule]:
    return [PrefixRule(start, "") for start in _longer_start(found, expected)]


def _added(expected: Keys, found: Keys) -> List[PrefixRule]:
    return [PrefixRule("", start) for start in _longer_start(expected, found)]


def _swapped(expected: Keys, found: Keys) -> List[PrefixRule]:
    """Both sides have a prefix of their own: tried for the starts that at least half of a side's keys share."""
    sample, rules = _sample(found), [PrefixRule(mine, theirs) for mine in _trunk(found) for theirs in _trunk(expected)]
    return [rule for rule in rules if _counted(rule, expected, sample).fitting]


def _trunk(keys: Keys) -> List[str]:
    sample = _sample(keys)
    votes = Counter(start for entry in sample for start in _starts(entry.key))
    return [start for start, count in votes.items() if 2 * count >= len(sample)][:5]


def is_copy(prefix: str) -> bool:
    """Is it the name of an averaged or momentum copy, which is the second choice?"""
    return not _COPIES.isdisjoint(re.split(r"[._]", prefix.lower())) or "encoder_k." in prefix
