"""Literal prefixes that one side's keys carry and the other's lack: ``module.``, ``_orig_mod.``, ``net.backbone.``."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from .diff_rows import UNINITIALIZED, KeyEntry

SAMPLE = 600
"""How many keys vote for the candidates; the winners are counted over all keys."""
CANDIDATES = 6
_COPIES = {"ema", "teacher", "momentum", "target", "averaged", "swa", "shadow"}


@dataclass(frozen=True)
class PrefixRule:
    """``found_prefix`` at the start of a found key stands where the expected key has ``expected_prefix``. Either may be empty.

    ``fitting`` is the number of keys that then agree in key and shape, ``rivals`` are other found prefixes that explain as many.
    """

    found_prefix: str
    expected_prefix: str
    fitting: int = 0
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


def fitting_keys(rule: PrefixRule, expected: Keys, found: Iterable[KeyEntry]) -> Iterator[Tuple[KeyEntry, KeyEntry]]:
    """The pairs (expected, found) that agree under the rule in key and shape."""
    for entry in found:
        if entry.key.startswith(rule.found_prefix):
            home = expected.get(rule.expected_key(entry.key))
            if home is not None and same_shape(home, entry):
                yield home, entry


def best_prefix(expected: Keys, found: Keys) -> PrefixRule:
    """The prefix that explains the most keys; ``fitting`` is 0 when none explains any."""
    rules = _stripped(expected, found) + _added(expected, found) or _swapped(expected, found)
    counted = [(sum(1 for _ in fitting_keys(rule, expected, found.values())), rule) for rule in rules]
    counted = [(fitting, rule) for fitting, rule in counted if fitting]
    if not counted:
        return PrefixRule("", "")
    fitting, best = min(counted, key=lambda each: (-each[0], is_copy(each[1].found_prefix)))
    rivals = tuple(rule.found_prefix for count, rule in counted if count == fitting and rule != best)
    return PrefixRule(best.found_prefix, best.expected_prefix, fitting, rivals)


def overlap(expected: Sequence[KeyEntry], found: Sequence[KeyEntry]) -> int:
    """How many found keys agree with expected ones in key and shape, as they are or under the best prefix."""
    wanted = {entry.key: entry for entry in expected}
    have = {entry.key: entry for entry in found}
    plain = sum(1 for _ in fitting_keys(PrefixRule("", ""), wanted, found))
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
    """Prefixes of ``keys`` whose rest is one of ``others`` with the same shape: those with the most votes, in file order."""
    votes: Dict[str, int] = Counter()
    for entry in _sample(keys):
        for start in _starts(entry.key):
            other = others.get(entry.key[len(start) :])
            if other is not None and (same_shape(other, entry) or same_shape(entry, other)):
                votes[start] += 1
    enough = max(votes.values(), default=0) / 2
    return [start for start, count in votes.items() if count >= enough][:CANDIDATES]


def _stripped(expected: Keys, found: Keys) -> List[PrefixRule]:
    return [PrefixRule(start, "") for start in _longer_start(found, expected)]


def _added(expected: Keys, found: Keys) -> List[PrefixRule]:
    return [PrefixRule("", start) for start in _longer_start(expected, found)]


def _swapped(expected: Keys, found: Keys) -> List[PrefixRule]:
    """Both sides have a prefix of their own: tried for the starts that at least half of a side's keys share."""
    sample, rules = _sample(found), [PrefixRule(mine, theirs) for mine in _trunk(found) for theirs in _trunk(expected)]
    return [rule for rule in rules if any(fitting_keys(rule, expected, sample))]


def _trunk(keys: Keys) -> List[str]:
    sample = _sample(keys)
    votes = Counter(start for entry in sample for start in _starts(entry.key))
    return [start for start, count in votes.items() if 2 * count >= len(sample)][:5]


def is_copy(prefix: str) -> bool:
    """Is it the name of an averaged or momentum copy, which is the second choice?"""
    return not _COPIES.isdisjoint(re.split(r"[._]", prefix.lower())) or "encoder_k." in prefix
